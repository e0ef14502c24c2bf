import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// The steps that assessments and subscriptions share.
extension EnclaveMachine {
    /// Begins a run of the program over `rows`, in one message whose length tells the fields and the number of rows alone.
    func begin(
        _ program: ReadyProgram, rows: [[FieldValue?]], schema: Schema, fields: [String], parameters: [RowBatch.Parameter]
    ) throws(RunFailure) {
        observer?(.program)
        defer { observer?(.other) }
        var batch: RowBatch
        do throws(DataModelError) {
            batch = try RowBatch(schema: schema, fields: fields, parameters: parameters)
            for row in rows { try batch.appendRow(row) }
        } catch { throw .final(error) }
        try program.begin(
            batch, bound: RowBatch.maximumBytes(schema: schema, fields: fields, parameters: parameters, rows: rows.count))
    }

    /// The output of the program's oldest run.
    func finish(_ program: ReadyProgram) throws(RunFailure) -> [UInt8] {
        observer?(.program)
        defer { observer?(.other) }
        return try program.finish()
    }

    /// A sealed result, and what opens it.
    struct SealedRun {
        let bytes: [UInt8]
        let commitment: Hash32
        let key: SymmetricKey
    }

    /// Signs, pads and seals a program's output.
    func seal(
        _ output: [UInt8], job: Hash32, recipient: Hash32, program: Hash32, by ready: ReadyProgram, subjects: Int
    ) throws(RunFailure) -> SealedRun {
        observer?(.sealing)
        defer { observer?(.other) }
        var result = WireResult()
        result.request = .init(job.bytes)
        result.chainID = chainID
        result.program = .init(program.bytes)
        result.enclave = .init(id.bytes)
        result.platform = platform.name
        result.height = client.trusted.height
        result.output = .init(output)
        result.subjects = UInt32(clamping: subjects)
        var signed = WireSignedResult()
        signed.result = .init(result.encoded())
        let salt = SecureRandom.bytes(Sidecar.saltBytes)
        let padded = ResultEnvelope.paddedBytes(maximumOutput: ready.maximumOutput)
        do throws(EnclaveError) { signed.signature = .init(try sign([UInt8](signed.result), .result)) } catch { throw .host(error) }
        let key = vault.resultSecret.resultKey(job: job, recipient: recipient, salt: salt)
        guard let sealed = try? ResultEnvelope.seal(signed, job: job, key: key, salt: salt, paddedBytes: padded) else {
            throw .host(.internalFailure)
        }
        return SealedRun(bytes: sealed, commitment: Sidecar.commitment(sealed), key: key)
    }

    static func use(_ grant: Hash32, _ job: Hash32, outputBytes: UInt64) -> WireVaultUse {
        var use = WireVaultUse()
        use.grant = .init(grant.bytes)
        use.request = .init(job.bytes)
        use.outputBytes = outputBytes
        return use
    }

    static func run(
        _ job: Hash32, _ sealed: (bytes: [UInt8], commitment: Hash32), for recipient: Hash32, dataset: String,
        sources: [Vault.RecordKeyName]
    ) -> WireVaultRun {
        var run = WireVaultRun()
        run.request = .init(job.bytes)
        run.commitment = .init(sealed.commitment.bytes)
        run.sealedResult = .init(sealed.bytes)
        run.recipient = .init(recipient.bytes)
        run.dataset = dataset
        run.sources = sources.map { name in
            var source = WireVaultRunSource()
            source.subject = .init(name.key.subject.bytes)
            source.keyEpoch = name.key.epoch
            source.keyIndex = name.leaf
            return source
        }
        return run
    }
}
