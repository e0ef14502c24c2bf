import Primitives

/// What an enclave answers when it will not do something, and what goes wrong between it and its node (codes 800–899).
package enum EnclaveError: UInt32, CodedError {
    case staleState = 800
    case tamperedCiphertext = 801
    case badProof = 802
    case badGrantSignature = 803
    case badRequestSignature = 804
    case notServing = 805
    case unknownSubjectKey = 806
    // 807 is not used: exhausted uses are consent.exhausted (303), whoever counts them.
    case wrongChain = 808
    case notPending = 809
    case notCommitted = 810
    case cohortTooSmall = 811
    case outputRefused = 812
    case programNotLoaded = 813
    case wrongRecords = 814
    case malformedCommand = 815
    case tooMany = 816
    case deadlinePassed = 817
    case wrongProgramKind = 818
    case anchorMismatch = 819
    case badEnrolment = 820
    case alreadyEnrolled = 821
    case alreadyRun = 822
    case badRecipientKey = 823
    case badSchema = 824
    case workerLost = 827
    case tooFast = 828
    case internalFailure = 829
    case suspended = 840
    case admissionEnded = 841
    case notToConfirm = 842
    case badConfirmationTerms = 843
    case resultNotConfirmed = 844
    case unconfirmed = 845
    case puncturesPending = 846
    case keyDestroyed = 847
    case recordErased = 848
    case resultKeyGone = 849
    case peerNotAdmitted = 860
    case peerMeasurement = 861
    case peerStaleEvidence = 862
    case badPeerSignature = 863
    case badPart = 864
    case replayedPart = 865
    case replicaGap = 866
    case replicaBehind = 867
    case otherVault = 868
    case noRecoveryPlan = 869
    case badPackage = 870
    case oldRecovery = 871
    case badShares = 872
    case peerAssurance = 873
    case recoveryPlanPending = 880
    case badRecoveryPlan = 881
    case measurementUnapproved = 882
    case measurementDelayed = 883
    case recoveryUnapproved = 884
    case otherSession = 885

    case frameTooLarge = 850
    case cannotConnect = 851
    case connectionLost = 852
    case malformedAnswer = 853
    case unexpectedAnswer = 854
    case cannotListen = 855
    case pathTooLong = 856
    case socketInUse = 857

    package static let domain = "enclave"
    package var reason: String {
        switch self {
        case .staleState: "the state shown is not under the enclave's newest header; import the chain's headers first"
        case .tamperedCiphertext: "a record's bytes are not those that the chain commits to, or do not decrypt"
        case .badProof: "a proof does not hold under the trusted header"
        case .badGrantSignature: "the grant is not the subject's own signed transaction"
        case .badRequestSignature: "the request is not the requester's own signed transaction"
        case .notServing: "the enclave waits for a proof that its vault anchor is on chain"
        case .unknownSubjectKey: "the vault has no such key of this subject for this dataset, or the chain knows another"
        case .wrongChain: "it belongs to another chain"
        case .notPending: "the request is no longer pending"
        case .notCommitted: "the chain has not accepted this enclave's commitment for the request"
        case .cohortTooSmall: "fewer subjects contribute than the dataset or the request demands"
        case .outputRefused: "the program's output is not what it declared"
        case .programNotLoaded: "the program's code was not given to the enclave"
        case .wrongRecords: "an assessment needs exactly one live record of the subject"
        case .malformedCommand: "the command is not well formed"
        case .tooMany: "the command holds more items than the enclave takes at once"
        case .deadlinePassed: "the request's deadline has passed"
        case .wrongProgramKind: "the program is not of the kind that the request needs"
        case .anchorMismatch: "the chain has another anchor of this enclave's vault: an old copy, or a start that was superseded"
        case .badEnrolment: "the enrolment does not open, or is not signed by its subject for this enclave"
        case .alreadyEnrolled: "the subject has another key for this dataset in the vault"
        case .alreadyRun: "the request was run before and its sealed result is no longer kept"
        case .badRecipientKey: "the recipient key is not valid, or not the one that the requester signed"
        case .badSchema: "the dataset or program has a schema that this enclave cannot read"
        case .workerLost: "the process that ran the program ended, or could not be started; try again"
        case .tooFast: "too many commands, bytes or broken proofs in a short time; try again later"
        case .puncturesPending: "the chain asks for erasures that the vault has not applied yet; show it the puncture log first"
        case .keyDestroyed: "the subject had this key destroyed; a new one has another epoch"
        case .recordErased: "the record was erased, and what was made from it with it"
        case .resultKeyGone: "the vault has no key for this result: keys were destroyed since it was made, or none of its enclaves made it"
        case .internalFailure: "the enclave failed at something that is nobody's fault; see its log"
        case .peerNotAdmitted: "the chain does not let the other enclave act now, or it is this one"
        case .peerMeasurement: "the other enclave's measurement is unknown, revoked, or too new to be given keys"
        case .peerStaleEvidence: "the other enclave's evidence answers no recent block of this chain"
        case .badPeerSignature: "the other enclave did not sign this"
        case .badPart: "the part of a vault does not open, or is not what its source says"
        case .replayedPart: "the part of a vault answers another start of this enclave"
        case .replicaGap: "the part of a vault does not follow on what is here"
        case .replicaBehind: "the enclave lacks something that the vault's others have; it takes it over first"
        case .otherVault: "the enclave holds the keys of another vault"
        case .noRecoveryPlan: "the genesis names nobody who keeps shares: the chain has no recovery"
        case .badPackage: "the package is not the named enclave's, or was altered"
        case .oldRecovery: "the package is of an older recovery epoch than the chain's"
        case .badShares: "the shares are too few, not for this enclave, or not of this package"
        case .peerAssurance: "the other enclave's platform is of another assurance class than this vault's keys demand"
        case .recoveryPlanPending: "the chain's recovery plan is not the one that the vault knows; show it the plans since"
        case .badRecoveryPlan: "the plan does not follow the one that the vault knows, or too few of its holders approve"
        case .measurementUnapproved: "too few recovery holders approve of giving keys to the other enclave's measurement"
        case .measurementDelayed: "the vault knows the other enclave's measurement for less than the chain's delay; try again later"
        case .recoveryUnapproved: "too few of the recovery holders whom this enclave knows have given their shares of this package"
        case .otherSession: "it is sealed to another key than that of this enclave's session; ask for the session and seal again"
        case .suspended: "the chain has suspended this enclave"
        case .admissionEnded: "the chain's appraisal of this enclave is too old: renew its evidence, then show the chain's value anew"
        case .notToConfirm: "the result waits for no confirmation, or not for this enclave's"
        case .badConfirmationTerms: "the terms do not open, or are not those of the enclave that signed the sealed result"
        case .resultNotConfirmed: "the sealed result does not hold the output that its enclave said it does"
        case .unconfirmed: "fewer enclaves have come to this result than the request demands"
        case .frameTooLarge: "a message is longer than the socket carries"
        case .cannotConnect: "no enclave listens at the socket; is jupiter-enclave running?"
        case .connectionLost: "the connection to the enclave broke"
        case .malformedAnswer: "the enclave's answer is not well formed"
        case .unexpectedAnswer: "the enclave answered another question"
        case .cannotListen: "the socket cannot be made; look at the path and its permissions"
        case .pathTooLong: "the socket's path is longer than the system allows"
        case .socketInUse: "another enclave listens at the socket"
        }
    }
}
