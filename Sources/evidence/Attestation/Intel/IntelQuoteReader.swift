/// An ECDSA quote of Intel SGX or TDX, version 3, 4 or 5 (Intel SGX and TDX DCAP quote library API, appendix A), little-endian.
package struct IntelQuoteReader: Sendable {
    enum Body: Sendable {
        case sgx(SgxReport)
        case td(TdReport)
    }

    let version: UInt16
    let body: Body
    /// Header, body descriptor where there is one, and body: what the attestation key signed.
    let signed: ArraySlice<UInt8>
    /// r ‖ s, 64 bytes.
    let signature: ArraySlice<UInt8>
    /// x ‖ y, 64 bytes.
    let attestationKey: ArraySlice<UInt8>
    let qeReport: SgxReport
    let qeSignature: ArraySlice<UInt8>
    let qeAuthentication: ArraySlice<UInt8>
    /// DER of the PCK certificate and those above it.
    package let certificates: [[UInt8]]

    static let maximumBytes = 48 << 10
    private static let vendor: [UInt8] = [
        0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
    ]

    /// - Throws: `malformed` unless every length ends exactly where it must; providers' padding of zeros may follow.
    package init(_ bytes: [UInt8]) throws(AttestationError) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed }
        var cursor = ByteCursor(bytes)
        version = try cursor.littleEndian()
        guard 3...5 ~= version, try cursor.littleEndian(UInt16.self) == 2 else { throw .malformed }
        let teeType = try cursor.littleEndian(UInt32.self)
        _ = try cursor.take(4)
        guard try cursor.take(16).elementsEqual(Self.vendor) else { throw .malformed }
        _ = try cursor.take(20)
        body = try Self.body(version, teeType, &cursor)
        signed = bytes[..<cursor.rest.startIndex]
        let length = Int(try cursor.littleEndian(UInt32.self))
        guard length <= Self.maximumBytes else { throw .malformed }
        var data = ByteCursor(try cursor.take(length))
        guard cursor.rest.allSatisfy({ $0 == 0 }) else { throw .malformed }
        signature = try data.take(64)
        attestationKey = try data.take(64)
        if version >= 4 { data = try Self.certification(6, &data) }
        qeReport = try SgxReport(data.take(SgxReport.size))
        qeSignature = try data.take(64)
        let count = Int(try data.littleEndian(UInt16.self))
        qeAuthentication = try data.take(count)
        certificates = try PemChain.read(Self.certification(5, &data).rest)
    }

    /// Certification data of the one type that is allowed here, which end where what holds them ends.
    private static func certification(_ type: UInt16, _ data: inout ByteCursor) throws(AttestationError) -> ByteCursor {
        guard try data.littleEndian(UInt16.self) == type else { throw .malformed }
        let size = Int(try data.littleEndian(UInt32.self))
        guard size <= maximumBytes else { throw .malformed }
        let inner = ByteCursor(try data.take(size))
        try data.finish()
        return inner
    }

    private static func body(_ version: UInt16, _ teeType: UInt32, _ cursor: inout ByteCursor) throws(AttestationError) -> Body {
        guard version == 5 else {
            switch teeType {
            case 0: return .sgx(try SgxReport(cursor.take(SgxReport.size)))
            case 0x81 where version == 4: return .td(try TdReport(cursor.take(TdReport.size)))
            default: throw .malformed
            }
        }
        let type = try cursor.littleEndian(UInt16.self)
        let size = Int(try cursor.littleEndian(UInt32.self))
        switch (type, teeType, size) {
        case (1, 0, SgxReport.size): return .sgx(try SgxReport(cursor.take(size)))
        case (2, 0x81, TdReport.size), (3, 0x81, TdReport.size15): return .td(try TdReport(cursor.take(size)))
        default: throw .malformed
        }
    }

    package var isTdx: Bool { if case .td = body { true } else { false } }
    var reportData: ArraySlice<UInt8> {
        switch body {
        case .sgx(let report): report.reportData
        case .td(let report): report.reportData
        }
    }
}

/// SGX's REPORT body: of an enclave, and of the quoting enclave itself.
struct SgxReport: Sendable {
    static let size = 384

    let layout: FixedLayout

    init(_ bytes: ArraySlice<UInt8>) throws(AttestationError) { layout = try FixedLayout(bytes, size: Self.size) }

    var miscSelect: UInt32 { layout.littleEndian(16) }
    var attributes: ArraySlice<UInt8> { layout[48, 16] }
    var isDebug: Bool { layout.byte(48) & 2 != 0 }
    var mrEnclave: ArraySlice<UInt8> { layout[64, 32] }
    var mrSigner: ArraySlice<UInt8> { layout[128, 32] }
    var productID: UInt16 { layout.littleEndian(256) }
    var securityVersion: UInt16 { layout.littleEndian(258) }
    var reportData: ArraySlice<UInt8> { layout[320, 64] }
}

/// TDX's TD report body, 1.0 or 1.5.
struct TdReport: Sendable {
    static let size = 584
    static let size15 = 648

    let layout: FixedLayout

    init(_ bytes: ArraySlice<UInt8>) throws(AttestationError) { layout = try FixedLayout(bytes, size: bytes.count) }

    var teeTcbSvn: ArraySlice<UInt8> { layout[0, 16] }
    var mrSignerSeam: ArraySlice<UInt8> { layout[64, 48] }
    var seamAttributes: ArraySlice<UInt8> { layout[112, 8] }
    var attributes: UInt64 { layout.littleEndian(120) }
    var isDebug: Bool { attributes & 1 != 0 }
    /// TD under debug, bits 7:0: bit 0 is DEBUG, the others are reserved for the like.
    var isUnderDebug: Bool { attributes & 0xff != 0 }
    var hasSeptVeDisabled: Bool { attributes >> 28 & 1 == 1 }
    var isMigratable: Bool { attributes >> 29 & 1 == 1 }
    var mrtd: ArraySlice<UInt8> { layout[136, 48] }
    func rtmr(_ index: Int) -> ArraySlice<UInt8> { layout[328 + index * 48, 48] }
    var reportData: ArraySlice<UInt8> { layout[520, 64] }
    /// A service TD, such as a migration TD, is bound: TD 1.5 only.
    var hasServiceTd: Bool { layout.bytes.count == Self.size15 && !layout.isZero(600, 48) }
}
