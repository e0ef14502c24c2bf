import CTss2
import Crypto
import Primitives

/// What the TPM says of itself.
package struct TPMProperties: Sendable, Equatable {
    /// Four characters, such as `IBM`, `IFX` or `STM`.
    package let manufacturer: String
    /// The manufacturer's own name for the model.
    package let model: String
    /// As four 16-bit parts.
    package let firmware: String
    package let hasSHA256: Bool
    package let lockoutCounter: UInt32

    /// What the manufacturer's code and model admit; no proof, the endorsement certificate is that.
    package var isSoftware: Bool { model.hasPrefix("SW") || ["MSFT", "XEN", "QEMU", "GOOG"].contains(manufacturer) }
}

/// Commands of the TPM, each with its handles flushed.
extension TPMConnection {
    // MARK: What is there

    func properties() throws(PlatformError) -> TPMProperties {
        let fixed = try properties(from: 0x100, count: 40)
        let variable = try properties(from: 0x200, count: 40)
        func text(_ tags: ClosedRange<UInt32>) -> String {
            let bytes = tags.flatMap { tag in withUnsafeBytes(of: (fixed[tag] ?? 0).bigEndian) { [UInt8]($0) } }
            let printable = bytes.map { $0 > 0x20 && $0 < 0x7f ? $0 : 0x20 }
            return String(decoding: printable, as: UTF8.self).split(separator: " ").joined(separator: " ")
        }
        let (high, low) = (fixed[0x10b] ?? 0, fixed[0x10c] ?? 0)
        return TPMProperties(
            manufacturer: text(0x105...0x105), model: text(0x106...0x109),
            firmware: "\(high >> 16).\(high & 0xffff).\(low >> 16).\(low & 0xffff)", hasSHA256: try hasSHA256Bank(),
            lockoutCounter: variable[0x20e] ?? 0)
    }

    private func capability(
        _ kind: UInt32, from first: UInt32, count: UInt32
    ) throws(PlatformError) -> UnsafeMutablePointer<TPMS_CAPABILITY_DATA> {
        var more: UInt8 = 0
        var data: UnsafeMutablePointer<TPMS_CAPABILITY_DATA>?
        try call("GetCapability") { Esys_GetCapability($0, noHandle, noHandle, noHandle, kind, first, count, &more, &data) }
        guard let data else { throw .tpmFailed(step: "GetCapability", response: 0) }
        return data
    }

    private func properties(from first: UInt32, count: UInt32) throws(PlatformError) -> [UInt32: UInt32] {
        let data = try capability(6, from: first, count: count)
        defer { Esys_Free(data) }
        let number = Int(min(data.pointee.data.tpmProperties.count, count))
        return withUnsafeBytes(of: &data.pointee.data.tpmProperties.tpmProperty) { buffer in
            let list = buffer.assumingMemoryBound(to: TPMS_TAGGED_PROPERTY.self).prefix(number)
            return Dictionary(list.map { ($0.property, $0.value) }, uniquingKeysWith: { $1 })
        }
    }

    /// Handles of one kind, given by its first handle.
    func handles(from first: UInt32) throws(PlatformError) -> [UInt32] {
        let data = try capability(1, from: first, count: 64)
        defer { Esys_Free(data) }
        let number = Int(min(data.pointee.data.handles.count, 64))
        return withUnsafeBytes(of: &data.pointee.data.handles.handle) { buffer in
            Array(buffer.assumingMemoryBound(to: UInt32.self).prefix(number))
        }
    }

    private func hasSHA256Bank() throws(PlatformError) -> Bool {
        let data = try capability(5, from: 0, count: 1)
        defer { Esys_Free(data) }
        let number = Int(min(data.pointee.data.assignedPCR.count, 16))
        return withUnsafeBytes(of: &data.pointee.data.assignedPCR.pcrSelections) { buffer in
            buffer.assumingMemoryBound(to: TPMS_PCR_SELECTION.self).prefix(number).contains { bank in
                bank.hash == 0x0b && TPMStructure.array(bank.pcrSelect, UInt16(min(bank.sizeofSelect, 4))).contains { $0 != 0 }
            }
        }
    }

    /// How often the TPM was reset: a machine's start is one.
    func resetCount() throws(PlatformError) -> UInt32 {
        var time: UnsafeMutablePointer<TPMS_TIME_INFO>?
        try call("ReadClock") { Esys_ReadClock($0, noHandle, noHandle, noHandle, &time) }
        guard let time else { throw .tpmFailed(step: "ReadClock", response: 0) }
        defer { Esys_Free(time) }
        return time.pointee.clockInfo.resetCount
    }

    // MARK: Registers

    /// The values of `registers` in the SHA-256 bank.
    func read(_ registers: [Int]) throws(PlatformError) -> [Int: Hash32] {
        var values: [Int: Hash32] = [:]
        // The TPM answers with at most eight at a time.
        for start in stride(from: 0, to: registers.count, by: 8) {
            let some = registers[start..<min(start + 8, registers.count)].sorted()
            var selection = TPMStructure.selection(some)
            var counter: UInt32 = 0
            var digests: UnsafeMutablePointer<TPML_DIGEST>?
            try call("PCR_Read") { Esys_PCR_Read($0, noHandle, noHandle, noHandle, &selection, &counter, nil, &digests) }
            guard let digests else { throw .tpmBankMissing }
            defer { Esys_Free(digests) }
            guard Int(digests.pointee.count) == some.count else { throw .tpmBankMissing }
            withUnsafeBytes(of: &digests.pointee.digests) { buffer in
                for (register, digest) in zip(some, buffer.assumingMemoryBound(to: TPM2B_DIGEST.self)) {
                    values[register] = Hash32(TPMStructure.array(digest.buffer, digest.size))
                }
            }
        }
        guard values.count == Set(registers).count else { throw .tpmBankMissing }
        return values
    }

