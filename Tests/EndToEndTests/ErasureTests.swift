import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import KeySearchSupport
import LocalFederation
import Primitives
import Testing
import WireTypes

/// After an erasure, no combination of what lies on any disk opens the record; before it, everything that is searched for is found.
///
/// The disks are those of two validators, of a node that follows them and sleeps through the erasures, and of an enclave at each validator;
/// with them go backups and recovery packages from before and after.
@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `Erasure for good` {
    /// What everybody has put, and what of it goes.
    private struct Entries {
        /// One of ann's records, ben's dataset, cat's everything.
        let gone: [DiaryEntry]
        let kept: DiaryEntry

        init(_ people: [Wallet], in diaries: Diaries) async throws {
            let (client, enclave) = (diaries.client, try await diaries.enclave())
            var gone: [DiaryEntry] = []
            for wallet in people {
                gone.append(
                    try await DiaryEntry("gone \(wallet.name) ", of: wallet, leaf: 5, through: client, enrollingWith: enclave))
            }
            self.gone = gone
            kept = try await DiaryEntry("kept", of: people[0], leaf: 6, through: client, enrollingWith: nil)
        }

        var all: [DiaryEntry] { gone + [kept] }
    }

    @Test func `no bytes and no keys that anyone still has open what was erased`() async throws {
        let folder = try TemporaryFolder()
        let people = try ["ann", "ben", "cat"].map { try Wallet(name: $0) }
        let diaries = try await Diaries(folder: folder.path, people: people)
        defer { diaries.chain.stop() }
        let entries = try await Entries(people, in: diaries)
        try diaries.follower.start()
        try await diaries.chain.wait("both enclaves to have all keys") { $0.allSatisfy { $0["subjectKeys"]?.unsigned == 3 } }
        try await diaries.exportPackages("0")
        try await diaries.follow()
        try await everyDisk(of: diaries, has: entries.all)

        try await diaries.backUp("before")
        for backup in diaries.backups("before") { try expect(backup, of: diaries, has: entries.all) }
        // The third stays behind, with all ciphertext on its disk.
        for node in diaries.chain.nodes { try node.start() }
        try await diaries.chain.wait("both enclaves to serve again") { $0.allSatisfy { $0["serving"] == true } }

        let erased = try await erase(entries.gone, in: diaries)
        try diaries.follower.start()
        try await diaries.follow()
        try await nodesForget(entries.gone, diaries)
        for node in diaries.nodes {
            #expect(try await node.client.sidecar(entries.kept.commitment) == entries.kept.sidecar)
            for entry in entries.gone { await #expect(throws: NodeRefusal.self) { try await node.client.sidecar(entry.commitment) } }
        }
        try await diaries.exportPackages("3")
        try await diaries.backUp("after")
        try await certificates(erased, diaries)
        try noDisk(of: diaries, opens: entries)
    }

    // MARK: Before

    private func expect(_ place: String, of diaries: Diaries, has entries: [DiaryEntry]) throws {
        let search = try diaries.search([place])
        for entry in entries { #expect(!entry.ciphertext(in: search).isEmpty, "the search for ciphertext is blind in \(place)") }
    }

    /// The control: with the same search all of it is found, in each of these places alone.
    private func everyDisk(of diaries: Diaries, has entries: [DiaryEntry]) async throws {
        for node in diaries.nodes { try expect(node.home + "/node", of: diaries, has: entries) }
        var ways = try diaries.chain.enclaves.map { try (name: $0.folder, search: diaries.opened([$0.folder])) }
        for enclave in diaries.enclaves {
            ways.append(("the package of \(enclave)", try diaries.opened([]) { $0.enclave == Data(enclave.bytes) }))
        }
        for way in ways {
            for entry in entries {
                #expect(!way.search.onlyOpened.findings(entry.target).isEmpty, "the search for keys is blind in \(way.name)")
                let path = try entry.path
                #expect(!way.search.places(of: path[0]).isEmpty)
            }
        }
    }

    // MARK: The erasures

    /// All three commands, one after the other, each of which waits until holders have destroyed their shares; what each wrote.
    private func erase(_ gone: [DiaryEntry], in diaries: Diaries) async throws -> [(id: Hash32, file: String)] {
        let commands = [["record", "--dataset", DiaryEntry.dataset, "\(gone[0].id)"], ["dataset", DiaryEntry.dataset], ["subject"]]
        var running: [(process: ChildProcess, id: Hash32, file: String)] = []
        for (index, command) in commands.enumerated() {
            let file = diaries.path("\(command[0]).json")
            let process = try Built.begin(
                ["erase"] + command + ["--wallet", diaries.file(of: gone[index].wallet), "--certificate", file]
                    + diaries.chain.nodes[index % 2].access, log: diaries.path("logs/erase-\(command[0]).log"))
            let id = try await acknowledged(process, in: diaries)
            running.append((process, id, file))
            // Later enclaves may be given packages of every epoch that there was.
            if index < 2 { try await diaries.exportPackages("\(index + 1)", from: [index]) }
        }
        for erasure in running {
            #expect(erasure.process.isRunning, "complete, while holders have shares: \(erasure.process.logTail)")
            #expect(try await diaries.client.erasure(erasure.id)?.status == .pending)
        }
        try await diaries.destroyShares(below: UInt64(commands.count))
        for erasure in running {
            let status = try await Built.end(of: erasure.process)
            let said = try String(contentsOfFile: erasure.process.logPath, encoding: .utf8)
            #expect(status == 0 && said.contains("1 ciphertext, 2 enclaves signed, 0 stayed silent"), "\(said)")
        }
        return running.map { ($0.id, $0.file) }
    }

    /// Waits until both enclaves have signed for the erasure that a command tells of.
    private func acknowledged(_ command: ChildProcess, in diaries: Diaries) async throws -> Hash32 {
        for _ in 0..<600 {
            if let told = command.logTail.firstMatch(of: #/erasure ([0-9a-f]{64}) of /#), let id = Hash32(hex: String(told.1)),
                let erasure = try await diaries.client.erasure(id), !erasure.sweeping, try await diaries.punctures() >= erasure.sequence
            {
                return id
            }
            try #require(command.isRunning, "\(command.logTail)")
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ClientError.timedOut("the enclaves' signatures: \(command.logTail)")
    }

    /// Waits until the nodes have taken the bytes out of their files, which they do in the background.
    private func nodesForget(_ entries: [DiaryEntry], _ diaries: Diaries) async throws {
        let end = ContinuousClock.now.advanced(by: .seconds(60))
        var places: [String] = []
        while ContinuousClock.now < end {
            let search = try diaries.search(diaries.nodes.map(\.home))
            places = entries.flatMap { $0.ciphertext(in: search) }
            if places.isEmpty { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        Issue.record("nodes keep ciphertext: \(places)")
    }

    // MARK: Afterwards

    /// Each certificate is verified with nothing but its file, by the program too, and not when a byte of it is another.
    private func certificates(_ erased: [(id: Hash32, file: String)], _ diaries: Diaries) async throws {
        let genesis = try diaries.chain.nodes[0].genesis().hash
        for ((id, file), kind) in zip(erased, [WireErasureKind.record, .dataset, .subject]) {
            let bytes = try PrivateFile.read(file, limit: ErasureCertificate.maximumBytes)
            let verified = try ErasureVerifier.verify(bytes, genesisHash: genesis)
            let erasure = verified.erasure
            #expect(Hash32(erasure.id) == id && erasure.kind == kind && erasure.records == 1)
            #expect(erasure.acknowledgements.count == 2 && erasure.shareHolders.count == 2)
            #expect(throws: ClientError.self) { try ErasureVerifier.verify(bytes, genesisHash: .zero) }
            for command in ["erase", "receipt"] {
                let said = try await verify(file, by: command, genesis, diaries)
                #expect(said.status == 0 && said.json["verified"] == true && said.json["erasure"]?.text == "\(id)", "\(said)")
            }
            var generator = SeededGenerator(seed: 7)
            for round in 0..<40 {
                var certificate = try ErasureCertificate(decoding: bytes)
                let place = [\ErasureCertificate.erasure, \.puncture, \.enclaves[0], \.punctureHashes[0]][Int(generator.next() % 4)]
                let at = Int(generator.next() % UInt64(certificate[keyPath: place].value.count))
                certificate[keyPath: place].value[at] ^= 1
                let changed = try certificate.encoded()
                #expect(throws: (any Error).self) { try ErasureVerifier.verify(changed, genesisHash: genesis) }
                guard round == 0 else { continue }
                try PrivateFile.write(changed, to: file + ".changed", overwrite: false)
                let said = try await verify(file + ".changed", by: "erase", genesis, diaries)
                #expect(said.status == 1 && said.json["error"]?["code"] == 1540, "\(said)")
            }
        }
    }

    private func verify(
        _ file: String, by command: String, _ genesis: Hash32, _ diaries: Diaries
    ) async throws -> (status: Int32?, json: JSONValue) {
        let log = diaries.path("logs/verify-\(UUID().uuidString).json")
        // No node runs any more that could be asked.
        let process = try Built.begin([command, "verify", file, "--genesis-hash", "\(genesis)", "--output", "json"], log: log)
        let status = try await Built.end(of: process)
        return (status, try JSONValue(parsing: PrivateFile.read(log, limit: 1 << 20)))
    }

    /// Everything that is left anywhere, together: all homes, backups from before and after, all packages, all holders' keys.
    private func noDisk(of diaries: Diaries, opens entries: Entries) throws {
        let (homes, old, new) = (diaries.nodes.map(\.home), diaries.backups("before"), diaries.backups("after"))
        let all = try diaries.opened(homes + old + new) { _ in true }
        #expect(all.parts.count { $0.isOpened } > 8, "vaults and packages of the newest epoch are opened")
        #expect(all.findings(entries.gone.map(\.target)) == [])
        for entry in entries.gone {
            for key in try entry.path { #expect(all.places(of: key) == []) }
            #expect(try entry.ciphertext(in: diaries.search(homes + new)) == [])
            // Nobody can take it out of what was copied before; there are no keys to it any more.
            for backup in old { #expect(try !entry.ciphertext(in: diaries.search([backup])).isEmpty) }
        }
        // What was not erased is still there for whoever may use it.
        #expect(!all.onlyOpened.findings(entries.kept.target).isEmpty)
        for place in homes + new { try expect(place, of: diaries, has: [entries.kept]) }
    }
}
