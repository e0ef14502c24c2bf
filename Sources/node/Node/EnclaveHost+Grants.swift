import ChainTypes
import EnclaveProtocol
import FoundationEssentials
import Primitives
import WireTypes

/// Keys of single records that their subjects give to others.
extension EnclaveHost {
    func grantKeys(_ ids: [Hash32], _ builder: EvidenceBuilder) async throws {
        let (pending, command) = try await onThread {
            var pending: [Hash32] = []
            var command = WireGrantKeysCommand()
            command.height = builder.height + 1
            command.punctures = try builder.proven(StateKey.punctureLog)
            for id in ids {
                guard let grant = try builder.keyGrant(id), grant.status == .pending, let evidence = try builder.keyGrant(id, grant)
                else { continue }
                pending.append(id)
                command.grants.append(evidence)
            }
            return (pending, command)
        }
        for id in ids where !pending.contains(id) { finish(id) }
        guard !pending.isEmpty else { return }
        let outcomes = try await perform { try $0.grantKeys(command) }.outcomes
        let answered = Set(outcomes.compactMap { Hash32($0.id) })
        retry(pending.filter { !answered.contains($0) }, builder)
        for outcome in outcomes {
            guard let id = Hash32(outcome.id), pending.contains(id) else { continue }
            await post(id, builder) { message in
                message.completeKeyGrant.id = outcome.id
                message.completeKeyGrant.enclave = .init(builder.enclave.bytes)
                message.completeKeyGrant.keyBox = outcome.keyBox
                message.completeKeyGrant.signature = outcome.signature
                return []
            } isFinal: {
                !outcome.hasFailure
            }
        }
    }
}
