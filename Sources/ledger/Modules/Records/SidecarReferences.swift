import ChainTypes
import Primitives

/// How many entries of the state name each sidecar: several may name one, and it may go only with the last of them.
///
/// They are counted and not refused. Sidecars are public, so whoever saw one on its way could name it first, and a refusal would keep its
/// owner's record, a program or an enclave's result from the chain. Nobody's erasure loses by the counting: a copy under another name, or
/// behind another salt, is another's record either way.
enum SidecarReferences {
    /// One more entry names the sidecar.
    static func add(_ commitment: Hash32, _ state: inout ModuleState) throws {
        try Amounts.add(1, to: StateKey.sidecar(commitment), &state)
        // One that was let go of earlier in the block comes back.
        state.keep(sidecar: commitment)
    }

    /// One entry less names the sidecar; with the last it is erased.
    static func drop(_ commitment: Hash32, _ state: inout ModuleState) throws {
        let key = StateKey.sidecar(commitment)
        let count = try Amounts.value(key, &state)
        guard count <= 1 else { return Amounts.write(count - 1, key, &state) }
        state.remove(key)
        state.erase(sidecar: commitment)
    }
}
