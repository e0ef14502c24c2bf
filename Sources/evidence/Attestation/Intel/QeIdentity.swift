/// Intel's identity, version 2, of a quoting enclave (PCS API v4).
package struct QeIdentity: Sendable {
    struct Level: Sendable {
        let securityVersion: UInt16
        let status: TcbStatus
        let advisories: [String]
    }

    /// `QE` for SGX, `TD_QE` for TDX.
    let id: String
    let issue: IntelIssue
    let miscSelect: UInt32
    let miscSelectMask: UInt32
    let attributes: [UInt8]
    let attributesMask: [UInt8]
    let mrSigner: [UInt8]
    let productID: UInt16
    /// From newest to oldest, as signed.
    let levels: [Level]

    package init(_ content: JsonValue) throws(AttestationError) {
        id = try content.text("id")
        guard ["QE", "TD_QE"].contains(id), try content.number("version") == 2 else { throw .malformed }
        issue = try IntelIssue(content)
        miscSelect = try Self.little(content.octets("miscselect", 4))
        miscSelectMask = try Self.little(content.octets("miscselectMask", 4))
        attributes = try content.octets("attributes", 16)
        attributesMask = try content.octets("attributesMask", 16)
        mrSigner = try content.octets("mrsigner", 32)
        productID = UInt16(truncatingIfNeeded: try content.number("isvprodid", below: 1 << 16))
        levels = try Self.levels(content)
    }

    private static func little(_ bytes: [UInt8]) -> UInt32 { bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) } }

    static func levels(_ content: JsonValue) throws(AttestationError) -> [Level] {
        var levels: [Level] = []
        for item in try content.items("tcbLevels") {
            let version = try item.member("tcb").number("isvsvn", below: 1 << 16)
            levels.append(
                Level(
                    securityVersion: UInt16(truncatingIfNeeded: version), status: try item.status(), advisories: try item.advisories()))
        }
        return levels
    }

    /// Whether `report` is of the quoting enclave that this identity describes.
    func covers(_ report: SgxReport) -> Bool {
        report.mrSigner.elementsEqual(mrSigner) && report.productID == productID
            && report.miscSelect & miscSelectMask == miscSelect & miscSelectMask
            && zip(report.attributes, attributesMask).map { $0 & $1 }.elementsEqual(zip(attributes, attributesMask).map { $0 & $1 })
    }
}

extension [QeIdentity.Level] {
    /// The first level that `version` reaches.
    func reached(by version: UInt16) -> QeIdentity.Level? { first { $0.securityVersion <= version } }
}
