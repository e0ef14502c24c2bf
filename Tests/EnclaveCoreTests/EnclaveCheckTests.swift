import AdversarySupport
import Attestation
import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import JupiterClient
import Primitives
import Testing
import WireTypes

extension SmallScene {
    /// The enclave as it proves itself to a wallet.
    /// - Parameter change: what the chain says of it.
    func checked(_ change: (inout WireEnclave) -> Void = { _ in }) throws -> CheckedEnclave {
        try CheckedEnclave(scene.admission(change), of: scene.enclaveID, on: TrustedChain(node.genesis), now: node.time)
    }
}

/// What a wallet is shown before it seals a key to an enclave (docs/spec/enclave.md §3). Node and quorum are the attacker.
@Suite struct `An enclave that is shown to a wallet` {
    private let small: SmallScene
    private let id: Hash32
    private var chain: TrustedChain { TrustedChain(small.node.genesis) }

    init() throws {
        small = try SmallScene()
        id = small.scene.enclaveID
    }

    /// The name of the refusal, empty for none.
    private func refusal(_ proof: WireJobProof, of id: Hash32? = nil, on chain: TrustedChain? = nil, now: UInt64 = 0) -> String {
        do throws(ClientError) {
            _ = try CheckedEnclave(proof, of: id ?? self.id, on: chain ?? self.chain, now: now)
            return ""
        } catch { return error.name }
    }

    @Test func `is taken for what its evidence shows`() throws {
        let enclave = try small.checked()
        #expect(enclave.id == id && enclave.label == "simulated" && enclave.entry.assurance == "none" && enclave.voucher == .nobody)
        #expect(enclave.chain.height == small.node.height)
        #expect(try EnclaveSession(small.scene.session(), of: enclave).enclave == id)
    }

    /// The host's own enclave is a real one, on a chain of the same name whose validator is the host.
    @Test func `is refused when the node has made it, or shows another's proof`() throws {
        let own = try SmallScene(seed: 9)
        let made = try own.scene.admission()
        #expect(refusal(made, of: own.scene.enclaveID, on: TrustedChain(own.node.genesis)) == "", "on its own chain all of it holds")
        #expect(refusal(made, of: own.scene.enclaveID) == "client.enclaveUnproven")
        #expect(refusal(made) == "client.enclaveUnproven")
        let real = try small.scene.admission()
        #expect(refusal(real) == "")
        #expect(refusal(real, of: own.scene.enclaveID) == "client.enclaveUnproven")
        #expect(refusal(WireJobProof()) == "client.enclaveUnproven")

        var session = try own.scene.session()
        session.nonce = try small.scene.session().nonce
        #expect(throws: ClientError.self) { try EnclaveSession(session, of: small.checked()) }
    }

    static let tamperings: [(String, @Sendable (inout WireJobProof, WireJobProof) throws -> Void)] = [
        (
            "keys of the host",
            { proof, _ in
                var entry = try WireEnclave(strictly: [UInt8](proof.enclave.value), limit: Limits.stateValue)
                entry.identity.signingKey = .init(SigningKey.ed25519().verificationKey.bytes)
                entry.id = .init(EnclaveStatement.identifier(entry.identity).bytes)
                proof.enclave.value = .init(entry.encoded())
            }
        ),
        (
            "a forged state root",
            { proof, other in
                var header = try WireHeader(strictly: [UInt8](proof.header.header), limit: Limits.stateValue)
                header.stateRoot = try WireHeader(strictly: [UInt8](other.header.header), limit: Limits.stateValue).stateRoot
                proof.header.header = .init(header.encoded())
                proof.enclave = other.enclave
            }
        ),
        ("a header of others", { $0.header = $1.header }),
        ("an entry of others", { $0.enclave = $1.enclave }),
        ("evidence of others", { $0.registration = $1.registration }),
        ("a challenge of others", { $0.challengeHeader = $1.challengeHeader }),
        ("the wrong challenge", { proof, _ in proof.challengeHeader = proof.header }),
        ("rules of others", { $0.attestationRules = $1.attestationRules }),
        ("no header", { proof, _ in proof.clearHeader() }), ("no entry", { proof, _ in proof.clearEnclave() }),
        ("no evidence", { proof, _ in proof.registration = Data() }), ("no challenge", { proof, _ in proof.clearChallengeHeader() }),
        ("no rules", { proof, _ in proof.clearAttestationRules() }), ("no reference", { proof, _ in proof.clearReferenceValue() }),
        ("an epoch's end that is none", { proof, _ in proof.epochs = [proof.header] }),
    ]

