import ChainTypes
import Cryptography
import Engine
import Foundation
import Glibc
import Primitives
import SwiftProtobuf
import WireTypes

/// Makes the home of a new chain with one validator: genesis, keys under a passphrase, configuration with a free port.
package struct NodeInitialiser: Sendable {
    package var chainID: String
    /// First balances, in micro-JUPT; the operator's account comes on top.
    package var allocations: [(account: Address, amount: UInt64)] = []
    /// What the operator's account starts with, in micro-JUPT.
    package var operatorBalance: UInt64 = 1_000_000_000_000
    package var profile: WireQuorumProfile = .byzantine
    package var allowSimulatedEnclaves = true
    package var parameters = Genesis.defaultParameters
    /// The hash of the agreement that the consortium signed; 32 bytes or none.
    package var agreementHash: [UInt8] = []
    /// Settings of `node.json`; port 0 stands for a free port, which is chosen here.
    package var configuration: NodeConfiguration
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
    }

    /// Writes the home. Nothing is left behind when something is wrong.
    ///
    /// - Parameter time: the genesis time, in milliseconds since 1970.
    /// - Throws: `homeExists`, `invalidConfiguration`, or `BlockError.invalidGenesis`.
    package func initialise(_ home: NodeHome, passphrase: String, time: UInt64 = SystemClock().now()) throws -> Made {
        guard access(home.path, F_OK) != 0 else { throw NodeError.homeExists(home.path) }
        guard !passphrase.isEmpty else { throw NodeError.passphraseMissing }
        let validatorKey = SigningKey.ed25519()
        let operatorKey = operatorKey ?? .ed25519()
        let genesis = try genesis(validator: validatorKey, operator: operatorKey.address, time: time)
        var configuration = configuration
        if configuration.apiPort == 0 { configuration.apiPort = try Self.freePort() }
        let scratch = NodeHome(path: home.path + ".new")
        try? FileManager.default.removeItem(atPath: scratch.path)
        do {
            try NodeHome.makeFolder(scratch.path)
            try NodeHome.makeFolder(scratch.dataFolder)
            try NodeHome.write(genesis.bytes, to: scratch.genesisFile)
            try NodeHome.write(Array(try genesis.wire.jsonString().utf8), to: scratch.genesisTextFile)
            try NodeHome.write(Array(configuration.json.utf8), to: scratch.configurationFile)
            try NodeHome.write(KeyFile.seal(validatorKey, passphrase: passphrase), to: scratch.validatorKeyFile)
            try NodeHome.write(KeyFile.seal(operatorKey, passphrase: passphrase), to: scratch.operatorKeyFile)
            guard rename(scratch.path, home.path) == 0 else { throw NodeError.homeExists(home.path) }
        } catch {
            try? FileManager.default.removeItem(atPath: scratch.path)
            throw error
        }
        return Made(home: home, genesis: genesis, operatorAccount: operatorKey.address, configuration: configuration)
    }

    private func genesis(validator: SigningKey, operator account: Address, time: UInt64) throws -> Genesis {
        var wire = WireGenesis()
        wire.version = Genesis.version
        wire.chainID = chainID
        wire.time = time
        wire.profile = profile
        var member = WireValidator()
        member.publicKey = .init(validator.verificationKey.bytes)
        (member.votingWeight, member.leaderWeight) = (1, 1)
        wire.validators.validators = [member]
        wire.operator = .init(account.bytes)
        wire.allocations = ([(account, operatorBalance)] + allocations).filter { $0.1 > 0 }.map { account, amount in
            var allocation = WireAllocation()
            allocation.account = .init(account.bytes)
            allocation.amount = amount
            return allocation
        }
        wire.allowSimulatedEnclaves = allowSimulatedEnclaves
        wire.parameters = parameters
        wire.agreementHash = .init(agreementHash)
        return try Genesis(encoding: wire)
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
