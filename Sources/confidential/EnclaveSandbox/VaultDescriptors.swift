/// The descriptors that the launcher gives the vault, in their order.
package enum VaultDescriptors {
    /// Packets with the launcher.
    package static let launcher = RoleProcess.firstDescriptor
    /// A stream that ends when the vault is to stop.
    package static let stop = launcher + 1
    /// The socket that the node connects to, listening.
    package static let listener = launcher + 2
    /// The store's two files, the first locked against others.
    package static let store = launcher + 3
    package static let secondStore = launcher + 4
    /// The chain's genesis, to be read once.
    package static let genesis = launcher + 5
}