    /// Extends a register of the SHA-256 bank.
    func extend(_ register: Int, with digest: Hash32) throws(PlatformError) {
        var list = TPML_DIGEST_VALUES()
        list.count = 1
        withUnsafeMutableBytes(of: &list.digests) { buffer in
            guard let first = buffer.assumingMemoryBound(to: TPMT_HA.self).baseAddress else { return }
            first.pointee.hashAlg = 0x0b
            _ = TPMStructure.fill(&first.pointee.digest, with: digest.bytes)
        }
        try call("PCR_Extend") { Esys_PCR_Extend($0, UInt32(register), emptyPassword, noHandle, noHandle, &list) }
    }

    // MARK: Keys

    /// Makes the primary key of `template`, uses it, and flushes it.
    func withPrimary<Value>(
        _ hierarchy: TPMHierarchy, _ template: [UInt8], _ body: (UInt32, [UInt8]) throws(PlatformError) -> Value
    ) throws(PlatformError) -> Value {
        var (sensitive, area) = (TPM2B_SENSITIVE_CREATE(), try TPMStructure.publicArea(template))
        var (outside, creation) = (TPM2B_DATA(), TPML_PCR_SELECTION())
        var object = noHandle
        var made: UnsafeMutablePointer<TPM2B_PUBLIC>?
        try call("CreatePrimary") {
            Esys_CreatePrimary(
                $0, hierarchy.rawValue, emptyPassword, noHandle, noHandle, &sensitive, &area, &outside, &creation, &object, &made, nil, nil,
                nil)
        }
        defer { flush(object) }
        guard let made else { throw .tpmFailed(step: "CreatePrimary", response: 0) }
        defer { Esys_Free(made) }
        return try body(object, TPMStructure.bytes(of: made))
    }

    /// Frees a key's or session's slot; a broken connection frees nothing, and the next one cleans up.
    func flush(_ object: UInt32) { _ = Esys_FlushContext(esys, object) }

    /// The attestation key's statement about `registers` and `nonce`.
    func quote(key: UInt32, registers: [Int], nonce: [UInt8]) throws(PlatformError) -> (attested: [UInt8], signature: [UInt8]) {
        var (data, selection) = (TPMStructure.data(nonce), TPMStructure.selection(registers))
        var scheme = TPMT_SIG_SCHEME()
        scheme.scheme = 0x10
        var attested: UnsafeMutablePointer<TPM2B_ATTEST>?
        var signature: UnsafeMutablePointer<TPMT_SIGNATURE>?
        try call("Quote") {
            Esys_Quote($0, key, emptyPassword, noHandle, noHandle, &data, &scheme, &selection, &attested, &signature)
        }
        guard let attested, let signature else { throw .tpmFailed(step: "Quote", response: 0) }
        defer {
            Esys_Free(attested)
            Esys_Free(signature)
        }
        return (TPMStructure.array(attested.pointee.attestationData, attested.pointee.size), try TPMStructure.bytes(of: signature))
    }

    // MARK: Certificates

    /// The content of a non-volatile index that everybody may read; `nil` where there is none.
    func nonVolatile(_ index: UInt32, limit: Int = 8192) throws(PlatformError) -> [UInt8]? {
        guard try handles(from: index).first == index else { return nil }
        var object = noHandle
        try call("NV_ReadPublic") { Esys_TR_FromTPMPublic($0, index, noHandle, noHandle, noHandle, &object) }
        defer { closeHandle(object) }
        var area: UnsafeMutablePointer<TPM2B_NV_PUBLIC>?
        try call("NV_ReadPublic") { Esys_NV_ReadPublic($0, object, noHandle, noHandle, noHandle, &area, nil) }
        guard let area else { return nil }
        let size = Int(area.pointee.nvPublic.dataSize)
        Esys_Free(area)
        guard size <= limit else { return nil }
        var bytes: [UInt8] = []
        while bytes.count < size {
            var part: UnsafeMutablePointer<TPM2B_MAX_NV_BUFFER>?
            let count = UInt16(min(512, size - bytes.count))
            let offset = UInt16(bytes.count)
            try call("NV_Read") { Esys_NV_Read($0, object, object, emptyPassword, noHandle, noHandle, count, offset, &part) }
            guard let part else { return nil }
            defer { Esys_Free(part) }
            guard part.pointee.size == count else { throw .tpmFailed(step: "NV_Read", response: 0) }
            bytes += TPMStructure.array(part.pointee.buffer, count)
        }
        return bytes
    }

    /// Forgets the library's own handle of something that stays in the TPM.
    func closeHandle(_ object: UInt32) {
        var object = object
        _ = Esys_TR_Close(esys, &object)
    }
}

/// Whose seed a primary key comes from (ESYS_TR_RH_…).
enum TPMHierarchy: UInt32 {
    case owner = 0x101
    case endorsement = 0x10b
}
