import Attestation
import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// Datasets: their schema, standard metadata attributes and residency. Version 1 of a schema is published with its dataset.
package enum RegistryModule {
    package static func publish(_ message: WirePublishDataset, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard isIdentifier(message.dataset), isValid(message.metadata) else { throw Refusal.registryMalformed }
        guard message.residency == .local || message.residency == .results || message.residency == .listed else {
            throw Refusal.registryMalformed
        }
        _ = try EnclaveRequirements(dataset: message.demand)
        let schema: Schema
        do { schema = try Schema.decode([UInt8](message.schema)) } catch { throw Refusal.registryBadSchema }
        guard schema.version == 1 else { throw Refusal.registryBadSchema }
        guard try state.value(StateKey.dataset(message.dataset)) == nil else { throw Refusal.registryExists }
        var dataset = WireDataset()
        dataset.dataset = message.dataset
        dataset.owner = .init(context.sender.bytes)
        dataset.metadata = message.metadata
        dataset.schema = message.schema
        dataset.schemaVersion = schema.version
        dataset.residency = message.residency
        dataset.minimumCohort = message.minimumCohort
        if message.hasDemand { dataset.demand = message.demand }
        dataset.height = context.block.height
        state.set(StateKey.dataset(message.dataset), dataset)
        state.emit("registry.datasetPublished", id: Array(message.dataset.utf8), account: context.sender)
    }

    package static func dataset(_ name: String, _ state: inout ModuleState) throws -> WireDataset {
        guard isIdentifier(name), let dataset: WireDataset = try state.message(StateKey.dataset(name)) else {
            throw Refusal.registryUnknownDataset
        }
        return dataset
    }

    /// Lowercase letters, digits, hyphens and dots; at most 64 bytes.
    private static func isIdentifier(_ text: String) -> Bool {
        (1...Limits.identifier).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
    }

    private static func isValid(_ metadata: WireMetadata) -> Bool {
        !metadata.name.isEmpty
            && [
                metadata.name, metadata.createdBy, metadata.dateCreated, metadata.contentType, metadata.description_p, metadata.encoding,
                metadata.language, metadata.licence,
            ].allSatisfy { $0.utf8.count <= Limits.text }
    }
}

extension Refusal {
    package static let registryMalformed = Refusal(250, "registry.malformed", "the dataset's id, metadata or residency is not well formed")
    package static let registryBadSchema = Refusal(251, "registry.badSchema", "the schema is not a well-formed version 1")
    package static let registryExists = Refusal(252, "registry.exists", "a dataset with this id exists")
    package static let registryUnknownDataset = Refusal(253, "registry.unknownDataset", "there is no dataset with this id")

    package static let allRegistry: [Refusal] = [registryMalformed, registryBadSchema, registryExists, registryUnknownDataset]
}
