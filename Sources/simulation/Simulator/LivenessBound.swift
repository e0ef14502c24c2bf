import ChainTypes
import Simplex

/// How long progress may take once the network is stable, from timeouts alone.
enum LivenessBound {
    /// Until everybody has committed up to `height`, counted from stabilisation.
    ///
    /// Simplex decides in every view whose leader is honest and whom nobody thinks absent; any other view costs at most its timeout.
    /// Before that, everybody must come to the same view (one repetition, one request and its answer, missing payloads), and each
    /// leader may be thought absent once. A view's timeout doubles with the failures in a row, up to sixteen-fold. Work that comes or ends
    /// begins the timer of the view in which it does anew.
    static func microseconds(_ scenario: Scenario, height: UInt64) -> UInt64 {
        let faulty = Set(scenario.actors.keys).union(scenario.fallen).union(scenario.amnesiacs)
        let run = scenario.roster.sets.map { longestRun(of: faulty, in: $0) }.max() ?? 0
        let settings = scenario.settings
        let hop = NetworkWeather.slowestWhenStable / 1000
        let longest = settings.viewTimeout << 4
        let doubled = settings.viewTimeout << UInt64(min(4, max(0, run + 1 - settings.patience)))
        let view = doubled + settings.idleInterval + settings.repeatInterval + 4 * hop
        let views =
            UInt64(run + 1) * (Scenario.neededHeights + 2) + UInt64(scenario.count) + UInt64(scenario.work.changesWhenStable)
        let settling = 2 * longest + 20 * hop
        return (settling + views * view) * 1000
    }

    /// How many views in a row faulty leaders may have, in a schedule that begins again with each epoch.
    private static func longestRun(of faulty: Set<Int>, in epoch: Roster.Epoch) -> Int {
        let schedule = LeaderScheduleWindow(epoch)
        var (longest, run) = (0, 0)
        for leader in schedule.leaders {
            run = faulty.contains(leader) ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}

/// Two rounds of the leaders of an epoch.
private struct LeaderScheduleWindow {
    let leaders: [Int]

    init(_ epoch: Roster.Epoch) {
        let schedule = LeaderSchedule(epoch.set)
        let weights = epoch.set.members.reduce(UInt64(0)) { $0 + ($1.votingWeight > 0 ? $1.leaderWeight : 0) }
        let round = max(weights, UInt64(epoch.set.members.count))
        leaders = (1...(2 * round)).map { epoch.nodes[schedule.leader($0)] }
    }
}
