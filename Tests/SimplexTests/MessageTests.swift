import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import Simplex
import TestVectors
import Testing
import WireTypes

@Suite struct `Messages between validators` {
    static func samples() throws -> [(String, ConsensusMessage)] {
        let committee = try Committee()
        let block = try committee.block(view: 3, after: committee.base, isLast: true)
        return [
            ("vote to notarise", .vote(committee.vote(block.ballot(.notarise), by: 2))),
            ("vote to nullify", .vote(committee.vote(.nullify(3), by: 0))),
            ("proposal", .proposal(committee.proposal(block))),
            ("proposal again", .proposal(committee.proposal(block, view: 5))),
            ("certificate", .certificate(committee.certificate(block.ballot(.finalise)))),
            ("request", .request(epoch: 4, first: 1, last: 9)),
        ]
    }

    @Test func `are the same after a journey`() throws {
        for (name, message) in try Self.samples() {
            #expect(try ConsensusMessage(decoding: message.encoded) == message, "\(name)")
        }
    }

    /// Sent between validators and kept in their logs: a change here is a new format.
    @Test func `have pinned encodings`() throws {
        let digests = try Self.samples().map { Digest.plain($0.1.encoded).description.prefix(16) }
        #expect(
            digests == [
                "d178d0bc7d12a8ff", "72d7257e9d9efb67", "22aad2056b7f685e", "c7f400e42c23bf21", "a1dc929ca256d0d7", "5ff9df4f73a7c197",
            ])
    }

    @Test func `hostile bytes are refused or have one encoding`() throws {
        HostileBytes.each(try Self.samples().map(\.1.encoded)) { bytes in
            guard let message = try? ConsensusMessage(decoding: bytes) else { return }
            #expect(message.encoded == bytes, "seed \(HostileBytes.seed): \(Hex.encode(bytes))")
        }
    }

    @Test func `impossible votes and requests are refused`() throws {
        let committee = try Committee()
        let block = try committee.block(view: 3, after: committee.base)
        func refused(_ change: (inout WireConsensusMessage) -> Void, _ message: ConsensusMessage) -> Bool {
            var wire = message.wire
            change(&wire)
            do { _ = try ConsensusMessage(decoding: wire.encoded()) } catch { return error == .malformed }
            return false
        }
        let vote = ConsensusMessage.vote(committee.vote(block.ballot(.notarise), by: 2))
        #expect(refused({ $0.vote.view = 0 }, vote))
        #expect(refused({ $0.vote.height = 0 }, vote))
        #expect(refused({ $0.vote.kind = .nullify }, vote))
        #expect(refused({ $0.vote.signer = 1_000 }, vote))
        #expect(refused({ $0.vote.signature.removeLast() }, vote))
        let proposal = ConsensusMessage.proposal(committee.proposal(block))
        // Only an epoch's last block is proposed in another view than its own.
        #expect(refused({ $0.proposal.view += 1 }, proposal))
        #expect(refused({ $0.proposal.view -= 1 }, proposal))
        let certificate = ConsensusMessage.certificate(committee.certificate(.nullify(3)))
        #expect(refused({ $0.certificate.height = 1 }, certificate))
        #expect(refused({ $0.certificate.signatures[0].removeLast() }, certificate))
        #expect(refused({ $0.certificate.signers = .init(repeating: 1, count: 126) }, certificate))
        #expect(refused({ $0.request.last = 2 }, .request(epoch: 0, first: 3, last: 9)))
        #expect(refused({ $0.kind = nil }, vote))
    }
}
