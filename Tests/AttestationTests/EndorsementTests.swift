import Attestation
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `An endorsement` {
    let wires: [WireEndorsement]
    let time: UInt64
    let anchors: TrustAnchors

    init() throws { (wires, time, anchors) = try WireSamples.endorsements() }

    func refusal(_ wire: WireEndorsement, at time: UInt64? = nil, _ anchors: TrustAnchors? = nil) -> AttestationError? {
        do throws(AttestationError) { _ = try Endorsements.record(of: wire, anchors: anchors ?? self.anchors, at: time ?? self.time) } catch
        {
            return error
        }
        return nil
    }

    @Test func `have a slot by what they are about, a number that rises, and an end`() throws {
        let records = try wires.map { try Endorsements.record(of: $0, anchors: anchors, at: time) }
        #expect(
            records.map(\.slot) == [
                "intel/root-crl", "intel/pck-crl/platform", "intel/tcb-info/tdx/b0c06f000000", "intel/qe-identity/tdx",
            ])
        #expect(records.allSatisfy { $0.expires >= time })
        let (list, vector) = try WireSamples.amdList()
        let record = try Endorsements.record(of: list, anchors: vector.anchors, at: vector.time)
        #expect(record.slot == "amd/crl/ARK-Milan" && record.number == EvidenceVector.time("2026-05-27T00:00:00Z").map { $0 / 1000 })
    }

    @Test func `of a later issue have a greater number: by recovery first, then by date`() throws {
        let later = try VectorSet.committed().vector("tdx-v5-td15-uptodate")
        let (old, new) = (wires, try WireSamples.intel(later))
        for index in [1, 3] {
            let before = try Endorsements.record(of: old[index], anchors: anchors, at: time)
            let after = try Endorsements.record(of: new[index], anchors: later.anchors, at: later.time)
            #expect(before.slot == after.slot && before.number < after.number)
        }
    }

    @Test func `are refused when nobody pinned signed them, or not at this time`() throws {
        for wire in wires {
            var changed = wire
            changed.body[changed.body.count / 2] ^= 1
            #expect(refusal(changed) != nil)
            #expect(refusal(wire, TrustAnchors()) == .untrustedRoot)
            #expect(refusal(wire, at: time + 400 * 86_400_000) != nil)
            #expect(refusal(wire, at: 1_500_000_000_000) != nil)
        }
        #expect(refusal(wires[2], at: time + 40 * 86_400_000) == .collateralExpired)
        let (list, vector) = try WireSamples.amdList()
        // The same name, another key: AMD's own root did not sign this list.
        #expect(refusal(list, at: vector.time, .pinned) == .collateralSignature)
    }

    @Test func `are refused under another kind's name, or with issuers that do not belong`() {
        for (position, wire) in wires.enumerated() {
            for kind in WireEndorsementKind.allCases where kind != wire.kind {
                var changed = wire
                changed.kind = kind
                #expect(refusal(changed) != nil, "\(position) as \(kind)")
            }
        }
        var swapped = wires[2]
        swapped.issuers = wires[1].issuers
        #expect(refusal(swapped) == .untrustedRoot)
        swapped = wires[1]
        swapped.issuers = wires[2].issuers
        #expect(refusal(swapped) == .untrustedRoot)
        swapped.issuers = []
        #expect(refusal(swapped) == .malformed)
    }

    @Test func `of a chain are what its evidence needs, by slot`() throws {
        for sample in try WireSamples.all() where sample.id == "tdx-v4-uptodate" {
            let slots = try EvidenceAppraiser.slots(of: sample.evidence.encoded())
            var kept = Endorsements()
            for wire in wires { kept.slots[try Endorsements.record(of: wire, anchors: anchors, at: time).slot] = wire }
            #expect(Set(slots) == Set(kept.slots.keys))
            var policy = AppraisalPolicy(allowSimulated: false)
            policy.requireReferenceValues = false
            var context = AppraisalContext(expectation: .none, endorsements: kept, anchors: anchors, policy: policy, time: time)
            var trail = AppraisalTrail.none
            let result = try PlatformEvidence(sample.evidence).appraise(context, &trail)
            #expect(result == sample.vector.judge().result)
            for slot in slots {
                context.endorsements = kept
                context.endorsements.slots[slot] = nil
                #expect(throws: AttestationError.endorsementMissing) {
                    var trail = AppraisalTrail.none
                    _ = try PlatformEvidence(sample.evidence).appraise(context, &trail)
                }
            }
        }
    }
}
