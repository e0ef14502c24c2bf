import ChainTypes
import Foundation
import LightClient
import Primitives
import WireTypes

/// What CometBFT's RPC would answer about headers that a test made.
package enum CometAnswerText {
    /// The result of `/commit`. Who did not vote for the block is absent.
    package static func commit(_ signed: WireCometSignedHeader, by validators: CometValidators) throws -> String {
        let header = signed.header
        var votes: [String] = []
        var next = 0
        for (position, member) in validators.members.enumerated() {
            guard signed.signers[position / 8] & 1 << UInt8(position % 8) != 0 else {
                votes.append(
                    #"{"block_id_flag":1,"validator_address":"","timestamp":"0001-01-01T00:00:00Z","signature":null}"#)
                continue
            }
            let vote = signed.votes[next]
            next += 1
            votes.append(
                """
                {"block_id_flag":2,"validator_address":"\(hex(member.address))","timestamp":"\(time(vote.time))",\
                "signature":"\(vote.signature.base64EncodedString())"}
                """)
        }
        return """
            {"signed_header":{"header":{"version":{"block":"\(header.blockVersion)","app":"\(header.appVersion)"},\
            "chain_id":"\(header.chainID)","height":"\(header.height)","time":"\(time(header.time))",\
            "last_block_id":\(block(header.lastBlock)),"last_commit_hash":"\(hex(header.lastCommitHash))",\
            "data_hash":"\(hex(header.dataHash))","validators_hash":"\(hex(header.validatorsHash))",\
            "next_validators_hash":"\(hex(header.nextValidatorsHash))","consensus_hash":"\(hex(header.consensusHash))",\
            "app_hash":"\(hex(header.appHash))","last_results_hash":"\(hex(header.lastResultsHash))",\
            "evidence_hash":"\(hex(header.evidenceHash))","proposer_address":"\(hex(header.proposerAddress))"},\
            "commit":{"height":"\(header.height)","round":\(signed.round),"block_id":\(try block(of: signed)),\
            "signatures":[\(votes.joined(separator: ","))]}},"canonical":true}
            """
    }

    /// The result of `/validators`: the page `page` of `size`, counted from one.
    package static func validators(_ set: CometValidators, height: UInt64, page: Int = 1, size: Int = 100) -> String {
        let members = set.members.dropFirst((page - 1) * size).prefix(size).map { member in
            """
            {"address":"\(hex(member.address))","pub_key":{"type":"tendermint/PubKeyEd25519",\
            "value":"\(Data(member.key.bytes).base64EncodedString())"},"voting_power":"\(member.power)","proposer_priority":"-2"}
            """
        }
        return """
            {"block_height":"\(height)","validators":[\(members.joined(separator: ","))],"count":"\(members.count)",\
            "total":"\(set.members.count)"}
            """
    }

    /// `result` as JSON-RPC sends it.
    package static func envelope(_ result: String) -> String { #"{"jsonrpc":"2.0","id":-1,"result":\#(result)}"# }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String { Hex.encode(bytes).uppercased() }

    private static func block(of signed: WireCometSignedHeader) throws -> String {
        var wire = WireCometBlockID()
        (wire.hash, wire.partsTotal, wire.partsHash) = (
            .init(try CometHeader(signed.header).hash.bytes), signed.partsTotal, signed.partsHash
        )
        return block(wire)
    }

    private static func block(_ wire: WireCometBlockID) -> String {
        #"{"hash":"\#(hex(wire.hash))","parts":{"total":\#(wire.partsTotal),"hash":"\#(hex(wire.partsHash))"}}"#
    }

    private static func time(_ time: WireCometTime) -> String {
        let seconds = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(time.seconds))).dropLast()
        var nanos = String(time.nanos)
        nanos = String(repeating: "0", count: 9 - nanos.count) + nanos
        return time.nanos == 0 ? "\(seconds)Z" : "\(seconds).\(nanos)Z"
    }
}
