import Attestation
import Crypto
import Foundation
import Primitives
import WireTypes

/// A processor with a hierarchy of its own: what AMD's keys would sign, under roots that tests pin instead.
struct ForgedAmd {
    /// Which processor, and at which TCB.
    struct Processor {
        var product = "Genoa"
        var version: UInt8 = 3
        /// Family, model, stepping.
        var cpuid: [UInt8] = [0x19, 0x11, 1]
        /// Reported; the others are the same unless they are given.
        var microcode: UInt8 = 0x54
        var launchMicrocode: UInt8?
        var measurement = [UInt8](repeating: 0x11, count: 48)
        var reportData = [UInt8](repeating: 0, count: 64)

        fileprivate var isTurin: Bool { product == "Turin" }
        fileprivate func tcb(_ microcode: UInt8) -> [UInt8] {
            isTurin ? [1, 1, 1, 1, 0, 0, 0, microcode] : [1, 1, 0, 0, 0, 0, 1, microcode]
        }
    }

    let processor: Processor
    let root: [UInt8]
    let intermediate: [UInt8]
    let endorsementKey: [UInt8]
    let report: [UInt8]

    /// - Parameter isShort: the root signs the processor's key itself.
    init(_ processor: Processor = Processor(), isShort: Bool = false) throws {
        let (ark, ask, vcek) = (P384.Signing.PrivateKey(), P384.Signing.PrivateKey(), P384.Signing.PrivateKey())
        let names = ("ARK-\(processor.product)", "SEV-\(processor.product)")
        self.processor = processor
        root = try TestDer.certificate(names.0, ark.publicKey, by: names.0, ark, [TestDer.authority])
        intermediate = try TestDer.certificate(names.1, ask.publicKey, by: names.0, ark, [TestDer.authority])
        endorsementKey = try TestDer.certificate(
            "SEV-VCEK", vcek.publicKey, by: isShort ? names.0 : names.1, isShort ? ark : ask, Self.extensions(processor))
        report = try Self.report(processor, vcek)
    }

    /// Appraised as a file is, with another policy where one is given.
    func vector(_ change: (inout AppraisalPolicy) -> Void = { _ in }) -> EvidenceVector {
        let files = EvidenceFiles([.evidence: report, .endorsementKey: endorsementKey, .intermediate: intermediate])
        var vector = EvidenceVector(files: files, time: 1_780_000_000_000, anchors: .only(root))
        change(&vector.policy)
        return vector
    }

    var wire: WireSevSnpReport {
        var wire = WireSevSnpReport()
        (wire.report, wire.endorsementKey, wire.intermediate) = (Data(report), Data(endorsementKey), Data(intermediate))
        return wire
    }

    private static func report(_ processor: Processor, _ key: P384.Signing.PrivateKey) throws -> [UInt8] {
        var report = [UInt8](repeating: 0, count: 0x2a0)
        func put(_ offset: Int, _ bytes: [UInt8]) { report.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        let tcb = processor.tcb(processor.microcode)
        put(0x000, [processor.version])
        // Reserved bit 17 of the guest policy is one.
        put(0x00a, [0x02])
        put(0x034, [1])
        put(0x050, processor.reportData)
        put(0x090, processor.measurement)
        for offset in [0x038, 0x180, 0x1e0] { put(offset, tcb) }
        put(0x1f0, processor.tcb(processor.launchMicrocode ?? processor.microcode))
        if processor.version >= 3 { put(0x188, processor.cpuid) }
        put(0x1a0, chip(processor))
        let signature = Array(try key.signature(for: Data(report)).rawRepresentation)
        let padding = [UInt8](repeating: 0, count: 24)
        return report + signature.prefix(48).reversed() + padding + signature.suffix(48).reversed() + padding
            + [UInt8](repeating: 0, count: 368)
    }

    private static func chip(_ processor: Processor) -> [UInt8] { [UInt8](repeating: 0xc1, count: processor.isTurin ? 8 : 64) }

    /// AMD publication 57230 §3: under 1.3.6.1.4.1.3704.1.
    private static func extensions(_ processor: Processor) -> [[UInt8]] {
        let arc: [UInt8] = [0x2b, 6, 1, 4, 1, 0x9c, 0x78, 1]
        func number(_ last: UInt8, _ value: UInt8) -> [UInt8] {
            TestDer.entry(arc + [3, last], TestDer.node(0x02, value < 0x80 ? [value] : [0, value]))
        }
        let firmware = [number(1, 1), number(2, 1), number(3, 1), number(8, processor.microcode)]
        return [TestDer.entry(arc + [2], TestDer.node(0x16, Array(processor.product.utf8)))] + firmware
            + (processor.isTurin ? [number(9, 1)] : []) + [TestDer.entry(arc + [4], chip(processor))]
    }
}
