import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LightClient
import Primitives
import RunningNode
import SwiftProtobuf
import Testing
import WireTypes

@Suite struct `A receipt's chain of trust` {
    typealias Name = TrustStep.Name

    static func trail(_ proof: WireReceiptProof, _ genesis: Genesis, pinned: Hash32? = nil) throws -> ReceiptVerifier.Trail {
        try ReceiptVerifier.trail(proof.encoded(), genesis: genesis, pinned: pinned)
    }

    static func flip(_ data: inout Data, _ position: Int? = nil) {
        guard !data.isEmpty else { return }
        data[data.startIndex + (position ?? data.count / 2)] ^= 1
    }

    /// The encoded transaction in `data` with another body, or another signature.
    static func change(_ data: inout Data, _ body: (inout WireTransactionBody) -> Void, signature: Bool = false) throws {
        var transaction = try WireTransaction(serializedBytes: data)
        var content = try WireTransactionBody(serializedBytes: transaction.body)
        body(&content)
        transaction.body = .init(content.encoded())
        if signature { flip(&transaction.signature) }
        data = .init(transaction.encoded())
    }

    /// Every change of one part, and the one step that notices.
    static let tamperings: [(String, Name, @Sendable (inout WireReceiptProof) throws -> Void)] = [
        ("an epoch's end that is none", .validators, { $0.epochs = [$0.header] }),
        ("a vote's signature", .header, { proof in try certificate(&proof.header) { flip(&$0.signatures[0]) } }),
        (
            "the header itself", .header,
            { proof in
                var header = try WireHeader(serializedBytes: proof.header.header)
                header.time += 1
                proof.header.header = .init(header.encoded())
            }
        ),
        (
            "the receipt's code", .receipt,
            { proof in
                var receipt = try WireReceipt(serializedBytes: proof.receipt)
                receipt.fee += 1
                proof.receipt = .init(receipt.encoded())
            }
        ),
        ("the receipt's place", .receipt, { $0.siblings.append(Data(repeating: 0, count: 32)) }),
        ("the job's proof", .state, { flip(&$0.job.job.proof) }),
        (
            "what the state says of the job", .state,
            { proof in
                var job = try WireAssessment(serializedBytes: proof.job.job.value)
                job.status = .refunded
                proof.job.job.value = .init(job.encoded())
            }
        ),
        ("the votes for the state's header", .state, { proof in try certificate(&proof.job.header) { flip(&$0.signatures[0]) } }),
        ("the enclave's proof", .enclave, { flip(&$0.job.enclave.proof) }),
        (
            "the enclave's platform", .enclave,
            { proof in
                var enclave = try WireEnclave(serializedBytes: proof.job.enclave.value)
                (enclave.label, enclave.assurance) = ("sev-snp (Genoa)", "confidential")
                proof.job.enclave.value = .init(enclave.encoded())
            }
        ),
        (
            "the evidence", .evidence,
            { proof in
                try change(&proof.job.registration) { body in
                    guard case .registerEnclave(var registration)? = body.messages[0].kind else { return }
                    flip(&registration.evidence)
                    body.messages[0].registerEnclave = registration
                }
            }
        ),
        (
            "the evidence's receipt", .evidence,
            { proof in
                var receipt = try WireReceiptProof(serializedBytes: proof.job.registrationReceipt)
                flip(&receipt.receipt, 3)
                proof.job.registrationReceipt = .init(receipt.encoded())
            }
        ),
        ("the time of the appraisal", .evidence, { flip(&$0.job.registrationBlock, 40) }),
        ("the block that the evidence answers", .evidence, { $0.job.challengeHeader = $0.job.header }),
        ("the rules of admission", .evidence, { flip(&$0.job.attestationRules.proof) }),
        ("the reference value", .evidence, { flip(&$0.job.referenceValue.proof) }),
        (
            "the enclave's signature", .result,
            { proof in
                try change(&proof.job.commitTransaction) { body in
                    guard case .commitAssessment(var commit)? = body.messages[0].kind else { return }
                    flip(&commit.signature)
                    body.messages[0].commitAssessment = commit
                }
            }
        ),
        ("a result that nobody signed", .result, { $0.job.result = Data([8, 1]) }),
        ("the requester's signature", .request, { try change(&$0.job.transaction, { _ in }, signature: true) }),
        ("what was asked for", .request, { try change(&$0.job.transaction) { $0.fee += 1 } }),
        ("the subject's signature", .consent, { try change(&$0.job.grantTransaction, { _ in }, signature: true) }),
        ("another's grant", .consent, { $0.job.grantTransaction = $0.job.transaction }),
        ("the consent's proof", .consent, { flip(&$0.job.consent.proof) }),
        (
            "a wider consent", .consent,
            { proof in
                var consent = try WireConsent(serializedBytes: proof.job.consent.value)
                consent.scope.fields.append("purpose")
                proof.job.consent.value = .init(consent.encoded())
            }
        ),
    ]

