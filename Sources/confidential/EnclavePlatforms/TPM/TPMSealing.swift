import CTss2
import Glibc
import Primitives

/// A secret that only this TPM opens, and only while its registers have the values of the sealing.
package struct TPMSealedSecret: Sendable, Equatable {
    /// TPM2B_PUBLIC.
    package let publicArea: [UInt8]
    /// TPM2B_PRIVATE, encrypted by the TPM.
    package let privateArea: [UInt8]

    package init(publicArea: [UInt8], privateArea: [UInt8]) { (self.publicArea, self.privateArea) = (publicArea, privateArea) }
}

extension TPMConnection {
    /// Seals `secret` to the given values of `registers` (PolicyPCR).
    ///
    /// What goes to the TPM is encrypted under a session key that only the TPM's storage key gives: who listens on the wires to the
    /// chip learns nothing. Against who replaces the chip that is no protection.
    func seal(_ secret: [UInt8], registers: [Int], digest: Hash32) throws(PlatformError) -> TPMSealedSecret {
        let policy = try policyDigest(registers: registers, digest: digest)
        return try withPrimary(.owner, TPMTemplate.storageKey) { (parent, _) throws(PlatformError) in
            try withSession(.hmac, salt: parent, attributes: 0x20) { (session) throws(PlatformError) in
                var sensitive = TPM2B_SENSITIVE_CREATE()
                sensitive.sensitive.data.size = TPMStructure.fill(&sensitive.sensitive.data.buffer, with: secret)
                defer { explicit_bzero(&sensitive, MemoryLayout<TPM2B_SENSITIVE_CREATE>.size) }
                var area = try TPMStructure.publicArea(TPMTemplate.sealedSecret(policy: policy))
                var (outside, creation) = (TPM2B_DATA(), TPML_PCR_SELECTION())
                var privatePart: UnsafeMutablePointer<TPM2B_PRIVATE>?
                var publicPart: UnsafeMutablePointer<TPM2B_PUBLIC>?
                try call("Create") {
                    Esys_Create(
                        $0, parent, emptyPassword, session, noHandle, &sensitive, &area, &outside, &creation, &privatePart, &publicPart,
                        nil, nil, nil)
                }
                guard let privatePart, let publicPart else { throw .tpmFailed(step: "Create", response: 0) }
                defer {
                    Esys_Free(privatePart)
                    Esys_Free(publicPart)
                }
                return TPMSealedSecret(
                    publicArea: try TPMStructure.bytes(of: publicPart), privateArea: try TPMStructure.bytes(of: privatePart))
            }
        }
    }

    /// Opens `sealed`, or throws `sealedForOtherSoftware` (other registers) or `sealedForOtherTPM`.
    func unseal(_ sealed: TPMSealedSecret, registers: [Int]) throws(PlatformError) -> [UInt8] {
        try withPrimary(.owner, TPMTemplate.storageKey) { (parent, _) throws(PlatformError) in
            let object = try load(sealed, under: parent)
            defer { flush(object) }
            return try withSession(.policy, salt: parent, attributes: 0x40) { (session) throws(PlatformError) in
                var (digest, selection) = (TPM2B_DIGEST(), TPMStructure.selection(registers))
                try call("PolicyPCR") { Esys_PolicyPCR($0, session, noHandle, noHandle, noHandle, &digest, &selection) }
                var data: UnsafeMutablePointer<TPM2B_SENSITIVE_DATA>?
                try call("Unseal") { Esys_Unseal($0, object, session, noHandle, noHandle, &data) }
                guard let data else { throw .tpmFailed(step: "Unseal", response: 0) }
                defer {
                    explicit_bzero(data, MemoryLayout<TPM2B_SENSITIVE_DATA>.size)
                    Esys_Free(data)
                }
                return TPMStructure.array(data.pointee.buffer, data.pointee.size)
            }
        }
    }

    private func load(_ sealed: TPMSealedSecret, under parent: UInt32) throws(PlatformError) -> UInt32 {
        var privatePart = try TPMStructure.sizedPrivate(sealed.privateArea)
        var publicPart = try TPMStructure.sizedPublic(sealed.publicArea)
        var object = noHandle
        do throws(PlatformError) {
            try call("Load") { Esys_Load($0, parent, emptyPassword, noHandle, noHandle, &privatePart, &publicPart, &object) }
        } catch {
            // Whatever the TPM finds wrong with it, it is not what this TPM once gave.
            guard case .tpmFailed = error else { throw error }
            throw .sealedForOtherTPM
        }
        return object
    }

    /// What a policy over `registers` with these values hashes to.
    private func policyDigest(registers: [Int], digest: Hash32) throws(PlatformError) -> [UInt8] {
        try withSession(.trial, salt: noHandle, attributes: 0) { (session) throws(PlatformError) in
            var (values, selection) = (TPMStructure.digest(digest.bytes), TPMStructure.selection(registers))
            try call("PolicyPCR") { Esys_PolicyPCR($0, session, noHandle, noHandle, noHandle, &values, &selection) }
            var policy: UnsafeMutablePointer<TPM2B_DIGEST>?
            try call("PolicyGetDigest") { Esys_PolicyGetDigest($0, session, noHandle, noHandle, noHandle, &policy) }
            guard let policy else { throw .tpmFailed(step: "PolicyGetDigest", response: 0) }
            defer { Esys_Free(policy) }
            return TPMStructure.array(policy.pointee.buffer, policy.pointee.size)
        }
    }

    /// TPM_SE, part 2, §6.11.
    enum SessionKind: UInt8 {
        case hmac = 0
        case policy = 1
        case trial = 3
    }

    /// A session for one use; always flushed.
    /// - Parameters:
    ///   - salt: the key that the session's own key is sent under, or no handle.
    ///   - attributes: 0x20 encrypts what is sent, 0x40 what comes back (TPMA_SESSION).
    func withSession<Value>(
        _ kind: SessionKind, salt: UInt32, attributes: UInt8, _ body: (UInt32) throws(PlatformError) -> Value
    ) throws(PlatformError) -> Value {
        var symmetric = TPMT_SYM_DEF()
        symmetric.algorithm = 0x06
        symmetric.keyBits.aes = 128
        symmetric.mode.aes = 0x43
        var session = noHandle
        try call("StartAuthSession") {
            Esys_StartAuthSession(
                $0, salt, noHandle, noHandle, noHandle, noHandle, nil, kind.rawValue, &symmetric, 0x0b, &session)
        }
        defer { flush(session) }
        // 0x01: the session goes on after the command, so that the flush above ends it in every case.
        try call("session attributes") { Esys_TRSess_SetAttributes($0, session, attributes | 0x01, 0xff) }
        return try body(session)
    }
}
