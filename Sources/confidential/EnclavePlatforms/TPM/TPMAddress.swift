import Primitives

/// Where a TPM is, in the words of tpm2-tss (TCTI configuration strings).
package enum TPMAddress: Sendable, Equatable, CustomStringConvertible {
    /// A character device; `/dev/tpmrm0` is the kernel's resource manager.
    case device(path: String)
    /// A software TPM; the rest is swtpm's own configuration, checked for its form.
    case swtpm(String)

    package static let standard = TPMAddress.device(path: "/dev/tpmrm0")
    private static let maximumLength = 200

    /// Reads `device:PATH`, `swtpm:host=HOST,port=PORT` or `swtpm:path=PATH`. Anything else is refused: tpm2-tss itself would
    /// load a library of that name.
    package init(_ text: String) throws(PlatformError) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            let colon = text.firstIndex(of: ":")
        else { throw .badTPMAddress(text) }
        let rest = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "device" where rest.hasPrefix("/"): self = .device(path: rest)
        case "swtpm" where Self.isSoftware(rest): self = .swtpm(rest)
        default: throw .badTPMAddress(text)
        }
    }

    private static func isSoftware(_ configuration: String) -> Bool {
        var keys: Set<Substring> = []
        for part in configuration.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[1].isEmpty, keys.insert(pair[0]).inserted else { return false }
            if pair[0] == "port", UInt16(pair[1]) ?? 0 == 0 { return false }
        }
        return keys == ["host", "port"] || keys == ["path"]
    }

    package var description: String {
        switch self {
        case .device(let path): "device:\(path)"
        case .swtpm(let configuration): "swtpm:\(configuration)"
        }
    }

    /// Whether it is on this machine: a device, or a socket with a path.
    package var isLocal: Bool {
        switch self {
        case .device: true
        case .swtpm(let configuration): configuration.hasPrefix("path=")
        }
    }

    /// Whether the address itself says that there is no hardware.
    package var isSoftware: Bool {
        if case .swtpm = self { return true }
        return false
    }
}
