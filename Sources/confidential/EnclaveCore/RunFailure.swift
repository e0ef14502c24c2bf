import ChainTypes
import ConsentRules
import Cryptography
import DataModel
import EnclaveProtocol
import Primitives
import WireTypes

/// Why one job was not run, and whether that is for good.
struct RunFailure: Error {
    let failure: WireEnclaveFailure
    /// Final failures are signed: the host posts them and the chain refunds. The others are the host's to repair (an old header, a
    /// missing program, a wrong proof): signing those would let one mistake of a host end a request.
    let isFinal: Bool

    /// The host may try again.
    static func host(_ error: some CodedError) -> RunFailure { RunFailure(failure: WireEnclaveFailure(error), isFinal: false) }
    static func host(_ error: EnclaveError) -> RunFailure { RunFailure(failure: WireEnclaveFailure(error), isFinal: false) }
    /// This job will never run.
    static func final(_ error: some CodedError) -> RunFailure { RunFailure(failure: WireEnclaveFailure(error), isFinal: true) }
    static func final(_ error: EnclaveError) -> RunFailure { RunFailure(failure: WireEnclaveFailure(error), isFinal: true) }
    static func final(_ refusal: Refusal) -> RunFailure { RunFailure(failure: WireEnclaveFailure(refusal), isFinal: true) }
}

extension Refusal {
    /// The code of the chain's `programs` module (450).
    static let programsUnpublished = Refusal(450, "programs.unpublished", "no program with this code hash is published")
}
