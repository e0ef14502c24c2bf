import ArgumentParser
import Cryptography
struct NodeCommand: AsyncParsableCommand { static let configuration = CommandConfiguration(commandName: "node", abstract: "x") }
enum OperatorKey { static func read(home: String, chainID: String, passphrase: String) throws -> SigningKey { throw CommandError.notFound(home) } }
