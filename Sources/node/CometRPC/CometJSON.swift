import Foundation
import Primitives
import WireTypes

/// A value that is a text in CometBFT's JSON.
protocol CometTextual: Decodable {
    init?(cometText: String)
}

extension CometTextual {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(cometText: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a \(Self.self)")
        }
        self = value
    }
}

struct CometNumber: CometTextual {
    let value: UInt64

    init?(cometText: String) {
        guard let value = CometText.number(cometText) else { return nil }
        self.value = value
    }
}

struct CometHex: CometTextual {
    let bytes: [UInt8]

    init?(cometText: String) {
        guard let bytes = CometText.hex(cometText) else { return nil }
        self.bytes = bytes
    }
}

struct CometBase64: CometTextual {
    let bytes: [UInt8]

    init?(cometText: String) {
        guard let bytes = CometText.base64(cometText) else { return nil }
        self.bytes = bytes
    }
}

struct CometTimestamp: CometTextual {
    let wire: WireCometTime

    init?(cometText: String) {
        guard let wire = CometText.time(cometText) else { return nil }
        self.wire = wire
    }
}

struct CometPartsJSON: Decodable {
    let total: UInt32
    let hash: CometHex
}

struct CometBlockIDJSON: Decodable {
    let hash: CometHex
    let parts: CometPartsJSON

    var wire: WireCometBlockID {
        var wire = WireCometBlockID()
        (wire.hash, wire.partsTotal, wire.partsHash) = (Data(hash.bytes), parts.total, Data(parts.hash.bytes))
        return wire
    }
}

/// The header of `/commit`.
struct CometHeaderJSON: Decodable {
    struct Version: Decodable {
        let block: CometNumber
        /// Left out when zero.
        let app: CometNumber?
    }

    let version: Version
    let chainId: String
    let height: CometNumber
    let time: CometTimestamp
    let lastBlockId: CometBlockIDJSON
    let lastCommitHash: CometHex
    let dataHash: CometHex
    let validatorsHash: CometHex
    let nextValidatorsHash: CometHex
    let consensusHash: CometHex
    let appHash: CometHex
    let lastResultsHash: CometHex
    let evidenceHash: CometHex
    let proposerAddress: CometHex

    var wire: WireCometHeader {
        var wire = WireCometHeader()
        (wire.blockVersion, wire.appVersion) = (version.block.value, version.app?.value ?? 0)
        (wire.chainID, wire.height, wire.time, wire.lastBlock) = (chainId, height.value, time.wire, lastBlockId.wire)
        (wire.lastCommitHash, wire.dataHash) = (Data(lastCommitHash.bytes), Data(dataHash.bytes))
        (wire.validatorsHash, wire.nextValidatorsHash) = (Data(validatorsHash.bytes), Data(nextValidatorsHash.bytes))
        (wire.consensusHash, wire.appHash) = (Data(consensusHash.bytes), Data(appHash.bytes))
        (wire.lastResultsHash, wire.evidenceHash) = (Data(lastResultsHash.bytes), Data(evidenceHash.bytes))
        wire.proposerAddress = Data(proposerAddress.bytes)
        return wire
    }
}

struct CometCommitJSON: Decodable {
    struct Signature: Decodable {
        let blockIdFlag: UInt8
        let validatorAddress: CometHex
        let timestamp: CometTimestamp
        /// `null` for an absent vote.
        let signature: CometBase64?
    }

    let height: CometNumber
    let round: UInt32
    let blockId: CometBlockIDJSON
    let signatures: [Signature]
}

struct CometSignedHeaderJSON: Decodable {
    struct SignedHeader: Decodable {
        let header: CometHeaderJSON
        let commit: CometCommitJSON
    }

    let signedHeader: SignedHeader
}

struct CometValidatorsJSON: Decodable {
    struct Validator: Decodable {
        struct Key: Decodable {
            let type: String
            let value: CometBase64
        }

        let address: CometHex
        let pubKey: Key
        let votingPower: CometNumber
    }

    let blockHeight: CometNumber
    let validators: [Validator]
    let count: CometNumber
    let total: CometNumber
}

/// The envelope of JSON-RPC 2.0.
struct CometEnvelope<Result: Decodable>: Decodable {
    struct Failure: Decodable {
        let message: String
        let data: String?
    }

    let result: Result?
    let error: Failure?
}
