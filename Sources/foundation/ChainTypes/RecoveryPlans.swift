import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What recovery holders sign, shared by whoever writes it and by the rules and enclaves that verify it (docs/spec/vault.md §8).
///
/// Every part has a fixed length or a length before it, so no two statements coincide.
package enum HolderStatement {
    /// Signed by holders of `present` (`Context.planApproval`): `next` may take its place.
    package static func plan(_ next: WireRecoveryPlan, after present: WireRecoveryPlan, chainID: String) -> [UInt8] {
        text(chainID) + present.identifier.bytes + next.contents
    }

    /// Signed by holders (`Context.referenceApproval`): vaults may give their keys to this build of the enclave.
    ///
    /// - Parameter hash: of the registers, as identities carry it.
    package static func reference(_ build: WireReferenceMeasurement, hash: Hash32, chainID: String) -> [UInt8] {
        text(chainID) + hash.bytes + build.encoded()
    }

    /// Signed by a holder (`Context.recoveryApproval`) who gives its share to `enclave`: this is the package that it keeps a share of.
    package static func recovery(_ package: WireRecoveryPackage, enclave: Hash32) -> [UInt8] {
        var package = package
        package.shares = []
        return text(package.chainID) + enclave.bytes + Digest.hash(.recoveryPackageHash, package.encoded()).bytes
    }

    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { Array($0) } + bytes
    }
}

extension WireRecoveryPlan {
    /// The most holders: an X-Wing key each has to fit into one value of the state.
    package static let mostHolders = 32

    /// The plan that a change proposes; its height is the chain's to say.
    package init(_ change: WireSetRecoveryHolders) {
        self.init()
        (threshold, holders) = (change.threshold, change.holders)
        (version, approvals) = (change.version, change.approvals)
    }

    /// Whether there are 1 to 32 holders, sorted, each once, with keys that can be sealed to, and no fewer than the threshold.
    package var isWellFormed: Bool {
        let accounts = holders.compactMap { Address($0.account) }
        return accounts.count == holders.count && (1...Self.mostHolders).contains(accounts.count)
            && zip(accounts, accounts.dropFirst()).allSatisfy { $0 < $1 } && (1...UInt32(accounts.count)).contains(threshold)
            && holders.allSatisfy { (try? SealingPublicKey($0.key)) != nil } && approvals.count <= Self.mostHolders
    }

    /// What holders approve of: all but the height, which nobody knows before it is decided, and the approvals.
    fileprivate var contents: [UInt8] {
        var plan = self
        (plan.height, plan.approvals) = (0, [])
        return plan.encoded()
    }

    /// What the plan after this one names it by.
    package var identifier: Hash32 { Digest.hash(.recoveryPlan, contents) }

    /// How many of this plan's holders have signed `statement`. The approvals are sorted by account, each account once; those of others
    /// do not count.
    /// - Returns: 0 when they are not, or a signature of a holder does not hold.
    package func count(_ approvals: [WireHolderApproval], of statement: [UInt8], _ context: Context) -> Int {
        guard approvals.count <= Self.mostHolders else { return 0 }
        let known = Set(holders.map(\.account))
        var last: Address?
        var count = 0
        for approval in approvals {
            guard let key = try? VerificationKey(approval.key) else { return 0 }
            if let last, last >= key.address { return 0 }
            last = key.address
            guard known.contains(Data(key.address.bytes)) else { continue }
            do { try key.verify([UInt8](approval.signature), of: statement, context: context) } catch { return 0 }
            count += 1
        }
        return count
    }

    /// Whether `approvals` are of as many holders of this plan as its threshold says.
    package func isApproved(by approvals: [WireHolderApproval], _ statement: [UInt8], _ context: Context) -> Bool {
        threshold > 0 && count(approvals, of: statement, context) >= Int(clamping: threshold)
    }

    /// Whether this plan may take the place of `present`: it is the next, and a threshold of the present holders approves.
    package func follows(_ present: WireRecoveryPlan, chainID: String) -> Bool {
        guard isWellFormed, version > 0, version - 1 == present.version else { return false }
        return present.isApproved(by: approvals, HolderStatement.plan(self, after: present, chainID: chainID), .planApproval)
    }
}

extension [WireHolderApproval] {
    /// In the order that the chain demands: by account.
    package var inOrder: [WireHolderApproval] {
        let pairs = compactMap { approval in (try? VerificationKey(approval.key)).map { ($0.address, approval) } }
        return pairs.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

extension WireHolderApproval {
    /// The word of the holder whose account has `key`.
    package init(_ statement: [UInt8], _ context: Context, by key: SigningKey) throws(CryptographyError) {
        self.init()
        self.key = key.verificationKey.wire
        signature = .init(try key.sign(statement, context: context))
    }
}

/// What a holder seals to the enclave that recovers: its share, and its word for the package. 32 bytes, then a `HolderApproval`.
package struct HeldShare {
    private static let shareBytes = 32
    private static let approvalBytes = 256

    package let share: [UInt8]
    package let approval: WireHolderApproval

    package init(share: [UInt8], approval: WireHolderApproval) { (self.share, self.approval) = (share, approval) }

    /// `nil` when they are not a share and an approval.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.shareBytes,
            let approval = try? WireHolderApproval(strictly: Array(bytes.dropFirst(Self.shareBytes)), limit: Self.approvalBytes)
        else { return nil }
        self.init(share: Array(bytes.prefix(Self.shareBytes)), approval: approval)
    }

    package var bytes: [UInt8] { share + approval.encoded() }
}
