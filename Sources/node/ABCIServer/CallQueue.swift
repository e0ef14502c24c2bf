import ABCI
import NIOCore

/// The calls of one connection, answered in their order; pure.
///
/// Checks of transactions may run at the same time. Every other call waits for all before it and holds up all after it, so that a
/// connection sees the application as if it did one thing at a time.
struct CallQueue {
    private enum Slot {
        case waiting(ABCIRequest.OneOf_Kind, bytes: Int)
        case running(isShared: Bool, bytes: Int)
        case done(ABCIResponse)
    }

    private var slots = CircularBuffer<Slot>()
    /// The number of the call at the front.
    private var first: UInt64 = 0
    /// How many at the front have begun.
    private var begun = 0
    private var running = 0
    private var isExclusiveRunning = false
    /// Bytes of calls that are not answered.
    private(set) var bytes = 0

    var count: Int { slots.count }

    mutating func append(_ call: ABCIRequest.OneOf_Kind, bytes: Int) {
        slots.append(.waiting(call, bytes: bytes))
        self.bytes += bytes
    }

    /// What has its answer already, in its turn.
    mutating func append(answered response: ABCIResponse) {
        slots.append(.done(response))
    }

    /// The calls that may begin now, with their numbers.
    mutating func begin() -> [(number: UInt64, call: ABCIRequest.OneOf_Kind)] {
        var started: [(UInt64, ABCIRequest.OneOf_Kind)] = []
        while begun < slots.count {
            let index = slots.index(slots.startIndex, offsetBy: begun)
            switch slots[index] {
            case .waiting(let call, let bytes):
                let isShared = Self.isShared(call)
                guard isShared ? !isExclusiveRunning : running == 0 else { return started }
                slots[index] = .running(isShared: isShared, bytes: bytes)
                running += 1
                isExclusiveRunning = !isShared
                started.append((first + UInt64(begun), call))
            case .running, .done: break
            }
            begun += 1
        }
        return started
    }

    private static func isShared(_ call: ABCIRequest.OneOf_Kind) -> Bool {
        if case .checkTx = call { true } else { false }
    }

    /// Takes the answer of a call that has begun.
    mutating func finish(_ number: UInt64, _ response: ABCIResponse) {
        guard number >= first, number - first < UInt64(slots.count) else { return }
        let index = slots.index(slots.startIndex, offsetBy: Int(number - first))
        guard case .running(let isShared, let bytes) = slots[index] else { return }
        slots[index] = .done(response)
        running -= 1
        self.bytes -= bytes
        if !isShared { isExclusiveRunning = false }
    }

    /// The answers that are due: all at the front that are there.
    mutating func takeAnswers() -> [ABCIResponse] {
        var answers: [ABCIResponse] = []
        while case .done(let response)? = slots.first {
            answers.append(response)
            slots.removeFirst()
            first += 1
            begun = max(0, begun - 1)
        }
        return answers
    }
}
