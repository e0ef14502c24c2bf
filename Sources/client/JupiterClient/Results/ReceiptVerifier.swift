import ChainTypes
import Cryptography
import LightClient
import Primitives
import WireTypes

/// A receipt checked without any node: that it is under its header, and that the chain's validators certified that header.
package enum ReceiptVerifier {
    package struct Verified: Sendable {
        package let receipt: WireReceipt
        package let chainID: String
        package let header: BlockHeader
    }

    /// What became of a whole file: every step of the chain of trust, and the receipt where it is proven.
    package struct Trail: Sendable {
        package let genesis: Genesis
        package let genesisSource: GenesisSource
        package let steps: [TrustStep]
        package let verified: Verified?
        package var holds: Bool { !steps.contains(where: \.fails) }
    }

    /// Why the genesis is believed to be the chain's.
    package enum GenesisSource: String, Sendable {
        /// It has the hash that the verifier knows.
        case hash
        /// The verifier gave it.
        case file
        /// The verifier's home trusts it from earlier.
        case home
        /// Nothing but the receipt's own file says so: its hash has to be compared.
        case receipt

        fileprivate func text(_ genesis: Genesis) -> String {
            switch self {
            case .hash: "the genesis hash you gave"
            case .file: "the genesis file you gave"
            case .home: "the genesis that this home trusts for \(genesis.chainID)"
            case .receipt: "this file alone: compare the genesis's hash with one you trust, or give --genesis-hash"
            }
        }
    }

    /// - Parameters:
    ///   - bytes: the file that `jupiter receipt get` wrote.
    ///   - genesis: the chain's genesis, from a source the verifier trusts.
    package static func verify(_ bytes: [UInt8], genesis: Genesis) throws -> Verified {
        let proof = try decode(bytes)
        let receipt = try ReceiptProof.verify(proof, trusted: TrustedState(genesis: genesis))
        return Verified(receipt: receipt, chainID: genesis.chainID, header: try LightVerifier.header(proof.header))
    }

    static func decode(_ bytes: [UInt8]) throws -> WireReceiptProof {
        guard let proof = try? WireReceiptProof(strictly: bytes, limit: Limits.receiptProof) else {
            throw ClientError.proofInvalid("the file is not a receipt's proof")
        }
        return proof
    }

    /// Walks the chain of trust step by step: from the genesis to the receipt and, where the transaction asked for a result, to the
    /// enclave, its evidence, its signature, the request and the consent.
    ///
    /// - Parameters:
    ///   - bytes: the file that `jupiter receipt get` wrote; one from before jobs were in it has the first steps only.
    ///   - given: the chain's genesis where the verifier has it; otherwise the file's own is taken.
    ///   - pinned: the hash that the genesis must have, where the verifier knows it.
    ///   - isTrusted: whether the verifier has trusted this genesis before; throws when it trusts another one for the chain.
    /// - Throws: `proofInvalid` when the file is no receipt's proof at all, or no genesis is given or in it.
    package static func trail(
        _ bytes: [UInt8], genesis given: Genesis? = nil, pinned: Hash32? = nil, isTrusted: (Genesis) throws -> Bool = { _ in false }
    ) throws -> Trail {
        let proof = try decode(bytes)
        let genesis = try given ?? ownGenesis(proof)
        var steps = TrustSteps()
        let known = Result { try given == nil && pinned == nil && isTrusted(genesis) }
        let source: GenesisSource = pinned != nil ? .hash : given != nil ? .file : (try? known.get()) == true ? .home : .receipt
        let trusted = steps.step(.genesis, showing: "which chain this is", restsOn: source.text(genesis)) {
            _ = try known.get()
            if let pinned, pinned != genesis.hash { throw ClientError.wrongGenesis(found: genesis.hash.description) }
            return (genesis, "\(genesis.chainID), genesis \(genesis.hash), \(Counted.text(genesis.validators.members.count, "validator"))")
        }
        let epochs = steps.step(
            .validators, showing: "who certifies each epoch", restsOn: "each epoch's quorum, which certified the set that follows"
        ) {
            let epochs = try EpochTrust(genesis: trusted.resting(on: .genesis), ends: proof.epochs)
            return (epochs, "\(Counted.text(epochs.count, "epoch")), each with the set that the one before certified")
        }
        let header = steps.step(
            .header, showing: "that the receipt's block is final", restsOn: "a quorum of its epoch's validators (\(genesis.profileName))"
        ) {
            let header = try epochs.resting(on: .validators).verify(proof.header)
            return (header, "block \(header.height) of epoch \(header.epoch) is final, header \(header.hash)")
        }
        let receipt = steps.step(.receipt, showing: "what became of the transaction", restsOn: "the receipts root in that header") {
            let (receipt, _) = try ReceiptProof.inclusion(proof, below: try header.resting(on: .header))
            return (receipt, "transaction \(Hex.encode(receipt.transactionID)) in block \(receipt.height), code \(receipt.code)")
        }
        if let kind = jobKind(proof) {
            JobTrail(genesis: genesis, proof: proof, kind: kind, epochs: epochs, receipt: receipt).walk(&steps)
        }
        let verified = header.flatMap { header in receipt.map { Verified(receipt: $0, chainID: genesis.chainID, header: header) } }
        return Trail(genesis: genesis, genesisSource: source, steps: steps.steps, verified: verified)
    }

    private static func ownGenesis(_ proof: WireReceiptProof) throws -> Genesis {
        guard !proof.genesis.isEmpty else { throw ClientError.proofInvalid("the file holds no genesis: give it with --genesis") }
        guard let genesis = try? Genesis(decoding: [UInt8](proof.genesis)) else {
            throw ClientError.proofInvalid("the genesis in the file is malformed")
        }
        return genesis
    }

    /// What the transaction asked for, by the receipt's own word or by what the file holds; `nil` when it asked for nothing.
    private static func jobKind(_ proof: WireReceiptProof) -> JobTrail.Kind? {
        let receipt = try? WireReceipt(strictly: [UInt8](proof.receipt), limit: Limits.stateValue)
        let events = Set(receipt?.events.map(\.type) ?? [])
        if events.contains("assessments.requested") { return .assessment }
        if events.contains("subscriptions.requested") { return .subscription }
        return proof.hasJob ? .assessment : nil
    }
}

