import Primitives

/// Why the vault cannot be read or written (codes 1700–1749).
package enum VaultError: UInt32, CodedError {
    case notAVault = 1700
    case unknownVersion = 1701
    case wrongPlatform = 1702
    case cannotOpen = 1703
    case damaged = 1704
    case ioFailed = 1705
    case tooLarge = 1706
    case inUse = 1707
    case otherGenesis = 1708
    case badSealingKey = 1709
    case missing = 1710
    case launcherLost = 1711
    case noEvidence = 1712

    package static let domain = "vault"
    package var reason: String {
        switch self {
        case .notAVault: "the file is not a vault"
        case .unknownVersion: "the vault was written by a version this program does not know"
        case .wrongPlatform: "the vault was made on another platform"
        case .cannotOpen: "the vault does not open with this platform's sealing key"
        case .damaged: "the vault is damaged before its end; restore it from a backup or another enclave"
        case .ioFailed: "the vault's file could not be read or written; the enclave stops using it"
        case .tooLarge: "the vault is larger than this program reads"
        case .inUse: "another enclave uses this home"
        case .otherGenesis: "the vault belongs to a chain with another genesis"
        case .badSealingKey: "the sealing key file is malformed, or others may read it (it must have mode 0600)"
        case .noEvidence: "the platform gives no evidence now; the enclave's log says why"
        case .missing: "the enclave's home has a vault without sealing key"
        case .launcherLost: "the enclave's launcher does not answer"
        }
    }
}
