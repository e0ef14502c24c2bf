import Primitives

/// Why a demo ends early or counts as failed (codes 1600–1649).
enum DemoError: CodedError, Equatable {
    case badData(String)
    case missingFile(String)
    /// A step gave something else than it must.
    case unexpected(String)
    /// An attempt that must be refused was accepted.
    case notRefused(String)

    static let domain = "demo"

    var code: UInt32 {
        switch self {
        case .badData: 1600
        case .missingFile: 1601
        case .unexpected: 1602
        case .notRefused: 1603
        }
    }

    var reason: String {
        switch self {
        case .badData(let why): "the data cannot be used: \(why)"
        case .missingFile(let what): "\(what) is not there"
        case .unexpected(let what): what
        case .notRefused(let what): "\(what) was accepted, and must be refused"
        }
    }
}
