import Cryptography

/// Record keys derived from a subject's key, one after another on one core: from the whole tree, and from one with erased records.
package func keyBenchmark(derivations: Int = 100_000) throws -> [EnclaveBenchmarkRow] {
    let whole = RecordKeyTree(subjectKey: AuthenticatedEncryption.randomKey())
    var punctured = whole
    for leaf: UInt32 in stride(from: 1, to: RecordKeyTree.leaves, by: Int(RecordKeyTree.leaves) / 100) { try punctured.puncture(leaf) }
    return try [("of a whole tree", whole), ("with 100 erased records", punctured)].map { name, tree in
        let start = ContinuousClock.now
        for number in 0..<UInt32(derivations) { _ = try tree.recordKey(number &* 2 &* 7_919 % RecordKeyTree.leaves) }
        let time = (ContinuousClock.now - start).microseconds
        return EnclaveBenchmarkRow(name: "record keys derived per second, \(name)", value: Double(derivations) * 1e6 / time, unit: "1/s")
    }
}
