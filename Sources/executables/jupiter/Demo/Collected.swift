import Synchronization

/// Collects what tasks make for numbered subjects.
final class Collected<Value: Sendable>: Sendable {
    private let values = Mutex<[Int: Value]>([:])

    func add(_ pairs: some Sequence<(Int, Value)>) {
        for (position, value) in pairs { values.withLock { $0[position] = value } }
    }

    /// Those of `positions`, in that order; throws when one is missing.
    func all(_ positions: [Int]) throws -> [Value] {
        let all = values.withLock { $0 }
        return try positions.map { position in
            guard let value = all[position] else { throw DemoError.unexpected("something is missing for subject \(position)") }
            return value
        }
    }
}
