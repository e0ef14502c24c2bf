import ArgumentParser
import Foundation
import JupiterClient
import Node

/// `jupiter node passphrase`
struct NodePassphrase: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "passphrase", abstract: "Change the passphrase of a node's keys.",
        discussion: """
            The present passphrase comes as for every command; the new one from --new-passphrase-file, or JUPITER_NEW_PASSPHRASE, or the \
            terminal. Backups made before keep the old one. A node that runs goes on; its next start needs the new one.

            EXAMPLE
              jupiter node passphrase jupiter-sg
              jupiter node passphrase jupiter-sg --passphrase-file old \\
                --new-passphrase-file new
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var passphrase: PassphraseOptions
    @Argument(help: "The chain's id.")
    var chain: String
    @Option(
        help: ArgumentHelp("File with the new passphrase (default: JUPITER_NEW_PASSPHRASE, or asked for).", valueName: "file"))
    var newPassphraseFile: String?

    func answer() async throws -> Answer {
        let home = NodeHome(jupiterHome: global.homePath, chainID: chain)
        let old = try passphrase.passphrase(new: false, prompt: "Present passphrase: ")
        let new = try PassphraseOptions.passphrase(
            file: newPassphraseFile, variable: "JUPITER_NEW_PASSPHRASE", new: true, prompt: "New passphrase: ")
        try home.changePassphrase(from: old, to: new)
        return Answer(
            ["chain": .text(chain), "home": .text(home.path)], text: "the keys of \(chain) are encrypted with the new passphrase")
    }
}
