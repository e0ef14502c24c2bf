import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `ADDRESS=KEY`, as `jupiter wallet show` prints them.
struct HolderOption: ExpressibleByArgument {
    let wire: WireRecoveryHolder

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let account = try? Address(text: parts[0]), let key = try? SealingKeyText.key(parts[1]) else { return nil }
        var wire = WireRecoveryHolder()
        (wire.account, wire.key) = (.init(account.bytes), key.wire)
        self.wire = wire
    }
}

extension [HolderOption] {
    /// In the order that the chain demands.
    var inOrder: [WireRecoveryHolder] { map(\.wire).sorted { $0.account.lexicographicallyPrecedes($1.account) } }
}

/// Who keeps recovery shares from a chain's first block on.
struct FirstHoldersOptions: ParsableArguments {
    @Option(
        name: .customLong("recovery-holder"),
        help: ArgumentHelp("An account that keeps recovery shares and approves new builds; may be repeated.", valueName: "address=key"))
    var holders: [HolderOption] = []
    @Option(name: .customLong("recovery-threshold"), help: "How many of them are needed; without any, the chain never has recovery.")
    var threshold: UInt32?

    var isEmpty: Bool { holders.isEmpty && threshold == nil }

    func plan() throws -> WireRecoveryPlan? {
        guard !isEmpty else { return nil }
        guard !holders.isEmpty, let threshold else {
            throw CommandError.badArgument("--recovery-holder and --recovery-threshold go together")
        }
        var plan = WireRecoveryPlan()
        (plan.threshold, plan.holders) = (threshold, holders.inOrder)
        guard plan.isWellFormed else {
            throw CommandError.badArgument("there are 1 to 32 different holders, and the threshold is from 1 to their number")
        }
        return plan
    }
}

/// Words of recovery holders, as files.
struct ApprovalOptions: ParsableArguments {
    @Option(name: .customLong("approval"), help: ArgumentHelp("What a recovery holder signed; may be repeated.", valueName: "file"))
    var files: [String] = []

    func approvals() throws -> [WireHolderApproval] {
        try files.map { path in
            guard let approval = try? WireHolderApproval(strictly: PrivateFile.read(path, limit: 4_096), limit: 4_096) else {
                throw CommandError.badArgument("\(path) is not an approval")
            }
            return approval
        }.inOrder
    }
}

/// The plan in force, and a change of it as a file.
enum RecoveryPlans {
    static func present(_ client: NodeClient) async throws -> WireRecoveryPlan {
        guard let bytes = try await client.state(StateKey.recoveryPlan).value else {
            throw CommandError.notFound("a recovery plan: the chain's genesis names no holders")
        }
        return try WireRecoveryPlan(strictly: [UInt8](bytes), limit: Limits.stateValue)
    }

    static func change(_ bytes: [UInt8]) -> WireSetRecoveryHolders? {
        guard let change = try? WireSetRecoveryHolders(strictly: bytes, limit: Limits.stateValue), change.approvals.isEmpty,
            WireRecoveryPlan(change).isWellFormed
        else { return nil }
        return change
    }

    static func json(_ change: WireSetRecoveryHolders) -> [String: JSONValue] {
        [
            "version": .integer(Int64(change.version)), "threshold": .integer(Int64(change.threshold)),
            "holders": .array(change.holders.map { .text(Address($0.account)?.description ?? "") }),
        ]
    }
}

