import Cryptography
import Primitives
import WireTypes

/// What a validator's key signs beside votes, shared by the node that writes it and the rules that verify it.
///
/// Every part has a fixed length or a length before it, so no two statements coincide.
package enum ValidatorStatement {
    /// Signed (`Context.validatorPossession`) by a key that is to become a validator: nobody can admit a key that is not theirs.
    package static func possession(chainID: String, account: Address) -> [UInt8] { text(chainID) + account.bytes }

    /// Signed (`Context.rejoin`) by a validator whose log is lost: it votes with the new `log` alone.
    package static func rejoin(chainID: String, account: Address, log: Hash32) -> [UInt8] { text(chainID) + account.bytes + log.bytes }

    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { Array($0) } + bytes
    }
}

extension WireValidatorNode {
    /// Whether keys and account have their sizes and the endpoint is a host and a port.
    package var isWellFormed: Bool {
        Hash32(validator) != nil && Hash32(nodeID) != nil && Address(account) != nil && Self.isEndpoint(endpoint)
    }

    /// `host:port`: visible ASCII without further meaning; names and addresses are judged by whoever connects.
    package static func isEndpoint(_ text: String) -> Bool {
        guard text.utf8.count <= Limits.endpoint, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")), colon != text.startIndex
        else { return false }
        let port = text[text.index(after: colon)...]
        return !port.isEmpty && port.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } && port.first != "0"
            && UInt16(port) != nil
    }
}
