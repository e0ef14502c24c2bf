/// Why there are no figures.
enum ConsensusBenchmarkError: Error, CustomStringConvertible {
    case noProgram(String)
    case nodeEnded(name: String, log: String)
    case notReady(String)
    case refused(String)
    case stalled(committed: Int, of: Int)
    case unreadable(String)

    var description: String {
        switch self {
        case .noProgram(let path): "\(path) is not there: build the product jupiter in the release configuration first"
        case .nodeEnded(let name, let log): "\(name) has ended:\n\(log)"
        case .notReady(let why): "the chain did not get ready: \(why)"
        case .refused(let why): "a transaction of the load was refused: \(why)"
        case .stalled(let committed, let total): "no transaction was committed for a minute, after \(committed) of \(total)"
        case .unreadable(let what): "\(what) is not what was expected"
        }
    }
}
