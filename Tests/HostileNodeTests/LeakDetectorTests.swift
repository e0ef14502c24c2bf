import AdversarySupport
import Foundation
import Primitives
import SwiftProtobuf
import Testing
import WireTypes

extension `Hostile node` {
    @Suite struct `Leak detector` {
        @Test func `finds a planted secret in every form, wherever it stands`() {
            var generator = SeededGenerator(seed: 0x1EAF)
            let secret = generator.bytes(32)
            var detector = LeakDetector()
            detector.add("key", secret)
            for (form, bytes) in LeakDetector.forms(of: secret) {
                for padding in [0, 1, 2, 3, 61] {
                    let planted = generator.bytes(padding) + bytes + generator.bytes(padding)
                    #expect(!detector.findings(in: planted, place: "plant").isEmpty, "\(form), \(padding)")
                    var spoilt = planted
                    spoilt[padding + bytes.count / 2] ^= 0x15
                    #expect(detector.findings(in: spoilt, place: "plant").isEmpty, "\(form), \(padding), spoilt")
                }
            }
            #expect(detector.findings(in: generator.bytes(1 << 16), place: "noise").isEmpty)
        }

        @Test func `finds a text that others encoded`() {
            let secret = Array("a subject's whole record".utf8)
            var detector = LeakDetector()
            detector.add("record", secret)
            for prefix in ["", "x", "xy", "xyz"] {
                let data = Data(Array(prefix.utf8) + secret + [7, 7])
                let hex = data.map { String(format: "%02X", $0) }.joined()
                for text in [data.base64EncodedString(), hex, hex.lowercased()] {
                    #expect(!detector.findings(in: Array("{\"a\":\"\(text)\"}".utf8), place: "json").isEmpty)
                }
            }
        }

        /// The positive control of the whole arrangement: an enclave that tells something in one of its answers.
        @Test(arguments: ["subject key", "record", "result secret", "integer field"])
        func `finds what an answer gives away`(secret: String) throws {
            let hostile = try HostileScene(.inProcess)
            #expect(try hostile.leaks() == [])
            let bytes = try hostile.secret(secret)
            guard case .bytes(let honest) = hostile.scene.driver else { return }
            hostile.scene.driver = .bytes { [transcript = hostile.transcript] request in
                var response = try WireEnclaveResponse(serializedBytes: honest(request))
                response.status.chainID = Data(bytes.reversed()).base64EncodedString()
                transcript.append("answers", response.encoded())
                return response.encoded()
            }
            _ = try hostile.answer(.status(WireStatusCommand()))
            #expect(try hostile.leaks().map(\.secret).contains(secret))
        }

        @Test func `finds what lies in two answers`() throws {
            let hostile = try HostileScene(.inProcess)
            let key = hostile.subject.key
            hostile.transcript.append("answers in parts", [1, 2] + key.prefix(11))
            hostile.transcript.append("answers in parts", key.dropFirst(11) + [3])
            #expect(try hostile.leaks().map(\.description) == ["subject key (raw) in answers in parts"])
        }
    }
}
