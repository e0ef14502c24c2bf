import Cryptography
import Primitives
import Synchronization

/// One TPM: whole tasks, each on a connection of its own and with a time limit.
package struct TPM: Sendable {
    /// What a task may take: slow chips need seconds for a key.
    package static let patience: Int32 = 30_000

    /// Tasks on one TPM go one after the other: without resource manager it has three slots in all.
    private final class Gate: Sendable {
        let turn = Mutex(())
        let deadline = Deadline()
    }

    private static let gates = Mutex<[String: Gate]>([:])

    package let address: TPMAddress
    private let milliseconds: Int32
    private let gate: Gate

    /// - Parameter milliseconds: what each task may take, without the waiting for its turn.
    package init(_ address: TPMAddress, milliseconds: Int32 = patience) {
        (self.address, self.milliseconds) = (address, milliseconds)
        gate = Self.gates.withLock { gates in
            let gate = gates["\(address)"] ?? Gate()
            gates["\(address)"] = gate
            return gate
        }
    }

    func perform<Value: Sendable>(_ task: @escaping @Sendable (TPMConnection) throws(PlatformError) -> Value) throws(PlatformError) -> Value
    {
        let address = address
        return try gate.turn.withLock { (_) throws(PlatformError) in
            try gate.deadline.run(milliseconds: milliseconds) { () throws(PlatformError) in try task(TPMConnection(address)) }
        }
    }

    /// What the TPM says of itself.
    package func properties() throws(PlatformError) -> TPMProperties {
        try perform { (tpm) throws(PlatformError) in try tpm.properties() }
    }

    /// The values of registers in the SHA-256 bank.
    package func registers(_ indices: [Int]) throws(PlatformError) -> [Int: Hash32] {
        try perform { (tpm) throws(PlatformError) in try tpm.read(indices) }
    }

    /// The certificate of the endorsement key as the manufacturer stored it, DER; `nil` where there is none.
    package func endorsementCertificate() throws(PlatformError) -> [UInt8]? {
        try perform { (tpm) throws(PlatformError) in try tpm.endorsementCertificate() }
    }
}

extension TPMConnection {
    /// Where certificates are kept ("TCG EK Credential Profile", §2.2.1.4): RSA 2048, ECC P-256, then the newer places.
    private static let certificateIndices: [UInt32] = [0x01c0_0002, 0x01c0_000a, 0x01c0_0012, 0x01c0_0014, 0x01c0_0016]

    func endorsementCertificate() throws(PlatformError) -> [UInt8]? {
        for index in Self.certificateIndices {
            if let bytes = try nonVolatile(index), let certificate = Self.trimmed(bytes) { return certificate }
        }
        return nil
    }

    /// Without what some manufacturers leave behind the certificate: a DER SEQUENCE with a length of two bytes.
    static func trimmed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > 4, bytes[0] == 0x30, bytes[1] == 0x82 else { return nil }
        let length = 4 + Int(bytes[2]) << 8 + Int(bytes[3])
        return length <= bytes.count ? Array(bytes[..<length]) : nil
    }
}
