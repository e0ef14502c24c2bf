import ChainTypes
import Cryptography
import Foundation
import Primitives
import SwiftProtobuf
import TestVectors
import Testing
import WireTypes

/// Hostile bytes at every decoder: nothing crashes, and whatever is accepted has no second encoding.
@Suite struct `Fuzz of chain decoders` {
    func note(_ bytes: [UInt8]) -> Comment { "seed \(HostileBytes.seed): \(Hex.encode(bytes))" }

    @Test func `transaction`() throws {
        let sidecar = Sidecar.make([1], salt: [UInt8](repeating: 7, count: 32))
        HostileBytes.each([try Samples.transaction().bytes, try Samples.transaction([Samples.putRecord(sidecar)]).bytes]) { bytes in
            let wire = try? WireTransaction(strictly: bytes, limit: Limits.transaction)
            let body = wire.flatMap { try? WireTransactionBody(strictly: [UInt8]($0.body), limit: Limits.transaction) }
            let decoded = Result { () throws(TransactionError) in try SignedTransaction(decoding: bytes) }
            // The envelope is read by hand: it says what the one encoding of SwiftProtobuf says.
            if case .failure(.malformed) = decoded { #expect(body == nil, note(bytes)) }
            guard let transaction = try? decoded.get() else { return }
            #expect(transaction.bytes == bytes && transaction.body == body, note(bytes))
            #expect(transaction.key.wire == wire?.publicKey, note(bytes))
            #expect(
                transaction.body.messages.count <= Limits.messagesPerTransaction && transaction.key.address == transaction.sender,
                note(bytes))
        }
    }

    @Test func `transaction with sidecars`() throws {
        let sidecar = Sidecar.make([1, 2, 3], salt: [UInt8](repeating: 7, count: 32))
        let sample = try SubmittedTransaction(Samples.transaction([Samples.putRecord(sidecar)]), sidecars: [sidecar])
        HostileBytes.each([sample.encoded]) { bytes in
            guard let submitted = try? SubmittedTransaction(decoding: bytes) else { return }
            #expect(submitted.encoded == bytes && submitted.encodedSize == bytes.count, note(bytes))
            #expect((try? WireTransactionWithSidecars(strictly: bytes, limit: bytes.count)) != nil, note(bytes))
        }
    }

    @Test func `header`() throws {
        HostileBytes.each([Samples.wireHeader.encoded()]) { bytes in
            guard let header = try? BlockHeader(decoding: bytes) else { return }
            #expect(header.bytes == bytes && ChainID.isValid(header.chainID) && header.height >= 1, note(bytes))
        }
    }

    @Test func `block`() throws {
        HostileBytes.each([try Samples.block([Samples.transaction()]).bytes, try Samples.block([]).bytes]) { bytes in
            let decoded = Result { () throws(BlockError) in try Block(decoding: bytes) }
            guard let wire = try? WireBlock(strictly: bytes, limit: Limits.block) else {
                #expect(throws: BlockError.malformed, note(bytes)) { try decoded.get() }
                return
            }
            guard let block = try? decoded.get() else { return }
            #expect(block.bytes == bytes && block.evidence == wire.evidence.map { [UInt8]($0) }, note(bytes))
            #expect((try? Block.header(of: bytes)) == block.header, note(bytes))
            #expect(Block.transactionsRoot(block.transactions) == block.header.transactionsRoot, note(bytes))
        }
    }

    @Test func `certificate`() {
        HostileBytes.each([Samples.certificate.encoded()]) { bytes in
            guard let certificate = try? QuorumCertificate(decoding: bytes) else { return }
            #expect(certificate.bytes == bytes, note(bytes))
        }
    }

    @Test func `validator set`() throws {
        HostileBytes.each([try Samples.validators().bytes]) { bytes in
            guard let set = try? ValidatorSet(decoding: bytes) else { return }
            #expect(set.bytes == bytes && set.totalWeight > 0, note(bytes))
        }
    }

    @Test func `genesis`() throws {
        HostileBytes.each([try Samples.wireGenesis().encoded()]) { bytes in
            guard let genesis = try? Genesis(decoding: bytes) else { return }
            #expect(genesis.bytes == bytes && ChainID.isValid(genesis.chainID), note(bytes))
        }
    }

    @Test func `Merkle proof`() {
        var hostile = HostileBytes()
        let leaves = (0..<21).map { MerkleList.leaf([UInt8($0)]) }
        let root = MerkleList.root(leaves)
        for _ in 0..<HostileBytes.rounds {
            let index = hostile.below(21)
            var siblings = MerkleList.siblings(of: index, in: leaves)
            let position = hostile.below(siblings.count)
            siblings[position] = leaves[hostile.below(21)]
            let count = hostile.below(40)
            let leaf = MerkleList.leaf(hostile.bytes(2))
            #expect(!MerkleList.verify(leaf, index: index, count: count, siblings: siblings, root: root), "seed \(HostileBytes.seed)")
        }
    }

    @Test func `every wire message`() throws {
        for decode in Self.decoders {
            for (_, sample) in `Pinned encodings`.stateValues() + TrustValueSamples.values() {
                var hostile = HostileBytes()
                for _ in 0..<max(1, HostileBytes.rounds / 20) {
                    let bytes = hostile.next(sample)
                    guard let encoded = decode(bytes) else { continue }
                    #expect(encoded == bytes, note(bytes))
                }
            }
        }
    }

    static func decoder<M: SwiftProtobuf.Message>(_ type: M.Type) -> @Sendable ([UInt8]) -> [UInt8]? {
        { bytes in (try? M(strictly: bytes, limit: Limits.stateValue))?.encoded() }
    }

    static let decoders: [@Sendable ([UInt8]) -> [UInt8]?] = [
        decoder(WireAccount.self), decoder(WireDataset.self), decoder(WireEnclave.self), decoder(WireSubjectKey.self),
        decoder(WireRecord.self), decoder(WireConsent.self), decoder(WireProgram.self), decoder(WireAssessment.self),
        decoder(WireSubscription.self), decoder(WireLocality.self), decoder(WireReceipt.self), decoder(WireReceiptProof.self),
        decoder(WireCertifiedHeader.self), decoder(WireEvidence.self), decoder(WireEnrolment.self), decoder(WireSignedResult.self),
        decoder(WireEnclaveRequest.self), decoder(WireEnclaveResponse.self), decoder(WireMessage.self),
        decoder(WireValidatorRecord.self), decoder(WireValidatorList.self), decoder(WireEpochRecord.self), decoder(WireLeaderService.self),
        decoder(WireGovernanceProposal.self), decoder(WireOpenProposals.self), decoder(WireChainParameters.self),
        decoder(WireEquivocation.self), decoder(WireCometFinality.self), decoder(WireAttestationRules.self),
        decoder(WireReferenceValue.self), decoder(WireEndorsementEntry.self), decoder(WireEndorsementCount.self),
        decoder(WireAdmittedEnclaves.self), decoder(WireEnclaveDemand.self), decoder(WireEndorsement.self),
        decoder(WireRecoveryPlan.self), decoder(WireVaultEpoch.self), { HeldShare($0)?.bytes },
    ]
}
