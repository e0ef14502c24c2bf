import ChainTypes
import Primitives
import Simplex
import WireTypes

/// Everything that a seed decides before the first event.
struct Scenario {
    enum Fault {
        case crash(Int)
        /// The machine stops right after it appended its next vote to the log, before a sync.
        case crashAtNextVote(Int)
        case restart(Int)
        /// Only messages inside a group pass; `oneWay`: what group 0 sends to the others is lost, their answers are not.
        case partition(groups: [Int], oneWay: Bool)
        case heal
        /// From now on the network is well and nobody fails any more.
        case stabilise
    }

    let seed: UInt64
    let profile: WireQuorumProfile
    let roster: Roster
    let settings: SimplexSettings
    let actors: [Int: ByzantineKind]
    /// Those whose log is lost when they crash; they count as faulty.
    let amnesiacs: Set<Int>
    /// Those that crash and never come back.
    let fallen: Set<Int>
    /// Milliseconds by which each clock is ahead of true time.
    let skews: [Int64]
    let network: NetworkWeather
    let faults: [(time: UInt64, fault: Fault)]
    /// Microseconds a sync of the log takes at most.
    let slowestSync: UInt64
    /// Whether a certificate is synced only with the next vote: what the effect contract allows beside syncing at once.
    let syncsCertificatesLazily: Bool
    /// Whether there is something to propose, at first and from certain times on.
    let work: WorkSchedule
    /// Whether a proposal's payload is sent along with it, or fetched by those who need it.
    let pushesPayloads: Bool
    let plantedBug: PlantedBug?

    var count: Int { roster.keys.count }
    var chainID: String { "simulated" }

    /// Heights that everybody must commit after stabilisation.
    static var neededHeights: UInt64 { 4 }

    init(seed: UInt64, plantedBug: PlantedBug?) {
        var random = SeededGenerator(seed: seed)
        self.seed = seed
        self.plantedBug = plantedBug
        let profile: WireQuorumProfile = random.chance(permille: 700) ? .byzantine : .crash
        self.profile = profile
        let count = Self.size(&random)
        let roster = Roster(
            nodes: count, epochs: random.chance(permille: 600) ? random.draw(2...5) : 1,
            length: random.draw(UInt64(2)...7), random: &random)
        self.roster = roster
        settings = Self.settings(&random)
        (actors, amnesiacs, fallen) = Self.casting(profile, roster: roster, random: &random)
        skews = (0..<count).map { [chance = random.chance(permille: 500)] _ in chance ? Int64(random.draw(UInt64(0)...800)) - 400 : 0 }
        network = NetworkWeather(count: count, random: &random)
        slowestSync = random.draw(UInt64(500)...12_000)
        syncsCertificatesLazily = random.chance(permille: 500)
        let startsBusy = random.chance(permille: 800)
        pushesPayloads = random.chance(permille: 600)
        faults = Self.faults(
            count: count, steady: Set(actors.keys), amnesiacs: amnesiacs, fallen: fallen, random: &random)
        work = WorkSchedule(startsBusy: startsBusy, nodes: count, stable: faults.last?.time ?? 0, random: &random)
    }

    /// Mostly small: what goes wrong goes wrong among four, and large ones cost the square.
    private static func size(_ random: inout SeededGenerator) -> Int {
        switch random.draw(UInt64(0)...99) {
        case 0..<60: random.draw(4...7)
        case 60..<88: random.draw(8...11)
        default: random.draw(12...20)
        }
    }

    private static func settings(_ random: inout SeededGenerator) -> SimplexSettings {
        var settings = SimplexSettings()
        settings.viewTimeout = random.draw(UInt64(800)...1_500)
        settings.idleInterval = random.draw(UInt64(200)...600)
        settings.repeatInterval = random.draw(UInt64(250)...700)
        settings.fetchedHeights = random.draw(UInt64(1)...16)
        return settings
    }

    /// Who is faulty, and how; together always less than the profile tolerates.
    private static func casting(
        _ profile: WireQuorumProfile, roster: Roster, random: inout SeededGenerator
    ) -> (actors: [Int: ByzantineKind], amnesiacs: Set<Int>, fallen: Set<Int>) {
        var actors: [Int: ByzantineKind] = [:]
        var (amnesiacs, fallen, faulty): (Set<Int>, Set<Int>, Set<Int>) = ([], [], [])
        let appetite = random.draw(UInt64(0)...1000)
        for node in random.order(roster.keys.count) {
            guard random.chance(permille: appetite), roster.tolerates(faulty.union([node]), profile: profile) else { continue }
            faulty.insert(node)
            switch random.draw(UInt64(0)...9) {
            case 0..<7 where profile == .byzantine:
                actors[node] = ByzantineKind.draw(&random)
            case 0..<8: fallen.insert(node)
            default: amnesiacs.insert(node)
            }
        }
        return (actors, amnesiacs, fallen)
    }

    private static func faults(
        count: Int, steady: Set<Int>, amnesiacs: Set<Int>, fallen: Set<Int>, random: inout SeededGenerator
    ) -> [(time: UInt64, fault: Fault)] {
        let end = random.draw(UInt64(1_200_000)...3_200_000)
        var faults: [(time: UInt64, fault: Fault)] = []
        for node in fallen.sorted() { faults.append((random.draw(0...end), .crash(node))) }
        let mortal = (0..<count).filter { !steady.contains($0) && !fallen.contains($0) }
        var victims = mortal.filter { amnesiacs.contains($0) }
        if !mortal.isEmpty {
            for _ in 0..<random.draw(0...6) { victims.append(mortal[random.draw(0...(mortal.count - 1))]) }
        }
        for node in victims {
            let time = random.draw(0...end)
            let atVote = random.chance(permille: 500)
            faults.append((time, atVote ? .crashAtNextVote(node) : .crash(node)))
            let pause = random.chance(permille: 500) ? random.draw(UInt64(5_000)...100_000) : random.draw(UInt64(50_000)...1_500_000)
            faults.append((min(end, time + pause + (atVote ? 200_000 : 0)), .restart(node)))
        }
        for _ in 0..<random.draw(0...2) {
            let time = random.draw(0...end)
            let groups = (0..<count).map { _ in random.draw(0...1) }
            faults.append((time, .partition(groups: groups, oneWay: random.chance(permille: 250))))
            faults.append((min(end, time + random.draw(UInt64(100_000)...1_500_000)), .heal))
        }
        faults.append((end, .stabilise))
        return faults
    }
}
