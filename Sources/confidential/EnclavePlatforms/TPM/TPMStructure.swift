import CTss2
import Primitives

/// Between bytes and the library's structures; the library's own coders do the work.
enum TPMStructure {
    /// A TPM2B_PUBLIC around a TPMT_PUBLIC.
    static func publicArea(_ area: [UInt8]) throws(PlatformError) -> TPM2B_PUBLIC {
        try sizedPublic([UInt8(area.count >> 8), UInt8(truncatingIfNeeded: area.count)] + area)
    }

    /// A TPM2B_PUBLIC, length first.
    static func sizedPublic(_ bytes: [UInt8]) throws(PlatformError) -> TPM2B_PUBLIC {
        var structure = TPM2B_PUBLIC()
        var offset = 0
        guard Tss2_MU_TPM2B_PUBLIC_Unmarshal(bytes, bytes.count, &offset, &structure) == 0, offset == bytes.count else {
            throw .badSealedKey
        }
        return structure
    }

    /// A TPM2B_PRIVATE, length first.
    static func sizedPrivate(_ bytes: [UInt8]) throws(PlatformError) -> TPM2B_PRIVATE {
        var structure = TPM2B_PRIVATE()
        var offset = 0
        guard Tss2_MU_TPM2B_PRIVATE_Unmarshal(bytes, bytes.count, &offset, &structure) == 0, offset == bytes.count else {
            throw .badSealedKey
        }
        return structure
    }

    static func bytes(of structure: UnsafePointer<TPM2B_PUBLIC>) throws(PlatformError) -> [UInt8] {
        try marshalled { Tss2_MU_TPM2B_PUBLIC_Marshal(structure, $0, $1, $2) }
    }

    static func bytes(of structure: UnsafePointer<TPM2B_PRIVATE>) throws(PlatformError) -> [UInt8] {
        try marshalled { Tss2_MU_TPM2B_PRIVATE_Marshal(structure, $0, $1, $2) }
    }

    static func bytes(of structure: UnsafePointer<TPMT_SIGNATURE>) throws(PlatformError) -> [UInt8] {
        try marshalled { Tss2_MU_TPMT_SIGNATURE_Marshal(structure, $0, $1, $2) }
    }

    private static func marshalled(
        _ marshal: (UnsafeMutablePointer<UInt8>, Int, UnsafeMutablePointer<Int>) -> UInt32
    ) throws(PlatformError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var size = 0
        let response = bytes.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { marshal($0, buffer.count, &size) } ?? UInt32.max
        }
        guard response == 0, size <= bytes.count else { throw .tpmFailed(step: "encoding", response: response) }
        return Array(bytes[..<size])
    }

    /// Registers of the SHA-256 bank (TPML_PCR_SELECTION).
    static func selection(_ registers: [Int]) -> TPML_PCR_SELECTION {
        var selection = TPML_PCR_SELECTION()
        selection.count = 1
        withUnsafeMutableBytes(of: &selection.pcrSelections) { buffer in
            guard let first = buffer.assumingMemoryBound(to: TPMS_PCR_SELECTION.self).baseAddress else { return }
            first.pointee.hash = 0x0b
            first.pointee.sizeofSelect = 3
            withUnsafeMutableBytes(of: &first.pointee.pcrSelect) { bitmap in
                for register in registers where register / 8 < bitmap.count { bitmap[register / 8] |= 1 << UInt8(register % 8) }
            }
        }
        return selection
    }

    static func digest(_ bytes: [UInt8]) -> TPM2B_DIGEST {
        var structure = TPM2B_DIGEST()
        structure.size = fill(&structure.buffer, with: bytes)
        return structure
    }

    static func data(_ bytes: [UInt8]) -> TPM2B_DATA {
        var structure = TPM2B_DATA()
        structure.size = fill(&structure.buffer, with: bytes)
        return structure
    }

    /// The first `size` bytes of a C array.
    static func array<Buffer>(_ buffer: Buffer, _ size: UInt16) -> [UInt8] {
        withUnsafeBytes(of: buffer) { Array($0.prefix(Int(size))) }
    }

    /// Copies `bytes` into a C array that is at least as long; gives their number.
    static func fill<Buffer>(_ buffer: inout Buffer, with bytes: [UInt8]) -> UInt16 {
        withUnsafeMutableBytes(of: &buffer) { target in
            precondition(bytes.count <= target.count)
            target.copyBytes(from: bytes)
        }
        return UInt16(bytes.count)
    }
}
