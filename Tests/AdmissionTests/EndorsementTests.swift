import Attestation
import ChainTypes
import Cryptography
import Foundation
import LedgerSupport
import Modules
import Primitives
import TestVectors
import Testing
import WireTypes

/// Intel's own quoting enclave identities of June and of July 2025, and the time at which both were valid.
private struct IntelIdentities {
    /// 10 July 2025.
    static let time: UInt64 = 1_752_105_600_000
    static let slot = "intel/qe-identity/tdx"

    let june: WireEndorsement
    let july: WireEndorsement

    /// `nil` where the shared vectors are absent.
    init?() {
        guard let june = Self.endorsement("tdx-v4-uptodate"), let july = Self.endorsement("tdx-v4-outofdate") else { return nil }
        (self.june, self.july) = (june, july)
    }

    private static func endorsement(_ vector: String) -> WireEndorsement? {
        guard let body = SharedVectors.bytes("attestation", "tdx", vector, "qe_identity.json"),
            let chain = SharedVectors.bytes("attestation", "tdx", vector, "tcb_signing_chain.pem")
        else { return nil }
        var endorsement = WireEndorsement()
        (endorsement.kind, endorsement.body) = (.intelQeIdentity, .init(body))
        let parts = String(decoding: chain, as: UTF8.self).components(separatedBy: "-----BEGIN CERTIFICATE-----").dropFirst()
        endorsement.issuers = parts.compactMap { part in
            Data(base64Encoded: part.components(separatedBy: "-----END")[0].filter { !$0.isWhitespace })
        }
        // The root may be left out, and the chain's own is the pinned one.
        endorsement.issuers = Array(endorsement.issuers.prefix(1))
        return endorsement
    }

    static func message(_ endorsement: WireEndorsement) -> WireMessage {
        var message = WireSubmitEndorsement()
        message.endorsement = .init(endorsement.encoded())
        return WireMessage(.submitEndorsement(message))
    }
}

@Suite struct `Endorsements on a chain` {
    private func chain() throws -> (MemoryChain, stranger: SigningKey) {
        var generator = SeededGenerator(seed: 31)
        let stranger = try SigningKey.ed25519(seed: generator.bytes(32))
        let chain = try MemoryChain(funded: [stranger.address]) { genesis in
            genesis.time = IntelIdentities.time
            genesis.attestation = .usual(genesis)
            genesis.attestation.renewalGrace = 60_000
        }
        return (chain, stranger)
    }

    private func submit(_ endorsement: WireEndorsement, _ chain: inout MemoryChain, by key: SigningKey, fee: UInt64 = 16) throws -> UInt32 {
        let transaction = try chain.sign([IntelIdentities.message(endorsement)], by: key, fee: fee)
        return try chain.block([transaction])[0].code
    }

    @Test func `are anybody's to submit, and only newer ones replace older ones`() throws {
        guard let intel = IntelIdentities() else { return }
        var (chain, stranger) = try chain()
        #expect(try submit(intel.june, &chain, by: stranger) == 0)
        let first: WireEndorsementEntry = try #require(try chain.message(StateKey.endorsement(IntelIdentities.slot)))
        #expect(try submit(intel.june, &chain, by: stranger) == Refusal.admissionStaleEndorsement.code, "the same again")
        #expect(try submit(intel.july, &chain, by: chain.operatorKey) == 0)
        let second: WireEndorsementEntry = try #require(try chain.message(StateKey.endorsement(IntelIdentities.slot)))
        #expect(second.number > first.number && second.expires > first.expires)
        #expect(try submit(intel.june, &chain, by: stranger) == Refusal.admissionStaleEndorsement.code)
        #expect(try chain.message(StateKey.endorsement(IntelIdentities.slot)) == second)
        let count: WireEndorsementCount? = try chain.message(StateKey.endorsementCount)
        #expect(count?.slots == 1)
    }

    @Test func `only ever rise, whatever the order in which they come`() throws {
        guard let intel = IntelIdentities() else { return }
        for seed in UInt64(0)..<4 {
            var generator = SeededGenerator(seed: seed)
            var (chain, stranger) = try chain()
            var newest: UInt64 = 0
            for _ in 0..<8 {
                let endorsement = generator.next() % 2 == 0 ? intel.june : intel.july
                let code = try submit(endorsement, &chain, by: stranger)
                let entry: WireEndorsementEntry = try #require(try chain.message(StateKey.endorsement(IntelIdentities.slot)))
                #expect((code == 0) == (entry.number > newest), "seed \(seed)")
                #expect(entry.number >= newest, "seed \(seed)")
                newest = entry.number
            }
        }
    }

    @Test func `are believed for the vendor's signature and at their time only`() throws {
        guard let intel = IntelIdentities() else { return }
        var (chain, stranger) = try chain()
        var forged = intel.june
        let text = String(decoding: forged.body, as: UTF8.self)
        forged.body = Data(text.replacingOccurrences(of: "\"isvsvn\":4", with: "\"isvsvn\":1").utf8)
        #expect(forged.body != intel.june.body)
        #expect(try submit(forged, &chain, by: stranger) == AttestationError.collateralSignature.code)
        var other = intel.june
        other.kind = .unspecified
        #expect(try submit(other, &chain, by: stranger) == AttestationError.unsupportedEndorsement.code)
        chain.time += 40 * 86_400_000
        let code = try submit(intel.june, &chain, by: stranger)
        #expect(code == AttestationError.collateralExpired.code, "a month later")
    }

