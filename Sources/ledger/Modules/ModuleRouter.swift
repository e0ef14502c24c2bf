import ChainTypes
import ConsentRules
import WireTypes

/// From a message to the rule of the module that owns it.
package enum ModuleRouter {
    /// Applies message number `context.index`: writes and events in `state`, or a `Refusal`.
    package static func apply(_ message: WireMessage, _ context: MessageContext, _ state: inout ModuleState) throws {
        switch message.kind {
        case .transfer(let message): try AssetsModule.transfer(message, context, &state)
        case .publishDataset(let message): try RegistryModule.publish(message, context, &state)
        case .registerEnclave(let message): try AdmissionModule.register(message, context, &state)
        case .renewEvidence(let message): try AdmissionModule.renew(message, context, &state)
        case .suspendEnclave(let message): try AdmissionModule.suspend(message, context, &state)
        case .submitEndorsement(let message): try EndorsementRules.submit(message, context, &state)
        case .anchorVault(let message): try KeysModule.anchor(message, context, &state)
        case .enrolSubjectKey(let message): try KeysModule.enrol(message, context, &state)
        case .putRecord(let message): try RecordsModule.put(message, context, &state)
        case .eraseRecord(let message): try ErasureModule.eraseRecord(message, context, &state)
        case .eraseDataset(let message): try ErasureModule.eraseDataset(message, context, &state)
        case .eraseSubject: try ErasureModule.eraseSubject(context, &state)
        case .acknowledgeErasure(let message): try ErasureCertificates.acknowledge(message, context, &state)
        case .grantConsent(let message): try ConsentModule.grant(message, context, &state)
        case .withdrawConsent(let message): try ConsentModule.withdraw(message, context, &state)
        case .suspendConsent(let message): try ConsentModule.suspend(message, context, &state)
        case .resumeConsent(let message): try ConsentModule.resume(message, context, &state)
        case .publishProgram(let message): try ProgramsModule.publish(message, context, &state)
        case .requestAssessment(let message): try AssessmentsModule.request(message, context, &state)
        case .commitAssessment(let message): try AssessmentsModule.commit(message, context, &state)
        case .openAssessment(let message): try AssessmentsModule.open(message, context, &state)
        case .refuseAssessment(let message): try AssessmentsModule.refuse(message, context, &state)
        case .confirmAssessment(let message): try AssessmentsModule.confirm(message, context, &state)
        case .requestSubscription(let message): try SubscriptionsModule.request(message, context, &state)
        case .commitSubscription(let message): try SubscriptionsModule.commit(message, context, &state)
        case .openSubscription(let message): try SubscriptionsModule.open(message, context, &state)
        case .refuseSubscription(let message): try SubscriptionsModule.refuse(message, context, &state)
        case .registerLocality(let message): try FederationModule.register(message, context, &state)
        case .submitCheckpoint(let message): try FederationModule.checkpoint(message, context, &state)
        case .rejoin(let message): try TrustModule.rejoin(message, context, &state)
        case .updateEndpoint(let message): try TrustModule.updateEndpoint(message, context, &state)
        case .proposeChange(let message): try GovernanceModule.propose(message, context, &state)
        case .voteOnProposal(let message): try GovernanceModule.vote(message, context, &state)
        case .announceReplica(let message): try KeysModule.announce(message, context, &state)
        case .attestShareDestruction(let message): try RecoveryModule.attest(message, context, &state)
        case .requestKeyGrant(let message): try KeyGrantsModule.request(message, context, &state)
        case .completeKeyGrant(let message): try KeyGrantsModule.complete(message, context, &state)
        case nil:
            throw Refusal.unknownMessage
        }
    }
}

extension Refusal {
    /// A message kind of a later version; decoding refuses it before a rule could see it.
    package static let unknownMessage = Refusal(104, "transaction.unknownMessage", "a message has a kind that this chain does not know")

    /// Every refusal that a receipt can carry, for the catalogue and the check that no code is used twice.
    package static let all: [Refusal] =
        [unknownMessage] + allAssets + allRegistry + allConsent + allRecords + allKeys + allPrograms + allAssessments + allSubscriptions
        + allFederation + allTrust + allGovernance + allAdmission + allVaultGroups + allRecovery + allKeyGrants
        + allErasure
}
