import ArgumentParser
import Cryptography
import Foundation
import JupiterClient
import WireTypes

/// `jupiter transfer …`
struct TransferCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Send JUPT to an address.",
        discussion: """
            Amounts are in micro-JUPT: 1000000 is one JUPT. --operator signs with the key of a node's home instead of a wallet.

            EXAMPLE
              jupiter transfer --to jup1… --amount 2500000
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Option(help: "Who receives it.")
    var to: Address
    @Option(help: "Micro-JUPT.")
    var amount: UInt64

    func answer() async throws -> Answer {
        let client = try node.client()
        let key = try await signer.key(home: global.homePath, client: client)
        var transfer = WireTransfer()
        transfer.to = .init(to.bytes)
        transfer.amount = amount
        var builder = try await client.builder(for: key)
        let receipt = try await client.commit(builder.sign(.transfer(transfer)))
        return Receipts.answer(
            receipt, ["to": .text(to.description), "amount": JSONValue(amount)], "sent \(Display.amount(amount)) to \(to)")
    }
}

/// Signs with a wallet, or as the operator of a node in this home.
struct SignerOptions: ParsableArguments {
    @OptionGroup var wallet: WalletOptions
    @Flag(name: .customLong("operator"), help: "Sign with the operator key of the node's home.")
    var asOperator = false

    func key(home: String, client: NodeClient) async throws -> SigningKey {
        guard asOperator else { return try OpenWallet(wallet, home: home).wallet.signingKey }
        let chainID = try await client.status().chainId
        return try OperatorKey.read(home: home, chainID: chainID, passphrase: wallet.passphrase.passphrase(new: false))
    }
}
