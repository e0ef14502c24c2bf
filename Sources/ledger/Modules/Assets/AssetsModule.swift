import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// The native token JUPT, counted in millionths: transfers and escrow. Nothing here makes or destroys any.
package enum AssetsModule {
    package static func transfer(_ message: WireTransfer, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let recipient = Address(message.to) else { throw Refusal.assetsMalformed }
        guard message.amount > 0 else { throw Refusal.assetsNoAmount }
        try withdraw(message.amount, from: context.sender, &state)
        try deposit(message.amount, to: recipient, &state)
        state.emit("assets.transferred", id: recipient.bytes, account: context.sender, amount: message.amount)
    }

    /// Moves `amount` from an account into escrow.
    package static func escrow(_ amount: UInt64, from account: Address, _ state: inout ModuleState) throws {
        guard amount > 0 else { return }
        try withdraw(amount, from: account, &state)
        try Amounts.add(amount, to: StateKey.escrowTotal, &state)
    }

    /// Moves `amount` out of escrow to an account.
    package static func release(_ amount: UInt64, to account: Address, _ state: inout ModuleState) throws {
        guard amount > 0 else { return }
        try Amounts.subtract(amount, from: StateKey.escrowTotal, &state)
        try deposit(amount, to: account, &state)
    }

    private static func withdraw(_ amount: UInt64, from address: Address, _ state: inout ModuleState) throws {
        var account = try state.account(address)
        guard account.balance >= amount else { throw Refusal.assetsInsufficient }
        account.balance -= amount
        state.set(account, of: address)
    }

    private static func deposit(_ amount: UInt64, to address: Address, _ state: inout ModuleState) throws {
        var account = try state.account(address)
        // The supply is below 2⁶⁴, so no balance can pass it.
        account.balance += amount
        state.set(account, of: address)
    }
}

/// Totals stored as eight big-endian bytes.
package enum Amounts {
    package static func value(_ key: [UInt8], _ state: inout ModuleState) throws -> UInt64 {
        try (state.value(key) ?? []).reduce(0) { $0 << 8 | UInt64($1) }
    }

    static func add(_ amount: UInt64, to key: [UInt8], _ state: inout ModuleState) throws {
        write(try value(key, &state) + amount, key, &state)
    }

    static func subtract(_ amount: UInt64, from key: [UInt8], _ state: inout ModuleState) throws {
        let total = try value(key, &state)
        precondition(total >= amount, "escrow pays out only what it took in")
        write(total - amount, key, &state)
    }

    package static func write(_ amount: UInt64, _ key: [UInt8], _ state: inout ModuleState) {
        state.set(key, bytes: withUnsafeBytes(of: amount.bigEndian) { Array($0) })
    }
}

extension Refusal {
    package static let assetsMalformed = Refusal(200, "assets.malformed", "the recipient is not an address")
    package static let assetsNoAmount = Refusal(201, "assets.noAmount", "a transfer moves at least one micro-JUPT")
    package static let assetsInsufficient = Refusal(202, "assets.insufficient", "the balance is too low")

    package static let allAssets: [Refusal] = [assetsMalformed, assetsNoAmount, assetsInsufficient]
}
