import ChainTypes
import FoundationEssentials
import WireTypes

extension AppraisalPolicy {
    /// What a chain's rules come to. Names that this build does not know allow nothing.
    ///
    /// - Parameter rules: in the form that `isSensible` demands.
    package init(_ rules: WireAttestationRules, allowSimulated: Bool) {
        self.init(allowSimulated: allowSimulated, allowSoftwareTpm: rules.allowSoftwareTpm)
        if !rules.tcbStatuses.isEmpty { tcbStatuses = Set(rules.tcbStatuses.compactMap(TcbStatus.init(rawValue:))) }
        // Whoever reads rules from a state that only a quorum vouches for finds what the chain itself never takes.
        tcbStatuses.remove(.revoked)
        refusedAdvisories = Set(rules.refusedAdvisories)
        minimumTcbEvaluation = rules.minimumTcbEvaluation
        requireSeptVeDisable = rules.requireSeptVeDisable
        amdProducts = Set(AmdProduct.allCases).subtracting(rules.excludedProductLines.compactMap(AmdProduct.init(rawValue:)))
        for floor in rules.floors {
            guard let product = AmdProduct(rawValue: floor.productLine) else { continue }
            amdFloors[product] = AmdTcb(ruled: [UInt8](floor.floor), product)
        }
        maximumVmpl = rules.maximumVmpl
        requireAliasCheck = rules.requireAliasCheck
        requireReferenceValues = rules.referenceValuesRequired
    }
}

extension AmdTcb {
    /// The eight bytes of TCB_VERSION (SEV-SNP ABI §2.2), whose order depends on the product line.
    /// Of another size they are a floor that nothing reaches.
    fileprivate init(ruled bytes: [UInt8], _ product: AmdProduct) {
        guard bytes.count == 8 else {
            self.init(fmc: .max, bootloader: .max, tee: .max, snp: .max, microcode: .max)
            return
        }
        switch product {
        case .milan, .genoa: self.init(bootloader: bytes[0], tee: bytes[1], snp: bytes[6], microcode: bytes[7])
        case .turin: self.init(fmc: bytes[0], bootloader: bytes[1], tee: bytes[2], snp: bytes[3], microcode: bytes[7])
        }
    }
}

extension TrustAnchors {
    /// These, and the roots of TPM manufacturers that the chain's rules name.
    package func adding(_ rules: WireAttestationRules) -> TrustAnchors {
        var anchors = self
        anchors.tpm += rules.tpmRoots.map { [UInt8]($0) }
        return anchors
    }
}

extension ReferenceValues {
    /// The one value that an identity claims, unless it is revoked; none for an unknown one.
    package init(claimed value: WireReferenceValue?, rules: WireAttestationRules) {
        self.init(attestationKeys: Set(rules.attestationKeys.map { [UInt8]($0) }))
        guard let value, !value.revoked else { return }
        var wire = WireReferenceMeasurement()
        (wire.platform, wire.registers) = (value.platform, value.registers)
        if let reference = try? ReferenceValue(wire) { values = [reference] }
    }
}
