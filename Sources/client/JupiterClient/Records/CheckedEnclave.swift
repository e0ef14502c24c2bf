import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// A chain as its user trusts it: by its genesis, and by how far it was seen.
package struct TrustedChain: Sendable {
    package let genesis: Genesis
    /// The height of the newest certified header that was seen; 0 for none. Nothing older is believed any more.
    package let height: UInt64

    package var chainID: String { genesis.chainID }

    package init(_ genesis: Genesis, height: UInt64 = 0) { (self.genesis, self.height) = (genesis, height) }
}

/// An enclave that has proven itself to whoever seals to it: the only thing that sessions are checked against (docs/spec/enclave.md §3).
///
/// A node's own word counts for nothing, the quorum's for little: entry and rules are proven under a certified header, and the evidence is
/// appraised here, against the anchors that are built into this program.
package struct CheckedEnclave: Sendable {
    /// Who names the measured build.
    package enum Voucher: String, Sendable {
        case genesis
        /// The chain's governance alone.
        case governance
        /// Only platforms that measure nothing go without.
        case nobody
    }

    /// With the height that the proof has shown.
    package let chain: TrustedChain
    /// The chain's entry: active, and not expired.
    package let entry: WireEnclave
    /// The platform's name for people, as this appraisal found it.
    package let label: String
    package let voucher: Voucher

    package var identity: WireEnclaveIdentity { entry.identity }
    package var id: Hash32 { EnclaveStatement.identifier(entry.identity) }

    /// Checks what a node shows of the enclave `id`. Pure.
    ///
    /// - Parameters:
    ///   - proof: a `JobProof` with the enclave's parts, rules, reference value and endorsements of the state that its header proves.
    ///   - now: by the clock of this machine, in milliseconds since 1970: an old state serves no longer than its evidence.
    /// - Throws: `enclaveUnproven`, `enclaveUnfit`, `chainRolledBack`.
    package init(_ proof: WireJobProof, of id: Hash32, on chain: TrustedChain, now: UInt64) throws(ClientError) {
        do {
            try self.init(checking: proof, of: id, on: chain, now: now)
        } catch let error as ClientError { throw error } catch {
            switch TrustFailure(error) {
            case .fails(let why), .missing(let why): throw .enclaveUnproven(why)
            case .rests(let step): throw .enclaveUnproven("\(step.rawValue) is missing")
            }
        }
    }

    private init(checking proof: WireJobProof, of id: Hash32, on chain: TrustedChain, now: UInt64) throws {
        let genesis = chain.genesis
        let start = try EpochTrust(genesis: genesis, ends: [])
        var epochs = start
        try epochs.append(proof.epochs)
        let header = try epochs.verify(proof.header)
        guard header.height >= chain.height else { throw ClientError.chainRolledBack(seen: chain.height, shown: header.height) }
        let entry: WireEnclave = try JobTrail.value(proof.enclave, under: header) { Hash32($0.id).map(StateKey.enclave) }
        guard Hash32(entry.id) == id, EnclaveStatement.identifier(entry.identity) == id else {
            throw TrustFailure.fails("it is of another enclave")
        }
        guard entry.status == .active else { throw ClientError.enclaveUnfit("the chain does not let it act (\(entry.suspension))") }
        guard entry.expires == 0 || max(header.time, now) < entry.expires else {
            throw ClientError.enclaveUnfit("its evidence has expired")
        }
        let isNamed = try Self.hasReference(proof, of: entry, under: header)
        let result = try EvidenceTrail(genesis: genesis, proof: proof, epochs: start, enclave: entry).appraise(under: header)
        (self.chain, self.entry, label) = (TrustedChain(genesis, height: header.height), entry, result.label)
        let isOfGenesis = genesis.wire.referenceValues.contains { named in
            named.platform == entry.identity.platform && (try? ReferenceValue(named))?.hash == Hash32(entry.identity.measurement)
        }
        voucher = isNamed ? (isOfGenesis ? .genesis : .governance) : .nobody
    }

    /// Whether the chain has a reference value of the build. The appraisal judges what it takes when there is none.
    /// - Throws: `enclaveUnfit` when the chain has taken it back, or does not count it yet.
    private static func hasReference(_ proof: WireJobProof, of entry: WireEnclave, under header: BlockHeader) throws -> Bool {
        guard !proof.referenceValue.value.isEmpty, let measurement = Hash32(entry.identity.measurement) else { return false }
        let key = StateKey.referenceValue(entry.identity.platform, measurement: measurement)
        let value: WireReferenceValue = try JobTrail.value(proof.referenceValue, under: header) { _ in key }
        guard !value.revoked, value.activeHeight <= header.height else {
            throw ClientError.enclaveUnfit("the chain does not vouch for its build")
        }
        return true
    }
}

extension NodeClient {
    private struct ProofAnswer: Decodable { let enclaveProof: Data }

    /// The enclave `id`, checked on what the node shows of it.
    ///
    /// - Throws: `enclaveUnproven`, `enclaveUnfit`, `chainRolledBack`, or why the node does not answer.
    package func checkedEnclave(_ id: Hash32, on chain: TrustedChain) async throws -> CheckedEnclave {
        let answer: ProofAnswer = try await get("/v1/enclaves/\(id)/proof")
        guard let proof = try? WireJobProof(strictly: [UInt8](answer.enclaveProof), limit: Limits.receiptProof) else {
            throw ClientError.malformedAnswer("an enclave's proof")
        }
        let now = UInt64(max(0, Date.now.timeIntervalSince1970 * 1_000))
        return try CheckedEnclave(proof, of: id, on: chain, now: now)
    }

    /// The present session of an enclave.
    ///
    /// - Parameter host: the node that shows it, where that is another one; it is believed nothing.
    /// - Throws: `sessionInvalid` for a session that is not this enclave's.
    package func session(of enclave: CheckedEnclave, shownBy host: NodeClient? = nil) async throws -> EnclaveSession {
        try EnclaveSession(await (host ?? self).sessionKey(of: enclave.id), of: enclave)
    }
}
