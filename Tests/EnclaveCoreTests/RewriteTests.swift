import AdversarySupport
import Crypto
import Cryptography
import EnclaveCore
import Foundation
import KeySearchSupport
import PlatformProtocol
import PowerLossSupport
import Primitives
import Testing
import WireTypes

/// A vault that is written anew while the power goes, at every step that a real program's system calls make.
@Suite struct `A vault written anew` {
    /// What the program had said when the power went.
    private struct Said {
        var keys: [[UInt8]] = []
        var version: UInt64 = 0
        var punctures: UInt64 = 0

        init(_ lines: [String]) {
            for line in lines {
                let words = line.split(separator: " ").map(String.init)
                switch words[0] {
                case "keys": keys = words.dropFirst().compactMap { Hex.decode($0) }
                default:
                    version = UInt64(words[1]) ?? 0
                    if words.count > 2 { punctures = UInt64(words[2]) ?? 0 }
                }
            }
        }
    }

    private static var crasher: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let candidates = [CommandLine.arguments[0], own].map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
            let found = candidates.map { $0 + "/vault-crasher" }.first { FileManager.default.isExecutableFile(atPath: $0) }
            return try #require(found)
        }
    }

    /// Everything in `folder`, opened as far as the platform's sealing key opens it.
    private func search(_ folder: String) throws -> KeySearch {
        let sealing = try MemoryPlatform().sealingKey().withUnsafeBytes { Data($0) }
        var search = KeySearch(try KeySearch.Part.files(below: folder) + [KeySearch.Part(name: "the platform's key", bytes: sealing)])
        search.openAll()
        return search
    }

    @Test func `opens as the old or the new, and keeps nothing of an erased key once it said so`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-rewrite-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let live = folder + "/live"
        let trace = try PowerLossTrace.record(executable: Self.crasher, arguments: [live], directory: live)
        let genesis = try BypassedNode().genesis
        let keys = Said(trace.acknowledgements(before: trace.events.count)).keys
        #expect(keys.count == 2 && Said(trace.acknowledgements(before: trace.events.count)).punctures == 2)
        // The record of the first, everything of the second.
        let record = try KeySearch.Target.path(to: 3, under: AuthenticatedEncryption.key(keys[0]))
        let subject = try KeySearch.Target.path(to: 77, under: AuthenticatedEncryption.key(keys[1]))
        let seed: UInt64 = 0xE5A
        var generator = SeededGenerator(seed: seed)
        var seen: Set<UInt64> = []
        for point in trace.crashPoints {
            let said = Said(trace.acknowledgements(before: point))
            for loss in [.everythingUnsynced, .partOfUnsynced(seed: generator.next())] as [PowerLossTrace.Loss] {
                let place = "seed \(seed), point \(point) of \(trace.events.count), \(loss)"
                let path = folder + "/rebuilt"
                try trace.rebuild(at: point, into: path, losing: loss)
                defer { try? FileManager.default.removeItem(atPath: path) }
                let storage = try VaultFile(path: path + "/vault.log", directory: path)
                let status = try Enclave(platform: MemoryPlatform(), storage: storage, genesis: genesis).status
                #expect(status.anchor.vaultVersion >= said.version && status.punctures >= said.punctures, "\(place)")
                seen.insert(status.punctures)
                let search = try search(path)
                let (first, second) = (
                    record.contains { !search.places(of: $0).isEmpty }, subject.contains { !search.places(of: $0).isEmpty }
                )
                // What is open is what the vault, as it opened, says of itself: after the erasures nothing.
                if status.punctures >= 1 { #expect(!first, "\(place): the record's key is left") }
                if status.punctures >= 2 { #expect(!second, "\(place): the subject's key is left") }
                if said.version >= 3, status.punctures == 0 { #expect(first && second, "\(place): the search is blind") }
            }
        }
        #expect(seen == [0, 1, 2])
    }

    @Test func `takes nothing for the newer file but one with the higher generation`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-slots-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/vault.log"
        var file: VaultFile? = try VaultFile(path: path, directory: folder)
        let small = try SmallScene()
        let old = try small.storage.contents()
        small.scene.puncture(.record, small.subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try small.scene.block()
        try small.scene.provePunctures()
        let new = try small.storage.contents()
        try file?.append(old)
        try file?.replace(with: new)
        #expect(try file?.contents() == new)
        #expect(FileManager.default.contents(atPath: path) == Data() && FileManager.default.contents(atPath: path + ".2") == Data(new))
        file = nil
        // The old one put back beside the new: wiped, not used.
        try Data(old).write(to: URL(fileURLWithPath: path))
        file = try VaultFile(path: path, directory: folder)
        #expect(try file?.contents() == new)
        #expect(FileManager.default.contents(atPath: path) == Data())
        // A beginning without header, as a crash leaves it, is nothing.
        file = nil
        try Data(repeating: 0, count: 512).write(to: URL(fileURLWithPath: path))
        file = try VaultFile(path: path, directory: folder)
        #expect(try file?.contents() == new)
        #expect(throws: VaultError.inUse) { try VaultFile(path: path, directory: folder) }
    }
}
