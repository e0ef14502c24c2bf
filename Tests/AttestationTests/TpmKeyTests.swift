import Attestation
import CryptoExtras
import Foundation
import Primitives
import TestVectors
import Testing

@Suite struct `Keys and signatures of TPMs` {
    /// A TPM2B_PUBLIC of an RSA key with these attributes and scheme.
    static func area(_ modulus: [UInt8], attributes: [UInt8] = [0, 5, 0, 0x72], scheme: [UInt8] = [0, 0x14, 0, 0x0b]) -> [UInt8] {
        let head: [UInt8] = [0, 1, 0, 0x0b] + attributes + [0, 0, 0, 0x10] + scheme
        let area = head + [8, 0, 0, 0, 0, 0, 1, 0] + modulus
        return [UInt8(area.count >> 8), UInt8(area.count & 0xff)] + area
    }

    @Test func `RSASSA and RSAPSS quotes verify under the key's own scheme only`() throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let modulus = [UInt8](try key.publicKey.getKeyPrimitives().modulus)
        let quote = try #require(try VectorSet.committed().vector("tpm-ecc-good-2pcrs").files.files[.tpmQuote])
        func judge(_ scheme: [UInt8], _ signature: Data, keyScheme: [UInt8]? = nil) throws -> String {
            var vector = try VectorSet.committed().vector("tpm-ecc-good-2pcrs")
            vector.files.files[.attestationKey] = Self.area(modulus, scheme: keyScheme ?? scheme)
            vector.files.files[.tpmSignature] = scheme + [1, 0] + signature
            return vector.judge().code
        }
        let plain = try key.signature(for: Data(quote), padding: .insecurePKCS1v1_5).rawRepresentation
        let salted = try key.signature(for: Data(quote), padding: .PSS).rawRepresentation
        let (rsassa, rsapss): ([UInt8], [UInt8]) = ([0, 0x14, 0, 0x0b], [0, 0x16, 0, 0x0b])
        #expect(try judge(rsassa, plain) == "ok")
        #expect(try judge(rsapss, salted) == "ok")
        #expect(try judge(rsassa, plain, keyScheme: [0, 0x10]) == "ok")
        #expect(try judge(rsapss, salted, keyScheme: rsassa) == "quote_signature")
        #expect(try judge(rsassa, salted) == "quote_signature" && judge(rsapss, plain) == "quote_signature")
    }

    @Test func `only a restricted signing key that is fixed in its TPM may quote`() throws {
        let modulus = [UInt8](try _RSA.Signing.PrivateKey(keySize: .bits2048).publicKey.getKeyPrimitives().modulus)
        #expect(try TpmPublicArea(Self.area(modulus)).isRestrictedSigningKey)
        // Without fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign; with decrypt.
        for attributes in [[0, 5, 0, 0x70], [0, 5, 0, 0x62], [0, 5, 0, 0x52], [0, 4, 0, 0x72], [0, 1, 0, 0x72], [0, 7, 0, 0x72]]
            as [[UInt8]]
        {
            #expect(try !TpmPublicArea(Self.area(modulus, attributes: attributes)).isRestrictedSigningKey, "\(attributes)")
        }
        var area = Self.area(modulus)
        area.append(0)
        #expect(throws: AttestationError.malformed) { try TpmPublicArea(area) }
        #expect(throws: AttestationError.malformed) { try TpmPublicArea(Self.area(Array(modulus.dropLast()))) }
    }

    @Test func `a quote's lengths are read before its signature, its kind after`() throws {
        func judge(_ change: (inout [UInt8]) -> Void) throws -> String {
            var vector = try VectorSet.committed().vector("tpm-ecc-good-2pcrs")
            var quote = vector.files.files[.tpmQuote] ?? []
            change(&quote)
            vector.files.files[.tpmQuote] = quote
            return vector.judge().code
        }
        #expect(try judge { $0.append(0) } == "malformed" && judge { $0.removeLast() } == "malformed")
        #expect(try judge { $0[0] ^= 1 } == "quote_signature" && judge { $0[5] ^= 1 } == "quote_signature")
    }
}
