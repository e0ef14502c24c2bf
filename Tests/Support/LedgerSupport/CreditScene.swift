import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// A chain with a dataset, two programs, an enclave, a lender and a subject: where most tests of jobs begin.
package struct CreditScene {
    package var chain: MemoryChain
    package let subject: SigningKey
    package let lender: SigningKey
    package let enclave: TestEnclave
    package let assessor = Hash32(1, 2, 3, 4)
    package let statistics = Hash32(5, 6, 7, 8)
    package let grant = Hash32(9, 9, 9, 9)
    package static let dataset = "credit"

    package init(
        seed: UInt64 = 42, allowsSoftwareTPM: Bool = false, genesis adjust: (inout WireGenesis) -> Void = { _ in }
    ) throws {
        // Another stream than the chain's own, or subject and operator would be one account.
        var generator = SeededGenerator(seed: seed &+ 1_000_000)
        subject = try SigningKey.ed25519(seed: generator.bytes(32))
        lender = try SigningKey.ed25519(seed: generator.bytes(32))
        chain = try MemoryChain(funded: [subject.address, lender.address], seed: seed) { genesis in
            genesis.allowSoftwareTpm = allowsSoftwareTPM
            adjust(&genesis)
        }
        enclave = try TestEnclave(chainID: chain.genesis.chainID, seed: seed)
        try chain.block()
        try prepare()
    }

    private mutating func prepare() throws {
        let challenge = (height: chain.height, block: chain.lastHash)
        try chain.block()
        var codes = [try chain.submit(enclave.registration(height: challenge.height, block: challenge.block), by: chain.operatorKey)]
        codes.append(try chain.submit(try Self.datasetMessage(), by: chain.operatorKey))
        codes.append(try chain.submit(try Self.programMessage(assessor, kind: .assessment), by: chain.operatorKey))
        codes.append(try chain.submit(try Self.programMessage(statistics, kind: .subscription), by: chain.operatorKey))
        precondition(codes.allSatisfy { $0 == 0 }, "the scene is set: \(codes)")
    }

    package static func datasetMessage(_ name: String = dataset) throws -> WireMessage {
        var message = WirePublishDataset()
        message.dataset = name
        message.metadata.name = "Credit applications"
        message.schema = .init(
            try Schema(version: 1, fields: [Field("age", .integer), Field("amount", .number), Field("purpose", .text)]).encoding)
        message.residency = .local
        message.minimumCohort = 2
        return WireMessage(.publishDataset(message))
    }

    package static func programMessage(_ code: Hash32, kind: WireProgramKind) throws -> WireMessage {
        var message = WirePublishProgram()
        message.codeHash = .init(code.bytes)
        message.manifest.name = "program"
        message.manifest.version = "1"
        message.manifest.kind = kind
        message.manifest.fuel = 1_000_000
        message.manifest.maximumOutput = 1024
        message.manifest.outputSchema = .init(try OutputSchema(fields: [OutputSchema.Field("score", .number)]).encoding)
        message.commitment = .init(code.bytes)
        message.size = 64
        return WireMessage(.publishProgram(message))
    }

    /// A grant by the subject to the lender, of age and amount, for solvency checks by the assessor and the statistics.
    package func grantMessage(_ id: Hash32? = nil, _ adjust: (inout WireConsentScope) -> Void = { _ in }) -> WireMessage {
        var message = WireGrantConsent()
        message.grant = .init((id ?? grant).bytes)
        message.scope.recipient = .init(lender.address.bytes)
        message.scope.dataset = Self.dataset
        message.scope.fields = ["age", "amount"]
        message.scope.purpose = "CustomerManagement"
        message.scope.programs = [assessor, statistics].sorted().map { .init($0.bytes) }
        message.scope.validFrom = chain.time
        message.scope.validUntil = chain.time + 3_600_000
        message.scope.maximumUses = 2
        message.scope.price = 50
        message.scope.localities = [chain.genesis.chainID]
        message.scope.noticeHash = .init(repeating: 3, count: 32)
        message.scope.legalBasis = "Consent"
        adjust(&message.scope)
        return WireMessage(.grantConsent(message))
    }

    package func requestMessage(_ id: Hash32? = nil, _ adjust: (inout WireRequestAssessment) -> Void = { _ in }) -> WireMessage {
        var message = WireRequestAssessment()
        message.subject = .init(subject.address.bytes)
        message.grant = .init((id ?? grant).bytes)
        message.dataset = Self.dataset
        message.program = .init(assessor.bytes)
        message.purpose = "CustomerSolvencyMonitoring"
        message.fields = ["age", "amount"]
        message.recipientKey = enclave.identity.vaultKey
        message.deadline = chain.time + 60_000
        message.price = 50
        adjust(&message)
        return WireMessage(.requestAssessment(message))
    }

    /// Submits a request; its code and, when it was taken, the assessment's identifier.
    package mutating func request(_ message: WireMessage) throws -> (code: UInt32, id: Hash32) {
        let transaction = try chain.sign([message], by: lender)
        return (try chain.block([transaction])[0].code, transaction.messageIdentifier(0))
    }

    package func assessment(_ id: Hash32) throws -> WireAssessment? { try chain.message(StateKey.assessment(id)) }

    package func consent(_ id: Hash32? = nil) throws -> WireConsent? {
        try chain.message(StateKey.consent(subject.address, grant: id ?? grant))
    }
}
