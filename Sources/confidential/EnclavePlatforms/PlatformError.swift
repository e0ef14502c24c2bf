import Primitives

/// Why a platform gives no evidence or no sealing key (codes 1750–1789).
package enum PlatformError: CodedError, Equatable {
    // TPM
    case badTPMAddress(String)
    case tpmUnreachable(String)
    case tpmBusy
    case tpmTimedOut
    case tpmLost(step: String)
    case tpmNotStarted
    case tpmLockedOut
    case tpmNeedsPassword(step: String)
    case tpmOutOfSlots
    /// `response` is the TPM's or the library's own code.
    case tpmFailed(step: String, response: UInt32)
    case tpmBankMissing
    case tpmWasReset
    case launchRegisterTaken(Int)
    case badRegisters(String)
    case credentialRefused

    // Sealing keys
    case sealedForOtherSoftware
    case sealedForOtherTPM
    case badSealedKey
    case sealedKeyMissing
    case noSealing(platform: String)
    case keyFileFailed

    // Reports
    case deviceMissing(path: String)
    case deviceRefused(path: String, system: Int32)
    case reportBusy
    case reportRaced
    case malformedReport
    case wrongProvider(String)
    case firmwareRefused(UInt64)
    case securityModuleRefused(String)
    case launchNotMeasured(path: String)
    case certificatesMissing

    package static let domain = "platform"

    package var code: UInt32 {
        switch self {
        case .badTPMAddress: 1750
        case .tpmUnreachable: 1751
        case .tpmBusy: 1752
        case .tpmTimedOut: 1753
        case .tpmLost: 1754
        case .tpmNotStarted: 1755
        case .tpmLockedOut: 1756
        case .tpmNeedsPassword: 1757
        case .tpmOutOfSlots: 1758
        case .tpmFailed: 1759
        case .tpmBankMissing: 1760
        case .tpmWasReset: 1761
        case .launchRegisterTaken: 1762
        case .badRegisters: 1763
        case .credentialRefused: 1764
        case .sealedForOtherSoftware: 1770
        case .sealedForOtherTPM: 1771
        case .badSealedKey: 1772
        case .sealedKeyMissing: 1773
        case .noSealing: 1774
        case .keyFileFailed: 1775
        case .deviceMissing: 1780
        case .deviceRefused: 1781
        case .reportBusy: 1782
        case .reportRaced: 1783
        case .malformedReport: 1784
        case .wrongProvider: 1785
        case .firmwareRefused: 1786
        case .securityModuleRefused: 1787
        case .launchNotMeasured: 1788
        case .certificatesMissing: 1789
        }
    }

    package var reason: String {
        switch self {
        case .badTPMAddress(let text):
            "'\(text)' is no TPM: write device:/dev/tpmrm0, swtpm:host=127.0.0.1,port=2321 or swtpm:path=/run/swtpm.sock"
        case .tpmUnreachable(let why): "no TPM answers: \(why)"
        case .tpmBusy: "another program keeps the TPM busy; use the kernel's resource manager, /dev/tpmrm0, or end that program"
        case .tpmTimedOut: "the TPM does not answer in time; nothing more is asked of it until it does"
        case .tpmLost(let step): "the TPM went away during \(step)"
        case .tpmNotStarted: "the TPM was not started (TPM2_Startup): that is the firmware's task; swtpm does it with --flags startup-clear"
        case .tpmLockedOut: "the TPM refuses after too many wrong passwords: wait, or clear the lockout (tpm2_dictionarylockout -c)"
        case .tpmNeedsPassword(let step): "\(step) needs a password: the TPM's owner and endorsement hierarchies must have none"
        case .tpmOutOfSlots: "the TPM has no free slot for keys or sessions; another program keeps them: use /dev/tpmrm0"
        case .tpmFailed(let step, let response): "the TPM failed at \(step), response 0x\(String(response, radix: 16))"
        case .tpmBankMissing: "the TPM has no SHA-256 bank of registers: switch it on in the firmware (tpm2_pcrallocate sha256:all)"
        case .tpmWasReset: "the TPM was reset since this enclave was launched: start the enclave anew"
        case .launchRegisterTaken(let index):
            "register \(index) already measures something else: restart the machine (or the software TPM), or choose another register"
        case .badRegisters(let text): "'\(text)' is no list of registers from 0 to 23, such as 0,2,4,7"
        case .credentialRefused: "the challenge was not made for this TPM's endorsement key and attestation key"
        case .sealedForOtherSoftware:
            "the TPM keeps the sealing key for another measured launch: the enclave's programs, its chain or the machine's start changed"
        case .sealedForOtherTPM: "the sealing key was sealed by another TPM, or its file was changed"
        case .badSealedKey: "the file with the sealed key is malformed, or others may write to it"
        case .sealedKeyMissing: "the enclave's home has a vault without sealed key"
        case .noSealing(let platform):
            "\(platform) hardware has no key that survives a restart: keys must come from another enclave of the locality"
        case .keyFileFailed: "the file with the sealed key could not be read or written"
        case .deviceMissing(let path): "\(path) is not there: this machine, or its kernel, does not offer the platform"
        case .deviceRefused(let path, let system): "\(path) refused (system error \(system))"
        case .reportBusy: "the report interface stays busy"
        case .reportRaced: "other programs kept changing the report while it was made"
        case .malformedReport: "what the platform gave is no report"
        case .wrongProvider(let found): "the kernel's report comes from '\(found)', which is not the platform asked for"
        case .firmwareRefused(let status): "the secure processor refused, status 0x\(String(status, radix: 16))"
        case .securityModuleRefused(let why): "the Nitro security module refused: \(why)"
        case .certificatesMissing:
            "the host hands out no certificates for the report's key: fetch them from AMD's KDS and name their folder (--snp-certificates)"
        case .launchNotMeasured(let path): "\(path) cannot be measured: it is unreadable, or was replaced since it was loaded"
        }
    }
}
