import ChainTypes
import Primitives
import WireTypes

extension SimplexCore {
    /// How many views one answer covers.
    static var answeredViews: UInt64 { 64 }
    /// How many requests of one peer are answered in a timer period.
    static var answeredRequests: Int { 4 }

    mutating func receive(_ certificate: WireCertificate, from sender: Int?, into effects: inout [CoreEffect]) {
        guard certificate.view > finalView || context.plantedBug == .staleCertificateAccepted,
            rounds[certificate.view]?.certificate(certificate.kind) == nil
        else { return }
        guard context.isValid(certificate, keys: keys) else {
            return blame(sender, .badCertificate, into: &effects)
        }
        accept(certificate, into: &effects)
    }

    /// Takes in a valid certificate that is new.
    mutating func accept(_ certificate: WireCertificate, into effects: inout [CoreEffect]) {
        guard keep(certificate) else { return }
        effects.append(.persist(.certificate(certificate)))
        let block = BlockReference(hash: certificate.ballot.block, height: certificate.height)
        switch certificate.kind {
        case .notarise:
            effects.append(.notarised(block))
            if certificate.view >= view { finalise(certificate.ballot, into: &effects) }
        case .nullify:
            let leader = context.leader(certificate.view)
            if leader != context.own, rounds[certificate.view]?.hasHeard(leader) != true { absences[leader] = certificate.view }
        case .finalise:
            effects.append(.finalised(block, certificate))
        case .unspecified, .UNRECOGNIZED: return
        }
        guard certificate.view >= view else {
            // A gap may be closed that kept this replica from proposing or voting.
            return leader == context.own ? propose(into: &effects) : consider(into: &effects)
        }
        // Who sees a view end tells everybody (paper §2.1: multicast the notarised blockchain on entering the next iteration).
        effects.append(.broadcast(.certificate(certificate)))
        enter(certificate.view + 1, into: &effects)
    }

    /// Votes to finalise a notarised block whose view was not given up (paper §2.1, "finalize").
    private mutating func finalise(_ notarised: Ballot, into effects: inout [CoreEffect]) {
        let round = rounds[notarised.view] ?? ViewRound()
        guard !round.ownNullified, !round.ownFinalised else { return }
        cast(Ballot(.finalise, view: notarised.view, height: notarised.height, block: notarised.block), into: &effects)
    }

    /// Sends what certifies `first...last`, as far as it is kept.
    func answer(_ peer: Int, first: UInt64, last: UInt64, into effects: inout [CoreEffect]) {
        if first <= finalView, let finalisation { effects.append(.send(.certificate(finalisation), to: peer)) }
        var view = max(first, finalView + 1)
        let end = min(last, self.view, view + Self.answeredViews - 1)
        while view <= end {
            if let round = rounds[view] {
                if let certificate = round.notarisation { effects.append(.send(.certificate(certificate), to: peer)) }
                if let certificate = round.nullification { effects.append(.send(.certificate(certificate), to: peer)) }
            }
            view += 1
        }
    }
}
