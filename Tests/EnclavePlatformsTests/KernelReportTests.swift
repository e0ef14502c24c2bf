import Attestation
import ChainTypes
import Cryptography
import EnclavePlatforms
import Foundation
import Glibc
import Primitives
import Synchronization
import TestVectors
import Testing
import WireTypes

@Suite struct `Reports through the kernel` {
    private let data = [UInt8](0..<64)

    /// 1184 bytes with the input where report data lie.
    private static func snp(_ input: [UInt8]) -> [UInt8] {
        var report = [UInt8](repeating: 0, count: 1184)
        report.replaceSubrange(0x50..<0x50 + input.count, with: input)
        report.replaceSubrange(0x90..<0xc0, with: [UInt8](repeating: 0x11, count: 48))
        return report
    }

    private static func tdx(_ input: [UInt8]) -> [UInt8] {
        var quote = [UInt8](repeating: 0, count: 48 + 584 + 4)
        quote[0] = 4
        quote.replaceSubrange(48 + 136..<48 + 184, with: [UInt8](repeating: 0x22, count: 48))
        quote.replaceSubrange(48 + 520..<48 + 584, with: input)
        return quote
    }

    private func binding(_ platform: String) -> AttestationBinding {
        var identity = WireEnclaveIdentity()
        identity.platform = platform
        return AttestationBinding(chainID: "jupiter-test", identity: identity, height: 3, block: .zero)
    }

    @Test func `are about what was asked, and leave no entry behind`() throws {
        let kernel = SimulatedReports(provider: "sev_guest", auxiliary: [1, 2]) { Self.snp($0) }
        let answer = try KernelReport(files: kernel).report(on: data, from: .amd, privilege: 2)
        #expect(Array(answer.report[0x50..<0x90]) == data && answer.auxiliary == [1, 2])
        kernel.state.withLock { state in
            #expect(state.entries.isEmpty && state.made == 1 && state.privilege == "2")
        }
    }

