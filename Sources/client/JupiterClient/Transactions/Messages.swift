import WireTypes

/// Each action as the message that carries it.
extension WireMessage {
    private init(_ kind: OneOf_Kind) {
        self.init()
        self.kind = kind
    }

    package static func transfer(_ action: WireTransfer) -> WireMessage { WireMessage(.transfer(action)) }
    package static func publishDataset(_ action: WirePublishDataset) -> WireMessage { WireMessage(.publishDataset(action)) }
    package static func enrolSubjectKey(_ action: WireEnrolSubjectKey) -> WireMessage { WireMessage(.enrolSubjectKey(action)) }
    package static func renewEvidence(_ action: WireRenewEvidence) -> WireMessage { WireMessage(.renewEvidence(action)) }
    package static func suspendEnclave(_ action: WireSuspendEnclave) -> WireMessage { WireMessage(.suspendEnclave(action)) }
    package static func submitEndorsement(_ action: WireSubmitEndorsement) -> WireMessage { WireMessage(.submitEndorsement(action)) }
    package static func putRecord(_ action: WirePutRecord) -> WireMessage { WireMessage(.putRecord(action)) }
    package static func eraseRecord(_ action: WireEraseRecord) -> WireMessage { WireMessage(.eraseRecord(action)) }
    package static func eraseDataset(_ action: WireEraseDataset) -> WireMessage { WireMessage(.eraseDataset(action)) }
    package static func eraseSubject(_ action: WireEraseSubject) -> WireMessage { WireMessage(.eraseSubject(action)) }
    package static func grantConsent(_ action: WireGrantConsent) -> WireMessage { WireMessage(.grantConsent(action)) }
    package static func withdrawConsent(_ action: WireWithdrawConsent) -> WireMessage { WireMessage(.withdrawConsent(action)) }
    package static func publishProgram(_ action: WirePublishProgram) -> WireMessage { WireMessage(.publishProgram(action)) }
    package static func requestAssessment(_ action: WireRequestAssessment) -> WireMessage { WireMessage(.requestAssessment(action)) }
    package static func requestSubscription(_ action: WireRequestSubscription) -> WireMessage { WireMessage(.requestSubscription(action)) }
    package static func registerLocality(_ action: WireRegisterLocality) -> WireMessage { WireMessage(.registerLocality(action)) }
    package static func rejoin(_ action: WireRejoin) -> WireMessage { WireMessage(.rejoin(action)) }
    package static func updateEndpoint(_ action: WireUpdateEndpoint) -> WireMessage { WireMessage(.updateEndpoint(action)) }
    package static func proposeChange(_ action: WireProposeChange) -> WireMessage { WireMessage(.proposeChange(action)) }
    package static func voteOnProposal(_ action: WireVoteOnProposal) -> WireMessage { WireMessage(.voteOnProposal(action)) }
}
