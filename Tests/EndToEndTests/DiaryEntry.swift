import ChainTypes
import Crypto
import Cryptography
import DataModel
import FoundationEssentials
import JupiterClient
import KeySearchSupport
import Primitives
import Testing
import WireTypes

/// A record with everything that its owner knows of it.
struct DiaryEntry {
    static let dataset = "diary"

    let wallet: Wallet
    let id: Hash32
    let commitment: Hash32
    let sidecar: [UInt8]
    let subjectKey: SymmetricKey
    let target: KeySearch.Target
    private let leaf: UInt32

    /// What makes the dataset.
    static func publication() throws -> WireMessage {
        var dataset = WirePublishDataset()
        (dataset.dataset, dataset.residency, dataset.minimumCohort, dataset.metadata.name) = (Self.dataset, .local, 1, "Diary")
        dataset.schema = try .init(schema().encoding)
        return .publishDataset(dataset)
    }

    private static func schema() throws -> Schema { try Schema(version: 1, fields: [Field("note", .text)]) }

    /// Puts a record under leaf `leaf` of the wallet's key, and first gives the key to `enclave` if there is one to give it to.
    init(_ note: String, of wallet: Wallet, leaf: UInt32, through client: NodeClient, enrollingWith enclave: CheckedEnclave?) async throws {
        let (schema, chainID) = (try Self.schema(), try await client.status().chainId)
        let place = RecordPlace(chainID: chainID, dataset: Self.dataset, owner: wallet.address, schema: schema)
        let key = wallet.subjectKey(chainID: chainID, dataset: Self.dataset)
        let text = String(repeating: note, count: 40)
        let sealed = try RecordSealer.seal(DataRecord(["note": .text(text)], schema: schema), place: place, subjectKey: key, keyIndex: leaf)
        var messages: [WireMessage] = []
        if let enclave {
            let key = EnrolmentKey(wallet: wallet, dataset: Self.dataset)
            let outcome = try #require(try await client.enrol([key], with: enclave).first)
            messages.append(.enrolSubjectKey(try EnrolmentSealer.message(outcome, wallet: wallet, enclave: enclave)))
        }
        try await client.commit(messages + [.putRecord(sealed.message)], by: wallet, sidecars: [sealed.sidecar])
        let binding = EnclaveStatement.recordBinding(
            chainID: chainID, dataset: Self.dataset, record: sealed.id, schema: schema.encoding, owner: wallet.address)
        (self.wallet, self.leaf, id, sidecar) = (wallet, leaf, sealed.id, sealed.sidecar)
        commitment = Sidecar.commitment(sealed.sidecar)
        subjectKey = try AuthenticatedEncryption.key(key.key)
        target = KeySearch.Target(box: Array(sealed.sidecar.dropFirst(32)), associated: binding, leaf: leaf)
    }

    /// The keys that open it, from the top of its tree down.
    var path: [[UInt8]] { get throws { try KeySearch.Target.path(to: leaf, under: subjectKey) } }

    /// Where anything of its ciphertext is.
    func ciphertext(in search: KeySearch) -> [String] {
        search.places(of: Array(sidecar[32..<64])) + search.places(of: Array(sidecar.suffix(32)))
    }
}

extension NodeClient {
    /// Signs as `wallet` and waits until everything applied.
    func commit(_ messages: [WireMessage], by wallet: Wallet, sidecars: [[UInt8]] = []) async throws {
        var builder = try await builder(for: wallet.signingKey)
        try await commit(builder.sign(messages, sidecars: sidecars))
    }
}
