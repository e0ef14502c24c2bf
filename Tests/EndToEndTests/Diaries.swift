import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import KeySearchSupport
import LocalFederation
import Primitives
import Testing
import WireTypes

/// People's diaries on two validators and a node that follows them, their keys in two enclaves and in shares of three holders, of whom two
/// are needed; and everything of it that lies on a disk.
final class Diaries {
    /// Both enclaves, by whose node each can be asked.
    private(set) var enclaves: [Hash32] = []
    let chain: TwoNodes
    let follower: NodeOnDisk
    let holders: [Wallet]
    private let folder: String

    init(folder: String, people: [Wallet]) async throws {
        self.folder = folder
        for part in ["packages", "backups", "wallets", "logs"] { try PrivateFile.makeFolder("\(folder)/\(part)") }
        let holders = try ["anna", "bert", "cleo"].map { try Wallet(name: $0) }
        let named = holders.flatMap { holder in
            ["--recovery-holder", "\(holder.address)=xwing:\(Data(holder.sealingKey.publicKey.bytes).base64EncodedString())"]
        }
        chain = try await TwoNodes(folder: folder, chain: ["--recovery-threshold", "2"] + named, logLevel: "trace", hasFollower: true)
        self.holders = holders
        follower = try #require(chain.follower)
        for wallet in holders + people {
            try PrivateFile.write(WalletFile.seal(wallet, .passphrase(Built.passphrase)), to: file(of: wallet), overwrite: false)
        }
        try await chain.wait("both enclaves to serve one vault") { both in
            both.allSatisfy { $0["serving"] == true } && both[0]["vault"] == both[1]["vault"] && both[0]["id"] != both[1]["id"]
        }
        for index in 0..<2 { enclaves.append(try #require(try await chain.status(index)["id"]?.text.flatMap { Hash32(hex: $0) })) }
        let money = (holders + people).map { wallet in
            var transfer = WireTransfer()
            (transfer.to, transfer.amount) = (.init(wallet.address.bytes), 1_000_000)
            return WireMessage.transfer(transfer)
        }
        try await client.commit([DiaryEntry.publication()] + money, by: chain.treasury)
    }

    var client: NodeClient { chain.clients[0] }
    var nodes: [NodeOnDisk] { chain.nodes + [follower] }

    func file(of wallet: Wallet) -> String { "\(folder)/wallets/\(wallet.name).wallet" }
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// The first node's enclave, as it proves itself.
    func enclave() async throws -> CheckedEnclave {
        try await client.checkedEnclave(enclaves[0], on: TrustedChain(chain.nodes[0].genesis()))
    }

    /// Waits until all nodes are as far as the first is now.
    func follow() async throws {
        let height = try await client.status().height
        for node in nodes.dropFirst() {
            var reached: UInt64 = 0
            for _ in 0..<600 where reached < height {
                reached = (try? await node.client.status().height) ?? 0
                if reached < height { try await Task.sleep(for: .milliseconds(100)) }
            }
            try #require(reached >= height, "\(node.home) is behind: \(node.logTail)")
        }
    }

    /// How many erasures both enclaves have signed for.
    func punctures() async throws -> UInt64 {
        var all: [UInt64] = []
        for enclave in enclaves { all.append(try await client.enclave(enclave)?.punctures ?? 0) }
        return all.min() ?? 0
    }

    // MARK: Recovery

    /// Has the enclave of either node make a package.
    func exportPackages(_ name: String, from places: [Int] = [0, 1]) async throws {
        for index in places {
            try await Built.run(
                ["enclave", "recovery", "export", "--enclave", "\(enclaves[index])", "--out", path("packages/\(name)-\(index)")]
                    + chain.nodes[index].access, log: path("logs/export.log"))
        }
    }

    private func packages() throws -> [(file: String, package: WireRecoveryPackage)] {
        try FileManager.default.contentsOfDirectory(atPath: path("packages")).sorted().map { name in
            let bytes = try PrivateFile.read(path("packages/\(name)"), limit: 1 << 20)
            return (path("packages/\(name)"), try WireRecoveryPackage(strictly: bytes, limit: 1 << 20))
        }
    }

    /// The first two holders destroy their shares of the epochs below `epoch`, and say so with the command.
    func destroyShares(below epoch: UInt64) async throws {
        let gone = Set(holders.prefix(2).map { Data($0.address.bytes) })
        for (file, var package) in try packages() where package.epoch < epoch {
            package.shares.removeAll { gone.contains(Data($0.account)) }
            try PrivateFile.write(package.encoded(), to: file, overwrite: true)
        }
        let vault = try #require(try await chain.status(0)["vault"]?.text)
        for holder in holders.prefix(2) {
            try await Built.run(
                ["enclave", "recovery", "destroyed", "--vault", vault, "--epoch", "\(epoch)", "--wallet", file(of: holder)]
                    + chain.nodes[0].access, log: path("logs/destroyed.log"))
        }
    }

    // MARK: What lies on disks

    /// Three nodes have so many files that each place in larger ones would take minutes; there `places` looks for all keys that would do.
    private static let everyPlace = 4 << 10

    /// Stops all nodes and copies each with the command.
    func backUp(_ name: String) async throws {
        for node in nodes { node.stop() }
        for (index, node) in nodes.enumerated() { try await node.backUp(to: path("backups/\(name)-\(index)")) }
    }

    /// Every file below these folders.
    func search(_ folders: [String]) throws -> KeySearch {
        KeySearch(
            try folders.flatMap { folder in
                try KeySearch.Part.files(below: folder).map { KeySearch.Part(name: "\(folder)/\($0.name)", bytes: $0.bytes) }
            })
    }

    func backups(_ name: String) -> [String] { nodes.indices.map { path("backups/\(name)-\($0)") } }

    /// The same, opened with all keys that are in them; with the packages whose files are `packages` everywhere in the world, and the keys of
    /// all holders.
    func opened(_ folders: [String], packages isWanted: (WireRecoveryPackage) -> Bool = { _ in false }) throws -> KeySearch {
        let packages = try packages().filter { isWanted($0.package) }
        let keys = packages.isEmpty ? [] : holders.map { KeySearch.Part(name: "holder \($0.name)", bytes: Data($0.sealingKey.secretBytes)) }
        var search = KeySearch(try search(folders).parts + keys, everyPlace: Self.everyPlace)
        search.openAll([KeySearch.vaults, KeySearch.messages(packages.map { KeySearch.Message.package($0.file, $0.package) })])
        return search
    }
}
