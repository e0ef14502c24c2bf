import CryptoExtras
import FoundationEssentials

/// The report of Azure's paravisor: a processor's report and the runtime data that it vouches for, little-endian
/// (Azure confidential VM guest attestation, "Runtime data").
package struct HclReport: Sendable {
    enum Hardware: UInt32, Sendable {
        case sevSnp = 2
        case tdx = 4
    }

    let hardware: Hardware
    /// SNP: the 1184-byte report. TDX: a TDREPORT, which only its own machine can check.
    let hardwareReport: ArraySlice<UInt8>
    /// JSON, exactly as hashed.
    let runtimeData: ArraySlice<UInt8>

    static let maximumBytes = 16 << 10
    private static let runtimeOffset = 0x4c0

    package init(_ bytes: [UInt8]) throws(AttestationError) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed }
        var cursor = ByteCursor(bytes)
        guard try cursor.take(4).elementsEqual("HCLA".utf8), 1...2 ~= (try cursor.littleEndian(UInt32.self)) else { throw .malformed }
        let size = Int(try cursor.littleEndian(UInt32.self))
        guard try cursor.littleEndian(UInt32.self) == 2, try cursor.take(16).allSatisfy({ $0 == 0 }) else { throw .malformed }
        hardwareReport = try cursor.take(Self.runtimeOffset - 0x20)
        let dataSize = Int(try cursor.littleEndian(UInt32.self))
        guard size == Self.runtimeOffset + dataSize, try cursor.littleEndian(UInt32.self) == 1,
            let hardware = Hardware(rawValue: try cursor.littleEndian()), try cursor.littleEndian(UInt32.self) == 1
        else { throw .malformed }
        self.hardware = hardware
        let count = Int(try cursor.littleEndian(UInt32.self))
        guard dataSize == 20 + count else { throw .malformed }
        runtimeData = try cursor.take(count)
        guard cursor.rest.allSatisfy({ $0 == 0 }) else { throw .malformed }
    }

    /// The virtual TPM's attestation key: the JWK `HCLAkPub` (RFC 7517, RFC 7518 §6.3.1). Read it only once the runtime data are vouched for.
    package func attestationKey() throws(AttestationError) -> _RSA.Signing.PublicKey {
        let runtime = try JsonValue(Array(runtimeData), limit: Self.maximumBytes)
        var found: [JsonValue] = []
        for key in try runtime.items("keys", atMost: 8) where try key.text("kid") == "HCLAkPub" { found.append(key) }
        guard found.count == 1, try found[0].text("kty") == "RSA" else { throw .malformed }
        let modulus = try Self.decode(found[0].text("n"))
        let exponent = try Self.decode(found[0].text("e"))
        guard 256...512 ~= modulus.count, exponent == Data([1, 0, 1]), let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else {
            throw .malformed
        }
        return key
    }

    /// Base64url without padding (RFC 4648 §5).
    private static func decode(_ text: String) throws(AttestationError) -> Data {
        let standard = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        let padded = String(standard) + String(repeating: "=", count: (4 - standard.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), data.base64EncodedString() == padded else { throw .malformed }
        return data
    }
}
