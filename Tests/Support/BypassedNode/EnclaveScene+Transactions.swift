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

/// What people sign, and what the state says of it.
extension EnclaveScene {
    package func sign(_ kind: WireMessage.OneOf_Kind, by key: SigningKey) throws -> SignedTransaction {
        var message = WireMessage()
        message.kind = kind
        var body = WireTransactionBody()
        body.chainID = node.chainID
        body.sender = .init(key.address.bytes)
        body.validUntil = 1_000_000
        body.nonce = generator.next() >> 8
        body.fee = 1
        body.messages = [message]
        return try SignedTransaction(signing: body, with: key)
    }

    /// A grant of all fields to the requester, signed by the subject, and the consent that the state holds of it.
    package func grant(
        _ subject: SceneSubject, fields: [String], signedBy signer: SigningKey? = nil,
        _ adjust: (inout WireConsentScope) -> Void = { _ in }
    ) throws -> SceneGrant {
        var message = WireGrantConsent()
        message.grant = .init(generator.bytes(32))
        message.scope.recipient = .init(requester.address.bytes)
        message.scope.dataset = Self.dataset
        message.scope.fields = fields.sorted()
        message.scope.purpose = "CustomerManagement"
        message.scope.programs = [.init(program.bytes)]
        message.scope.validFrom = node.time - 1_000
        message.scope.validUntil = node.time + 3_600_000
        message.scope.maximumUses = 3
        message.scope.price = 50
        message.scope.localities = [node.chainID]
        message.scope.noticeHash = .init(generator.bytes(32))
        message.scope.legalBasis = "Consent"
        adjust(&message.scope)
        let transaction = try sign(.grantConsent(message), by: signer ?? subject.wallet)
        let grant = SceneGrant(
            id: Hash32(message.grant) ?? .zero, subject: subject.address, transaction: transaction, scope: message.scope)
        write(grant)
        return grant
    }

    /// Writes the consent of `grant` as the state shall say it.
    package func write(_ grant: SceneGrant, _ adjust: (inout WireConsent) -> Void = { _ in }) {
        var consent = WireConsent()
        consent.grant = .init(grant.id.bytes)
        consent.subject = .init(grant.subject.bytes)
        consent.scope = grant.scope
        consent.status = .active
        consent.version = 1
        consent.transactionID = .init(grant.transaction.id.bytes)
        adjust(&consent)
        node.write(consent, at: StateKey.consent(grant.subject, grant: grant.id))
    }

    /// A request under `grant`, charged as use number `use`, pending in the state.
    package func request(
        _ grant: SceneGrant, fields: [String], use: UInt32 = 1, signedBy signer: SigningKey? = nil,
        _ adjust: (inout WireRequestAssessment) -> Void = { _ in }
    ) throws -> SceneRequest {
        var message = WireRequestAssessment()
        message.subject = .init(grant.subject.bytes)
        message.grant = .init(grant.id.bytes)
        message.dataset = Self.dataset
        message.program = .init(program.bytes)
        message.purpose = "CustomerSolvencyMonitoring"
        message.fields = fields.sorted()
        message.recipientKey = recipient.publicKey.wire
        message.deadline = node.time + 600_000
        message.price = 50
        adjust(&message)
        let transaction = try sign(.requestAssessment(message), by: signer ?? requester)
        let request = SceneRequest(id: transaction.messageIdentifier(0), transaction: transaction, request: message)
        write(request, use: use)
        write(grant) { consent in
            consent.uses = use
            consent.status = use >= grant.scope.maximumUses ? .exhausted : .active
        }
        return request
    }

    /// Writes the assessment of `request` as the state shall say it.
    package func write(_ request: SceneRequest, use: UInt32 = 1, _ adjust: (inout WireAssessment) -> Void = { _ in }) {
        var value = WireAssessment()
        value.id = .init(request.id.bytes)
        value.requester = .init(requester.address.bytes)
        value.request = request.request
        value.transactionID = .init(request.transaction.id.bytes)
        value.status = .pending
        value.useNumber = use
        value.grantVersion = 1
        value.height = node.height
        adjust(&value)
        node.write(value, at: StateKey.assessment(request.id))
    }

    package func requestSubscription(
        _ fields: [String], minimumCohort: UInt32, parameters: [WireProgramParameter]
    ) throws -> (id: Hash32, transaction: SignedTransaction) {
        var message = WireRequestSubscription()
        message.dataset = Self.dataset
        message.program = .init(program.bytes)
        message.purpose = "CustomerSolvencyMonitoring"
        message.fields = fields
        message.parameters = parameters
        message.minimumCohort = minimumCohort
        message.maximumCohort = 10_000
        message.price = 50
        message.recipientKey = recipient.publicKey.wire
        message.deadline = node.time + 600_000
        let transaction = try sign(.requestSubscription(message), by: requester)
        var value = WireSubscription()
        value.id = .init(transaction.messageIdentifier(0).bytes)
        value.requester = .init(requester.address.bytes)
        value.request = message
        value.transactionID = .init(transaction.id.bytes)
        value.status = .pending
        value.height = node.height
        node.write(value, at: StateKey.subscription(transaction.messageIdentifier(0)))
        return (transaction.messageIdentifier(0), transaction)
    }
}