struct RecoveryPlan: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Write down who is to keep recovery shares from now on, for the present holders to approve.",
        discussion: """
            Address and sealing key are what `jupiter wallet show` prints. The file goes to the present holders; with the approvals of as \
            many as the present threshold says, `jupiter enclave recovery holders` proposes it.

            EXAMPLE
              jupiter enclave recovery plan --threshold 2 --holder jup1…=xwing:… \\
                --holder jup1…=x25519:… --out new.plan
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Option(help: "How many holders are needed.")
    var threshold: UInt32
    @Option(name: .customLong("holder"), help: ArgumentHelp("A holder; may be repeated.", valueName: "address=key"))
    var holders: [HolderOption]
    @Option(help: ArgumentHelp("Where it goes.", valueName: "file"))
    var out: String

    func answer() async throws -> Answer {
        let present = try await RecoveryPlans.present(node.client())
        var change = WireSetRecoveryHolders()
        (change.threshold, change.holders, change.version) = (threshold, holders.inOrder, present.version + 1)
        guard WireRecoveryPlan(change).isWellFormed else {
            throw CommandError.badArgument("there are 1 to 32 different holders, and the threshold is from 1 to their number")
        }
        try PrivateFile.write(change.encoded(), to: out, overwrite: true)
        let json = RecoveryPlans.json(change).merging([
            "file": .text(out), "approvalsNeeded": .integer(Int64(present.threshold)),
        ]) { $1 }
        return Answer(.object(json), text: Generic.lines(.object(json)))
    }
}

struct RecoveryApprove: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "As a recovery holder, agree to new holders or to a new build of the enclave.",
        discussion: """
            No quorum of validators decides these alone: enclaves check the signatures by themselves. FILE is what `jupiter enclave \
            recovery plan` wrote, or a build's reference value (JSON). Approve a build only if you have made it yourself from sources that \
            you have read: vaults give their keys to it.

            EXAMPLE
              jupiter enclave recovery approve new.plan --wallet anna --out anna.approval
              jupiter enclave recovery approve build.json --wallet anna --out anna.approval
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Argument(help: ArgumentHelp("The plan or the build.", valueName: "file"))
    var file: String
    @Option(help: ArgumentHelp("Where the approval goes.", valueName: "file"))
    var out: String

    func answer() async throws -> Answer {
        let bytes = try PlainFile.read(file, limit: Limits.stateValue)
        let holder = try OpenWallet(wallet, home: global.homePath).wallet
        let client = try node.client()
        let chain = try await client.status().chainId
        let present = try await RecoveryPlans.present(client)
        var json: [String: JSONValue] = ["chain": .text(chain), "holder": .text(holder.address.description), "file": .text(out)]
        let approval: WireHolderApproval
        if let change = RecoveryPlans.change(bytes) {
            guard change.version == present.version + 1 else {
                throw CommandError.badArgument("\(file) does not follow the chain's present plan, version \(present.version)")
            }
            approval = try RecoverySharing.approve(change, after: present, chainID: chain, by: holder)
            json.merge(RecoveryPlans.json(change)) { $1 }
        } else {
            let build = try ReferenceFile.read(file)
            approval = try RecoverySharing.approve(build, under: present, chainID: chain, by: holder)
            json["platform"] = .text(build.platform)
            json["registers"] = .object(
                Dictionary(uniqueKeysWithValues: build.registers.map { ($0.name, .text(Hex.encode($0.value))) }))
        }
        try PrivateFile.write(approval.encoded(), to: out, overwrite: true)
        return Answer(.object(json), text: Generic.lines(.object(json)))
    }
}

struct RecoveryHolders: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "holders", abstract: "Propose who keeps shares of recovery keys from now on.",
        discussion: """
            The validators decide; the present holders must have approved. Packages made from then on are for the new holders: make one at \
            once, for packages come back only with shares of the holders in force.

            EXAMPLE
              jupiter enclave recovery holders new.plan --approval anna.approval \\
                --approval ben.approval --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var approvals: ApprovalOptions
    @Argument(help: ArgumentHelp("The plan that they approved.", valueName: "file"))
    var plan: String

    func answer() async throws -> Answer {
        guard var plan = RecoveryPlans.change(try PrivateFile.read(plan, limit: Limits.stateValue)) else {
            throw CommandError.badArgument("\(plan) is not a recovery plan")
        }
        plan.approvals = try approvals.approvals()
        let approved = plan
        return try await change.propose(global) { _ in
            var change = WireChange()
            change.setRecoveryHolders = approved
            return change
        }
    }
}
