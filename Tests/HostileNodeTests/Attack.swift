import AdversarySupport
import WireTypes

/// What a node can do to the enclave it feeds (docs/threat-model.md, node and enclave).
enum Attack: String, CaseIterable, Sendable {
    /// What was true once is shown again.
    case replay
    /// True things come in another order than they happened.
    case reorder
    /// Something true is left out.
    case withhold
    /// Bytes are cut off.
    case truncate
    /// Something is false, signed by others, or not signed at all.
    case forge
    /// A history that the enclave has left behind, or that never was its own.
    case staleFork
    /// True things of another chain.
    case otherChain
    /// The quorum's clock is wrong: it is the only clock the enclave has.
    case lieAboutTime
}

/// One attack on one command, as it is tried or why it cannot be.
enum HostileCell: Sendable {
    /// The refusals that the attack must end in, by their stable names and in their order; an empty name is an item that is answered.
    case refused([String], _ attack: @Sendable (HostileScene) throws -> [String])
    /// There is nothing to attack.
    case impossible(_ reason: String)

    static func refused(_ name: String, _ attack: @escaping @Sendable (HostileScene) throws -> [String]) -> HostileCell {
        .refused([name], attack)
    }
}

/// What a hostile node does with one command.
struct HostileCommand: Sendable {
    /// The command in its rightful form and moment.
    let rightful: @Sendable (HostileScene) throws -> WireEnclaveRequest.OneOf_Command
    /// Whether the same command again gets the same bytes; a key box is sealed anew.
    var isRepeatable = true
    /// How the rightful command is answered.
    var rightfulNames = [""]
    let attacks: [Attack: [HostileCell]]
}

extension HostileCell {
    static func impossible(_ attacks: [Attack], _ reason: String) -> [Attack: [HostileCell]] {
        Dictionary(uniqueKeysWithValues: attacks.map { ($0, [.impossible(reason)]) })
    }
}

extension [Attack: [HostileCell]] {
    static func + (left: Self, right: Self) -> Self { left.merging(right) { $0 + $1 } }
}
