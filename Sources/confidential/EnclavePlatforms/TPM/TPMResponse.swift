/// A response code of the TPM or of a layer of tpm2-tss ("TPM 2.0 Library", part 2, §6.6; "TSS 2.0 Overview", §2.4).
package struct TPMResponse: Sendable, Equatable {
    let value: UInt32

    package init(value: UInt32) { self.value = value }

    private static let success: UInt32 = 0
    /// Layers whose codes are the TPM's own: the TPM, and the resource manager in its name.
    private static let tpmLayers: [UInt32] = [0, 11]
    private static let transportLayer: UInt32 = 10

    package enum Meaning: Equatable {
        case success
        /// Slots for keys or sessions are taken.
        case noSlot
        /// Try the same again a little later.
        case busy
        case lockedOut, notStarted, badPassword
        case policyFailed, integrityFailed, badCredential, badHandle
        case connectionLost
        case other
    }

    private var layer: UInt32 { value >> 16 & 0xff }

    /// Without the number of the parameter, handle or session that it complains about.
    private var number: UInt32 { value & 0x80 != 0 ? value & 0xbf : value & 0xfff }

    package var meaning: Meaning {
        if value == Self.success { return .success }
        if layer == Self.transportLayer {
            // NO_CONNECTION, TRY_AGAIN, IO_ERROR.
            return [8, 9, 10].contains(value & 0xffff) ? .connectionLost : .other
        }
        guard Self.tpmLayers.contains(layer) else { return .other }
        return switch number {
        case 0x902, 0x903, 0x904, 0x905, 0x906: .noSlot
        case 0x908, 0x909, 0x90a, 0x920, 0x922, 0x923: .busy
        case 0x921: .lockedOut
        case 0x100: .notStarted
        case 0x8e, 0xa2: .badPassword
        case 0x9d: .policyFailed
        case 0x9f: .integrityFailed
        case 0x84: .badCredential
        case 0x82, 0x8b: .badHandle
        default: .other
        }
    }
}
