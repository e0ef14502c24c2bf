import Primitives

/// Intel's TCB info, version 3, of a family of platforms (PCS API v4).
package struct TcbInfo: Sendable {
    struct Level: Sendable {
        let components: [UInt8]
        let pceSvn: UInt16
        /// TDX only.
        let tdxComponents: [UInt8]
        let status: TcbStatus
        let advisories: [String]
    }

    /// The TDX module, in general and by its major version.
    struct Module: Sendable {
        let mrSigner: [UInt8]
        let attributes: [UInt8]
        let attributesMask: [UInt8]
        let levels: [QeIdentity.Level]

        /// Whether the module that signed itself into `report` is this one.
        func covers(_ report: TdReport) -> Bool {
            report.mrSignerSeam.elementsEqual(mrSigner)
                && zip(report.seamAttributes, attributesMask).map { $0 & $1 }.elementsEqual(zip(attributes, attributesMask).map { $0 & $1 })
        }
    }

    /// `SGX` or `TDX`.
    let id: String
    let fmspc: [UInt8]
    let pceID: [UInt8]
    let issue: IntelIssue
    /// From newest to oldest, as signed.
    let levels: [Level]
    let module: Module?
    let modules: [String: Module]

    package init(_ content: JsonValue) throws(AttestationError) {
        id = try content.text("id")
        guard ["SGX", "TDX"].contains(id), try content.number("version") == 3, try content.number("tcbType") == 0 else { throw .malformed }
        let isTdx = id == "TDX"
        issue = try IntelIssue(content)
        fmspc = try content.octets("fmspc", 6)
        pceID = try content.octets("pceId", 2)
        var levels: [Level] = []
        for item in try content.items("tcbLevels") { levels.append(try Self.level(item, isTdx: isTdx)) }
        self.levels = levels
        module = isTdx ? try Self.module(content.member("tdxModule"), hasLevels: false) : nil
        var modules: [String: Module] = [:]
        if isTdx, content.object?["tdxModuleIdentities"] != nil {
            for item in try content.items("tdxModuleIdentities", atMost: 64) {
                let module = try Self.module(item, hasLevels: true)
                guard modules.updateValue(module, forKey: try item.text("id")) == nil else { throw .malformed }
            }
        }
        self.modules = modules
    }

    private static func level(_ item: JsonValue, isTdx: Bool) throws(AttestationError) -> Level {
        let tcb = try item.member("tcb")
        return Level(
            components: try components(tcb, "sgxtcbcomponents"),
            pceSvn: UInt16(truncatingIfNeeded: try tcb.number("pcesvn", below: 1 << 16)),
            tdxComponents: isTdx ? try components(tcb, "tdxtcbcomponents") : [], status: try item.status(),
            advisories: try item.advisories())
    }

    private static func components(_ tcb: JsonValue, _ name: String) throws(AttestationError) -> [UInt8] {
        let items = try tcb.items(name)
        guard items.count == 16 else { throw .malformed }
        var components: [UInt8] = []
        for item in items { components.append(UInt8(truncatingIfNeeded: try item.number("svn", below: 256))) }
        return components
    }

    private static func module(_ item: JsonValue, hasLevels: Bool) throws(AttestationError) -> Module {
        Module(
            mrSigner: try item.octets("mrsigner", 48), attributes: try item.octets("attributes", 8),
            attributesMask: try item.octets("attributesMask", 8), levels: hasLevels ? try QeIdentity.levels(item) : [])
    }

    /// The first level that the platform reaches; none where a TD is held against SGX's levels or the other way round.
    func level(_ pck: PckCertificate, tdx svn: [UInt8]?) -> Level? {
        guard (svn != nil) == (id == "TDX") else { return nil }
        // With a versioned module its own levels speak for the first two components.
        let first = svn.map { $0[1] == 0 ? 0 : 2 } ?? 0
        return levels.first { level in
            pck.pceSvn >= level.pceSvn && zip(pck.components, level.components).allSatisfy { $0 >= $1 }
                && (svn.map { zip($0.dropFirst(first), level.tdxComponents.dropFirst(first)).allSatisfy { $0 >= $1 } } ?? true)
        }
    }
}

extension JsonValue {
    /// A member in hexadecimal, either case, of `count` bytes.
    func octets(_ name: String, _ count: Int) throws(AttestationError) -> [UInt8] {
        guard let bytes = Hex.decode(try text(name)), bytes.count == count else { throw .malformed }
        return bytes
    }

    func status() throws(AttestationError) -> TcbStatus {
        guard let status = TcbStatus(rawValue: try text("tcbStatus")) else { throw .malformed }
        return status
    }

    func advisories() throws(AttestationError) -> [String] {
        guard object?["advisoryIDs"] != nil else { return [] }
        var names: [String] = []
        for item in try items("advisoryIDs") {
            guard let name = item.string, name.utf8.count <= 32 else { throw .malformed }
            names.append(name)
        }
        return names
    }
}
