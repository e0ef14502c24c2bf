import Primitives

/// What goes wrong with processes on this machine (codes 1545–1549).
package enum LocalFederationError: CodedError, Equatable {
    case cannotStart(program: String, why: String)
    /// The process ended or never answered; its last log lines follow.
    case notReady(program: String, log: String)
    case socket(String)
    case softwareTPMMissing(program: String)

    package static let domain = "local"

    package var code: UInt32 {
        switch self {
        case .cannotStart: 1545
        case .notReady: 1546
        case .socket: 1547
        case .softwareTPMMissing: 1548
        }
    }

    package var name: String {
        switch self {
        case .cannotStart: "local.cannotStart"
        case .notReady: "local.notReady"
        case .socket: "local.socket"
        case .softwareTPMMissing: "local.softwareTPMMissing"
        }
    }

    package var reason: String {
        switch self {
        case .cannotStart(let program, let why): "\(program) cannot be started: \(why)"
        case .notReady(let program, let log): "\(program) did not become ready:\n\(log)"
        case .socket(let why): "no socket: \(why)"
        case .softwareTPMMissing(let program):
            "\(program) is not there: install Debian's packages \(SoftwareTPM.packages.joined(separator: " and "))"
        }
    }
}
