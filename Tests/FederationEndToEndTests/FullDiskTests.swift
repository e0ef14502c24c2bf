import Foundation
import JupiterClient
import Primitives
import SmallDiskSupport
import Testing

extension Federations {
    /// Real nodes whose home is on a disk that fills up under load (docs/operations/federation.md, "disk full").
    struct `A node on a full disk` {
        /// Moves the home of a node that was not started yet to `disk`; it is found by the same name.
        private func move(_ node: NodeProcess, to disk: SmallDisk) throws {
            let place = disk.path + "/home"
            try FileManager.default.moveItem(atPath: node.home, toPath: place)
            try FileManager.default.createSymbolicLink(atPath: node.home, withDestinationPath: place)
        }

        /// Waits until the process has ended by itself, as a program that says why it does: not by a signal, and not with a good status.
        /// - Parameter logged: how long its log was before.
        private func expectFullStop(_ node: NodeProcess, _ when: String, after logged: Int) async throws {
            for _ in 0..<1_200 where node.isRunning { try await Task.sleep(for: .milliseconds(100)) }
            try #require(!node.isRunning, "\(when): it goes on: \(node.logTail)")
            #expect((node.exitStatus ?? 0) != 0, "\(when): \(node.logTail)")
            let codes = ["storage.diskFull (1303)", "wal.diskFull (1814)"]
            let log = node.log.dropFirst(logged)
            #expect(codes.contains { log.contains($0) }, "\(when): \(log)")
        }

        /// Waits for blocks under load, lets `fill` take the node's space, and expects a stop, and none but that of a start without space.
        private func stop(
            _ node: NodeProcess, on disk: SmallDisk, in federation: ProcessFederation, _ when: String, filling fill: () async throws -> Void
        ) async throws {
            let height = await federation.tallest()
            try await federation.wait("five blocks under load", for: [node]) { $0 >= height + 5 }
            var logged = node.log.count
            try await fill()
            try await expectFullStop(node, when, after: logged)
            try disk.fill(leaving: 0)
            logged = node.log.count
            try node.start()
            try await expectFullStop(node, "started without space", after: logged)
            disk.free()
            try node.start()
        }

        @Test(arguments: [1, 4])
        func `it stops by itself and says why, and with space again it goes on with nothing lost`(validators: Int) async throws {
            guard let disk = try SmallDisk(megabytes: 320) else { return }
            let federation = try ProcessFederation(validators: validators, accounts: 8)
            defer { federation.stop() }
            let node = federation.nodes[validators - 1]
            try move(node, to: disk)
            try await federation.start()
            let loader = Loader(federation, seed: 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await loader.run(lanes: 2) }
                defer { loader.stop() }
                try await stop(node, on: disk, in: federation, "filled little by little") {
                    while node.isRunning, disk.freeBytes > 0 {
                        try disk.fill(leaving: max(0, disk.freeBytes - (1 << 20)))
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    // Storage keeps that much for a stop in good order.
                    #expect(disk.freeBytes > 32 << 20)
                }
                try await stop(node, on: disk, in: federation, "filled at once") { try disk.fill(leaving: 0) }
                let height = loader.acknowledged.map(\.height).max() ?? 0
                try await federation.wait("blocks after all of it", for: federation.nodes) { $0 >= height + 5 }
                loader.stop()
                try await group.waitForAll()
            }
            #expect(loader.acknowledged.count > 8)
            try await federation.expectNothingLost(loader, history: federation.nodes)
            try await federation.expectKnown(loader)
            try await federation.expectOneChain(history: federation.nodes)
            try await federation.expectNoEvidence()
        }
    }
}
