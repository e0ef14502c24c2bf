import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Recovery holders with all their keys, sorted by account.
package struct TestHolders {
    package let keys: [(account: SigningKey, sealing: SealingPrivateKey)]
    package let threshold: UInt32

    package init(_ count: Int = 3, threshold: UInt32 = 2, seed: UInt64 = 31) throws {
        var generator = SeededGenerator(seed: seed &+ 9_000_000)
        var keys: [(account: SigningKey, sealing: SealingPrivateKey)] = []
        for _ in 0..<count {
            let account = try SigningKey.ed25519(seed: generator.bytes(32))
            keys.append((account, try SealingPrivateKey(suite: .x25519, secretBytes: generator.bytes(32))))
        }
        self.keys = keys.sorted { $0.account.address < $1.account.address }
        self.threshold = threshold
    }

    package func plan(version: UInt32 = 0) -> WireRecoveryPlan {
        var plan = WireRecoveryPlan()
        (plan.threshold, plan.version) = (threshold, version)
        plan.holders = keys.map { key in
            var holder = WireRecoveryHolder()
            (holder.account, holder.key) = (.init(key.account.address.bytes), key.sealing.publicKey.wire)
            return holder
        }
        return plan
    }

    package func approvals(_ statement: [UInt8], _ context: Context, by positions: [Int]) throws -> [WireHolderApproval] {
        try positions.map { try WireHolderApproval(statement, context, by: keys[$0].account) }
    }

    /// `next` with the words of these holders, whose plan `present` is.
    package func approve(
        _ next: WireRecoveryPlan, after present: WireRecoveryPlan, chainID: String, by positions: [Int]
    ) throws -> WireRecoveryPlan {
        var plan = next
        plan.approvals = try approvals(HolderStatement.plan(next, after: present, chainID: chainID), .planApproval, by: positions)
        return plan
    }

    /// The words of these holders for a build.
    package func approvals(
        of build: WireReferenceMeasurement, hash: Hash32, chainID: String, by positions: [Int]
    ) throws -> [WireHolderApproval] {
        try approvals(HolderStatement.reference(build, hash: hash, chainID: chainID), .referenceApproval, by: positions)
    }

    /// The package with the shares of these holders, each with its word for it, sealed to the session of `enclave`.
    ///
    /// - Parameter signers: whose words go with the shares, if not their holders'.
    package func reseal(
        _ package: WireRecoveryPackage, by positions: [Int], to enclave: Hash32, session: WireSealingKey, signers: [SigningKey]? = nil
    ) throws -> WireRecoveryPackage {
        let binding = EnclaveStatement.recoveryBinding(package)
        var result = package
        result.shares = try positions.enumerated().map { index, position in
            var share = package.shares[position]
            let number = UInt8(share.index)
            let bytes = try keys[position].sealing.open(SealedBox(share.share), context: .recoveryShare, associated: binding + [number])
            let signer = signers.map { $0[index] } ?? keys[position].account
            let approval = try WireHolderApproval(HolderStatement.recovery(package, enclave: enclave), .recoveryApproval, by: signer)
            share.share = try SealingPublicKey(session).seal(
                HeldShare(share: bytes, approval: approval).bytes, context: .recoveryShare, associated: binding + [number] + enclave.bytes
            ).wire
            return share
        }
        return result
    }
}

extension WireSetRecoveryHolders {
    /// The change that proposes `plan`.
    package init(_ plan: WireRecoveryPlan) {
        self.init()
        (threshold, holders, version, approvals) = (plan.threshold, plan.holders, plan.version, plan.approvals)
    }
}
