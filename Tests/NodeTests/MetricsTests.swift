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

    @Test func `a summary tells ranks of the newest values, and not a number before there are any`() {
        let metrics = Metrics()
        metrics.summary("jupiter_empty_seconds", "Nothing.") { Metrics.Samples(newest: [], count: 0, sum: 0) }
        metrics.summary("jupiter_full_seconds", "Something.") {
            Metrics.Samples(newest: (1...200).reversed().map(Double.init), count: 1_000, sum: 2.5)
        }
        #expect(
            metrics.text == """
                # HELP jupiter_empty_seconds Nothing.
                # TYPE jupiter_empty_seconds summary
                jupiter_empty_seconds{quantile="0.5"} NaN
                jupiter_empty_seconds{quantile="0.9"} NaN
                jupiter_empty_seconds{quantile="0.99"} NaN
                jupiter_empty_seconds_sum 0
                jupiter_empty_seconds_count 0
                # HELP jupiter_full_seconds Something.
                # TYPE jupiter_full_seconds summary
                jupiter_full_seconds{quantile="0.5"} 100
                jupiter_full_seconds{quantile="0.9"} 180
                jupiter_full_seconds{quantile="0.99"} 198
                jupiter_full_seconds_sum 2.5
                jupiter_full_seconds_count 1000

                """)
    }
}
