import Node
import Testing

@Suite struct `Metrics in Prometheus text` {
    @Test func `counters, gauges and histograms are written by families`() {
        let metrics = Metrics()
        let accepted = metrics.counter("jupiter_things_total", "Things.", labels: [("result", "accepted")])
        let refused = metrics.counter("jupiter_things_total", "Things.", labels: [("result", "a\"b\\c\nd")])
        metrics.gauge("jupiter_height", "Height.") { 12 }
        let histogram = metrics.histogram("jupiter_seconds", "Seconds.", bounds: [0.1, 1])
        accepted.add(3)
        refused.add()
        histogram.observe(0.05)
        histogram.observe(5)
        #expect(
            metrics.text == """
                # HELP jupiter_things_total Things.
                # TYPE jupiter_things_total counter
                jupiter_things_total{result="accepted"} 3
                jupiter_things_total{result="a\\"b\\\\c\\nd"} 1
                # HELP jupiter_height Height.
                # TYPE jupiter_height gauge
                jupiter_height 12
                # HELP jupiter_seconds Seconds.
                # TYPE jupiter_seconds histogram
                jupiter_seconds_bucket{le="0.1"} 1
                jupiter_seconds_bucket{le="1"} 1
                jupiter_seconds_bucket{le="+Inf"} 2
                jupiter_seconds_sum 5.05
                jupiter_seconds_count 2

                """)
    }

    @Test func `a summary tells quantiles, sum and count`() {
        let metrics = Metrics()
        metrics.summary("jupiter_wait_seconds", "Waits.") {
            Metrics.Summary(quantiles: [(0.5, 0.25), (0.99, .nan)], sum: 1.5, count: 4)
        }
        #expect(
            metrics.text == """
                # HELP jupiter_wait_seconds Waits.
                # TYPE jupiter_wait_seconds summary
                jupiter_wait_seconds{quantile="0.5"} 0.25
                jupiter_wait_seconds{quantile="0.99"} NaN
                jupiter_wait_seconds_sum 1.5
                jupiter_wait_seconds_count 4

                """)
    }
}
