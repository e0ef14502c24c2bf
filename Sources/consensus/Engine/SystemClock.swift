import Glibc

/// The machine's clock.
package struct SystemClock: EngineClock {
    package init() {}

    package func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    package func sleep(until time: UInt64) async {
        let now = now()
        guard time > now else { return }
        // Bounded, so that a clock set back by hours does not stop the chain for hours.
        let milliseconds = min(time - now, 60_000)
        try? await Task.sleep(for: .milliseconds(Int64(milliseconds)))
    }
}
