/// A chain of certificates that leads from a leaf to a pinned root, walked in order: no path building, no names trusted.
package struct CertificatePath: Sendable {
    /// Leaf first; the root last, which is the anchor itself.
    package let certificates: [VendorCertificate]

    var leaf: VendorCertificate { certificates[0] }
    var root: VendorCertificate { certificates[certificates.count - 1] }
    /// When the first of them ends, in milliseconds since 1970.
    var expires: UInt64 { certificates.map(\.notAfter).min() ?? 0 }

    static let maximumLength = 8

    /// Checks in this order: every signature, the root, every validity.
    ///
    /// - Parameters:
    ///   - chain: leaf first; the root may be the last or left out.
    ///   - anchors: DER of the roots that count.
    ///   - time: milliseconds since 1970.
    /// - Throws: `chainSignature`, `untrustedRoot`, `certExpired`, or `malformed` for an empty or overlong chain.
    init(_ chain: [VendorCertificate], anchors: [[UInt8]], at time: UInt64) throws(AttestationError) {
        guard let top = chain.last, chain.count <= Self.maximumLength else { throw .malformed }
        for (index, pair) in zip(chain, chain.dropFirst()).enumerated() { try Self.check(pair.0, under: pair.1, below: index) }
        var roots: [VendorCertificate] = []
        for anchor in anchors { roots.append(try VendorCertificate(anchor)) }
        if roots.contains(where: { $0.encoded == top.encoded }) {
            certificates = chain
        } else if top.isSelfIssued {
            // A damaged copy of a root is a bad signature; a whole one that is not pinned is somebody else's.
            guard top.isSigned(by: top) else { throw .chainSignature }
            throw .untrustedRoot
        } else {
            guard let root = roots.first(where: { $0.subject == top.issuer && !top.namesAnotherKey(than: $0) }) else {
                throw .untrustedRoot
            }
            try Self.check(top, under: root, below: chain.count - 1)
            certificates = chain + [root]
        }
        // A root is no leaf: what it signs itself is not a platform's.
        guard certificates.count > 1 else { throw .untrustedRoot }
        guard certificates.allSatisfy({ $0.isValid(at: time) }) else { throw .certExpired }
    }

    /// As above, from DER.
    package init(parsing chain: [[UInt8]], anchors: [[UInt8]], at time: UInt64) throws(AttestationError) {
        guard chain.count <= Self.maximumLength else { throw .malformed }
        var certificates: [VendorCertificate] = []
        for certificate in chain { certificates.append(try VendorCertificate(certificate)) }
        try self.init(certificates, anchors: anchors, at: time)
    }

    private static func check(_ child: VendorCertificate, under issuer: VendorCertificate, below: Int) throws(AttestationError) {
        guard issuer.extensions.maySignCertificates, issuer.extensions.pathLength.map({ $0 >= below }) ?? true, child.isSigned(by: issuer)
        else { throw .chainSignature }
    }
}
