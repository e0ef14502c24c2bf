import ChainTypes
import Cryptography
import Engine
import Foundation
import Glibc
import Networking
import Primitives
import SwiftProtobuf
import WireTypes

/// Makes a new chain of several validators: one genesis that names them all, and a home for each, to be copied to its machine.
///
/// The folder holds `genesis.bin` and `genesis.json` for everybody, and `validator-1`, `validator-2`, … each of which is a `--home`.
package struct FederationInitialiser: Sendable {
    /// Where one validator will run, and how much its vote weighs.
    package struct Seat: Sendable, Equatable {
        /// What other nodes dial: a name or an address; IPv6 in brackets.
        package var host: String
        package var weight: UInt64
        /// 0 takes a free port of this machine.
        package var peerPort: Int
        /// 0 takes a free port of this machine.
        package var apiPort: Int
        /// Of CometBFT's RPC, on a chain that it runs; 0 takes a free port of this machine.
        package var cometPort = 0
        /// On which the node listens for CometBFT, where that is no Unix socket; 0 takes a free port of this machine.
        package var abciPort = 0

        package init(host: String, weight: UInt64 = 1, peerPort: Int = 0, apiPort: Int = 0) {
            (self.host, self.weight, self.peerPort, self.apiPort) = (host, weight, peerPort, apiPort)
        }

        /// All its ports, on a chain that CometBFT runs or that our own engine does.
        func ports(_ consensus: WireConsensusKind) -> [Int] {
            [peerPort, apiPort] + (consensus == .cometbft ? [cometPort, abciPort] : [])
        }

        /// Whether only programs of the same machine reach it.
        package var isLoopback: Bool { ["127.0.0.1", "localhost", "[::1]"].contains(host) }

        /// Where to listen so that `host` leads there.
        package var listeningHost: String {
            if isLoopback { return host == "[::1]" ? "::1" : "127.0.0.1" }
            return host.hasPrefix("[") ? "::" : "0.0.0.0"
        }
    }

    package var chainID: String
    package var seats: [Seat]
    package var profile: WireQuorumProfile = .byzantine
    /// With CometBFT, a home of it is written into each home, and the ports for other nodes are CometBFT's.
    package var consensus: WireConsensusKind = .simplex
    /// Where node and CometBFT meet on each machine, `unix:///path` or `tcp://host:port`; `nil` takes a Unix socket in the home of a
    /// validator of this machine, and the usual port of loopback elsewhere.
    package var abciAddress: String?
    package var allowSimulatedEnclaves = false
    /// Whether TPMs that nothing vouches for count.
    package var allowSoftwareTPM = false
    /// Builds of the enclave that are accepted from the first block on.
    package var referenceValues: [WireReferenceMeasurement] = []
    /// Who keeps recovery shares and approves new builds; without, the chain never has recovery.
    package var recoveryPlan: WireRecoveryPlan?
    package var parameters = Genesis.defaultParameters
    /// First balances, in micro-JUPT; the accounts of the validators come on top.
    package var allocations: [(account: Address, amount: UInt64)] = []
    /// What the account of each validator starts with, in micro-JUPT.
    package var operatorBalance: UInt64 = 1_000_000_000_000
    package var agreementHash: [UInt8] = []
    /// Admits enclaves and localities; the account of the first validator when `nil`.
    package var operatorAccount: Address?
    /// What the settings of all homes have in common.
    package var configuration = NodeConfiguration()

    package init(chainID: String, seats: [Seat]) { (self.chainID, self.seats) = (chainID, seats) }

    /// One validator's home.
    package struct Member: Sendable {
        /// `--home` for it, in the folder.
        package let jupiterHome: String
        package let home: NodeHome
        package let validator: Hash32
        package let nodeID: Hash32
        package let account: Address
        package let endpoint: String
        package let weight: UInt64
        package let configuration: NodeConfiguration
        /// `--home` of CometBFT, in the folder, on a chain that it runs.
        package let cometHome: String?
    }

    /// Under what the keys of the homes are encrypted.
    package enum Passphrases: Sendable {
        case shared(String)
        /// A random one for each, beside its home in `validator-1.passphrase` and so on: to be handed over apart from it.
        case own
    }

    package struct Made: Sendable {
        package let genesis: Genesis
        package let operatorAccount: Address
        package let members: [Member]
    }

    /// The most voting weight of one validator here: leaders are drawn by the same number.
    package static let largestWeight: UInt64 = 1 << 46

    /// Writes all homes. Nothing is left behind when something is wrong.
    ///
    /// - Parameters:
    ///   - folder: must not exist.
    ///   - time: the genesis time, in milliseconds since 1970.
    /// - Throws: `homeExists`, `invalidConfiguration`, `passphraseMissing` or `BlockError.invalidGenesis`.
    package func initialise(
        _ folder: String, passphrases: Passphrases, time: UInt64 = SystemClock().now()
    ) throws -> Made {
        guard access(folder, F_OK) != 0 else { throw NodeError.homeExists(folder) }
        let seats = try placed()
        let keys = try seats.map { _ in try NodeKeys() }
        let genesis = try Genesis(encoding: wire(seats, keys, time: time))
        let comet = try consensus == .cometbft ? CometSeats(seats, genesis: genesis, abciAddress: abciAddress) : nil
        let scratch = folder + ".new"
        try? FileManager.default.removeItem(atPath: scratch)
        var members: [Member] = []
        do {
            try NodeHome.makeFolder(scratch)
            try NodeHome.write(genesis.bytes, to: scratch + "/genesis.bin", mode: 0o644)
            try NodeHome.write(Array(try genesis.wire.jsonString().utf8), to: scratch + "/genesis.json", mode: 0o644)
            for (position, seat) in seats.enumerated() {
                let name = "/validator-\(position + 1)"
                let passphrase = try Self.passphrase(passphrases, file: scratch + name + ".passphrase")
                let jupiterHome = folder + name
                let configuration = try settings(seat, comet?.abci(position, jupiterHome: jupiterHome))
                let home = NodeHome(jupiterHome: scratch + name, chainID: chainID)
                try home.fill(genesis: genesis, keys: keys[position], configuration: configuration, passphrase: passphrase)
                try comet?.write(position, validator: keys[position].validatorKey, jupiterHome: jupiterHome, into: scratch + name)
                members.append(
                    Member(
                        jupiterHome: jupiterHome, home: NodeHome(jupiterHome: jupiterHome, chainID: chainID),
                        validator: keys[position].validator, nodeID: keys[position].identity.nodeID, account: keys[position].account,
                        endpoint: Self.endpoint(seat), weight: seat.weight, configuration: configuration,
                        cometHome: comet.map { _ in jupiterHome + CometHome.folder }))
            }
            guard rename(scratch, folder) == 0 else { throw NodeError.homeExists(folder) }
        } catch {
            try? FileManager.default.removeItem(atPath: scratch)
            throw error
        }
        return Made(genesis: genesis, operatorAccount: genesis.operatorAccount, members: members)
    }

    private static func passphrase(_ passphrases: Passphrases, file: String) throws -> String {
        switch passphrases {
        case .shared(let passphrase):
            guard !passphrase.isEmpty else { throw NodeError.passphraseMissing }
            return passphrase
        case .own:
            let passphrase = Hex.encode(SecureRandom.bytes(16))
            try NodeHome.write(Array((passphrase + "\n").utf8), to: file)
            return passphrase
        }
    }

    static func endpoint(_ seat: Seat) -> String { "\(seat.host):\(seat.peerPort)" }

    /// The seats with every port chosen, and no endpoint twice.
    private func placed() throws -> [Seat] {
        guard (1...Limits.validators).contains(seats.count) else {
            throw NodeError.invalidConfiguration("a chain has 1 to \(Limits.validators) validators")
        }
        var seats = seats
        var taken: Set<Int> = []
        func free() throws -> Int {
            // The system may offer a port again that nobody listens on yet.
            for _ in 0..<1_000 {
                let port = try NodeInitialiser.freePort()
                if taken.insert(port).inserted { return port }
            }
            throw NodeError.invalidConfiguration("no free port was found")
        }
        for position in seats.indices {
            guard (1...Self.largestWeight).contains(seats[position].weight) else {
                throw NodeError.invalidConfiguration("a weight is from 1 to \(Self.largestWeight)")
            }
            if seats[position].peerPort == 0 { seats[position].peerPort = try free() }
            if seats[position].apiPort == 0 { seats[position].apiPort = try free() }
            if consensus == .cometbft {
                if seats[position].cometPort == 0 { seats[position].cometPort = try free() }
                if seats[position].abciPort == 0 { seats[position].abciPort = try free() }
            }
            let endpoint = Self.endpoint(seats[position])
            guard (try? PeerEndpoint(endpoint)) != nil, WireValidatorNode.isEndpoint(endpoint) else {
                throw NodeError.invalidConfiguration("\(endpoint) is not HOST:PORT; IPv6 addresses stand in brackets")
            }
        }
        let used = seats.flatMap { seat in seat.ports(consensus).map { "\(seat.host):\($0)" } }
        guard Set(used).count == used.count else { throw NodeError.invalidConfiguration("two validators of a host share a port") }
        return seats
    }

    private func settings(_ seat: Seat, _ abci: String?) throws -> NodeConfiguration {
        var configuration = configuration
        configuration.apiPort = seat.apiPort
        if let abci {
            try configuration.set("consensus", to: "abci")
            try configuration.set("abci", to: abci)
            configuration.cometRPC = "http://127.0.0.1:\(seat.cometPort)"
        } else {
            (configuration.peerPort, configuration.peerHost) = (seat.peerPort, seat.listeningHost)
        }
        try configuration.validate()
        return configuration
    }

    private func wire(_ seats: [Seat], _ keys: [NodeKeys], time: UInt64) throws -> WireGenesis {
        let account = operatorAccount ?? keys[0].account
        var wire = GenesisPlan.wire(chainID: chainID, time: time, operator: account, profile: profile, parameters: parameters)
        wire.validators.validators = zip(seats, keys).map { GenesisPlan.validator($1.validator, weight: $0.weight) }
        wire.nodes = zip(seats, keys).map { $1.node(endpoint: Self.endpoint($0)) }
        wire.allocations = GenesisPlan.allocations(keys.map { ($0.account, operatorBalance) } + allocations)
        (wire.allowSimulatedEnclaves, wire.allowSoftwareTpm) = (allowSimulatedEnclaves, allowSoftwareTPM)
        (wire.referenceValues, wire.consensus) = (referenceValues, consensus)
        if let recoveryPlan { wire.recoveryPlan = recoveryPlan }
        wire.agreementHash = .init(agreementHash)
        return wire
    }
}
