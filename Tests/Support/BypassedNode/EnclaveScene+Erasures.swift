import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Erasures as the chain orders them.
extension EnclaveScene {
    /// Adds an entry to the puncture log; visible from the next block on.
    package func puncture(
        _ kind: WireErasureKind, _ subject: Address, dataset: String = "", keyEpoch: UInt32 = 0, keyIndex: UInt32 = 0
    ) {
        var entry = WirePuncture()
        entry.sequence = punctures.count + 1
        entry.kind = kind
        entry.subject = .init(subject.bytes)
        entry.dataset = dataset
        (entry.keyEpoch, entry.keyIndex) = (keyEpoch, keyIndex)
        entry.erasure = .init(generator.bytes(32))
        punctureEntries.append(entry.encoded())
        punctures.append(entry.encoded())
        node.write(punctures.wire, at: StateKey.punctureLog)
    }

    /// The log from what the enclave has applied on.
    /// - Parameter other: another enclave of the chain.
    package func puncturesCommand(of other: EnclaveDriver? = nil) throws -> WireProvePuncturesCommand {
        var command = WireProvePuncturesCommand()
        command.log = try node.prove(StateKey.punctureLog)
        guard case .status(let status) = try (other ?? driver).perform(.status(WireStatusCommand())) else { return command }
        command.entries = punctureEntries.dropFirst(Int(status.punctures)).map { .init($0) }
        return command
    }

    /// The log's entries after the first `count`, encoded.
    package func entries(after count: Int) -> [Data] { punctureEntries.dropFirst(count).map { Data($0) } }

    @discardableResult
    package func provePunctures(to other: EnclaveDriver? = nil) throws -> WireProvePuncturesAnswer {
        guard case .provePunctures(let answer) = try (other ?? driver).perform(.provePunctures(puncturesCommand(of: other))) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }
}