    static func certificate(_ header: inout WireCertifiedHeader, _ change: (inout WireCertificate) -> Void) throws {
        var certificate = try WireCertificate(serializedBytes: header.certificate)
        change(&certificate)
        header.certificate = .init(certificate.encoded())
    }

    @Test func `holds from the genesis to the consent, and each falsehood breaks exactly its own step`() async throws {
        let scene = try await ReceiptScene()
        let file = try await scene.file()
        let genesis = scene.node.genesis
        try await scene.node.stop()
        scene.node.remove()

        let trail = try Self.trail(file, genesis, pinned: genesis.hash)
        #expect(trail.steps.map(\.name) == Name.allCases)
        for step in trail.steps { #expect(step.outcome == .holds, "\(step)") }
        #expect(trail.verified?.receipt.code == 0)
        let shown = Dictionary(uniqueKeysWithValues: trail.steps.map { ($0.name, $0.proves) })
        #expect(shown[.enclave]?.contains("platform simulated, class none") == true)
        #expect(shown[.evidence]?.hasPrefix("simulated, class none: appraised again") == true)
        #expect(shown[.consent]?.contains("fields age, use 1 of 2") == true)
        #expect(shown[.state]?.contains("is opened") == true)

        for (what, name, tamper) in Self.tamperings {
            var changed = file
            try tamper(&changed)
            let broken = try Self.trail(changed, genesis)
            #expect(!broken.holds, "\(what)")
            #expect(broken.steps.filter(\.fails).map(\.name) == [name], "\(what): \(broken.steps.filter(\.fails))")
        }
        let wrong = try Self.trail(file, genesis, pinned: .zero)
        #expect(wrong.steps.filter(\.fails).map(\.name) == [.genesis])
        #expect(!wrong.steps.contains { $0.outcome == .holds })

        try parts(file, genesis)
        try flips(file, genesis)
    }

    /// What is not there is said to be missing, and is no failure.
    private func parts(_ file: WireReceiptProof, _ genesis: Genesis) throws {
        var old = file
        old.clearJob()
        let trail = try Self.trail(old, genesis)
        #expect(trail.holds)
        #expect(trail.steps.map(\.name) == Name.allCases)
        let holding = trail.steps.filter { $0.outcome == .holds }.map(\.name)
        #expect(holding == [.genesis, .validators, .header, .receipt])
        #expect(trail.steps.dropFirst(4).allSatisfy { if case .missing = $0.outcome { true } else { false } })
        let absences: [(Name, (inout WireJobProof) -> Void)] = [
            (.enclave, { $0.clearEnclave() }), (.evidence, { $0.registration = Data() }), (.result, { $0.commitTransaction = Data() }),
            (.request, { $0.transaction = Data() }), (.consent, { $0.grantTransaction = Data() }),
        ]
        for (name, remove) in absences {
            var without = file
            remove(&without.job)
            let trail = try Self.trail(without, genesis)
            #expect(trail.holds, "\(name)")
            let missing = trail.steps.filter { if case .missing = $0.outcome { true } else { false } }.map(\.name)
            #expect(missing == [name])
        }
    }

    /// No changed byte leads to anything but a refusal, or to the very same statements.
    @Test func `says why its genesis counts`() async throws {
        let scene = try await ReceiptScene(isDecided: false)
        let genesis = scene.node.genesis
        var proof = try await scene.file()
        #expect(throws: ClientError.self, "no genesis is given, none is in the file") { try ReceiptVerifier.trail(proof.encoded()) }
        proof.genesis = .init(genesis.bytes)
        let file = proof.encoded()
        let alone = try ReceiptVerifier.trail(file)
        #expect(alone.holds && alone.genesisSource == .receipt && alone.genesis.hash == genesis.hash)
        #expect(alone.steps[0].restsOn.contains("compare"))
        #expect(try ReceiptVerifier.trail(file) { $0.hash == genesis.hash }.genesisSource == .home)
        let other = try ReceiptVerifier.trail(file) { _ in throw ClientError.wrongGenesis(found: "another") }
        #expect(!other.holds && other.genesisSource == .receipt && other.verified == nil)
        #expect(try ReceiptVerifier.trail(file, pinned: genesis.hash).genesisSource == .hash)
        #expect(try !ReceiptVerifier.trail(file, pinned: .zero).holds)
        // Somebody else's genesis in the file: its validators have certified none of this.
        let stranger = try await ReceiptScene(isDecided: false)
        proof.genesis = .init(stranger.node.genesis.bytes)
        #expect(try !ReceiptVerifier.trail(proof.encoded()).holds)
        #expect(try ReceiptVerifier.trail(proof.encoded(), genesis: genesis).holds, "the verifier's own counts")
        proof.genesis = Data([1, 2, 3])
        #expect(throws: ClientError.self) { try ReceiptVerifier.trail(proof.encoded()) }
        for scene in [scene, stranger] {
            try await scene.node.stop()
            scene.node.remove()
        }
    }

    private func flips(_ file: WireReceiptProof, _ genesis: Genesis) throws {
        let bytes = file.encoded()
        let whole = try Self.trail(file, genesis).steps
        var generator = SeededGenerator(seed: 0xF11B)
        for round in 0..<400 {
            var changed = bytes
            let position = Int(generator.next() % UInt64(bytes.count))
            changed[position] ^= UInt8(truncatingIfNeeded: 1 + generator.next() % 255)
            guard let trail = try? ReceiptVerifier.trail(changed, genesis: genesis, pinned: nil), trail.holds else { continue }
            let isLess = trail.steps.allSatisfy { step in
                whole.contains(step) || { if case .missing = step.outcome { true } else { false } }()
            }
            #expect(isLess, "round \(round), position \(position)")
        }
        for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
            _ = try? ReceiptVerifier.trail(Array(bytes.prefix(count)), genesis: genesis, pinned: nil)
        }
    }

    @Test func `says that a result is still to come, and asks nothing of a transfer`() async throws {
        let scene = try await ReceiptScene(isDecided: false)
        let trail = try Self.trail(try await scene.file(), scene.node.genesis)
        #expect(trail.holds)
        let missing = trail.steps.filter { if case .missing = $0.outcome { true } else { false } }.map(\.name)
        #expect(missing == [.enclave, .evidence])
        let transfer = try scene.node.transfer(1, to: scene.subject.address, from: scene.node.aliceKey, nonce: 3)
        #expect(try await scene.node.commit(transfer) == 0)
        var proof: WireReceiptProof?
        while proof == nil {
            proof = try? await scene.client.receiptProof(transfer.id)
            try await Task.sleep(for: .milliseconds(20))
        }
        let short = try Self.trail(try #require(proof), scene.node.genesis)
        #expect(short.steps.map(\.name) == [.genesis, .validators, .header, .receipt] && short.holds)
        try await scene.node.stop()
        scene.node.remove()
    }
}
