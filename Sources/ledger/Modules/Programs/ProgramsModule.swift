import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// Programs that enclaves run: known by the hash of their Wasm code, which is the publishing transaction's sidecar.
package enum ProgramsModule {
    /// The most fuel that one run may be given.
    package static let maximumFuel: UInt64 = 200_000_000

    package static func publish(_ message: WirePublishProgram, _ context: MessageContext, _ state: inout ModuleState) throws {
        let manifest = message.manifest
        guard let code = Hash32(message.codeHash), let commitment = Hash32(message.commitment),
            (1...Limits.identifier).contains(manifest.name.utf8.count), (1...Limits.identifier).contains(manifest.version.utf8.count),
            manifest.description_p.utf8.count <= Limits.text, manifest.kind == .assessment || manifest.kind == .subscription,
            (1...maximumFuel).contains(manifest.fuel), (1...65_536).contains(manifest.maximumOutput)
        else { throw Refusal.programsMalformed }
        do { _ = try OutputSchema.decode([UInt8](manifest.outputSchema)) } catch { throw Refusal.programsMalformed }
        guard try state.value(StateKey.program(code)) == nil else { throw Refusal.programsExists }
        var program = WireProgram()
        program.codeHash = message.codeHash
        program.manifest = manifest
        program.publisher = .init(context.sender.bytes)
        program.commitment = message.commitment
        program.height = context.block.height
        state.set(StateKey.program(code), program)
        try SidecarReferences.add(commitment, &state)
        state.emit("programs.published", id: code.bytes, account: context.sender)
    }

    /// The published program with this code hash and kind.
    package static func program(
        _ code: Hash32, kind: WireProgramKind, _ state: inout ModuleState
    ) throws -> WireProgram {
        guard let program: WireProgram = try state.message(StateKey.program(code)) else { throw Refusal.programsUnpublished }
        guard program.manifest.kind == kind else { throw Refusal.programsWrongKind }
        return program
    }
}

extension Refusal {
    package static let programsUnpublished = Refusal(450, "programs.unpublished", "no program with this code hash is published")
    package static let programsMalformed = Refusal(451, "programs.malformed", "the program's manifest is not well formed")
    package static let programsExists = Refusal(452, "programs.exists", "a program with this code hash is published already")
    package static let programsWrongKind = Refusal(453, "programs.wrongKind", "the program is made for another kind of request")

    package static let allPrograms: [Refusal] = [programsUnpublished, programsMalformed, programsExists, programsWrongKind]
}
