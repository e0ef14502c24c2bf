import Primitives

/// Why a process of the enclave could not be confined or started (codes 892–899).
package enum SandboxError: UInt32, CodedError {
    case cannotHarden = 892
    case cannotFilter = 893
    case cannotStart = 894
    case notARole = 895
    case traced = 896
    case foreignEnvironment = 897

    package static let domain = "enclave"
    package var reason: String {
        switch self {
        case .cannotHarden: "the system refuses to protect the process's memory"
        case .cannotFilter: "the kernel does not take the filter of system calls (it needs seccomp)"
        case .cannotStart: "a process of the enclave cannot be started; its program lies beside jupiter-enclave"
        case .traced: "another process traces this one, and so reads its memory"
        case .foreignEnvironment: "the program cannot be started without the environment that it was given"
        case .notARole: "this program is a part of the enclave; jupiter-enclave starts it"
        }
    }
}
