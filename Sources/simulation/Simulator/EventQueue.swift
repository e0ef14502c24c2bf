import Primitives

/// Events in virtual time, microseconds; those of one instant in the order they were scheduled in.
package struct EventQueue<Event> {
    private struct Key {
        let time: UInt64
        let order: UInt64
        let slot: Int

        static func < (a: Key, b: Key) -> Bool { a.time != b.time ? a.time < b.time : a.order < b.order }
    }

    /// A binary heap of small keys; events stay where they are.
    private var heap: [Key] = []
    private var slots: [Event?] = []
    private var free: [Int] = []
    private var scheduled: UInt64 = 0

    package private(set) var now: UInt64 = 0

    package init() {}

    package mutating func schedule(_ event: Event, after delay: UInt64) {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            slots[slot] = event
        } else {
            slot = slots.count
            slots.append(event)
        }
        scheduled += 1
        heap.append(Key(time: now + delay, order: scheduled, slot: slot))
        siftUp(heap.count - 1)
    }

    /// The next event, moving the time to it.
    package mutating func next() -> Event? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        now = first.time
        free.append(first.slot)
        defer { slots[first.slot] = nil }
        return slots[first.slot]
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        let key = heap[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard key < heap[parent] else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = key
    }

    private mutating func siftDown() {
        var index = 0
        let key = heap[0]
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < key else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = key
    }
}
