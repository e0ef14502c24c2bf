import Primitives

/// How an enclave uses a TPM.
package struct TPMOptions: Sendable, Equatable {
    /// Measured by firmware and boot loader: code of the firmware, of add-in cards, of the boot loader, and the secure-boot policy.
    package static let standardBootRegisters = [0, 2, 4, 7]
    /// Unused by firmware, boot loaders and IMA; systemd measures extension images of the early system into it.
    package static let standardLaunchRegister = 13
    private static let registers = 0..<24
    /// These may be reset while the machine runs, so they prove nothing about its past.
    private static let resettable: Set<Int> = [16, 23]

    package let address: TPMAddress
    /// What was measured before the enclave: quoted, and sealed to.
    package let bootRegisters: [Int]
    /// What the enclave's launch is measured into.
    package let launchRegister: Int

    /// - Throws: `badRegisters` for registers that do not exist, a launch register that can be reset or is a boot register.
    package init(
        address: TPMAddress = .standard, bootRegisters: [Int] = standardBootRegisters, launchRegister: Int = standardLaunchRegister
    ) throws(PlatformError) {
        guard Self.registers.contains(launchRegister), !Self.resettable.contains(launchRegister) else {
            throw .badRegisters(String(launchRegister))
        }
        guard bootRegisters.allSatisfy(Self.registers.contains), !bootRegisters.contains(launchRegister) else {
            throw .badRegisters(bootRegisters.map(String.init).joined(separator: ","))
        }
        (self.address, self.launchRegister) = (address, launchRegister)
        self.bootRegisters = Set(bootRegisters).sorted()
    }

    /// Reads a list such as `0,2,4,7`; the empty text is the empty list.
    package static func registers(_ text: String) throws(PlatformError) -> [Int] {
        guard text.utf8.count <= 100 else { throw .badRegisters(String(text.prefix(100))) }
        guard !text.isEmpty else { return [] }
        var found: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = UInt8(part), registers.contains(Int(number)) else { throw .badRegisters(text) }
            found.append(Int(number))
        }
        return found
    }

    /// What is quoted and sealed to, rising.
    package var selection: [Int] { (bootRegisters + [launchRegister]).sorted() }
}
