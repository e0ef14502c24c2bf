import ChainTypes
import Cryptography
import LightClient
import Primitives
import Simplex
import Testing
import WireTypes

/// Votes as they are signed on a machine.
private struct Ed25519Keys: VoteKeys {
    let own: SigningKey

    func sign(_ statement: [UInt8]) -> [UInt8] { (try? own.sign(statement, context: .vote)) ?? [] }

    func isValid(_ signature: [UInt8], of statement: [UInt8], by key: Hash32) -> Bool {
        (try? VerificationKey.ed25519(key).verify(signature, of: statement, context: .vote)) != nil
    }
}

@Suite struct `Four validators with real signatures` {
    @Test func `finalise a block whose certificate a light client accepts`() throws {
        let keys = try (UInt8(1)...4).map { try SigningKey.ed25519(seed: [UInt8](repeating: $0, count: 32)) }
        let publics = keys.compactMap { if case .ed25519(let key) = $0.verificationKey { key } else { nil } }
        let set = try ValidatorSet(publics.map { ValidatorSet.Member(key: $0, votingWeight: 1, leaderWeight: 1) })
        let base = BlockReference(hash: Hash32(0, 0, 0, 9), height: 0)
        let contexts = publics.map {
            EpochContext(chainID: "rules", profile: .byzantine, epoch: 0, validators: set, ownKey: $0, base: base)
        }
        let block = try Committee(keys: publics, set: set, context: contexts, base: base).block(view: 1, after: base)
        var replicas = Federation(contexts: contexts, keys: keys.map { Ed25519Keys(own: $0) }, block: block)
        replicas.run()
        #expect(replicas.finals == Array(repeating: block.reference, count: 4))
        let certificate = try QuorumCertificate(try #require(replicas.certificate))
        try CertificateVerifier.verify(certificate, header: block, validators: set, profile: .byzantine, chainID: "rules")
    }
}

/// Cores whose messages arrive at once and in order; the leader of view 1 proposes one block, later leaders nothing.
private struct Federation {
    private var cores: [Box]
    private let block: BlockHeader
    private(set) var certificate: WireCertificate?

    /// Noncopyable values do not go into arrays.
    private final class Box {
        var core: SimplexCore<Ed25519Keys>
        init(_ core: consuming SimplexCore<Ed25519Keys>) { self.core = core }
    }

    init(contexts: [EpochContext], keys: [Ed25519Keys], block: BlockHeader) {
        cores = zip(contexts, keys).map { Box(SimplexCore(context: $0, keys: $1)) }
        self.block = block
    }

    var finals: [BlockReference] { cores.map { $0.core.final } }

    mutating func run() {
        var waiting: [(node: Int, effect: CoreEffect)] = []
        for node in cores.indices { step(node, &waiting) { $0.start(into: &$1) } }
        var next = 0
        while next < waiting.count {
            let (node, effect) = waiting[next]
            next += 1
            switch effect {
            case .broadcast(let message):
                for peer in cores.indices where peer != node { step(peer, &waiting) { $0.receive(message, from: node, into: &$1) } }
            case .propose(let view, _) where view == 1: step(node, &waiting) { $0.built(block, view: 1, into: &$1) }
            case .examine(let proposal):
                step(node, &waiting) { $0.examined(proposal.header.hash, view: proposal.view, isValid: true, into: &$1) }
            case .finalised(_, let certificate): self.certificate = certificate
            default: break
            }
        }
    }

    private func step(
        _ node: Int, _ waiting: inout [(node: Int, effect: CoreEffect)],
        _ body: (inout SimplexCore<Ed25519Keys>, inout [CoreEffect]) -> Void
    ) {
        var effects: [CoreEffect] = []
        body(&cores[node].core, &effects)
        waiting += effects.map { (node, $0) }
    }
}
