import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// The commands, each with its own answer. All throw what `perform` throws.
extension EnclaveConnection {
    package func status() throws -> WireStatusAnswer {
        guard case .status(let answer) = try perform(.status(WireStatusCommand())) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// Evidence that answers the block `challengeBlock` of `challengeHeight`.
    package func attest(_ command: WireAttestCommand) throws -> WireAttestAnswer {
        guard case .attest(let answer) = try perform(.attest(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// Headers in rising order; the answer is the height trusted from now on.
    package func importHeaders(_ headers: [WireCertifiedHeader]) throws -> WireImportHeadersAnswer {
        var command = WireImportHeadersCommand()
        command.headers = headers
        guard case .importHeaders(let answer) = try perform(.importHeaders(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func proveAnchor(_ enclave: WireProvenValue) throws -> WireProveAnchorAnswer {
        var command = WireProveAnchorCommand()
        command.enclave = enclave
        guard case .proveAnchor(let answer) = try perform(.proveAnchor(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// At most `EnclaveLimits.enrolments` at once; one outcome each, in order.
    package func enrol(_ enrolments: [WireSealedMessage]) throws -> WireEnrolAnswer {
        var command = WireEnrolCommand()
        command.enrolments = enrolments
        guard case .enrol(let answer) = try perform(.enrol(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// Gives the enclave a program's code; it keeps it until it stops or newer programs take its place.
    package func loadProgram(_ code: [UInt8]) throws -> WireLoadProgramAnswer {
        var command = WireLoadProgramCommand()
        command.code = .init(code)
        guard case .loadProgram(let answer) = try perform(.loadProgram(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func runAssessments(_ command: WireRunAssessmentsCommand) throws -> WireRunAssessmentsAnswer {
        guard case .runAssessments(let answer) = try perform(.runAssessments(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func openAssessments(_ command: WireOpenAssessmentsCommand) throws -> WireOpenAssessmentsAnswer {
        guard case .openAssessments(let answer) = try perform(.openAssessments(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// As a run, but only what it comes to is answered, under the salt of the enclave that ran first.
    package func confirmAssessments(_ command: WireConfirmAssessmentsCommand) throws -> WireConfirmAssessmentsAnswer {
        guard case .confirmAssessments(let answer) = try perform(.confirmAssessments(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    package func runSubscription(_ command: WireRunSubscriptionCommand) throws -> WireRunSubscriptionAnswer {
        guard case .runSubscription(let answer) = try perform(.runSubscription(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func openSubscription(_ command: WireOpenSubscriptionCommand) throws -> WireOpenSubscriptionAnswer {
        guard case .openSubscription(let answer) = try perform(.openSubscription(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// The puncture log from what the vault has applied on, at most `EnclaveLimits.punctures` entries a command.
    package func provePunctures(_ command: WireProvePuncturesCommand) throws -> WireProvePuncturesAnswer {
        guard case .provePunctures(let answer) = try perform(.provePunctures(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func offerReplica(_ command: WireOfferReplicaCommand) throws -> WireOfferReplicaAnswer {
        guard case .offerReplica(let answer) = try perform(.offerReplica(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func exportReplica(_ command: WireExportReplicaCommand) throws -> WireExportReplicaAnswer {
        guard case .exportReplica(let answer) = try perform(.exportReplica(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func importReplica(_ command: WireImportReplicaCommand) throws -> WireImportReplicaAnswer {
        guard case .importReplica(let answer) = try perform(.importReplica(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func exportRecovery(_ command: WireExportRecoveryCommand) throws -> WireExportRecoveryAnswer {
        guard case .exportRecovery(let answer) = try perform(.exportRecovery(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    package func importRecovery(_ command: WireImportRecoveryCommand) throws -> WireImportRecoveryAnswer {
        guard case .importRecovery(let answer) = try perform(.importRecovery(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// Recovery plans after the one that the vault knows, in order.
    package func followRecoveryPlan(_ command: WireFollowRecoveryPlanCommand) throws -> WireFollowRecoveryPlanAnswer {
        guard case .followRecoveryPlan(let answer) = try perform(.followRecoveryPlan(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    package func grantKeys(_ command: WireGrantKeysCommand) throws -> WireGrantKeysAnswer {
        guard case .grantKeys(let answer) = try perform(.grantKeys(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }

    /// The vault as it lies on disk: sealed.
    package func backup() throws -> WireBackupAnswer {
        guard case .backup(let answer) = try perform(.backup(WireBackupCommand())) else { throw EnclaveError.unexpectedAnswer }
        return answer
    }
}

/// How many items one command may hold.
package enum EnclaveLimits {
    package static let headers = 10_000
    package static let enrolments = 4_096
    package static let assessments = 4_096
    package static let contributions = 65_536
    package static let recordsPerSubject = 16
    package static let punctures = 65_536
}
