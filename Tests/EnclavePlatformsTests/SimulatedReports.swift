import EnclavePlatforms
import Foundation
import Synchronization

/// Stands for the kernel's report interface in tests. It signs nothing: its reports are patterns.
final class SimulatedReports: ReportEntries {
    struct State {
        var entries: Set<String> = []
        var made = 0
        var generation: UInt64 = 40
        var input: [UInt8] = []
        var privilege = ""
        /// How often another program writes before a report is read.
        var races = 0
        var failure: PlatformError?
    }

    let state: Mutex<State>
    private let provider: String
    private let report: @Sendable ([UInt8]) -> [UInt8]
    private let auxiliary: [UInt8]

    init(provider: String, races: Int = 0, auxiliary: [UInt8] = [], report: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        var state = State()
        state.races = races
        self.state = Mutex(state)
        (self.provider, self.auxiliary, self.report) = (provider, auxiliary, report)
    }

    func make() -> String {
        state.withLock { state in
            state.made += 1
            state.entries.insert("\(state.made)")
            return "\(state.made)"
        }
    }

    func remove(_ entry: String) { state.withLock { _ = $0.entries.remove(entry) } }

    func write(_ bytes: [UInt8], to attribute: String, in entry: String) throws(PlatformError) {
        let failure = state.withLock { state in
            state.generation += 1
            if attribute == "inblob" { state.input = bytes } else { state.privilege = String(decoding: bytes, as: UTF8.self) }
            return state.failure
        }
        if let failure { throw failure }
    }

    func read(_ attribute: String, in entry: String, limit: Int) -> [UInt8] {
        state.withLock { state in
            switch attribute {
            case "provider": return Array("\(provider)\n".utf8)
            case "generation": return Array("\(state.generation)\n".utf8)
            case "auxblob": return auxiliary
            default:
                if state.races > 0 {
                    state.races -= 1
                    state.generation += 1
                    state.input = [UInt8](repeating: 0xee, count: 64)
                }
                return report(state.input)
            }
        }
    }
}
