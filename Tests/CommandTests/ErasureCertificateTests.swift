import AdversarySupport
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LedgerSupport
import Primitives
import Testing
import WireTypes

/// The certificate of a record's erasure that one enclave signed, on a chain of either engine.
private struct CertificateScene {
    let node: BypassedNode
    private let erasure = Hash32(1, 2, 3, 4)
    private let enclave: Hash32

    /// - Parameter consensus: which engine decides the blocks; CometBFT's headers are simulated.
    init(_ consensus: WireConsensusKind) throws {
        node = try BypassedNode(consensus: consensus)
        let enclave = try TestEnclave(chainID: node.chainID)
        var puncture = WirePuncture()
        (puncture.sequence, puncture.kind, puncture.dataset) = (1, .record, "credit")
        (puncture.subject, puncture.erasure) = (.init(node.validator.address.bytes), .init(erasure.bytes))
        var log = PunctureChain()
        log.append(puncture.encoded())
        var value = WireErasure()
        (value.id, value.sequence, value.kind, value.dataset) = (puncture.erasure, 1, .record, puncture.dataset)
        (value.subject, value.record) = (puncture.subject, .init(Hash32(5, 6, 7, 8).bytes))
        (value.status, value.records, value.completedHeight) = (.complete, 1, 1)
        value.vaults = [.init(enclave.id.bytes)]
        if case .acknowledgeErasure(let word)? = try enclave.acknowledgement(log).kind { value.acknowledgements = [word.acknowledgement] }
        var known = WireEnclave()
        (known.id, known.identity) = (.init(enclave.id.bytes), enclave.identity)
        node.write(value, at: StateKey.erasure(erasure))
        node.write(puncture, at: StateKey.puncture(1))
        node.write(bytes: log.hash.bytes, at: StateKey.punctureHash(1))
        node.write(known, at: StateKey.enclave(enclave.id))
        try node.block()
        self.enclave = enclave.id
    }

    /// The file as docs/spec/erasure.md §6 says it.
    func file() throws -> [UInt8] {
        func proven(_ key: [UInt8]) throws -> [String: String] {
            let proven = try node.prove(key)
            return [
                "key": Data(key).base64EncodedString(), "value": proven.value.base64EncodedString(),
                "proof": proven.proof.base64EncodedString(),
            ]
        }
        let certificate: [String: Any] = try [
            "kind": ErasureCertificate.kind, "version": ErasureCertificate.version, "chain": node.chainID,
            "genesis": Data(node.genesis.bytes).base64EncodedString(),
            "headers": node.headers.map { Data($0.encoded()).base64EncodedString() },
            "erasure": proven(StateKey.erasure(erasure)), "puncture": proven(StateKey.puncture(1)),
            "punctureHashes": [proven(StateKey.punctureHash(1))], "enclaves": [proven(StateKey.enclave(enclave))],
        ]
        return [UInt8](try JSONSerialization.data(withJSONObject: certificate))
    }
}

/// What a certificate says of the ciphertext is what its chain's engine does with it (docs/spec/erasure.md §4).
@Suite struct `Erasure certificates of both engines` {
    /// The engine, what a certificate rests on there, and words that only its text has.
    private static let engines: [(consensus: WireConsensusKind, basis: ErasureBasis, words: String)] = [
        (.simplex, .keysAndPruning, "nodes prune it"), (.cometbft, .keysAlone, "retain_height"),
    ]

    @Test func `a verified certificate says what it rests on, by the genesis alone`() throws {
        for engine in Self.engines {
            let scene = try CertificateScene(engine.consensus)
            let verified = try ErasureVerifier.verify(scene.file(), genesisHash: scene.node.genesis.hash)
            #expect(verified.basis == engine.basis)
            #expect(verified.erasure.acknowledgements.count == 1)
            let step = try #require(verified.steps.first { $0.title == "ciphertext" })
            #expect(step.finding == engine.basis.finding)
            for other in Self.engines { #expect(step.finding.contains(other.words) == (other.basis == engine.basis)) }
        }
    }

    @Test func `a certificate of CometBFT's chain does not pass as one of the own engine's`() throws {
        let (comet, own) = (try CertificateScene(.cometbft), try CertificateScene(.simplex))
        var forged = try #require(JSONSerialization.jsonObject(with: Data(comet.file())) as? [String: Any])
        forged["genesis"] = Data(own.node.genesis.bytes).base64EncodedString()
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: forged))
        #expect(throws: (any Error).self) { try ErasureVerifier.verify(bytes) }
    }

    @Test(.enabled(if: Jupiter.path != nil, "jupiter is not built"))
    func `jupiter shows it in text and in JSON, whichever command verifies`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        for engine in Self.engines {
            let scene = try CertificateScene(engine.consensus)
            let path = jupiter.home + "/\(engine.basis.rawValue).json"
            try Data(scene.file()).write(to: URL(filePath: path))
            for command in [["erase", "verify"], ["receipt", "verify"]] {
                let arguments = command + [path, "--genesis-hash", "\(scene.node.genesis.hash)"]
                let json = try jupiter.run(in: arguments + ["--output", "json"])
                #expect(json.status == 0, "\(json.error)")
                #expect(json.json?["restsOn"]?.text == engine.basis.rawValue)
                let text = try jupiter.run(in: arguments).out
                #expect(text.contains("✓ ciphertext") && text.contains(engine.basis.finding), "\(text)")
            }
        }
    }
}
