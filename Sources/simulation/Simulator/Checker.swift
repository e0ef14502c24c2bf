import ChainTypes
import FoundationEssentials
import LightClient
import Primitives
import Simplex
import WireTypes

/// What must never happen, or must happen and did not.
package struct SimulationFailure: Sendable, Equatable, Codable {
    package enum Rule: String, Sendable, Codable {
        /// Two blocks final at one height, or two states of one history.
        case agreement
        case certificate
        /// What was final is not any more.
        case monotonicFinality = "monotonic_finality"
        case doubleVote = "double_vote"
        /// An honest node was accused.
        case evidence
        /// A block was finalised that the application's rules forbid.
        case validity
        /// A replica asked its shell for something that cannot be done.
        case contract
        case liveness
    }

    package let seed: UInt64
    package let rule: Rule
    /// Virtual milliseconds.
    package let time: UInt64
    package let text: String

    /// The command that shows it again.
    package func replay(_ plantedBug: PlantedBug?) -> String {
        "jupiter simulate --first-seed \(seed) --seeds 1" + (plantedBug.map { " --planted-bug \($0.rawValue)" } ?? "")
    }
}

/// Watches a simulation from outside: what honest nodes say, accept and commit. Knows nothing of the core's own judgement.
struct Checker {
    private let roster: Roster
    private let chainID: String
    private let profile: WireQuorumProfile
    private let honest: [Bool]

    /// The first thing found wrong.
    private(set) var failure: (rule: SimulationFailure.Rule, text: String)?
    /// Final blocks and the states after them, by height.
    private(set) var finals: [Hash32]
    private var roots: [Hash32] = [ToyApplication.genesisRoot]
    private var sent: [[ViewNumber: Said]]
    private var finality: [Finality]
    private var verified: Set<Fingerprint> = []
    /// Blocks with finalisation certificates, by height.
    private var finalised: [UInt64: Hash32] = [:]

    private struct ViewNumber: Hashable, CustomStringConvertible {
        let epoch: UInt64
        let view: UInt64

        var description: String { "epoch \(epoch), view \(view)" }
    }

    private struct Said {
        var notarised: Hash32?
        var finalised: Hash32?
        var isNullified = false
    }

    private struct Finality {
        var epoch: UInt64 = 0
        var view: UInt64 = 0
        var height: UInt64 = 0
    }

    private struct Fingerprint: Hashable {
        let epoch: UInt64
        let ballot: Ballot
        let signers: Data
        let signatures: [Data]
    }

    init(_ scenario: Scenario, genesis: Hash32) {
        roster = scenario.roster
        (chainID, profile) = (scenario.chainID, scenario.profile)
        honest = (0..<scenario.count).map { scenario.actors[$0] == nil }
        finals = [genesis]
        sent = Array(repeating: [:], count: scenario.count)
        finality = Array(repeating: Finality(), count: scenario.count)
    }

    var height: UInt64 { UInt64(finals.count - 1) }

    mutating func fail(_ rule: SimulationFailure.Rule, _ text: String) {
        if failure == nil { failure = (rule, text) }
    }

    /// An honest node lets `message` out: never against anything it ever let out before, in this life or an earlier one.
    mutating func sends(_ message: ConsensusMessage, node: Int) {
        let ballot: Ballot
        switch message {
        case .vote(let vote) where roster.epoch(vote.epoch).positions[node] == vote.signer: ballot = vote.ballot
        case .proposal(let proposal): ballot = proposal.ballot
        case .certificate(let certificate): return shows(certificate, node: node)
        default: return
        }
        let number = ViewNumber(epoch: message.epoch, view: ballot.view)
        var said = sent[node][number] ?? Said()
        switch ballot.kind {
        case .notarise:
            if let before = said.notarised, before != ballot.block { fail(.doubleVote, "node \(node) notarised two blocks in \(number)") }
            said.notarised = ballot.block
        case .nullify: said.isNullified = true
        case .finalise:
            if let before = said.finalised, before != ballot.block { fail(.doubleVote, "node \(node) finalised two blocks in \(number)") }
            said.finalised = ballot.block
        default: fail(.contract, "node \(node) sent a vote of no kind")
        }
        if said.isNullified, said.finalised != nil { fail(.doubleVote, "node \(node) finalised and nullified \(number)") }
        sent[node][number] = said
    }

