import ChainTypes
import Cryptography
import Engine
import Foundation
import Networking
import Node
import Primitives
import Testing
import WireTypes

@Suite struct `Homes of many validators` {
    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "jupiter-homes-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func initialiser(_ weights: [UInt64] = [1, 1, 1, 1]) -> FederationInitialiser {
        var initialiser = FederationInitialiser(
            chainID: "jupiter-sg", seats: weights.map { FederationInitialiser.Seat(host: "127.0.0.1", weight: $0) })
        initialiser.profile = .crash
        return initialiser
    }

    /// The log of a home: opens only for its own chain and validator.
    private func opensLog(_ home: NodeHome, chain: Hash32, validator: Hash32) -> Bool {
        var records: [LogRecord] = []
        guard let log = try? WriteAheadLog(home.votesLogFile, chain: chain, validator: validator, records: &records) else { return false }
        return records.isEmpty && log.pendingBytes == 0
    }

    @Test func `one genesis names every validator, its node and its account`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var initialiser = initialiser([3, 2, 1, 1])
        let friend = SigningKey.ed25519().address
        initialiser.allocations = [(friend, 7)]
        let made = try initialiser.initialise(folder + "/sg", passphrases: .shared("secret"))
        let genesis = made.genesis
        #expect(genesis.validators.members.map(\.votingWeight) == [3, 2, 1, 1] && genesis.wire.profile == .crash)
        #expect(genesis.validators.members.map(\.key) == made.members.map(\.validator))
        #expect(genesis.wire.nodes.map { Hash32($0.nodeID) } == made.members.map(\.nodeID))
        #expect(genesis.wire.nodes.map(\.endpoint) == made.members.map(\.endpoint))
        #expect(genesis.wire.nodes.map { Address($0.account) } == made.members.map(\.account))
        #expect(genesis.operatorAccount == made.members[0].account)
        #expect(genesis.wire.allocations.count == 5 && genesis.wire.allocations.contains { Address($0.account) == friend })
        for file in ["/sg/genesis.bin", "/sg/validator-2/node/jupiter-sg/genesis.bin"] {
            #expect(FileManager.default.contents(atPath: folder + file).map { [UInt8]($0) } == genesis.bytes)
        }
        let ports = made.members.flatMap { [$0.configuration.apiPort, $0.configuration.peerPort] }
        #expect(Set(ports).count == 8 && ports.allSatisfy { $0 > 1024 })
    }

    @Test func `each home starts with its own keys and an empty log`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try initialiser().initialise(folder + "/sg", passphrases: .shared("secret"))
        for member in made.members {
            let home = member.home
            let validatorKey = try KeyFile.read(home.validatorKeyFile, passphrase: "secret")
            #expect(Hash32(validatorKey.verificationKey.bytes) == member.validator)
            #expect(try KeyFile.read(home.operatorKeyFile, passphrase: "secret").address == member.account)
            #expect(try home.peerIdentity(passphrase: "secret").nodeID == member.nodeID)
            #expect(throws: NodeError.keyFile(home.peerKeyFile)) { try home.peerIdentity(passphrase: "other") }
            #expect(try home.configuration(environment: [:]) == member.configuration)
            #expect(member.endpoint == "127.0.0.1:\(member.configuration.peerPort)")
            #expect(opensLog(home, chain: made.genesis.hash, validator: member.validator))
            #expect(!opensLog(home, chain: .zero, validator: member.validator))
        }
        #expect(Set(made.members.map(\.nodeID)).count == 4 && Set(made.members.map(\.account)).count == 4)
        let member = made.members[2]
        let node = try JupiterNode(home: member.home, configuration: member.configuration, passphrase: "secret")
        #expect(node.view.genesis.hash == made.genesis.hash && node.view.head.plan.validators == made.genesis.validators)
    }

    @Test func `no secret stands in the clear, and only the owner reads`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try initialiser([1, 1]).initialise(folder + "/sg", passphrases: .shared("secret"))
        var secrets: [[UInt8]] = [Array("secret".utf8), Array("PRIVATE KEY".utf8)]
        for member in made.members {
            let identity = try member.home.peerIdentity(passphrase: "secret")
            let keys = try [member.home.validatorKeyFile, member.home.operatorKeyFile].map {
                try KeyFile.read($0, passphrase: "secret").secretBytes
            }
            // Of a PKCS#8 key, a stretch that is the key's alone.
            for secret in keys + [Array(identity.privateKeyDER[36..<68])] {
                secrets += [secret, Array(Hex.encode(secret).utf8), Array(Data(secret).base64EncodedString().utf8)]
            }
        }
        let files = try #require(FileManager.default.enumerator(atPath: folder + "/sg")).compactMap { $0 as? String }
        #expect(files.count { $0.hasSuffix(".key") } == 6)
        for file in files {
            let path = folder + "/sg/" + file
            let mode = try (FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue ?? 0
            guard let content = FileManager.default.contents(atPath: path) else {
                #expect(mode & 0o077 == 0, "\(file): \(mode)")
                continue
            }
            for secret in secrets { #expect(content.firstRange(of: secret) == nil, "\(file)") }
            if file.hasPrefix("validator-"), !file.contains("/data/") { #expect(mode & 0o077 == 0, "\(file): \(mode)") }
        }
    }

    @Test func `each home may have a passphrase of its own`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try initialiser([1, 1]).initialise(folder + "/sg", passphrases: .own)
        let passphrases = try made.members.map { member in
            try String(contentsOfFile: member.jupiterHome + ".passphrase", encoding: .utf8).trimmingCharacters(in: .newlines)
        }
        #expect(passphrases.allSatisfy { $0.count == 32 })
        #expect(try made.members[1].home.peerIdentity(passphrase: passphrases[1]).nodeID == made.members[1].nodeID)
        #expect(throws: NodeError.self) { try made.members[1].home.peerIdentity(passphrase: passphrases[0]) }
        let attributes = try FileManager.default.attributesOfItem(atPath: made.members[0].jupiterHome + ".passphrase")
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test func `what cannot be a chain leaves nothing behind`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func refused(_ initialiser: FederationInitialiser, passphrase: String = "secret") -> Bool {
            let isRefused = (try? initialiser.initialise(folder + "/sg", passphrases: .shared(passphrase))) == nil
            return isRefused && (try? FileManager.default.contentsOfDirectory(atPath: folder)) == []
        }
        typealias Seat = FederationInitialiser.Seat
        let wrong: [[Seat]] = [
            [], [Seat(host: "127.0.0.1", weight: 0)], [Seat(host: "127.0.0.1", weight: 1 << 47)], [Seat(host: "two words")],
            [Seat(host: "::1")], [Seat(host: "")],
            [Seat(host: "a", peerPort: 7400, apiPort: 7401), Seat(host: "a", peerPort: 7400, apiPort: 7402)],
            [Seat(host: "a", peerPort: 7400, apiPort: 7400)], [Seat(host: "a", peerPort: 70_000, apiPort: 1)],
        ]
        for seats in wrong { #expect(refused(FederationInitialiser(chainID: "jupiter-sg", seats: seats)), "\(seats)") }
        #expect(refused(FederationInitialiser(chainID: "No Chain", seats: [Seat(host: "127.0.0.1")])))
        #expect(refused(initialiser([1]), passphrase: ""))
        try FileManager.default.createDirectory(atPath: folder + "/there", withIntermediateDirectories: true)
        #expect(throws: NodeError.homeExists(folder + "/there")) {
            try initialiser([1]).initialise(folder + "/there", passphrases: .shared("secret"))
        }
    }

    @Test func `hosts beyond this machine are listened for on all addresses`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let seats = [("node1.example", 7400), ("[2001:db8::7]", 7400), ("localhost", 7410)].map { host, port in
            FederationInitialiser.Seat(host: host, peerPort: port, apiPort: port + 1)
        }
        let made = try FederationInitialiser(chainID: "jupiter-sg", seats: seats).initialise(folder + "/sg", passphrases: .shared("x"))
        #expect(made.members.map(\.configuration.peerHost) == ["0.0.0.0", "::", "127.0.0.1"])
        #expect(made.members.map(\.endpoint) == ["node1.example:7400", "[2001:db8::7]:7400", "localhost:7410"])
        #expect(made.members.allSatisfy { $0.configuration.apiHost == "127.0.0.1" })
    }

    @Test func `a node that joins has the chain's genesis and proves its own key`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var first = NodeInitialiser(chainID: "jupiter-sg")
        (first.endpoint, first.configuration.peerPort) = ("127.0.0.1:7400", 7400)
        let chain = try first.initialise(NodeHome(path: folder + "/first"), passphrase: "secret")
        #expect(chain.genesis.wire.nodes.map { Hash32($0.nodeID) } == [chain.nodeID])
        let joiner = NodeInitialiser(chainID: "jupiter-sg")
        let home = NodeHome(path: folder + "/joiner")
        let made = try joiner.join(chain.genesis, home, passphrase: "other")
        #expect(try home.genesis().hash == chain.genesis.hash)
        #expect(made.validator != chain.validator && made.nodeID != chain.nodeID)
        let statement = ValidatorStatement.possession(chainID: "jupiter-sg", account: made.operatorAccount)
        try VerificationKey.ed25519(made.validator).verify(made.possession, of: statement, context: .validatorPossession)
        #expect(opensLog(home, chain: chain.genesis.hash, validator: made.validator))
        #expect(throws: NodeError.homeExists(home.path)) { try joiner.join(chain.genesis, home, passphrase: "other") }
    }

    @Test func `fuzz: a damaged peer key or certificate is refused`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let home = NodeHome(path: folder + "/node")
        _ = try NodeInitialiser(chainID: "jupiter-sg").initialise(home, passphrase: "secret")
        let (key, certificate) = (
            FileManager.default.contents(atPath: home.peerKeyFile), FileManager.default.contents(atPath: home.peerCertificateFile)
        )
        let originals = try [#require(key), #require(certificate)]
        let seed: UInt64 = 17
        var random = SeededGenerator(seed: seed)
        // Few rounds: every one that keeps the head of the key file intact stretches the passphrase.
        for round in 0..<12 {
            var bytes = originals[0]
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            try bytes.write(to: URL(fileURLWithPath: home.peerKeyFile))
            #expect(throws: NodeError.self, "seed \(seed), round \(round)") { try home.peerIdentity(passphrase: "secret") }
        }
        try originals[0].write(to: URL(fileURLWithPath: home.peerKeyFile))
        for length in [0, 1, originals[1].count / 2] {
            try originals[1].prefix(length).write(to: URL(fileURLWithPath: home.peerCertificateFile))
            #expect(throws: NodeError.keyFile(home.peerKeyFile)) { try home.peerIdentity(passphrase: "secret") }
        }
        // The certificate of somebody else's key.
        try Data(NodeIdentity.generate().certificatePEM.utf8).write(to: URL(fileURLWithPath: home.peerCertificateFile))
        #expect(throws: NodeError.keyFile(home.peerKeyFile)) { try home.peerIdentity(passphrase: "secret") }
    }
}
