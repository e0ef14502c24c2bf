import ChainTypes
import Cryptography
import Engine
import Foundation
import Glibc
import Networking
import Primitives
import SwiftProtobuf
import WireTypes

/// Makes the home of one node: of a new chain with one validator, or of a chain that exists already and that it wants to join.
package struct NodeInitialiser: Sendable {
    package var chainID: String
    /// First balances, in micro-JUPT; the operator's account comes on top.
    package var allocations: [(account: Address, amount: UInt64)] = []
    /// What the operator's account starts with, in micro-JUPT.
    package var operatorBalance: UInt64 = 1_000_000_000_000
    package var profile: WireQuorumProfile = .byzantine
    /// Which engine decides the blocks; `configuration` has to agree.
    package var consensus: WireConsensusKind = .simplex
    package var allowSimulatedEnclaves = true
    /// Whether TPMs that nothing vouches for count.
    package var allowSoftwareTPM = false
    /// Builds of the enclave that are accepted from the first block on.
    package var referenceValues: [WireReferenceMeasurement] = []
    /// Who keeps recovery shares and approves new builds; without, the chain never has recovery.
    package var recoveryPlan: WireRecoveryPlan?
    package var parameters = Genesis.defaultParameters
    /// The hash of the agreement that the consortium signed; 32 bytes or none.
    package var agreementHash: [UInt8] = []
    /// Settings of `node.json`; port 0 of the API stands for a free port, which is chosen here.
    package var configuration: NodeConfiguration
    /// Where other nodes find this one, for the genesis; `nil` leaves it out, and the endpoint can be told later.
    package var endpoint: String?
    /// The operator's key; a new one when `nil`.
    package var operatorKey: SigningKey?

    package init(chainID: String) {
        self.chainID = chainID
        configuration = NodeConfiguration()
        configuration.apiPort = 0
    }

    /// What was made.
    package struct Made: Sendable {
        package let home: NodeHome
        package let genesis: Genesis
        package let operatorAccount: Address
        package let configuration: NodeConfiguration
        package let validator: Hash32
        package let nodeID: Hash32
        /// Shows that the validator's key wants to vote for this chain, with the operator's account to answer for it.
        package let possession: [UInt8]
    }

    /// Writes the home. Nothing is left behind when something is wrong.
    ///
    /// - Parameter time: the genesis time, in milliseconds since 1970.
    /// - Throws: `homeExists`, `invalidConfiguration`, or `BlockError.invalidGenesis`.
    package func initialise(_ home: NodeHome, passphrase: String, time: UInt64 = SystemClock().now()) throws -> Made {
        let keys = try NodeKeys(operatorKey: operatorKey)
        var wire = GenesisPlan.wire(chainID: chainID, time: time, operator: keys.account, profile: profile, parameters: parameters)
        wire.validators.validators = [GenesisPlan.validator(keys.validator, weight: 1)]
        if let endpoint { wire.nodes = [keys.node(endpoint: endpoint)] }
        wire.allocations = GenesisPlan.allocations([(keys.account, operatorBalance)] + allocations)
        wire.consensus = consensus
        (wire.allowSimulatedEnclaves, wire.allowSoftwareTpm) = (allowSimulatedEnclaves, allowSoftwareTPM)
        wire.referenceValues = referenceValues
        if let recoveryPlan { wire.recoveryPlan = recoveryPlan }
        wire.agreementHash = .init(agreementHash)
        return try make(home, genesis: Genesis(encoding: wire), keys: keys, passphrase: passphrase)
    }

    /// Writes the home of a node that joins the chain of `genesis`: it follows, and votes once the validators have admitted its key.
    ///
    /// - Throws: `homeExists` or `invalidConfiguration`.
    package func join(_ genesis: Genesis, _ home: NodeHome, passphrase: String) throws -> Made {
        try make(home, genesis: genesis, keys: NodeKeys(operatorKey: operatorKey), passphrase: passphrase)
    }

    private func make(_ home: NodeHome, genesis: Genesis, keys: NodeKeys, passphrase: String) throws -> Made {
        guard access(home.path, F_OK) != 0 else { throw NodeError.homeExists(home.path) }
        guard !passphrase.isEmpty else { throw NodeError.passphraseMissing }
        var configuration = configuration
        if configuration.apiPort == 0 { configuration.apiPort = try Self.freePort() }
        try configuration.validate()
        let scratch = NodeHome(path: home.path + ".new")
        try? FileManager.default.removeItem(atPath: scratch.path)
        do {
            try scratch.fill(genesis: genesis, keys: keys, configuration: configuration, passphrase: passphrase)
            guard rename(scratch.path, home.path) == 0 else { throw NodeError.homeExists(home.path) }
        } catch {
            try? FileManager.default.removeItem(atPath: scratch.path)
            throw error
        }
        return try Made(
            home: home, genesis: genesis, operatorAccount: keys.account, configuration: configuration, validator: keys.validator,
            nodeID: keys.identity.nodeID, possession: keys.possession(chainID: genesis.chainID))
    }

    /// A TCP port on loopback that nobody uses now.
    package static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw NodeError.invalidConfiguration("no socket can be made") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) == 0 ? getsockname(descriptor, address, &size) : -1
            }
        }
        guard status == 0 else { throw NodeError.invalidConfiguration("no free port was found") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// The secrets of a new node.
struct NodeKeys {
    let validatorKey: SigningKey
    let operatorKey: SigningKey
    let identity: NodeIdentity
    /// What votes are known by.
    let validator: Hash32

    init(operatorKey: SigningKey? = nil) throws {
        validatorKey = .ed25519()
        guard let validator = Hash32(validatorKey.verificationKey.bytes) else { throw NodeError.keyFile("a new validator key") }
        self.validator = validator
        self.operatorKey = operatorKey ?? .ed25519()
        identity = try NodeIdentity.generate()
    }

    /// The account that answers for the validator.
    var account: Address { operatorKey.address }

    func node(endpoint: String) -> WireValidatorNode {
        var node = WireValidatorNode()
        (node.validator, node.nodeID) = (.init(validator.bytes), .init(identity.nodeID.bytes))
        (node.endpoint, node.account) = (endpoint, .init(account.bytes))
        return node
    }

    func possession(chainID: String) throws -> [UInt8] {
        try validatorKey.sign(ValidatorStatement.possession(chainID: chainID, account: account), context: .validatorPossession)
    }
}

/// The parts of a genesis.
enum GenesisPlan {
    static func wire(
        chainID: String, time: UInt64, operator account: Address, profile: WireQuorumProfile, parameters: WireParameters
    ) -> WireGenesis {
        var wire = WireGenesis()
        (wire.version, wire.chainID, wire.time) = (Genesis.version, chainID, time)
        (wire.profile, wire.parameters) = (profile, parameters)
        wire.operator = .init(account.bytes)
        return wire
    }

    /// A validator that leads as often as its weight says.
    static func validator(_ key: Hash32, weight: UInt64) -> WireValidator {
        var validator = WireValidator()
        validator.publicKey = .init(key.bytes)
        (validator.votingWeight, validator.leaderWeight) = (weight, weight)
        return validator
    }

    static func allocations(_ allocations: [(account: Address, amount: UInt64)]) -> [WireAllocation] {
        allocations.filter { $0.amount > 0 }.map { account, amount in
            var allocation = WireAllocation()
            allocation.account = .init(account.bytes)
            allocation.amount = amount
            return allocation
        }
    }
}

extension NodeHome {
    /// Writes everything that a node needs to start into this new folder.
    func fill(genesis: Genesis, keys: NodeKeys, configuration: NodeConfiguration, passphrase: String) throws {
        try NodeHome.makeFolder(path)
        try NodeHome.makeFolder(dataFolder)
        try NodeHome.write(genesis.bytes, to: genesisFile)
        try NodeHome.write(Array(try genesis.wire.jsonString().utf8), to: genesisTextFile)
        try NodeHome.write(Array(configuration.json.utf8), to: configurationFile)
        try NodeHome.write(KeyFile.seal(keys.validatorKey, passphrase: passphrase), to: validatorKeyFile)
        try NodeHome.write(KeyFile.seal(keys.operatorKey, passphrase: passphrase), to: operatorKeyFile)
        try NodeHome.write(PeerKeyFile.seal(keys.identity, passphrase: passphrase), to: peerKeyFile)
        try NodeHome.write(Array(keys.identity.certificatePEM.utf8), to: peerCertificateFile)
        try WriteAheadLog.create(votesLogFile, chain: genesis.hash, validator: keys.validator)
    }
}