    @Test func `are asked again when another program wrote in between`() throws {
        let kernel = SimulatedReports(provider: "tdx_guest", races: 4) { Self.tdx($0) }
        #expect(try KernelReport(files: kernel).report(on: data, from: .intel).report == Self.tdx(data))
        let busy = SimulatedReports(provider: "tdx_guest", races: 100) { Self.tdx($0) }
        #expect(throws: PlatformError.reportRaced) { try KernelReport(files: busy).report(on: data, from: .intel) }
        busy.state.withLock { #expect($0.entries.isEmpty) }
    }

    @Test func `of another platform, or none, are refused`() throws {
        let kernel = SimulatedReports(provider: "tdx_guest") { Self.tdx($0) }
        #expect(throws: PlatformError.wrongProvider("tdx_guest")) { try KernelReport(files: kernel).report(on: data, from: .amd) }
        let empty = SimulatedReports(provider: "sev_guest") { _ in [] }
        #expect(throws: PlatformError.malformedReport) { try KernelReport(files: empty).report(on: data, from: .amd) }
        let short = SimulatedReports(provider: "sev_guest") { Array(Self.snp($0).dropLast()) }
        #expect(throws: PlatformError.malformedReport) {
            try SNPPlatform(genesis: .zero, certificates: nil, entries: short, device: "/nowhere")
        }
        #expect(throws: PlatformError.malformedReport) {
            try TDXPlatform(entries: SimulatedReports(provider: "tdx_guest") { Array(Self.tdx($0).prefix(600)) })
        }
    }

    @Test func `become evidence of SEV-SNP with the host's certificates, or the operator's`() throws {
        func entry(_ guid: String, _ offset: UInt32, _ length: UInt32) -> [UInt8] {
            (Hex.decode(guid) ?? []) + [offset, length].flatMap { value in withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
        }
        let table =
            entry("63da758de6644564adc5f4b93be8accd", 72, 3) + entry("4ab7b379bbac4fe4a02f05aef327c782", 75, 2)
            + [UInt8](repeating: 0, count: 24) + [1, 2, 3, 4, 5]
        let kernel = SimulatedReports(provider: "sev_guest", auxiliary: table) { Self.snp($0) }
        let platform = try SNPPlatform(genesis: .zero, certificates: nil, entries: kernel, device: "/nowhere/sev-guest")
        #expect(platform.measurement == Measurement.hash(.sevSnp, ["measurement": [UInt8](repeating: 0x11, count: 48)]))
        let binding = binding("sev-snp")
        let wire = try WireSevSnpReport(strictly: platform.evidence(for: binding), limit: 8192)
        #expect([UInt8](wire.report[0x50..<0x90]) == binding.bytes64)
        #expect([UInt8](wire.endorsementKey) == [1, 2, 3] && [UInt8](wire.intermediate) == [4, 5])

        let none = try SNPPlatform(
            genesis: .zero, certificates: nil, entries: SimulatedReports(provider: "sev_guest") { Self.snp($0) }, device: "/dev/null")
        #expect(throws: PlatformError.certificatesMissing) { try none.evidence(for: binding) }
        #expect(throws: PlatformError.deviceMissing(path: "/nowhere/sev-guest")) { try platform.sealingKey() }
        #expect(throws: PlatformError.deviceRefused(path: "/dev/null", system: ENOTTY)) { try none.sealingKey() }

        try withFolder { folder in
            for (name, bytes) in [("endorsement-key.der", [7]), ("intermediate.der", [8, 9])] as [(String, [UInt8])] {
                try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let given = try SNPPlatform(genesis: .zero, certificates: folder, entries: kernel, device: "/dev/null")
            let wire = try WireSevSnpReport(strictly: given.evidence(for: binding), limit: 8192)
            #expect([UInt8](wire.endorsementKey) == [7] && [UInt8](wire.intermediate) == [8, 9])
        }
    }

    @Test func `become evidence of TDX, which has no sealing key`() throws {
        let platform = try TDXPlatform(entries: SimulatedReports(provider: "tdx_guest") { Self.tdx($0) })
        let binding = binding("tdx")
        let wire = try WireIntelQuote(strictly: platform.evidence(for: binding), limit: 8192)
        #expect([UInt8](wire.quote) == Self.tdx(binding.bytes64))
        var registers = ["mrtd": [UInt8](repeating: 0x22, count: 48)]
        for index in 0..<4 { registers["rtmr\(index)"] = [UInt8](repeating: 0, count: 48) }
        #expect(platform.measurement == Measurement.hash(.tdx, registers))
        #expect(throws: PlatformError.noSealing(platform: "tdx")) { try platform.sealingKey() }
    }

    @Test func `come from files that are read whole and written at once`() throws {
        try withFolder { folder in
            let files = ReportFolder(path: folder)
            let entry = try files.make()
            #expect(throws: PlatformError.deviceRefused(path: "\(folder)/\(entry)/outblob", system: ENOENT)) {
                try files.read("outblob", in: entry, limit: 10)
            }
            let attribute = URL(fileURLWithPath: "\(folder)/\(entry)/outblob")
            try Data(data).write(to: attribute)
            #expect(try files.read("outblob", in: entry, limit: 64) == data)
            #expect(throws: PlatformError.deviceRefused(path: attribute.path, system: EFBIG)) {
                try files.read("outblob", in: entry, limit: 63)
            }
            try files.write([9, 9], to: "outblob", in: entry)
            #expect(try files.read("outblob", in: entry, limit: 64).starts(with: [9, 9]))
            try FileManager.default.removeItem(at: attribute)
            files.remove(entry)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
        #expect(throws: PlatformError.deviceMissing(path: "/nowhere/tsm")) { try ReportFolder(path: "/nowhere/tsm").make() }
    }

    @Test func `with any table of certificates give certificates within it`() {
        let sample =
            (Hex.decode("63da758de6644564adc5f4b93be8accd") ?? []) + [48, 0, 0, 0, 4, 0, 0, 0] + [UInt8](repeating: 0, count: 24) + [
                1, 2, 3, 4,
            ]
        #expect(SNPCertificateTable.read(sample) == [.chipKey: [1, 2, 3, 4]])
        HostileBytes.each([sample]) { bytes in
            for certificate in SNPCertificateTable.read(bytes).values { #expect(!certificate.isEmpty && certificate.count <= bytes.count) }
        }
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = "\(NSTemporaryDirectory())/jupiter-reports-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
