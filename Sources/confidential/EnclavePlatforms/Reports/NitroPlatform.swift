import Attestation
import CDevices
import ChainTypes
import Crypto
import FoundationEssentials
import Glibc
import Primitives
import WireTypes

/// An AWS Nitro enclave: the hypervisor's security module signs a document over the image's measurements.
package struct NitroPlatform: EvidenceSource, SealingKeySource {
    package let reference: ReferenceValue
    private let module: any SecurityModule

    package var platform: String { EvidencePlatform.nitro.rawValue }

    /// Asks for a first document, for the enclave's own measurements.
    package init() throws(PlatformError) { try self.init(module: NitroDevice()) }

    package init(module: any SecurityModule) throws(PlatformError) {
        self.module = module
        let document = try NSMRequest.document(module.answer(NSMRequest.attestation(userData: [], nonce: [], publicKey: [])))
        reference = ReferenceValue(platform: .nitro, registers: try Self.registers(document))
    }

    package func evidence(for binding: AttestationBinding) throws(PlatformError) -> [UInt8] {
        let request = NSMRequest.attestation(
            userData: binding.bytes64, nonce: binding.nonce.bytes, publicKey: NitroEvidence.publicKey(binding) ?? [])
        var report = WireNitroReport()
        report.document = .init(try NSMRequest.document(module.answer(request)))
        return report.encoded()
    }

    /// Nitro keeps nothing across restarts; AWS's KMS would give keys to measured enclaves, and is not ours to trust.
    package func sealingKey() throws(PlatformError) -> SymmetricKey { throw .noSealing(platform: platform) }

    /// The registers in the payload of a document (COSE_Sign1: array of 4, the payload a map with `pcrs`).
    package static func registers(_ document: [UInt8]) throws(PlatformError) -> [String: [UInt8]] {
        guard case .array(let parts)? = try? CborItem(document, limit: NSMRequest.maximumResponse).content, parts.count == 4,
            case .bytes(let payload) = parts[2].content,
            case .map(let members)? = try? CborItem(payload, limit: NSMRequest.maximumResponse).content,
            case .map(let pairs)? = NSMRequest.member("pcrs", of: members)?.content
        else { throw .malformedReport }
        var registers: [String: [UInt8]] = [:]
        for (key, value) in pairs {
            guard case .unsigned(let index) = key.content, index < 32, case .bytes(let bytes) = value.content else {
                throw .malformedReport
            }
            registers["pcr\(index)"] = Array(bytes)
        }
        return registers
    }
}

/// Takes requests in CBOR and answers them.
package protocol SecurityModule: Sendable {
    func answer(_ request: [UInt8]) throws(PlatformError) -> [UInt8]
}

/// The module's device in a Nitro enclave.
package final class NitroDevice: SecurityModule {
    package static let standardPath = "/dev/nsm"

    private let path: String
    private let descriptor: Int32

    /// Opens the device, once: whoever asks it later needs no right to open anything.
    package init(path: String = standardPath) throws(PlatformError) {
        let opened = open(path, O_RDWR | O_CLOEXEC)
        guard opened >= 0 else { throw errno == ENOENT ? .deviceMissing(path: path) : .deviceRefused(path: path, system: errno) }
        (self.path, descriptor) = (path, opened)
    }

    deinit { close(descriptor) }

    package func answer(_ request: [UInt8]) throws(PlatformError) -> [UInt8] {
        var response = [UInt8](repeating: 0, count: NSMRequest.maximumResponse)
        var size = 0
        let failure = jupiter_nsm_request(descriptor, request, request.count, &response, response.count, &size)
        guard failure == 0 else { throw .deviceRefused(path: path, system: failure) }
        guard size <= response.count else { throw .malformedReport }
        return Array(response[..<size])
    }
}

/// The one request that is made of the module, and its answer (aws-nitro-enclaves-nsm-api, `Request::Attestation`).
package enum NSMRequest {
    package static let maximumRequest = 0x1000
    package static let maximumResponse = 0x3000

    /// `{"Attestation": {"user_data": …, "nonce": …, "public_key": …}}`; what is empty is null.
    package static func attestation(userData: [UInt8], nonce: [UInt8], publicKey: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0xa1] + text("Attestation") + [0xa3]
        for (name, value) in [("user_data", userData), ("nonce", nonce), ("public_key", publicKey)] {
            bytes += text(name) + (value.isEmpty ? [0xf6] : head(0x40, value.count) + value)
        }
        precondition(bytes.count <= maximumRequest)
        return bytes
    }

    /// The document in `{"Attestation": {"document": bytes}}`; `{"Error": text}` is thrown.
    package static func document(_ response: [UInt8]) throws(PlatformError) -> [UInt8] {
        guard case .map(let members)? = try? CborItem(response, limit: maximumResponse).content else { throw .malformedReport }
        if case .text(let reason)? = member("Error", of: members)?.content {
            throw .securityModuleRefused(String(reason.prefix(40).filter { $0.isASCII && $0.isLetter }))
        }
        guard case .map(let inner)? = member("Attestation", of: members)?.content,
            case .bytes(let document)? = member("document", of: inner)?.content, !document.isEmpty
        else { throw .malformedReport }
        return Array(document)
    }

    static func member(_ name: String, of map: [(key: CborItem, value: CborItem)]) -> CborItem? {
        map.first { if case .text(name) = $0.key.content { true } else { false } }?.value
    }

    private static func text(_ string: String) -> [UInt8] { head(0x60, string.utf8.count) + Array(string.utf8) }

    /// Type and length in their shortest form (RFC 8949 §3).
    private static func head(_ type: UInt8, _ count: Int) -> [UInt8] {
        switch count {
        case ..<24: [type | UInt8(count)]
        case ..<256: [type | 24, UInt8(count)]
        default: [type | 25, UInt8(count >> 8), UInt8(truncatingIfNeeded: count)]
        }
    }
}