    @Test func `pay for the room they take, and are no larger than a value of the state`() throws {
        guard let intel = IntelIdentities() else { return }
        var (chain, stranger) = try chain()
        #expect(try submit(intel.june, &chain, by: stranger, fee: 1) == Refusal.admissionEndorsementFee.code)
        #expect(EndorsementRules.fee(bytes: 10 << 10, minimum: 3) == 33)
        #expect(EndorsementRules.fee(bytes: 10 << 10, minimum: .max) == .max)
        var large = intel.june
        large.body = Data(repeating: 0, count: EndorsementRules.maximumBytes)
        #expect(try submit(large, &chain, by: stranger, fee: 1_000) == Refusal.admissionEndorsementTooLarge.code)
    }

    @Test func `make those renew in time whom something older vouched for, and nobody else`() throws {
        guard let intel = IntelIdentities() else { return }
        var (chain, stranger) = try chain()
        try chain.block()
        #expect(try submit(intel.june, &chain, by: stranger) == 0)
        let (dependent, other) = (
            try TestEnclave(chainID: chain.genesis.chainID, seed: 1), try TestEnclave(chainID: chain.genesis.chainID, seed: 2)
        )
        for enclave in [dependent, other] {
            let registration = enclave.registration(height: chain.height, block: chain.lastHash)
            #expect(try chain.submit(registration, by: chain.operatorKey) == 0)
        }
        // No hardware here makes evidence of this chain: what an appraisal of a TDX quote would have left.
        var value: WireEnclave = try #require(try chain.message(StateKey.enclave(dependent.id)))
        value.endorsements = [IntelIdentities.slot]
        chain.write(value, at: StateKey.enclave(dependent.id))
        let before: WireEnclave = try #require(try chain.message(StateKey.enclave(other.id)))
        #expect(try submit(intel.july, &chain, by: stranger) == 0)
        let after: WireEnclave = try #require(try chain.message(StateKey.enclave(dependent.id)))
        #expect(after.expires == chain.time + 60_000 && after.status == .active)
        #expect(try chain.message(StateKey.enclave(other.id)) == before)
        try chain.block(seconds: 61)
        let act = try dependent.anchor(nonce: .zero, version: 1, root: Hash32(1, 1, 1, 1))
        #expect(try chain.submit(act, by: chain.operatorKey) == Refusal.admissionExpired.code)
        let renewal = dependent.renewal(height: chain.height, block: chain.lastHash)
        #expect(try chain.submit(renewal, by: chain.operatorKey) == 0)
        #expect(try chain.submit(act, by: chain.operatorKey) == 0)
    }
}

@Suite struct `Hostile messages about admission` {
    @Test func `are refused or taken, and the chain goes on (fuzz)`() throws {
        var generator = SeededGenerator(seed: 12)
        let stranger = try SigningKey.ed25519(seed: generator.bytes(32))
        var chain = try MemoryChain(funded: [stranger.address])
        try chain.block()
        let enclave = try TestEnclave(chainID: chain.genesis.chainID)
        var samples: [WireMessage] = [
            enclave.registration(height: chain.height, block: chain.lastHash), enclave.renewal(height: chain.height, block: chain.lastHash),
            enclave.suspension,
        ]
        var submission = WireSubmitEndorsement()
        submission.endorsement = Data([8, 3, 18, 4, 1, 2, 3, 4])
        samples.append(WireMessage(.submitEndorsement(submission)))
        samples.append(try enclave.confirmation(.zero, commitment: .zero, outputHash: .zero))
        for kind in 0..<3 {
            var message = WireMessage()
            message.proposeChange.expires = 1_000
            switch kind {
            case 0: message.proposeChange.change.setAttestationRules = chain.genesis.attestationRules
            case 1: message.proposeChange.change.suspendEnclaves.platform = "tpm"
            default:
                message.proposeChange.change.addReferenceValue.measurement =
                    ReferenceValue(platform: .tdx, registers: ["mrtd": [1, 2], "rtmr1": [3], "rtmr2": [4]]).wire
            }
            samples.append(message)
        }
        let supply = try chain.totalSupply()
        try HostileBytes.each(samples.map { $0.encoded() }) { bytes in
            guard let message = try? WireMessage(strictly: bytes, limit: Limits.transaction), message.kind != nil else { return }
            let key = generator.next() % 2 == 0 ? chain.operatorKey : stranger
            guard let transaction = try? chain.sign([message], by: key) else { return }
            try chain.block([transaction])
            #expect(try chain.totalSupply() == supply, "seed \(HostileBytes.seed)")
        }
        let rules: WireAttestationRules? = try chain.message(StateKey.attestationRules)
        #expect(rules?.isSensible(in: chain.genesis.wire) == true, "seed \(HostileBytes.seed)")
    }
}
