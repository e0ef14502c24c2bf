import ArgumentParser
import EnclavePlatforms
import Foundation
import JupiterClient
import LocalFederation
import Primitives

/// What a command line asks for in vain (codes 1550–1599).
enum CommandError: CodedError, Equatable {
    case badArgument(String)
    case noPassphrase
    case passphrasesDiffer
    case fileUnreadable(String)
    case fileExists(String)
    case programMissing(String)
    case noEnclave
    case notFound(String)
    case nothingFits(String)
    /// A program of others that a command needs.
    case notOnPath(String)

    static let domain = "cli"

    var code: UInt32 {
        switch self {
        case .badArgument: 1550
        case .noPassphrase: 1551
        case .passphrasesDiffer: 1552
        case .fileUnreadable: 1553
        case .fileExists: 1554
        case .programMissing: 1555
        case .noEnclave: 1556
        case .notFound: 1557
        case .nothingFits: 1558
        case .notOnPath: 1559
        }
    }

    var reason: String {
        switch self {
        case .badArgument(let why): why
        case .noPassphrase: "a passphrase is needed and there is no terminal to ask on"
        case .passphrasesDiffer: "the two passphrases differ"
        case .fileUnreadable(let path): "\(path) cannot be read"
        case .fileExists(let path): "\(path) exists already and is not overwritten"
        case .programMissing(let path): "there is no executable \(path)"
        case .noEnclave: "no active enclave is registered on this chain"
        case .notFound(let what): "there is no \(what)"
        case .nothingFits(let what): what
        case .notOnPath(let program): "\(program) is in no folder of PATH"
        }
    }

    var next: String {
        switch self {
        case .badArgument: "see `--help` of the command"
        case .noPassphrase: "set JUPITER_PASSPHRASE or give --passphrase-file"
        case .passphrasesDiffer: "type the same passphrase twice"
        case .fileUnreadable: "check the path"
        case .fileExists: "choose another path"
        case .programMissing: "build it: `swift build -c release`"
        case .noEnclave: "start one beside the node: `jupiter enclave start`"
        case .notFound: "`list` of the same command shows what there is"
        case .nothingFits: "see `jupiter consent list` and `jupiter enclave list`"
        case .notOnPath(let program): "install \(program) and add its folder to PATH"
        }
    }
}

/// How a failed command ends: what is printed, and the exit code (0 ok, 1 refused, 64 usage, 69 unavailable).
struct Failure {
    let code: UInt32
    let name: String
    let reason: String
    let next: String?
    let exit: Int32

    init(_ error: any Error) {
        switch error {
        case let error as NodeRefusal:
            self.init(error, next: Self.next(error.code) ?? error.next, exit: error.status == 503 || error.status == 429 ? 69 : 1)
        case let error as ClientError:
            let exit: Int32 =
                switch error {
                case .unreachable, .timedOut: 69
                default: 1
                }
            self.init(error, next: error.next, exit: exit)
        case let error as CommandError:
            let exit: Int32 = if case .badArgument = error { 64 } else { 1 }
            self.init(error, next: error.next, exit: exit)
        case let error as PlatformError:
            let isUsage = [1750, 1763].contains(error.code)
            self.init(
                error, next: isUsage ? "see `--help` of the command" : "`jupiter enclave doctor` says what is missing",
                exit: isUsage ? 64 : 1)
        case let error as LocalFederationError where error.code == 1548:
            self.init(error, next: "apt-get install \(SoftwareTPM.packages.joined(separator: " "))", exit: 1)
        case let error as any CodedError:
            self.init(error, next: Self.next(error.code), exit: 1)
        default:
            self.init(code: 1599, name: "cli.unexpected", reason: "\(error)", next: nil, exit: 1)
        }
    }

    /// What helps against a refusal for which a command of this program is the answer.
    private static func next(_ code: UInt32) -> String? {
        switch code {
        case 472: "begin a new key: `jupiter wallet rotate-key DATASET`"
        case 869: "let governance name holders: `jupiter enclave recovery holders`"
        default: nil
        }
    }

    init(_ error: any CodedError, next: String?, exit: Int32) {
        self.init(code: error.code, name: error.name, reason: error.reason, next: next, exit: exit)
    }

    init(code: UInt32, name: String, reason: String, next: String?, exit: Int32) {
        (self.code, self.name, self.reason, self.next, self.exit) = (code, name, reason, next, exit)
    }

    /// The text for standard error.
    func text(json: Bool) -> String {
        if json {
            var members: [String: JSONValue] = [
                "code": .integer(Int64(code)), "name": .text(name), "reason": .text(reason),
            ]
            if let next { members["next"] = .text(next) }
            return JSONValue.object(["error": .object(members)]).encoded()
        }
        return "error: \(name) (\(code)): \(reason)" + (next.map { "\nnext: \($0)" } ?? "")
    }
}
