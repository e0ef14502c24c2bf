import Attestation
import Crypto
import Foundation
import Primitives

/// A processor of Intel's kind with a hierarchy and collateral of its own: what Intel's keys would sign, under a root that tests pin instead.
struct ForgedIntel {
    /// What the quote is about.
    enum Body {
        /// An enclave with this MRENCLAVE, quote version 3.
        case sgx(mrEnclave: [UInt8], attributes: UInt8 = 5)
        /// A TD with this report body, quote version 4.
        case td([UInt8])

        fileprivate var isTdx: Bool { if case .td = self { true } else { false } }
        fileprivate var bytes: [UInt8] {
            switch self {
            case .sgx(let mrEnclave, let attributes): ForgedIntel.report([48: [attributes], 64: mrEnclave, 128: [0x51]])
            case .td(let body): body
            }
        }
    }

    let root: [UInt8]
    let quote: [UInt8]
    let collateral: [EvidenceFiles.Role: [UInt8]]

    private static let rootName = "Intel SGX Root CA"
    private static let platformName = "Intel SGX PCK Platform CA"
    private static let fmspc = [UInt8](repeating: 0xf5, count: 6)
    private static let sgx: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 0x0d, 1]
    /// Of the quoting enclave.
    private static let version: UInt8 = 4

    /// - Parameter status: of the one TCB level that there is.
    init(_ body: Body, status: String = "UpToDate") throws {
        let (rootKey, platform, pck, signer) = (
            P256.Signing.PrivateKey(), P256.Signing.PrivateKey(), P256.Signing.PrivateKey(), P256.Signing.PrivateKey()
        )
        func issued(_ name: String, _ key: P256.Signing.PrivateKey, _ extensions: [[UInt8]]) throws -> [UInt8] {
            try TestDer.certificate(name, key.publicKey, by: Self.rootName, rootKey, extensions)
        }
        root = try issued(Self.rootName, rootKey, [TestDer.authority])
        let authority = try issued(Self.platformName, platform, [TestDer.authority])
        let leaf = try TestDer.certificate("Intel SGX PCK Certificate", pck.publicKey, by: Self.platformName, platform, [Self.pckExtension])
        quote = try Self.quote(body, pck, Self.pem([leaf, authority, root]))
        // A subject key identifier: a certificate has some extension.
        let signing = try issued("Intel SGX TCB Signing", signer, [TestDer.entry([0x55, 0x1d, 0x0e], TestDer.node(0x04, [1]))])
        collateral = [
            .tcbInfo: try Self.signed("tcbInfo", Self.tcbInfo(body, status), signer),
            .qeIdentity: try Self.signed("enclaveIdentity", Self.identity(body), signer), .tcbSigners: Self.pem([signing, root]),
            .pckList: try TestDer.list(by: Self.platformName, platform), .pckListIssuers: Self.pem([authority, root]),
            .rootList: try TestDer.list(by: Self.rootName, rootKey),
        ]
    }

    /// Appraised as a file is.
    var vector: EvidenceVector {
        let files = collateral.merging([.evidence: quote]) { $1 }
        return EvidenceVector(files: EvidenceFiles(files), time: 1_780_000_000_000, anchors: .only(root))
    }

    /// The committed parts of an Azure machine over TDX, with a quote about the same TD and collateral: what such a machine and Intel give out.
    static func azure() throws -> EvidenceVector {
        var vector = try VectorSet.committed().vector("az-tdx")
        let quote = vector.files.files[.tdQuote] ?? []
        let forged = try ForgedIntel(.td(Array(quote[48..<632])))
        vector.files.files.merge(forged.collateral.merging([.tdQuote: forged.quote]) { $1 }) { $1 }
        (vector.time, vector.anchors) = (forged.vector.time, forged.vector.anchors)
        return vector
    }

    /// An enclave's report: zeros but for these parts, by offset.
    private static func report(_ parts: [Int: [UInt8]]) -> [UInt8] {
        var report = [UInt8](repeating: 0, count: 384)
        for (offset, bytes) in parts { report.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        return report
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> ($0 * 8) & 0xff) } }

    private static func quote(_ body: Body, _ pck: P256.Signing.PrivateKey, _ chain: [UInt8]) throws -> [UInt8] {
        let vendor = Hex.decode("939a7233f79c4ca9940a0db3957f0607") ?? []
        let head = [body.isTdx ? 4 : 3, 0, 2, 0, body.isTdx ? 0x81 : 0, 0, 0, 0, 0, 0, 0, 0] + vendor + [UInt8](repeating: 0, count: 20)
        let content = head + body.bytes
        let key = P256.Signing.PrivateKey()
        let (point, extra) = (Array(key.publicKey.rawRepresentation), [UInt8](0..<32))
        let enclave = report([48: [5], 128: [0x0e], 256: [1], 258: [version], 320: Array(SHA256.hash(data: Data(point + extra)))])
        let vouched =
            try enclave + pck.signature(for: Data(enclave)).rawRepresentation + little(extra.count, 2) + extra + [5, 0]
            + little(chain.count, 4) + chain
        let data = try key.signature(for: Data(content)).rawRepresentation + point
        let whole = data + (body.isTdx ? [6, 0] + little(vouched.count, 4) : []) + vouched
        return content + little(whole.count, 4) + whole
    }

    /// Intel SGX PCK certificate profile §1.3.5.
    private static var pckExtension: [UInt8] {
        func field(_ arc: [UInt8], _ value: [UInt8]) -> [UInt8] { TestDer.node(0x30, TestDer.node(0x06, sgx + arc) + value) }
        let versions = (1...17).flatMap { field([2, $0], TestDer.node(0x02, [7])) }
        let fields = [
            field([1], TestDer.node(0x04, [UInt8](repeating: 0xbb, count: 16))), field([2], TestDer.node(0x30, versions)),
            field([3], TestDer.node(0x04, [0, 0])), field([4], TestDer.node(0x04, fmspc)),
        ]
        return TestDer.entry(sgx, TestDer.node(0x30, fields.flatMap { $0 }))
    }

    private static func pem(_ chain: [[UInt8]]) -> [UInt8] {
        let blocks = chain.map { certificate in
            let text = Data(certificate).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
            return "-----BEGIN CERTIFICATE-----\n\(text)\n-----END CERTIFICATE-----\n"
        }
        return Array(blocks.joined().utf8)
    }

    private static func signed(_ member: String, _ content: String, _ key: P256.Signing.PrivateKey) throws -> [UInt8] {
        let signature = Hex.encode(Array(try key.signature(for: Data(content.utf8)).rawRepresentation))
        return Array("{\"\(member)\":\(content),\"signature\":\"\(signature)\"}".utf8)
    }

    private static let issue = """
        "issueDate":"2026-05-01T00:00:00Z","nextUpdate":"2026-06-30T00:00:00Z","tcbEvaluationDataNumber":20
        """

    private static func tcbInfo(_ body: Body, _ status: String) -> String {
        let zeros = Array(repeating: "{\"svn\":0}", count: 16).joined(separator: ",")
        let components = "\"sgxtcbcomponents\":[\(zeros)]" + (body.isTdx ? ",\"tdxtcbcomponents\":[\(zeros)]" : "")
        let level = "{\"tcb\":{\(components),\"pcesvn\":0},\"tcbStatus\":\"\(status)\"}"
        let general = """
            "version":3,\(issue),"fmspc":"\(Hex.encode(fmspc))","pceId":"0000","tcbType":0,"tcbLevels":[\(level)]
            """
        guard case .td(let report) = body else { return "{\"id\":\"SGX\",\(general)}" }
        let module = """
            "mrsigner":"\(Hex.encode(Array(report[64..<112])))","attributes":"0000000000000000","attributesMask":"ffffffffffffffff"
            """
        let levels = "[{\"tcb\":{\"isvsvn\":0},\"tcbStatus\":\"UpToDate\"}]"
        let named = "{\"id\":\"\(IntelTcbVerdict.moduleName(report[1]))\",\(module),\"tcbLevels\":\(levels)}"
        return "{\"id\":\"TDX\",\(general),\"tdxModule\":{\(module)},\"tdxModuleIdentities\":[\(named)]}"
    }

    private static func identity(_ body: Body) -> String {
        """
        {"id":"\(body.isTdx ? "TD_QE" : "QE")","version":2,\(issue),"miscselect":"00000000","miscselectMask":"ffffffff",\
        "attributes":"\(Hex.encode([5] + [UInt8](repeating: 0, count: 15)))","attributesMask":"\(String(repeating: "f", count: 32))",\
        "mrsigner":"\(Hex.encode([0x0e] + [UInt8](repeating: 0, count: 31)))","isvprodid":1,\
        "tcbLevels":[{"tcb":{"isvsvn":\(version)},"tcbStatus":"UpToDate"}]}
        """
    }
}
