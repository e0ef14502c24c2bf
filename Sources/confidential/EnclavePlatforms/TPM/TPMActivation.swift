import Attestation
import CTss2
import Cryptography
import Primitives

/// What a TPM proves once, off chain: that its attestation key lies beside the endorsement key that its manufacturer certified
/// ("TPM 2.0 Library", part 1, §24: credential protection). Chains that then list the key's name count the TPM as `measured`.
extension TPM {
    /// An attestation key as others know it.
    package struct AttestationKey: Sendable, Equatable {
        /// TPM2B_PUBLIC.
        package let publicArea: [UInt8]
        /// Algorithm and hash of the public area: what a challenge is made for, and what chains list.
        package let name: [UInt8]
    }

    static func label(_ genesis: Hash32) -> Hash32 { Digest.hash(.attestationKeyLabel, genesis.bytes) }

    /// The key that attests to enclaves of the chain with this genesis hash.
    package func attestationKey(genesis: Hash32) throws(PlatformError) -> AttestationKey {
        let area = try perform { (tpm) throws(PlatformError) in
            try tpm.withPrimary(.endorsement, TPMTemplate.attestationKey(label: Self.label(genesis))) { $1 }
        }
        guard let name = try? TpmPublicArea(area).name else { throw .malformedReport }
        return AttestationKey(publicArea: area, name: name)
    }

    /// The secret of a challenge that was made for this TPM's endorsement key and the chain's attestation key.
    /// - Parameter challenge: as `tpm2_makecredential` writes it.
    /// - Throws: `credentialRefused` for a challenge to another TPM or key, or one that was changed.
    package func activate(_ challenge: [UInt8], genesis: Hash32) throws(PlatformError) -> [UInt8] {
        let credential = try TPMCredential(challenge)
        return try perform { (tpm) throws(PlatformError) in
            try tpm.withPrimary(.endorsement, TPMTemplate.attestationKey(label: Self.label(genesis))) {
                (key, _) throws(PlatformError) in
                try tpm.activate(credential, key: key)
            }
        }
    }
}

/// A challenge: a secret that only one TPM opens, and only if it holds the key that the challenge names.
package struct TPMCredential: Sendable, Equatable {
    /// tpm2-tools begin the file with these: a magic number and version 1.
    private static let heading: [UInt8] = [0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1]
    private static let maximumBlob = 132
    private static let maximumSecret = 512

    let blob: [UInt8]
    let secret: [UInt8]

    /// - Throws: `credentialRefused` for anything but heading, sized blob and sized secret.
    package init(_ bytes: [UInt8]) throws(PlatformError) {
        guard bytes.starts(with: Self.heading) else { throw .credentialRefused }
        var rest = bytes.dropFirst(Self.heading.count)
        blob = try Self.sized(&rest, limit: Self.maximumBlob)
        secret = try Self.sized(&rest, limit: Self.maximumSecret)
        guard rest.isEmpty else { throw .credentialRefused }
    }

    private static func sized(_ bytes: inout ArraySlice<UInt8>, limit: Int) throws(PlatformError) -> [UInt8] {
        guard bytes.count >= 2 else { throw .credentialRefused }
        let size = Int(bytes[bytes.startIndex]) << 8 | Int(bytes[bytes.startIndex + 1])
        bytes = bytes.dropFirst(2)
        guard (1...limit).contains(size), size <= bytes.count else { throw .credentialRefused }
        defer { bytes = bytes.dropFirst(size) }
        return Array(bytes.prefix(size))
    }
}

extension TPMConnection {
    /// Where manufacturers and swtpm keep the RSA endorsement key ("TCG TPM v2.0 Provisioning Guidance", §7.8).
    private static let endorsementHandle: UInt32 = 0x8101_0001

    fileprivate func activate(_ credential: TPMCredential, key: UInt32) throws(PlatformError) -> [UInt8] {
        try withEndorsementKey { (endorsement) throws(PlatformError) in
            try withSession(.policy, salt: noHandle, attributes: 0) { (session) throws(PlatformError) in
                try call("PolicySecret") {
                    Esys_PolicySecret(
                        $0, TPMHierarchy.endorsement.rawValue, session, emptyPassword, noHandle, noHandle, nil, nil, nil, 0, nil, nil)
                }
                var (blob, secret) = (TPM2B_ID_OBJECT(), TPM2B_ENCRYPTED_SECRET())
                blob.size = TPMStructure.fill(&blob.credential, with: credential.blob)
                secret.size = TPMStructure.fill(&secret.secret, with: credential.secret)
                var opened: UnsafeMutablePointer<TPM2B_DIGEST>?
                do throws(PlatformError) {
                    try call("ActivateCredential") {
                        Esys_ActivateCredential($0, key, endorsement, emptyPassword, session, noHandle, &blob, &secret, &opened)
                    }
                } catch {
                    guard case .tpmFailed = error else { throw error }
                    throw .credentialRefused
                }
                guard let opened else { throw .credentialRefused }
                defer { Esys_Free(opened) }
                return TPMStructure.array(opened.pointee.buffer, opened.pointee.size)
            }
        }
    }

    /// The kept key, or the same made anew from its template.
    private func withEndorsementKey<Value>(_ body: (UInt32) throws(PlatformError) -> Value) throws(PlatformError) -> Value {
        guard try handles(from: Self.endorsementHandle).first == Self.endorsementHandle else {
            return try withPrimary(.endorsement, TPMTemplate.endorsementKey) { (key, _) throws(PlatformError) in try body(key) }
        }
        var object = noHandle
        try call("ReadPublic") { Esys_TR_FromTPMPublic($0, Self.endorsementHandle, noHandle, noHandle, noHandle, &object) }
        defer { closeHandle(object) }
        return try body(object)
    }
}
