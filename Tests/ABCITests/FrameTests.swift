import ABCI
import Foundation
import Primitives
import SwiftProtobuf
import TestVectors
import Testing

@Suite struct `ABCI frames` {
    private func frames(_ bytes: [UInt8], limit: Int = 1_000, pieces: Int = 1) throws -> [[UInt8]] {
        var reader = FrameReader(limit: limit)
        var found: [[UInt8]] = []
        for piece in stride(from: 0, to: bytes.count, by: pieces) {
            reader.append(bytes[piece..<min(piece + pieces, bytes.count)])
            while let frame = try reader.next() { found.append(frame) }
        }
        return found
    }

    @Test(arguments: [1, 2, 3, 7, 5_000])
    func `come out as they went in, however they are cut`(pieces: Int) throws {
        var generator = SeededGenerator(seed: 3)
        let sent = [0, 1, 127, 128, 129, 300, 999, 1_000].map { generator.bytes($0) }
        #expect(try frames(sent.flatMap(FrameReader.frame), pieces: pieces) == sent)
    }

    @Test func `a length beyond the limit is refused before anything of the frame is kept`() throws {
        var reader = FrameReader(limit: 1_000)
        reader.append([0xe9, 0x07])
        #expect(throws: ABCIError.frameTooLarge) { try reader.next() }
        var endless = FrameReader(limit: 1_000)
        endless.append([UInt8](repeating: 0xff, count: 5))
        #expect(throws: ABCIError.frameTooLarge) { try endless.next() }
    }

    @Test func `a length has one form`() {
        var reader = FrameReader(limit: 1_000)
        reader.append([0x81, 0x00, 0x00])
        #expect(throws: ABCIError.malformed) { try reader.next() }
    }

    @Test func `an unfinished frame waits`() throws {
        var reader = FrameReader(limit: 1_000)
        reader.append([0x80])
        #expect(try reader.next() == nil)
        reader.append([0x01] + [UInt8](repeating: 7, count: 127))
        #expect(try reader.next() == nil)
        #expect(reader.pending == 129)
        reader.append([7])
        #expect(try reader.next()?.count == 128)
        #expect(reader.pending == 0)
    }

    private static var samples: [[UInt8]] {
        var block = ABCIFinalizeBlockRequest()
        block.txs = [Data([1, 2, 3])]
        block.misbehavior = [ABCIMisbehavior()]
        block.time.seconds = 5
        var snapshot = ABCIOfferSnapshotRequest()
        snapshot.snapshot.metadata = Data(repeating: 1, count: 114)
        return [
            ABCIRequest.with { $0.kind = .finalizeBlock(block) }, .with { $0.kind = .offerSnapshot(snapshot) },
            .with { $0.kind = .echo(.with { $0.message = "hello" }) },
        ].compactMap { try? $0.serializedBytes() }
    }

    @Test func `fuzz: a request is one that we know, or refused`() {
        HostileBytes.each(Self.samples) { bytes in
            do throws(ABCIError) {
                let request = try ABCIRequest(frame: bytes)
                #expect(request.kind != nil)
            } catch {
                #expect(error == .malformed || error == .unknownKind)
            }
        }
    }

    @Test func `fuzz: streams end in frames, in waiting or in an error`() {
        let streams = [Self.samples.flatMap(FrameReader.frame), Self.samples.flatMap { FrameReader.frame($0 + $0) }]
        HostileBytes.each(streams) { bytes in
            var reader = FrameReader(limit: 1_000)
            reader.append(bytes)
            var total = 0
            while let frame = try? reader.next() {
                #expect(frame.count <= 1_000)
                total += frame.count
            }
            #expect(total <= bytes.count)
        }
    }

    @Test(arguments: [[UInt8](), [0x22, 0x00], [0x4a, 0x00], [0xa2, 0x02, 0x00]])
    func `kinds that ABCI 2 has no longer or not yet are unknown`(bytes: [UInt8]) {
        #expect(throws: ABCIError.unknownKind) { try ABCIRequest(frame: bytes) }
    }
}