/// The validators of each epoch, from the genesis on.
struct EpochTrust {
    private var states: [TrustedState]

    var count: Int { states.count }

    /// - Parameter ends: the last header of each epoch, from the first on.
    init(genesis: Genesis, ends: [WireCertifiedHeader]) throws {
        states = [TrustedState(genesis: genesis)]
        try append(ends)
    }

    /// Goes on over the ends of further epochs.
    mutating func append(_ ends: [WireCertifiedHeader]) throws {
        for end in ends {
            guard let last = states.last else { return }
            var client = LightVerifier(trusted: last)
            try client.accept(end)
            guard client.trusted.epoch == last.epoch + 1 else { throw LightClientError.wrongEpoch }
            states.append(client.trusted)
        }
    }

    /// The header, final by the quorum of its epoch.
    func verify(_ certified: WireCertifiedHeader) throws -> BlockHeader {
        let header = try LightVerifier.header(certified)
        guard let trusted = states.first(where: { $0.epoch == header.epoch }) else { throw LightClientError.wrongEpoch }
        guard header.chainID == trusted.chainID else { throw LightClientError.wrongChain }
        try LightVerifier.verify(certified, header: header, under: trusted)
        return header
    }
}

extension Genesis {
    /// How much of the weight signs, for people.
    fileprivate var profileName: String { wire.profile == .crash ? "more than 1/2, crash profile" : "more than 2/3" }
}
