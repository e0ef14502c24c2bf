import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Mainnet's view of the localities: who they are, and their newest certified header, verified by a light client.
package enum FederationModule {
    /// Registers a locality by its genesis. Only the operator may, until governance does.
    package static func register(_ message: WireRegisterLocality, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard context.isOperator else { throw Refusal.federationNotOperator }
        let genesis: Genesis
        do { genesis = try Genesis(decoding: [UInt8](message.genesis)) } catch { throw Refusal.federationMalformed }
        guard genesis.chainID != context.genesis.chainID else { throw Refusal.federationMalformed }
        let key = StateKey.locality(genesis.chainID)
        guard try state.value(key) == nil else { throw Refusal.federationExists }
        var locality = WireLocality()
        locality.chainID = genesis.chainID
        locality.genesisHash = .init(genesis.hash.bytes)
        locality.profile = UInt32(genesis.wire.profile.rawValue)
        locality.consensus = UInt32(genesis.consensus.rawValue)
        store(LightVerifier(genesis: genesis).trusted, in: &locality)
        state.set(key, locality)
        state.emit("federation.localityRegistered", id: Array(genesis.chainID.utf8), account: context.sender)
    }

    /// Verifies a locality's certified header and stores it as its newest checkpoint. Anybody may bring one.
    package static func checkpoint(_ message: WireSubmitCheckpoint, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard ChainID.isValid(message.chainID) else { throw Refusal.federationMalformed }
        let key = StateKey.locality(message.chainID)
        guard var locality: WireLocality = try state.message(key) else { throw Refusal.federationUnknownLocality }
        let limit = Limits.header + Limits.finality + Limits.validatorSet + 64
        guard let certified = try? WireCertifiedHeader(strictly: [UInt8](message.certifiedHeader), limit: limit) else {
            throw Refusal.federationMalformed
        }
        var client = LightVerifier(trusted: try trusted(locality))
        let known = client.trusted.height
        let header: BlockHeader
        do { header = try client.accept(certified) } catch {
            throw error == .notHigher ? Refusal.federationStaleCheckpoint : Refusal.federationBadCheckpoint
        }
        guard header.height > known else { throw Refusal.federationStaleCheckpoint }
        store(client.trusted, in: &locality)
        locality.checkpoints += 1
        state.set(key, locality)
        state.set(StateKey.checkpoint(message.chainID, height: header.height), bytes: header.hash.bytes)
        state.emit("federation.checkpoint", id: Array(message.chainID.utf8), account: context.sender, amount: header.height)
    }

    /// The light client's state of a stored locality.
    private static func trusted(_ locality: WireLocality) throws -> TrustedState {
        guard let profile = WireQuorumProfile(rawValue: Int(locality.profile)),
            let consensus = WireConsensusKind(rawValue: Int(locality.consensus)), let hash = Hash32(locality.headerHash),
            let root = Hash32(locality.stateRoot)
        else { throw Refusal.federationMalformed }
        return TrustedState(
            chainID: locality.chainID, rules: FinalityRules(consensus: consensus, profile: profile), height: locality.height,
            headerHash: hash, time: locality.time, stateRoot: root, epoch: locality.epoch,
            validators: try ValidatorSet(decoding: [UInt8](locality.validators)))
    }

    private static func store(_ trusted: TrustedState, in locality: inout WireLocality) {
        locality.height = trusted.height
        locality.headerHash = .init(trusted.headerHash.bytes)
        locality.time = trusted.time
        locality.epoch = trusted.epoch
        locality.validators = .init(trusted.validators.bytes)
        locality.stateRoot = .init(trusted.stateRoot.bytes)
    }
}

extension Refusal {
    package static let federationNotOperator = Refusal(600, "federation.notOperator", "only the chain's operator registers localities")
    package static let federationMalformed = Refusal(
        601, "federation.malformed", "the genesis, chain id or certified header is not well formed")
    package static let federationExists = Refusal(602, "federation.exists", "this locality is registered already")
    package static let federationUnknownLocality = Refusal(603, "federation.unknownLocality", "no such locality is registered")
    package static let federationBadCheckpoint = Refusal(
        604, "federation.badCheckpoint", "the light client refuses the header or its certificate")
    package static let federationStaleCheckpoint = Refusal(
        605, "federation.staleCheckpoint", "a header of this height or a higher one is stored already")

    package static let allFederation: [Refusal] = [
        federationNotOperator, federationMalformed, federationExists, federationUnknownLocality, federationBadCheckpoint,
        federationStaleCheckpoint,
    ]
}
