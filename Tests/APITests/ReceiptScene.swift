import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import LedgerSupport
import Primitives
import RunningNode
import WireTypes

/// A running chain on which an enclave has computed for a lender what a subject had granted.
///
/// The enclave is keys without a program: the chain, the node and the verifier see no difference.
struct ReceiptScene {
    let node: RunningNode
    let client: NodeClient
    let enclave: TestEnclave
    let lender: SigningKey
    let subject: SigningKey
    /// The lender's request.
    private(set) var request: Hash32
    private var nonces: [Address: UInt64] = [:]

    /// - Parameter isDecided: whether the enclave has committed to a result and opened it.
    init(isDecided: Bool = true) async throws {
        node = try await RunningNode()
        client = try NodeClient(url: "http://127.0.0.1:\(node.port)")
        enclave = try TestEnclave(chainID: node.genesis.chainID)
        (lender, subject) = (.ed25519(), .ed25519())
        request = .zero
        let code = Array("code of the program".utf8)
        for account in [lender, subject] {
            try await submit(by: node.aliceKey) { $0.transfer = .init(to: account.address, amount: 10_000_000) }
        }
        let program = try await publish(code)
        let challenge = try await client.header()
        let block = try BlockHeader(decoding: [UInt8](challenge.header))
        let registration = enclave.registration(height: block.height, block: block.hash)
        try await submit(by: node.operatorKey) { $0 = registration }
        let grant = try await grant(program)
        request = try await ask(program, grant)
        guard isDecided else { return }
        let sidecar = [UInt8](repeating: 9, count: 100)
        let commitment = try enclave.commitment(request, commitment: Sidecar.commitment(sidecar))
        try await submit(by: node.operatorKey, sidecars: [sidecar]) { $0 = commitment }
        let opening = try enclave.opening(request)
        try await submit(by: node.operatorKey) { $0 = opening }
    }

    /// The transaction that asked.
    private(set) var transaction: Hash32 = .zero

    /// What `jupiter receipt get` writes, once a header proves the newest state.
    func file() async throws -> WireReceiptProof {
        let height = try await client.status().height
        while true {
            if let proof = try? await client.receiptProof(transaction),
                let header = try? BlockHeader(decoding: [UInt8](proof.job.header.header)),
                header.height > height
            {
                return proof
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private struct Refused: Error, CustomStringConvertible { let description: String }

    @discardableResult
    private mutating func submit(
        by key: SigningKey, sidecars: [[UInt8]] = [], _ fill: (inout WireMessage) -> Void
    ) async throws -> SignedTransaction {
        var message = WireMessage()
        fill(&message)
        nonces[key.address, default: 0] += 1
        let signed = try node.transaction([message], from: key, nonce: nonces[key.address] ?? 1)
        let code = try await node.commit(signed, sidecars: sidecars)
        guard code == 0 else { throw Refused(description: "\(message.kind.map { "\($0)".prefix(40) } ?? "") is refused: \(code)") }
        return signed
    }

    private mutating func publish(_ code: [UInt8]) async throws -> Hash32 {
        let dataset = try CreditScene.datasetMessage()
        try await submit(by: node.operatorKey) { $0 = dataset }
        let hash = Digest.plain(code)
        let sidecar = Sidecar.make(code, salt: [UInt8](repeating: 1, count: 32))
        var program = try CreditScene.programMessage(hash, kind: .assessment)
        program.publishProgram.commitment = .init(Sidecar.commitment(sidecar).bytes)
        program.publishProgram.size = UInt32(sidecar.count)
        try await submit(by: node.operatorKey, sidecars: [sidecar]) { $0 = program }
        return hash
    }

    private mutating func grant(_ program: Hash32) async throws -> Hash32 {
        let grant = Hash32(9, 9, 9, 9)
        let now = try BlockHeader(decoding: [UInt8](try await client.header().header)).time
        let (recipient, chainID) = (lender.address, node.genesis.chainID)
        try await submit(by: subject) { message in
            message.grantConsent.grant = .init(grant.bytes)
            message.grantConsent.scope.recipient = .init(recipient.bytes)
            message.grantConsent.scope.dataset = CreditScene.dataset
            message.grantConsent.scope.fields = ["age", "amount"]
            message.grantConsent.scope.purpose = "CustomerManagement"
            message.grantConsent.scope.programs = [.init(program.bytes)]
            message.grantConsent.scope.validFrom = now
            message.grantConsent.scope.validUntil = now + 3_600_000
            message.grantConsent.scope.maximumUses = 2
            message.grantConsent.scope.price = 50
            message.grantConsent.scope.localities = [chainID]
            message.grantConsent.scope.noticeHash = .init(repeating: 3, count: 32)
            message.grantConsent.scope.legalBasis = "Consent"
        }
        return grant
    }

    private mutating func ask(_ program: Hash32, _ grant: Hash32) async throws -> Hash32 {
        let now = try BlockHeader(decoding: [UInt8](try await client.header().header)).time
        let (subject, key) = (subject.address, enclave.identity.vaultKey)
        let asked = try await submit(by: lender) { message in
            message.requestAssessment.subject = .init(subject.bytes)
            message.requestAssessment.grant = .init(grant.bytes)
            message.requestAssessment.dataset = CreditScene.dataset
            message.requestAssessment.program = .init(program.bytes)
            message.requestAssessment.purpose = "CustomerSolvencyMonitoring"
            message.requestAssessment.fields = ["age"]
            message.requestAssessment.recipientKey = key
            message.requestAssessment.deadline = now + 600_000
            message.requestAssessment.price = 50
        }
        transaction = asked.id
        return asked.messageIdentifier(0)
    }
}

extension WireTransfer {
    fileprivate init(to address: Address, amount: UInt64) {
        self.init()
        to = .init(address.bytes)
        self.amount = amount
    }
}