    /// An honest node believes `certificate`.
    mutating func accepts(_ certificate: WireCertificate, node: Int) {
        let fingerprint = Fingerprint(
            epoch: certificate.epoch, ballot: certificate.ballot, signers: certificate.signers, signatures: certificate.signatures)
        guard !verified.contains(fingerprint) else { return }
        let set = roster.epoch(certificate.epoch).set
        guard let signers = try? CertificateVerifier.signers(certificate, count: set.members.count), certificate.profile == profile else {
            return fail(.certificate, "node \(node) believes a certificate of no valid form")
        }
        let weight = signers.reduce(UInt64(0)) { $0 + set.members[$1].votingWeight }
        guard Quorum.isReached(weight: weight, total: set.totalWeight, profile: profile) else {
            return fail(.certificate, "node \(node) believes a certificate of \(weight) out of \(set.totalWeight)")
        }
        let statement = QuorumCertificate.statement(certificate, chainID: chainID)
        for (signer, signature) in zip(signers, certificate.signatures) {
            let key = set.members[signer].key
            guard SimulatedVoteKeys(key).isValid([UInt8](signature), of: statement, by: key) else {
                return fail(.certificate, "node \(node) believes a certificate with a forged vote")
            }
        }
        verified.insert(fingerprint)
    }

    /// An honest node shows or uses a certificate, so that all votes in it are durable: a final block, whether or not anybody has
    /// committed it yet.
    mutating func shows(_ certificate: WireCertificate, node: Int) {
        accepts(certificate, node: node)
        guard certificate.kind == .finalise else { return }
        let ballot = certificate.ballot
        let known = finalised[ballot.height] ?? (ballot.height < finals.count ? finals[Int(ballot.height)] : nil)
        if let known, known != ballot.block { fail(.agreement, "two blocks are final at height \(ballot.height)") }
        finalised[ballot.height] = ballot.block
    }

    /// A node made `block` durable after `parent`; `root` is the state it came to.
    mutating func commits(_ block: SimulatedBlock, root: Hash32, node: Int) {
        let height = Int(block.header.height)
        guard honest[node] else { return }
        if height < finals.count {
            if finals[height] != block.header.hash { fail(.agreement, "node \(node) committed another block at height \(height)") }
            if roots[height] != root { fail(.agreement, "node \(node) has another state after height \(height)") }
            return
        }
        guard height == finals.count, block.header.parent == finals[height - 1] else {
            return fail(.agreement, "node \(node) committed height \(height) after another block than the final one")
        }
        let plan = roster.plan(at: block.header.height)
        guard ToyApplication.isAcceptable(block.payload), block.header.epoch == plan.epoch, block.header.lastOfEpoch == plan.closes,
            block.header.stateRoot == roots[height - 1]
        else { return fail(.validity, "node \(node) committed a block against the rules at height \(height)") }
        if let certified = finalised[block.header.height], certified != block.header.hash {
            fail(.agreement, "node \(node) committed another block at height \(height) than a certificate says")
        }
        finals.append(block.header.hash)
        roots.append(root)
    }

    /// Where a node's finality stands; within one life it only rises.
    mutating func observes(epoch: UInt64, finalView: UInt64, height: UInt64, node: Int) {
        let before = finality[node]
        let isRising = epoch > before.epoch || epoch == before.epoch && finalView >= before.view && height >= before.height
        if !isRising { fail(.monotonicFinality, "finality of node \(node) fell to view \(finalView), height \(height)") }
        finality[node] = Finality(epoch: epoch, view: finalView, height: height)
    }

    /// A node begins again from its disk.
    mutating func restarts(node: Int) { finality[node] = Finality() }

    /// An honest node holds `first` and `second` to be an equivocation.
    mutating func accuses(_ first: Vote, _ second: Vote, node: Int) {
        let epoch = roster.epoch(first.epoch)
        guard first.epoch == second.epoch, first.signer == second.signer, epoch.nodes.indices.contains(first.signer) else {
            return fail(.evidence, "node \(node) shows votes of two validators or epochs as an equivocation")
        }
        let accused = epoch.nodes[first.signer]
        let kinds = Set([first.ballot.kind, second.ballot.kind])
        let isConflict =
            first.ballot.view == second.ballot.view && first.ballot != second.ballot
            && (kinds.count == 1 || kinds == [.finalise, .nullify])
        if honest[accused] || !isConflict { fail(.evidence, "node \(node) accuses node \(accused) wrongly of an equivocation") }
    }

    /// An honest node wants nothing more to do with `accused`.
    mutating func shuns(_ accused: Int, _ error: ConsensusError, node: Int) {
        if honest[accused] { fail(.evidence, "node \(node) accuses node \(accused) wrongly: \(error.text)") }
    }
}
