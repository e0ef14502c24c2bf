import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// A program as it is published: Wasm code beside a JSON manifest (`NAME.wasm`, `NAME.json`).
package struct ProgramPackage: Sendable {
    /// The fuel of a run unless the manifest says otherwise: what enclaves allow at most.
    private static let standardFuel: UInt64 = 200_000_000

    package let code: [UInt8]
    package let manifest: WireProgramManifest
    package var codeHash: Hash32 { Digest.plain(code) }

    /// - Parameter kind: for manifests that do not name it.
    package init(code: [UInt8], manifest json: JSONValue, kind: WireProgramKind? = nil) throws(ClientError) {
        guard let name = json["name"]?.text, !name.isEmpty, let fields = json["output"]?.array else {
            throw .invalidManifest("\"name\" or \"output\" is missing")
        }
        let outputs = try Self.outputs(fields)
        var manifest = WireProgramManifest()
        manifest.name = name
        manifest.version = json["version"]?.text ?? "1.0.0"
        manifest.description_p = json["description"]?.text ?? ""
        manifest.outputSchema = .init(outputs.encoding)
        manifest.fuel = json["fuel"]?.unsigned ?? Self.standardFuel
        manifest.maximumOutput = UInt32(outputs.maximumBytes)
        switch json["kind"]?.text {
        case "assessment": manifest.kind = .assessment
        case "subscription": manifest.kind = .subscription
        case nil:
            guard let kind else { throw .invalidManifest("\"kind\" must be assessment or subscription") }
            manifest.kind = kind
        default: throw .invalidManifest("\"kind\" must be assessment or subscription")
        }
        self.code = code
        self.manifest = manifest
    }

    private static func outputs(_ fields: [JSONValue]) throws(ClientError) -> OutputSchema {
        let types: [String: OutputType] = [
            "integer": .integer, "number": .number, "text": .text, "boolean": .boolean, "integers": .integers, "numbers": .numbers,
        ]
        var outputs: [OutputSchema.Field] = []
        for field in fields {
            guard let name = field["name"]?.text, let type = field["type"]?.text.flatMap({ types[$0] }) else {
                throw .invalidManifest("an output needs a name and a known type")
            }
            let count = field["maximum_count"]?.unsigned ?? 1
            guard let maximumCount = UInt32(exactly: count) else { throw .invalidManifest("a maximum_count is too large") }
            outputs.append(
                OutputSchema.Field(
                    name, type, maximumCount: maximumCount, minimum: bound(field["minimum"]), maximum: bound(field["maximum"])))
        }
        do { return try OutputSchema(fields: outputs) } catch { throw .invalidManifest(error.reason) }
    }

    private static func bound(_ json: JSONValue?) -> FieldValue? {
        switch json {
        case .integer(let value)?: .integer(value)
        case .number(let value)?: .number(value)
        default: nil
        }
    }

    /// The message that publishes it, and the sidecar that holds the code.
    package func publication() -> (message: WirePublishProgram, sidecar: [UInt8]) {
        let sidecar = Sidecar.make(code, salt: SecureRandom.bytes(Sidecar.saltBytes))
        var message = WirePublishProgram()
        message.codeHash = .init(codeHash.bytes)
        message.manifest = manifest
        message.commitment = .init(Sidecar.commitment(sidecar).bytes)
        message.size = UInt32(sidecar.count)
        return (message, sidecar)
    }
}
