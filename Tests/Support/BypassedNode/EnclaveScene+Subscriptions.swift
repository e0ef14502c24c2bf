import ChainTypes
import EnclaveProtocol
import Foundation
import Primitives
import WireTypes

extension EnclaveScene {
    /// Runs a requested subscription over what these grants give.
    package func runSubscription(
        _ id: Hash32, _ transaction: SignedTransaction, _ grants: [SceneGrant]
    ) throws -> WireRunOutcome {
        var command = WireRunSubscriptionCommand()
        command.shared = try sharedEvidence()
        command.requestTransaction = .init(transaction.bytes)
        command.subscription = try node.prove(StateKey.subscription(id))
        command.contributions = try grants.map { try contribution($0) }
        guard case .runSubscription(let answer) = try driver.perform(.runSubscription(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer.outcome
    }

    /// Commits the chain to `outcome`, and opens it.
    package func openSubscription(_ id: Hash32, _ outcome: WireRunOutcome) throws -> WireOpenOutcome {
        guard var value = try node.value(StateKey.subscription(id), as: WireSubscription.self) else { throw EnclaveError.staleState }
        value.status = .committed
        value.enclave = .init(enclaveID.bytes)
        value.commitment = outcome.commitment
        node.write(value, at: StateKey.subscription(id))
        try block()
        var command = WireOpenSubscriptionCommand()
        command.height = node.height
        command.subscription = try node.prove(StateKey.subscription(id))
        command.punctures = try node.prove(StateKey.punctureLog)
        guard case .openSubscription(let opened) = try driver.perform(.openSubscription(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return opened.outcome
    }
}
