import ABCI
import ABCIServer
import AuthenticatedState
import ChainTypes
import Cryptography
import Foundation
import Ledger
import LedgerSupport
import LightClient
import Node
import Primitives
import SwiftProtobuf
import TestVectors
import Testing
import WireTypes

@Suite struct `ABCI decoders` {
    private static let snapshot = CometSnapshot(
        manifest: SnapshotManifest(
            height: 10, blockHash: Hash32(1, 0, 0, 0), stateRoot: Hash32(2, 0, 0, 0), estimatedEntries: 70, partNibbles: 1),
        receiptsRoot: Hash32(3, 0, 0, 0))

    private static var conviction: WireConviction {
        var conviction = WireConviction()
        (conviction.validator, conviction.height, conviction.kind) = (.init(repeating: 7, count: 32), 5, .duplicateVote)
        return conviction
    }

    @Test func `encodings are what they were`() {
        #expect(Hex.encode(Self.conviction.encoded()) == "0a20" + String(repeating: "07", count: 32) + "10051801")
        #expect(Self.snapshot.wire.chunks == 17 && Self.snapshot.wire.metadata.count == 114)
        let commitment = CometCommitment.hash(
            header: Hash32(1, 0, 0, 0), stateRoot: Hash32(2, 0, 0, 0), receiptsRoot: Hash32(3, 0, 0, 0))
        let text = Array("jupiter/comet-commitment/v1".utf8)
        let opening = Hash32(1, 0, 0, 0).bytes + Hash32(2, 0, 0, 0).bytes + Hash32(3, 0, 0, 0).bytes
        #expect(commitment == Digest.plain([UInt8(text.count)] + text + opening))
    }

    @Test func `fuzz: a snapshot is what its metadata says, or none`() throws {
        let sample = try Self.snapshot.wire.serializedBytes() as [UInt8]
        var found = 0
        HostileBytes.each([sample]) { bytes in
            guard let wire = try? ABCISnapshot(serializedBytes: bytes), let snapshot = CometSnapshot(wire) else { return }
            found += 1
            #expect(snapshot.wire == wire)
        }
        #expect(CometSnapshot(Self.snapshot.wire) == Self.snapshot && found < HostileBytes.rounds)
    }

    @Test func `fuzz: pieces of a chunk are all of it, or it is refused`() throws {
        let sample = ChunkPieces.join([[1, 2, 3], [], [4]])
        #expect(try ChunkPieces.split(sample) == [[1, 2, 3], [], [4]])
        HostileBytes.each([sample]) { bytes in
            do throws(SnapshotError) {
                #expect(ChunkPieces.join(try ChunkPieces.split(bytes)) == bytes)
            } catch { #expect(error == .malformed) }
        }
    }

    @Test func `fuzz: the start of a snapshot is what was encoded, or refused`() throws {
        let sample = SnapshotStart(block: SnapshotBlock(block: [1, 2, 3], receipts: [[4], []]), ends: [[5, 6], [7]])
        #expect(try SnapshotStart.decode(sample.encode()) == sample)
        HostileBytes.each([sample.encode()]) { bytes in
            do throws(SnapshotError) {
                #expect(try SnapshotStart.decode(bytes).encode() == bytes)
            } catch { #expect([SnapshotError.malformed, .unknownFormat, .tooLarge].contains(error)) }
        }
    }

    @Test func `fuzz: addresses are understood or refused`() {
        let samples = ["unix:///run/abci.sock", "tcp://127.0.0.1:26658", "tcp://[::1]:1"].map { Array($0.utf8) }
        HostileBytes.each(samples) { bytes in
            do throws(ABCIServerError) { _ = try ABCIAddress(String(decoding: bytes, as: UTF8.self)) } catch {
                #expect(error == .badAddress || error == .notLoopback)
            }
        }
    }

    @Test func `fuzz: convictions punish or are passed over`() throws {
        var chain = try MemoryChain { $0.consensus = .cometbft }
        try chain.block()
        var conviction = Self.conviction
        conviction.validator = .init(chain.validatorKey.verificationKey.bytes)
        conviction.height = 1
        try HostileBytes.each([conviction.encoded(), Self.conviction.encoded()]) { bytes in
            var copy = chain
            try copy.block(evidence: [bytes])
        }
    }
}
