import ChainTypes
import ConsentRules
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Grants and their life: granted, suspended, resumed, withdrawn; exhausted by the last use (consent notes §8).
package enum ConsentModule {
    package static func grant(_ message: WireGrantConsent, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let id = Hash32(message.grant), let recipient = Address(message.scope.recipient) else { throw Refusal.consentMalformed }
        try ConsentPolicy.validate(message.scope, at: context.block.time)
        guard try state.value(StateKey.grantSubject(id)) == nil else { throw Refusal.consentExists }
        var consent = WireConsent()
        consent.grant = message.grant
        consent.subject = .init(context.sender.bytes)
        consent.scope = message.scope
        consent.status = .active
        consent.version = 1
        consent.transactionID = .init(context.transaction.id.bytes)
        consent.height = context.block.height
        state.set(StateKey.consent(context.sender, grant: id), consent)
        state.set(StateKey.grantSubject(id), bytes: context.sender.bytes)
        state.set(StateKey.received(recipient, dataset: message.scope.dataset, grant: id), bytes: context.sender.bytes)
        state.emit("consent.granted", id: id.bytes, account: context.sender)
    }

    /// Ends a grant. Free, whatever the fee account holds; valid only if it changes state, so it cannot be replayed.
    package static func withdraw(_ message: WireWithdrawConsent, _ context: MessageContext, _ state: inout ModuleState) throws {
        try change(message.grant, context, &state) { consent in
            guard consent.version == message.version else { throw Refusal.consentStaleVersion }
            guard consent.status != .withdrawn else { throw Refusal.consentEnded }
            consent.status = .withdrawn
            return "consent.withdrawn"
        }
    }

    package static func suspend(_ message: WireSuspendConsent, _ context: MessageContext, _ state: inout ModuleState) throws {
        try change(message.grant, context, &state) { consent in
            guard consent.status == .active else { throw Refusal.consentEnded }
            consent.status = .suspended
            return "consent.suspended"
        }
    }

    package static func resume(_ message: WireResumeConsent, _ context: MessageContext, _ state: inout ModuleState) throws {
        try change(message.grant, context, &state) { consent in
            guard consent.status == .suspended else { throw Refusal.consentEnded }
            consent.status = .active
            return "consent.resumed"
        }
    }

    /// The grant `id` of `subject`, if there is one.
    package static func consent(_ id: Hash32, of subject: Address, _ state: inout ModuleState) throws -> WireConsent? {
        try state.message(StateKey.consent(subject, grant: id))
    }

    /// Checks `use` against the grant and charges it, in one step, so two uses can never share the last charge (invariant 2).
    ///
    /// - Returns: the number of the use, and the grant's version that it is pinned to.
    package static func charge(
        _ id: Hash32, of subject: Address, use: ConsentUse, _ context: BlockContext, _ state: inout ModuleState
    ) throws -> (useNumber: UInt32, version: UInt32) {
        let stored = try consent(id, of: subject, &state)
        try ConsentPolicy.check(stored, use: use, at: context.time)
        guard var consent = stored else { throw Refusal.consentNone }
        let pinned = consent.version
        consent.uses += 1
        // Without a budget there is nothing to count.
        if consent.scope.maximumOutputBytes > 0 { consent.outputBytes += use.outputBytes }
        if consent.uses == consent.scope.maximumUses {
            consent.status = .exhausted
            consent.version += 1
        }
        state.set(StateKey.consent(subject, grant: id), consent)
        state.emit("consent.used", id: id.bytes, account: subject)
        return (consent.uses, pinned)
    }

    private static func change(
        _ grant: some Sequence<UInt8>, _ context: MessageContext, _ state: inout ModuleState,
        _ transition: (inout WireConsent) throws -> String
    ) throws {
        guard let id = Hash32(grant) else { throw Refusal.consentMalformed }
        guard let owner = try state.value(StateKey.grantSubject(id)) else { throw Refusal.consentNone }
        guard owner == context.sender.bytes, var consent = try consent(id, of: context.sender, &state) else {
            throw Refusal.consentNotSubject
        }
        let event = try transition(&consent)
        consent.version += 1
        state.set(StateKey.consent(context.sender, grant: id), consent)
        state.emit(event, id: id.bytes, account: context.sender)
    }
}
