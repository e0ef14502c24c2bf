import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// What the subjects do: hand their keys to the enclave, put a record, grant.
extension DemoStage {
    /// Each wallet makes a key for the dataset and seals it to its locality's enclave.
    mutating func enrol() async throws {
        progress.begin("subject keys sealed to the enclaves", total: population.subjects.count)
        let collected = Collected<WireMessage>()
        try await eachLocality { stage, home in
            let (locality, enclave) = (stage.localities[home], stage.enclaves[home])
            let members = stage.population.members(of: home)
            let wallets = members.map { stage.population.subjects[$0].wallet }
            let outcomes = try await locality.client.enrol(
                wallets.map { EnrolmentKey(wallet: $0, dataset: DemoTerms.dataset) }, with: enclave
            ) { stage.progress.update($0, of: locality.chainID) }
            let messages = try await Self.map(Array(zip(wallets, outcomes))) { wallet, outcome in
                try EnrolmentSealer.message(outcome, wallet: wallet, enclave: enclave)
            }
            collected.add(zip(members, messages.map { .enrolSubjectKey($0) }))
        }
        enrolments = try collected.all(Array(population.subjects.indices))
        progress.end()
    }

    /// One transaction a subject: enrolment, encrypted record, and the grants of those who grant.
    mutating func populate() async throws {
        progress.begin("records put, consents granted", total: population.subjects.count)
        let collected = Collected<Wallet>()
        try await eachLocality { stage, home in
            let locality = stage.localities[home]
            let members = stage.population.members(of: home)
            for start in stride(from: 0, to: members.count, by: Self.wave) {
                let some = Array(members[start..<min(start + Self.wave, members.count)])
                let status = try await locality.client.status()
                let made = try await Self.map(some) { position in
                    try stage.firstTransaction(position, chainID: locality.chainID, height: status.height, now: status.time)
                }
                try await stage.commit(made.map(\.transaction), locality, count: some.count, before: start)
                collected.add(zip(some, made.map(\.wallet)))
            }
        }
        let wallets = try collected.all(Array(population.subjects.indices))
        population = population.replacing(wallets)
        progress.end()
    }

    private func firstTransaction(
        _ position: Int, chainID: String, height: UInt64, now: UInt64
    ) throws -> (transaction: SubmittedTransaction, wallet: Wallet) {
        let subject = population.subjects[position]
        var wallet = subject.wallet
        let place = RecordPlace(chainID: chainID, dataset: DemoTerms.dataset, owner: wallet.address, schema: terms.schema)
        let index = wallet.takeKeyIndex(chainID: chainID, dataset: DemoTerms.dataset)
        let sealed = try RecordSealer.seal(
            subject.applicant.record(terms.schema), place: place,
            subjectKey: wallet.subjectKey(chainID: chainID, dataset: DemoTerms.dataset), keyIndex: index)
        var messages = [enrolments[position], .putRecord(sealed.message)]
        if subject.grants {
            messages.append(DemoTerms.grant(subject.lenderGrant, terms.lenderScope(chainID: chainID, now: now)))
        }
        if subject.contributes {
            messages.append(DemoTerms.grant(subject.bureauGrant, terms.bureauScope(chainID: chainID, now: now)))
        }
        // The first transaction of an account has nonce 1.
        var builder = TransactionBuilder(chainID: chainID, key: wallet.signingKey, nonce: 1, height: height)
        let transaction = try builder.sign(messages, sidecars: [sealed.sidecar])
        wallet.noteEnrolment(
            chainID: chainID, dataset: DemoTerms.dataset, enclave: enclaves[subject.home].id)
        wallet.remember(Wallet.Entry(kind: .record, chainID: chainID, dataset: DemoTerms.dataset, id: sealed.id))
        for grant in (subject.grants ? [subject.lenderGrant] : []) + (subject.contributes ? [subject.bureauGrant] : []) {
            wallet.remember(Wallet.Entry(kind: .grant, chainID: chainID, dataset: DemoTerms.dataset, id: grant))
        }
        return (transaction, wallet)
    }
}

extension Population {
    /// The same people with wallets that remember more.
    func replacing(_ wallets: [Wallet]) -> Population {
        var changed = self
        changed.subjects = zip(subjects, wallets).map { subject, wallet in
            var subject = subject
            subject.wallet = wallet
            return subject
        }
        return changed
    }
}
