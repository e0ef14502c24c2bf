import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// Follows a chain by its certified headers alone, from the genesis on; pure (docs/spec/light-client.md).
///
/// Inside an epoch it may leap over headers; it never leaps over an epoch's last one.
package struct LightVerifier: Sendable, Equatable {
    package private(set) var trusted: TrustedState

    package init(genesis: Genesis) { trusted = TrustedState(genesis: genesis) }

    /// Continues from what was stored.
    package init(trusted: TrustedState) { self.trusted = trusted }

    /// Trusts `certified` from now on, or throws and stays as it was. The trusted header again changes nothing.
    ///
    /// - Parameter trustPeriod: the most milliseconds of block time since the trusted header; whoever certified longer ago may have lost
    ///   its key since. The step from the genesis has none: a chain may begin long after its genesis was written.
    /// - Returns: the header.
    @discardableResult
    package mutating func accept(
        _ certified: WireCertifiedHeader, trustPeriod: UInt64? = nil
    ) throws(LightClientError) -> BlockHeader {
        let header = try Self.header(certified)
        guard header.chainID == trusted.chainID else { throw .wrongChain }
        guard header.height >= trusted.height else { throw .notHigher }
        if header.height == trusted.height {
            guard header.hash == trusted.headerHash else { throw .conflicting }
            return header
        }
        guard header.height > trusted.height + 1 || header.parent == trusted.headerHash else { throw .conflicting }
        guard header.time > trusted.time else { throw .wrongTime }
        if let trustPeriod, trusted.height > 0 {
            guard header.time - trusted.time <= trustPeriod else { throw .trustPeriodOver }
        }
        guard header.epoch == trusted.epoch else { throw .wrongEpoch }
        try Self.verify(certified, header: header, under: trusted)
        let next = try Self.following(certified, header: header, current: trusted.validators)
        trusted = try TrustedState(after: header, validators: next, rules: trusted.rules)
        return header
    }

    /// Decodes the header alone.
    package static func header(_ certified: WireCertifiedHeader) throws(LightClientError) -> BlockHeader {
        do { return try BlockHeader(decoding: [UInt8](certified.header)) } catch { throw .malformed }
    }

    /// Checks by the rules of `trusted` that `header` is final, whatever the heights.
    package static func verify(
        _ certified: WireCertifiedHeader, header: BlockHeader, under trusted: TrustedState
    ) throws(LightClientError) {
        try trusted.rules.verify(certified, header: header, under: trusted)
    }

    /// The set that certifies what follows `header`.
    private static func following(
        _ certified: WireCertifiedHeader, header: BlockHeader, current: ValidatorSet
    ) throws(LightClientError) -> ValidatorSet {
        guard header.lastOfEpoch else {
            guard certified.nextValidators.isEmpty else { throw .wrongNextValidators }
            return current
        }
        let set: ValidatorSet
        do { set = try ValidatorSet(decoding: [UInt8](certified.nextValidators)) } catch { throw .wrongNextValidators }
        guard set.hash == header.nextValidatorsHash else { throw .wrongNextValidators }
        return set
    }

    /// The header at the start of `headers`, believed because each is the parent of the next and the last is that of the trusted
    /// header (or the trusted header itself).
    /// - Parameter headers: encoded headers in rising order; at most `maximumAncestry`.
    package func verifyAncestor(_ headers: [[UInt8]]) throws(LightClientError) -> BlockHeader {
        guard !headers.isEmpty, headers.count <= Self.maximumAncestry else { throw .notAncestor }
        var first: BlockHeader?
        var previous: BlockHeader?
        for bytes in headers {
            let header: BlockHeader
            do { header = try BlockHeader(decoding: bytes) } catch { throw .malformed }
            guard header.chainID == trusted.chainID else { throw .wrongChain }
            if let previous {
                guard header.parent == previous.hash, header.height == previous.height + 1 else { throw .notAncestor }
            }
            first = first ?? header
            previous = header
        }
        guard let first, let last = previous, last.hash == trusted.headerHash else { throw .notAncestor }
        return first
    }

    /// The most headers that `verifyAncestor` walks.
    package static let maximumAncestry = 10_000
}
