/// The payload of an attestation document of AWS Nitro Enclaves (aws-nitro-enclaves-nsm-api, "Attestation Process").
package struct NitroDocument: Sendable {
    let moduleID: String
    /// Milliseconds since 1970.
    let timestamp: UInt64
    let registers: [Int: [UInt8]]
    /// DER of the leaf.
    let certificate: [UInt8]
    /// DER from the root to the leaf's issuer.
    let bundle: [[UInt8]]
    let publicKey: [UInt8]?
    let userData: [UInt8]?
    let nonce: [UInt8]?

    private static let names: Set<String> = [
        "module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle", "public_key", "user_data", "nonce",
    ]

    /// - Throws: `malformed` for unknown, missing or oversized members.
    package init(_ payload: ArraySlice<UInt8>) throws(AttestationError) {
        let members = try CborItem(payload, limit: NitroEvidence.maximumBytes).members()
        guard Set(members.keys).isSubset(of: Self.names), let moduleID = members["module_id"]?.text, 1...256 ~= moduleID.utf8.count,
            members["digest"]?.text == "SHA384", let timestamp = members["timestamp"]?.unsigned, timestamp > 0, timestamp < 1 << 53,
            let certificate = members["certificate"]?.bytes, 1...1024 ~= certificate.count, let bundle = members["cabundle"]?.array,
            1..<CertificatePath.maximumLength ~= bundle.count, let pairs = members["pcrs"]?.map, 1...32 ~= pairs.count
        else { throw .malformed }
        (self.moduleID, self.timestamp, self.certificate) = (moduleID, timestamp, Array(certificate))
        var issuers: [[UInt8]] = []
        for item in bundle {
            guard let bytes = item.bytes, 1...1024 ~= bytes.count else { throw .malformed }
            issuers.append(Array(bytes))
        }
        self.bundle = issuers
        var registers: [Int: [UInt8]] = [:]
        for (key, value) in pairs {
            guard let index = key.unsigned, index < 32, let bytes = value.bytes, bytes.count == 48 else { throw .malformed }
            registers[Int(index)] = Array(bytes)
        }
        guard (0...2).allSatisfy({ registers[$0] != nil }) else { throw .malformed }
        self.registers = registers
        publicKey = try Self.optional(members["public_key"], 1...1024)
        userData = try Self.optional(members["user_data"], 0...512)
        nonce = try Self.optional(members["nonce"], 0...512)
    }

    /// AWS writes null for what is unset, although its text says absent: both are.
    private static func optional(_ item: CborItem?, _ sizes: ClosedRange<Int>) throws(AttestationError) -> [UInt8]? {
        guard let item, !item.isNull else { return nil }
        guard let bytes = item.bytes, sizes ~= bytes.count else { throw .malformed }
        return Array(bytes)
    }

    /// An enclave in debug mode measures nothing.
    var isDebug: Bool { registers[0]?.allSatisfy { $0 == 0 } ?? true }
}
