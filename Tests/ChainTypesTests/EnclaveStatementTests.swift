import ChainTypes
import Cryptography
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Enclave statements` {
    static var identity: WireEnclaveIdentity {
        var identity = WireEnclaveIdentity()
        identity.platform = "simulated"
        identity.signingKey = Samples.data(1)
        identity.vaultKey.suite = .x25519
        identity.vaultKey.key = Samples.data(2)
        identity.measurement = Samples.data(3)
        return identity
    }

    @Test func `An enclave's name binds platform, both keys, suite and measurement`() {
        let changes: [(inout WireEnclaveIdentity) -> Void] = [
            { _ in }, { $0.platform = "tpm" }, { $0.signingKey = Samples.data(9) }, { $0.vaultKey.key = Samples.data(9) },
            { $0.vaultKey.suite = .xwing }, { $0.measurement = Samples.data(9) },
            // Bytes moved from one part to the next.
            {
                $0.signingKey = Samples.data(1) + Samples.data(2)
                $0.vaultKey.key = Data()
            },
        ]
        let names = changes.map { change in
            var identity = Self.identity
            change(&identity)
            return EnclaveStatement.identifier(identity)
        }
        #expect(Set(names).count == changes.count)
    }

    @Test func `A run's commitment is no assessment's, and text cannot be shifted`() {
        let (job, commitment) = (Samples.hash(1), Samples.hash(2))
        let assessment = EnclaveStatement.commitment(chainID: "a", job: job, commitment: commitment)
        let run = EnclaveStatement.commitment(chainID: "a", job: job, commitment: commitment, runHeight: 0, grants: .zero)
        #expect(assessment.count == 8 + 1 + 64 && run.count == assessment.count + 40)
        #expect(
            EnclaveStatement.enrolment(chainID: "ab", enclave: job, dataset: "c", commitment: commitment)
                != EnclaveStatement.enrolment(chainID: "a", enclave: job, dataset: "bc", commitment: commitment))
        #expect(EnclaveStatement.refusal(chainID: "a", job: job, code: 1) != EnclaveStatement.refusal(chainID: "a", job: job, code: 2))
    }

    @Test func `A list of grants is hashed with its length and order`() {
        let (one, two) = (Samples.hash(1), Samples.hash(2))
        let lists = [[], [one], [two], [one, two], [two, one], [one, one]]
        #expect(Set(lists.map(EnclaveStatement.grants)).count == lists.count)
    }

    @Test func `A subject key's commitment is salted, and the salt cannot be shifted into the key`() {
        #expect(
            EnclaveStatement.subjectKeyCommitment(key: [1], salt: [2, 3]) != EnclaveStatement.subjectKeyCommitment(key: [3, 1], salt: [2]))
        #expect(EnclaveStatement.subjectKeyCommitment(key: [1], salt: [2]) != EnclaveStatement.subjectKeyCommitment(key: [2], salt: [1]))
    }

    @Test func `Sealed messages and keys survive their wire form; unknown suites are refused`() throws {
        for suite in SealingSuiteID.allCases {
            #expect(SealingSuiteID(suite.wire) == suite)
            let key = try SealingPrivateKey(suite: suite).publicKey
            #expect(try SealingPublicKey(key.wire) == key)
            let box = try key.seal([1], context: .keyBox, associated: [])
            #expect(try SealedBox(box.wire) == box)
        }
        #expect(throws: CryptographyError.unknownSuite) { try SealedBox(WireSealedMessage()) }
        #expect(throws: CryptographyError.unknownSuite) { try SealingPublicKey(WireSealingKey()) }
        var short = WireSealingKey()
        short.suite = .x25519
        #expect(throws: CryptographyError.malformedKey) { try SealingPublicKey(short) }
    }
}
