/// What four validators of one machine reach under one load.
package struct LoadFigures: Sendable, Encodable {
    package var transactions: Int
    /// Of one transaction, with its sidecar.
    package var transactionBytes: Int
    package var blocks: Int
    /// Until the last of the validators had committed the last transaction.
    package var committedPerSecond: Double
    /// Committed × validators ÷ verifications per second of the whole machine.
    package var ratioToSignatureLimit: Double
    /// Processor time of all nodes together for one transaction.
    package var cpuMilliseconds: Double
    /// 1.67 × validators × the processor time of one verification.
    package var cpuAimMilliseconds: Double
    /// Processor time of the program that submits, which takes its share of the same cores.
    package var loaderCPUMilliseconds: Double
    package var wireBytesPerTransaction: Double
    package var limit: SignatureLimit

    enum CodingKeys: String, CodingKey {
        case transactions
        case transactionBytes = "transaction_bytes"
        case blocks
        case committedPerSecond = "committed_tx_per_s"
        case ratioToSignatureLimit = "ratio_to_signature_limit"
        case cpuMilliseconds = "cpu_ms_per_tx"
        case cpuAimMilliseconds = "cpu_ms_per_tx_aim"
        case loaderCPUMilliseconds = "loader_cpu_ms_per_tx"
        case wireBytesPerTransaction = "wire_bytes_per_tx"
        case limit = "signature_limit"
    }
}

/// From making a block to its finality there, as each validator tells of its own blocks: the upper median of the medians, the worst 99th
/// percentile.
package struct FinalityFigures: Sendable, Encodable {
    package var blocks: Int
    package var medianMilliseconds: Double
    package var p99Milliseconds: Double

    enum CodingKeys: String, CodingKey {
        case blocks
        case medianMilliseconds = "finality_median_ms"
        case p99Milliseconds = "finality_p99_ms"
    }
}

/// Everything that `bench consensus` measures.
package struct ConsensusFigures: Sendable, Encodable {
    package var validators: Int
    package var cores: Int
    package var finality: FinalityFigures
    package var transfers: LoadFigures
    package var records: LoadFigures
    /// The same transfers where quorums are more than a half.
    package var crashProfile: LoadFigures
    /// Crash over byzantine, each as a share of what the signatures allowed at that moment.
    package var crashToByzantine: Double
    /// The machine's load average over a minute, before and after: others work on it too.
    package var loadAverage: [Double]

    enum CodingKeys: String, CodingKey {
        case validators
        case cores
        case finality
        case transfers
        case records
        case crashProfile = "crash_profile_transfers"
        case crashToByzantine = "crash_to_byzantine"
        case loadAverage = "load_average"
        // The headline again, where whoever reads the report looks first.
        case committedPerSecond = "committed_tx_per_s"
        case ratioToSignatureLimit = "ratio_to_signature_limit"
        case cpuMilliseconds = "cpu_ms_per_tx"
        case wireBytesPerTransaction = "wire_bytes_per_tx"
        case medianMilliseconds = "finality_median_ms"
        case p99Milliseconds = "finality_p99_ms"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(validators, forKey: .validators)
        try container.encode(cores, forKey: .cores)
        try container.encode(finality, forKey: .finality)
        try container.encode(transfers, forKey: .transfers)
        try container.encode(records, forKey: .records)
        try container.encode(crashProfile, forKey: .crashProfile)
        try container.encode(crashToByzantine, forKey: .crashToByzantine)
        try container.encode(loadAverage, forKey: .loadAverage)
        try container.encode(transfers.committedPerSecond, forKey: .committedPerSecond)
        try container.encode(transfers.ratioToSignatureLimit, forKey: .ratioToSignatureLimit)
        try container.encode(transfers.cpuMilliseconds, forKey: .cpuMilliseconds)
        try container.encode(transfers.wireBytesPerTransaction, forKey: .wireBytesPerTransaction)
        try container.encode(finality.medianMilliseconds, forKey: .medianMilliseconds)
        try container.encode(finality.p99Milliseconds, forKey: .p99Milliseconds)
    }
}
