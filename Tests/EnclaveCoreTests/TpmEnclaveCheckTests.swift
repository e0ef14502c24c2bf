import AdversarySupport
import Attestation
import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import EnclaveWorker
import FoundationEssentials
import JupiterClient
import PlatformProtocol
import Primitives
import Testing
import TpmSupport
import WireTypes

/// An enclave that stands on a software TPM, as a wallet is shown it.
@Suite struct `An enclave on a TPM that is shown to a wallet` {
    private struct Platform: EnclavePlatform {
        let tpm: TestTpm
        let secret: SymmetricKey
        var name: String { TestTpm.platform }
        var assurance: AssuranceClass { .none }
        var measurement: Hash32 { tpm.measurement }
        func sealingKey() throws(VaultError) -> SymmetricKey { secret }
        func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8] {
            guard let report = try? tpm.report(binding) else { throw .ioFailed }
            return report
        }
    }

    private let tpm: TestTpm
    private let scene: EnclaveScene

    init() throws {
        tpm = try TestTpm()
        let node = try BypassedNode(Self.allowing(tpm.reference))
        let platform = Platform(tpm: tpm, secret: try AuthenticatedEncryption.key([UInt8](repeating: 7, count: 32)))
        let enclave = try Enclave(
            platform: platform, storage: MemoryVaultStorage(), genesis: node.genesis, programs: InProcessPrograms())
        scene = try EnclaveScene(
            node: node, driver: .inProcess(enclave), schema: Schema(version: 1, fields: [Field("age", .integer)]))
        try scene.start()
    }

    /// A genesis for software TPMs only, which names the build.
    private static func allowing(_ build: WireReferenceMeasurement) -> (inout WireGenesis) -> Void {
        { genesis in (genesis.allowSimulatedEnclaves, genesis.allowSoftwareTpm, genesis.referenceValues) = (false, true, [build]) }
    }

    private func admission() throws -> WireJobProof {
        var build = WireReferenceValue()
        (build.platform, build.registers) = (tpm.reference.platform, tpm.reference.registers)
        build.measurement = .init(tpm.measurement.bytes)
        return try scene.admission(reference: build)
    }

    /// What a wallet makes of it that trusts a genesis with the same validators.
    private func checked(_ change: @escaping (inout WireGenesis) -> Void) throws -> CheckedEnclave {
        let trusted = try BypassedNode { genesis in
            Self.allowing(tpm.reference)(&genesis)
            change(&genesis)
        }.genesis
        return try CheckedEnclave(admission(), of: scene.enclaveID, on: TrustedChain(trusted), now: scene.node.time)
    }

    private func refusal(_ change: @escaping (inout WireGenesis) -> Void) throws -> String {
        do { _ = try checked(change) } catch let error as ClientError { return error.name }
        return ""
    }

    @Test func `passes for a software one, named by the genesis or by governance alone`() throws {
        let enclave = try checked { _ in }
        #expect(enclave.label == "tpm (software)" && enclave.entry.assurance == "none" && enclave.voucher == .genesis)
        #expect(try checked { $0.referenceValues = [] }.voucher == .governance)
    }

    @Test func `is refused where the genesis allows no software TPMs, though the chain's rules do`() throws {
        #expect(try refusal { $0.allowSimulatedEnclaves = true } == "")
        #expect(try refusal { ($0.allowSoftwareTpm, $0.allowSimulatedEnclaves) = (false, true) } == "client.enclaveUnproven")
    }

    @Test func `is refused when it measures another build than the chain names`() throws {
        var build = WireReferenceValue()
        (build.platform, build.registers) = (tpm.reference.platform, try TestTpm(build: 2).reference.registers)
        build.measurement = .init(tpm.measurement.bytes)
        let proof = try scene.admission(reference: build)
        let chain = TrustedChain(scene.node.genesis)
        let error = #expect(throws: ClientError.self) {
            try CheckedEnclave(proof, of: scene.enclaveID, on: chain, now: scene.node.time)
        }
        #expect(error?.name == "client.enclaveUnproven")
    }
}
