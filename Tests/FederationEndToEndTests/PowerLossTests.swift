import Foundation
import JupiterClient
import Node
import PowerLossSupport
import Primitives
import Testing

extension Federations {
    /// Machines lose their power, and with it everything that was written and not synced.
    struct `Power losses under load` {
        @Test func `no validator contradicts itself, and nothing acknowledged is lost`() async throws {
            let environment = ProcessInfo.processInfo.environment
            let seed = environment["JUPITER_TEST_SEED"].flatMap(UInt64.init) ?? 1
            print("seed of the power losses: \(seed)")
            // With votes.wal here the test must fail: the disk then forgets the votes.
            let lies = environment["JUPITER_TEST_LYING_DISK"].map { ["POWERLOSS_LIES": $0] } ?? [:]
            let federation = try ProcessFederation(validators: 4, accounts: 20, environment: lies)
            defer { federation.stop() }
            var power = try PowerPlan(federation, seed: seed, keepsParts: lies.isEmpty)
            defer { power.remove() }
            try await power.start()
            let loader = Loader(federation, seed: seed)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await loader.run(lanes: 4) }
                defer { loader.stop() }
                for _ in 0..<3 {
                    try await power.failOne()
                    try await power.failOneOfThree()
                    try await power.failAll()
                }
                loader.stop()
                try await group.waitForAll()
            }
            print("power losses: \(power.failures); lost: \(power.lost.contents) writes and \(power.lost.names) changes of names")
            print("acknowledged: \(loader.acknowledged.count), sent again: \(loader.resubmissions); blocks: \(await federation.tallest())")
            #expect(power.failures == 21 && power.lost.contents > 0)
            #expect(loader.acknowledged.count >= 200)
            try await federation.expectNothingLost(loader, history: federation.nodes)
            try await federation.expectOneChain(history: federation.nodes)
            try await federation.expectNoEvidence()
        }
    }
}

/// Whose power fails, and when.
struct PowerPlan {
    private let federation: ProcessFederation
    private let folder = NSTemporaryDirectory() + "jupiter-power-" + UUID().uuidString
    private let disks: [PowerLossDirectory]
    /// Whether some of what was not synced may survive: a log with holes would be refused, and prove nothing about votes.
    private let keepsParts: Bool
    private var generator: SeededGenerator
    private(set) var failures = 0
    private(set) var lost = PowerLossDirectory.Losses()

    init(_ federation: ProcessFederation, seed: UInt64, keepsParts: Bool) throws {
        (self.federation, self.keepsParts) = (federation, keepsParts)
        generator = SeededGenerator(seed: seed ^ 0x90e4)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let shim = try PowerLossShim(in: folder)
        let folder = folder
        disks = try federation.members.enumerated().map { position, member in
            try PowerLossDirectory(member.home.path, shim: shim, trace: "\(folder)/\(position).trace")
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    func start() async throws {
        for position in disks.indices { try start(position) }
        try await federation.wait("a first block everywhere", for: federation.nodes) { $0 >= 1 }
    }

    private func start(_ position: Int) throws { try federation.nodes[position].start(disks[position].begin()) }

    private mutating func pause() async throws { try await Task.sleep(for: .milliseconds(500 + Int(generator.next() % 1_500))) }

    private mutating func victim() -> Int { Int(generator.next() % UInt64(disks.count)) }

    /// Loses everything unsynced, or some of it.
    private mutating func losePower(_ victims: [Int]) throws {
        for position in victims { federation.nodes[position].kill() }
        for position in victims {
            let seed = generator.next()
            let losses = try disks[position].losePower(
                losing: keepsParts && seed % 2 == 0 ? .partOfUnsynced(seed: seed) : .everythingUnsynced)
            failures += 1
            (lost.contents, lost.names) = (lost.contents + losses.contents, lost.names + losses.names)
        }
    }

    /// One machine fails while the others go on.
    mutating func failOne() async throws {
        try await pause()
        let victim = victim()
        try losePower([victim])
        try start(victim)
        try await federation.waitForReturn(of: federation.nodes[victim])
    }

    /// One is away, and then one fails whose vote the others need: the view in which it voted waits for it.
    mutating func failOneOfThree() async throws {
        let away = victim()
        try losePower([away])
        try await pause()
        let victim = (away + 1 + Int(generator.next() % 3)) % disks.count
        try losePower([victim])
        try start(victim)
        try await federation.waitForReturn(of: federation.nodes[victim])
        try await federation.expectNoEvidence()
        try start(away)
        try await federation.waitForReturn(of: federation.nodes[away])
    }

    /// The power of all machines fails at once.
    mutating func failAll() async throws {
        try await pause()
        let height = await federation.tallest()
        try await federation.expectNoEvidence()
        try losePower(Array(disks.indices))
        for position in disks.indices { try start(position) }
        try await federation.wait("blocks after the power is back", for: federation.nodes) { $0 > height }
    }
}
