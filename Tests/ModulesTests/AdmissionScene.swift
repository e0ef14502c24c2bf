import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import TpmSupport
import WireTypes

/// A chain whose governance is one account, with enclaves of two platforms at hand.
struct AdmissionScene {
    var chain: MemoryChain
    let stranger: SigningKey
    let tpm: TestTpm

    /// - Parameter requiresReferences: then neither simulated enclaves are allowed, nor builds that nobody has decided on.
    init(requiresReferences: Bool = false, _ adjust: (inout WireGenesis) -> Void = { _ in }) throws {
        var generator = SeededGenerator(seed: 606)
        let stranger = try SigningKey.ed25519(seed: generator.bytes(32))
        self.stranger = stranger
        tpm = try TestTpm()
        chain = try MemoryChain(funded: [stranger.address]) { genesis in
            (genesis.allowSimulatedEnclaves, genesis.allowSoftwareTpm) = (!requiresReferences, true)
            genesis.attestation = .usual(genesis)
            genesis.attestation.evidenceLifetime = 600_000
            genesis.attestation.renewalGrace = 60_000
            genesis.attestation.measurementDelay = 5
            genesis.attestation.referenceValuesRequired = requiresReferences
            adjust(&genesis)
        }
        try chain.block()
    }

    func simulated(_ seed: UInt64 = 7) throws -> TestEnclave { try TestEnclave(chainID: chain.genesis.chainID, seed: seed) }
    func measured(_ seed: UInt64 = 8) throws -> TestEnclave { try TestEnclave(chainID: chain.genesis.chainID, seed: seed, tpm: tpm) }

    /// Registers with evidence that answers the newest block.
    mutating func register(_ enclave: TestEnclave, by key: SigningKey? = nil) throws -> UInt32 {
        try chain.submit(enclave.registration(height: chain.height, block: chain.lastHash), by: key ?? chain.operatorKey)
    }

    mutating func renew(_ enclave: TestEnclave, by key: SigningKey? = nil) throws -> UInt32 {
        try chain.submit(enclave.renewal(height: chain.height, block: chain.lastHash), by: key ?? chain.operatorKey)
    }

    /// Anything that only an active enclave may do.
    mutating func act(_ enclave: TestEnclave) throws -> UInt32 {
        try chain.submit(enclave.anchor(nonce: .zero, version: 1, root: Hash32(1, 1, 1, 1)), by: chain.operatorKey)
    }

    /// Proposes, which on a chain with one validator decides; the proposal's own code, or what it failed of.
    @discardableResult
    mutating func decide(_ adjust: (inout WireChange) -> Void) throws -> UInt32 {
        var message = WireMessage()
        adjust(&message.proposeChange.change)
        message.proposeChange.expires = chain.height + 10
        return try chain.submit(message, by: chain.operatorKey)
    }

    func enclave(_ enclave: TestEnclave) throws -> WireEnclave { try chain.message(StateKey.enclave(enclave.id)) ?? WireEnclave() }
    func rules() throws -> WireAttestationRules { try chain.message(StateKey.attestationRules) ?? WireAttestationRules() }
    func reference() throws -> WireReferenceValue? {
        try chain.message(StateKey.referenceValue(TestTpm.platform, measurement: tpm.measurement))
    }
}
