import ChainTypes
import Crypto
import Cryptography
import DataModel
import Foundation
import JupiterClient
import KeySearchSupport
import LocalFederation
import Primitives
import Testing
import WireTypes

/// After an erasure, no combination of what lies on any disk opens the record; before it, everything that is searched for is found.
@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `Erasure for good` {
    private static let dataset = "diary"
    private static let schema: Schema? = try? Schema(version: 1, fields: [Field("note", .text)])

    /// A record with everything that its owner knows of it.
    private struct Entry {
        let wallet: Wallet
        let id: Hash32
        let commitment: Hash32
        let sidecar: [UInt8]
        let leaf: UInt32
        let subjectKey: SymmetricKey
        let target: KeySearch.Target

        /// What opens the record.
        var path: [[UInt8]] { get throws { try KeySearch.Target.path(to: leaf, under: subjectKey) } }
    }

    private func put(_ note: String, _ wallet: Wallet, leaf: UInt32, in locality: RecordedLocality, enrols: Bool) async throws -> Entry {
        let schema = try #require(Self.schema)
        let status = try await locality.client.status()
        let enclaveID = try #require(status.enclave?.id.flatMap { Hash32(hex: $0) })
        let enclave = try await locality.checkedEnclave(enclaveID)
        let place = RecordPlace(chainID: locality.chainID, dataset: Self.dataset, owner: wallet.address, schema: schema)
        let key = wallet.subjectKey(chainID: locality.chainID, dataset: Self.dataset)
        let sealed = try RecordSealer.seal(DataRecord(["note": .text(note)], schema: schema), place: place, subjectKey: key, keyIndex: leaf)
        var messages: [WireMessage] = []
        if enrols {
            let key = EnrolmentKey(wallet: wallet, dataset: Self.dataset)
            let outcome = try #require(try await locality.client.enrol([key], with: enclave).first)
            messages.append(
                .enrolSubjectKey(try EnrolmentSealer.message(outcome, wallet: wallet, enclave: enclave)))
        }
        var builder = try await locality.client.builder(for: wallet.signingKey)
        try await locality.client.commit(builder.sign(messages + [.putRecord(sealed.message)], sidecars: [sealed.sidecar]))
        let binding = EnclaveStatement.recordBinding(
            chainID: locality.chainID, dataset: Self.dataset, record: sealed.id, schema: schema.encoding, owner: wallet.address)
        return Entry(
            wallet: wallet, id: sealed.id, commitment: Sidecar.commitment(sealed.sidecar), sidecar: sealed.sidecar, leaf: leaf,
            subjectKey: try AuthenticatedEncryption.key(key.key),
            target: KeySearch.Target(box: Array(sealed.sidecar.dropFirst(32)), associated: binding, leaf: leaf))
    }

    private func erase(_ message: WireMessage, by wallet: Wallet, in locality: RecordedLocality) async throws -> Hash32 {
        var builder = try await locality.client.builder(for: wallet.signingKey)
        let transaction = try builder.sign([message])
        try await locality.client.commit(transaction)
        let id = transaction.transaction.messageIdentifier(0)
        for _ in 0..<600 {
            if try await locality.client.erasure(id)?.status == .complete { return id }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ClientError.timedOut("the erasure")
    }

    /// `jupiter erase dataset`, with a wallet's file that lies where only its owner looks.
    private func eraseByCommand(_ wallet: Wallet, folder: String, in locality: RecordedLocality) async throws -> Hash32 {
        let (path, file) = (folder + "/own.wallet", folder + "/certificate.json")
        try PrivateFile.write(WalletFile.seal(wallet, .passphrase("a wallet's passphrase")), to: path, overwrite: false)
        try await Built.run(
            ["erase", "dataset", Self.dataset, "--wallet", path, "--node", locality.url, "--certificate", file, "--output", "json"],
            passphrase: "a wallet's passphrase", log: locality.home + "/logs/erase.log")
        let verified = try ErasureVerifier.verify([UInt8](Data(contentsOf: URL(fileURLWithPath: file))))
        #expect(verified.erasure.kind == .dataset && verified.erasure.records == 1)
        return try #require(Hash32(verified.erasure.id))
    }

    /// Every file of every process. The recording of the enclave's socket is the test's own, as is what wallets know.
    private func files(_ locality: RecordedLocality) throws -> [KeySearch.Part] { try KeySearch.Part.files(below: locality.home) }

    private func search(_ locality: RecordedLocality) throws -> KeySearch {
        var search = KeySearch(try files(locality))
        search.openAll()
        return search
    }

    /// Where anything of the ciphertext is: the nodes' side.
    private func ciphertext(_ entry: Entry, _ search: KeySearch) -> [String] {
        search.places(of: Array(entry.sidecar[32..<64])) + search.places(of: Array(entry.sidecar.suffix(32)))
    }

    @Test func `no bytes and no keys that anyone still has open what was erased`() async throws {
        let folder = try TemporaryFolder()
        let locality = try await RecordedLocality(chainID: "jupiter-diary", folder: folder.path, hasSecondEnclave: true)
        var dataset = WirePublishDataset()
        (dataset.dataset, dataset.residency, dataset.minimumCohort, dataset.metadata.name) = (Self.dataset, .local, 1, "Diary")
        dataset.schema = .init(try #require(Self.schema).encoding)
        let (ann, ben) = (try Wallet(name: "ann"), try Wallet(name: "ben"))
        let money = [ann, ben].map { wallet in
            var transfer = WireTransfer()
            (transfer.to, transfer.amount) = (.init(wallet.address.bytes), 1_000_000)
            return WireMessage.transfer(transfer)
        }
        try await locality.commit([.publishDataset(dataset)] + money)
        let gone = try await put(String(repeating: "gone ", count: 40), ann, leaf: 5, in: locality, enrols: true)
        let kept = try await put(String(repeating: "kept ", count: 40), ann, leaf: 6, in: locality, enrols: false)
        let later = try await put(String(repeating: "later", count: 40), ben, leaf: 0, in: locality, enrols: true)

        try await locality.waitForReplica(keys: 2)

        // The control: with the same search, all of it is found now, and in either enclave's home alone.
        let before = try search(locality)
        for entry in [gone, kept, later] {
            #expect(!before.findings(entry.target).isEmpty, "the search for keys is blind")
            for enclave in ["\(locality.chainID)/", "\(locality.chainID)-second/"] {
                var alone = KeySearch(try files(locality).filter { $0.name.hasPrefix("enclave/" + enclave) })
                alone.openAll()
                #expect(!alone.findings(entry.target).isEmpty, "the search in \(enclave) is blind")
            }
            #expect(!ciphertext(entry, before).isEmpty, "the search for ciphertext is blind")
            #expect(try !before.places(of: entry.path[0]).isEmpty)
        }

        var record = WireEraseRecord()
        (record.dataset, record.record) = (Self.dataset, .init(gone.id.bytes))
        let first = try await erase(.eraseRecord(record), by: ann, in: locality)
        let second = try await eraseByCommand(ben, folder: folder.path, in: locality)
        try await nodesForget([gone, later], locality)

        let after = try search(locality)
        for entry in [gone, later] {
            #expect(after.findings(entry.target) == [])
            for key in try entry.path { #expect(after.places(of: key) == []) }
            #expect(ciphertext(entry, after) == [])
        }
        // What was not erased is still there for whoever may use it.
        #expect(!after.findings(kept.target).isEmpty && !ciphertext(kept, after).isEmpty)
        #expect(try await locality.client.sidecar(kept.commitment) == kept.sidecar)
        await #expect(throws: NodeRefusal.self) { try await locality.client.sidecar(gone.commitment) }
        try await certificates([first, second], locality)
        try await backups(of: locality, without: [gone, later])
    }

    /// Waits until the node has taken the bytes out of its files, which it does in the background.
    private func nodesForget(_ entries: [Entry], _ locality: RecordedLocality) async throws {
        for _ in 0..<1_200 {
            let search = KeySearch(try files(locality))
            if entries.allSatisfy({ ciphertext($0, search).isEmpty }) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Each certificate is verified with nothing but its file, by the program too, and not when a byte of it is another.
    private func certificates(_ ids: [Hash32], _ locality: RecordedLocality) async throws {
        let genesis = try await locality.client.genesis().hash
        var height = try await locality.client.status().height
        let end = height + 2
        while height < end {
            try await Task.sleep(for: .milliseconds(100))
            height = try await locality.client.status().height
        }
        for id in ids {
            let bytes = try await ErasureCertificate.fetch(id, from: locality.client).encoded()
            let verified = try ErasureVerifier.verify(bytes, genesisHash: genesis)
            #expect(verified.erasure.acknowledgements.count == 2 && Hash32(verified.erasure.id) == id)
            #expect(throws: ClientError.self) { try ErasureVerifier.verify(bytes, genesisHash: .zero) }
            let file = locality.home + "/\(id).json"
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            try await Built.run(
                ["receipt", "verify", file, "--genesis-hash", "\(genesis)", "--output", "json"], log: locality.home + "/logs/verify.log")
            var generator = SeededGenerator(seed: 7)
            for _ in 0..<40 {
                var certificate = try ErasureCertificate(decoding: bytes)
                let place = [\ErasureCertificate.erasure, \.puncture, \.enclaves[0], \.punctureHashes[0]][Int(generator.next() % 4)]
                let at = Int(generator.next() % UInt64(certificate[keyPath: place].value.count))
                certificate[keyPath: place].value[at] ^= 1
                let changed = try certificate.encoded()
                #expect(throws: (any Error).self) { try ErasureVerifier.verify(changed, genesisHash: genesis) }
            }
        }
    }

    /// Backups that are made after the erasure hold nothing of it.
    private func backups(of locality: RecordedLocality, without entries: [Entry]) async throws {
        locality.stop()
        let backup = locality.home + "/backup"
        try await Built.run(
            ["node", "backup", locality.chainID, "--home", locality.home, "--to", backup], log: locality.home + "/logs/backup.log")
        let search = try search(locality)
        #expect(search.parts.contains { $0.name.hasPrefix("backup/") })
        for entry in entries {
            #expect(search.findings(entry.target) == [])
            for key in try entry.path { #expect(search.places(of: key) == []) }
            #expect(ciphertext(entry, search) == [])
        }
    }
}