    @Test func `is refused when one part of the proof is missing, changed or another's`() throws {
        let (proof, other) = (try small.scene.admission(), try SmallScene(seed: 9).scene.admission())
        for (what, tamper) in Self.tamperings {
            var changed = proof
            try tamper(&changed, other)
            #expect(refusal(changed) == "client.enclaveUnproven", "\(what)")
        }
    }

    @Test func `is refused while it is suspended, and once its evidence has expired by the chain's clock or the wallet's`() throws {
        #expect(refusal(try small.scene.admission { $0.status = .suspended }) == "client.enclaveUnfit")
        let time = small.node.time
        #expect(refusal(try small.scene.admission { ($0.status, $0.expires) = (.active, time + 1) }) == "client.enclaveUnfit")
        let proof = try small.scene.admission { $0.expires = time + 3_600_000 }
        #expect(refusal(proof, now: time + 3_599_999) == "")
        #expect(refusal(proof, now: time + 3_600_000) == "client.enclaveUnfit")
    }

    /// The quorum is often the host: what it writes into the state does not make evidence better than it is.
    @Test func `is not what the quorum says beyond the evidence`() throws {
        #expect(refusal(try small.scene.admission { $0.assurance = "confidential" }) == "client.enclaveUnproven")
        var build = WireReferenceValue()
        build.platform = "simulated"
        build.measurement = .init(SimulatedEvidence.measurement.bytes)
        build.revoked = true
        #expect(refusal(try small.scene.admission(reference: build) { $0.assurance = "none" }) == "client.enclaveUnfit")
        (build.revoked, build.activeHeight) = (false, small.node.height + 1_000)
        #expect(refusal(try small.scene.admission(reference: build)) == "client.enclaveUnfit")
    }

    /// Of the same validators, so that every header and proof holds.
    private func refusalUnder(_ change: (inout WireGenesis) -> Void) throws -> String {
        let genesis = try BypassedNode(seed: 5, change).genesis
        return refusal(try small.scene.admission(), on: TrustedChain(genesis))
    }

    @Test func `is refused where the genesis allows none of its platform, whatever the chain decided`() throws {
        #expect(try refusalUnder { _ in } == "")
        #expect(try refusalUnder { $0.allowSimulatedEnclaves = false } == "client.enclaveUnproven")
        let excluding = try refusalUnder { genesis in
            genesis.attestation = WireAttestationRules.usual(genesis)
            genesis.attestation.excludedPlatforms = ["simulated"]
        }
        #expect(excluding == "client.enclaveUnproven")
    }

    @Test func `is refused in a state older than one that was seen`() throws {
        let old = try small.scene.admission()
        let new = try small.checked()
        #expect(refusal(old) == "")
        #expect(refusal(old, on: new.chain) == "client.chainRolledBack")
    }

    @Test func `no changed byte makes it anything else`() throws {
        let proof = try small.scene.admission()
        let (bytes, entry) = (proof.encoded(), try WireEnclave(strictly: [UInt8](proof.enclave.value), limit: Limits.stateValue))
        let seed: UInt64 = 0xC4EC
        var generator = SeededGenerator(seed: seed)
        for round in 0..<400 {
            var changed = bytes
            let position = Int(generator.next() % UInt64(bytes.count))
            changed[position] ^= UInt8(truncatingIfNeeded: 1 + generator.next() % 255)
            guard let shown = try? WireJobProof(strictly: changed, limit: Limits.receiptProof),
                let enclave = try? CheckedEnclave(shown, of: id, on: chain, now: 0)
            else { continue }
            #expect(enclave.entry == entry, "seed \(seed), round \(round), position \(position)")
        }
        for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
            guard let shown = try? WireJobProof(strictly: Array(bytes.prefix(count)), limit: Limits.receiptProof) else { continue }
            #expect(refusal(shown) != "", "cut at \(count)")
        }
    }
}
