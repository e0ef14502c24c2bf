import FoundationEssentials
import WireTypes

/// What Intel publishes about a platform: everything that a quote is appraised with.
package struct IntelCollateral: Sendable {
    /// JSON as served, with the DER certificates above its signature.
    package struct Document: Sendable {
        package var body: [UInt8]
        package var issuers: [[UInt8]]

        package init(body: [UInt8], issuers: [[UInt8]]) { (self.body, self.issuers) = (body, issuers) }
    }

    package var tcbInfo: Document
    package var qeIdentity: Document
    /// DER of the list by the CA of PCK certificates, and its issuers.
    package var pckList: Document
    /// DER of the root's list.
    package var rootList: [UInt8]

    package init(tcbInfo: Document, qeIdentity: Document, pckList: Document, rootList: [UInt8]) {
        (self.tcbInfo, self.qeIdentity, self.pckList, self.rootList) = (tcbInfo, qeIdentity, pckList, rootList)
    }

    /// The collateral of a platform from a chain's endorsements; `nil` where one is missing.
    init?(_ endorsements: Endorsements, _ slots: IntelSlots) {
        guard let tcbInfo = endorsements.slots[slots.tcbInfo], let qeIdentity = endorsements.slots[slots.qeIdentity],
            let pckList = endorsements.slots[slots.pckList], let rootList = endorsements.slots[IntelSlots.rootList]
        else { return nil }
        self.init(
            tcbInfo: Document(tcbInfo), qeIdentity: Document(qeIdentity), pckList: Document(pckList), rootList: [UInt8](rootList.body))
    }
}

extension IntelCollateral.Document {
    init(_ endorsement: WireEndorsement) {
        self.init(body: [UInt8](endorsement.body), issuers: endorsement.issuers.map { [UInt8]($0) })
    }
}

/// Where a platform's endorsements are kept.
struct IntelSlots {
    static let rootList = "intel/root-crl"
    let tcbInfo: String
    let qeIdentity: String
    let pckList: String

    /// - Parameter fmspc: lowercase hexadecimal.
    static func tcbInfo(isTdx: Bool, fmspc: String) -> String { "intel/tcb-info/\(isTdx ? "tdx" : "sgx")/\(fmspc)" }
    static func qeIdentity(isTdx: Bool) -> String { "intel/qe-identity/\(isTdx ? "tdx" : "sgx")" }

    /// - Parameter name: the CA's common name; `nil` for one that issues no PCK certificates.
    static func pckList(_ name: String) -> String? {
        switch name {
        case "Intel SGX PCK Platform CA": "intel/pck-crl/platform"
        case "Intel SGX PCK Processor CA": "intel/pck-crl/processor"
        default: nil
        }
    }
}
