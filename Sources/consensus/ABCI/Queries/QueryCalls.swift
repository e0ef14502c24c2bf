import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import LightClient
import Primitives
import SwiftProtobuf
import WireTypes

/// Queries of the engine's operators and clients (docs/spec/abci.md §6): only committed state, with proofs that CometBFT's headers bear out.
package struct QueryCalls: Sendable {
    package static let statePath = "/state"
    package static let noncePath = "/account/nonce"
    package static let headPath = "/head"
    /// The operations of a proof, from the value to CometBFT's application hash.
    package static let stateProof = "jupiter:state"
    package static let commitmentProof = "jupiter:commitment"

    private static let longestKey = 1_024

    private let application: any Application
    /// The header at a height.
    private let header: @Sendable (UInt64) throws -> BlockHeader?

    package init(application: any Application, header: @escaping @Sendable (UInt64) throws -> BlockHeader?) {
        (self.application, self.header) = (application, header)
    }

    package func info() -> ABCIInfoResponse {
        let head = application.head
        var response = ABCIInfoResponse()
        response.data = "jupiter"
        response.appVersion = UInt64(BlockMaker.applicationVersion)
        response.lastBlockHeight = Int64(clamping: head.height)
        if head.height > 0 { response.lastBlockAppHash = .init(CometBlock.commitment(head).bytes) }
        return response
    }

    /// Answers every query; a refusal is a code in the answer.
    package func answer(_ request: ABCIQueryRequest) -> ABCIQueryResponse {
        do {
            return try respond(request)
        } catch let error as any CodedError {
            var response = ABCIQueryResponse()
            (response.code, response.codespace, response.log) = (error.code, TransactionResults.codespace, error.name)
            return response
        } catch {
            var response = ABCIQueryResponse()
            (response.code, response.codespace) = (ABCIError.applicationFailed.code, TransactionResults.codespace)
            return response
        }
    }

    private func respond(_ request: ABCIQueryRequest) throws -> ABCIQueryResponse {
        // The engine asks whether it may talk to a peer: the answer is its operator's matter.
        if request.path.hasPrefix("/p2p/filter/") { return ABCIQueryResponse() }
        switch request.path {
        case Self.statePath: return try state(request)
        case Self.noncePath: return try nonce(request)
        case Self.headPath: return try head(request)
        default: throw ABCIError.unknownPath
        }
    }

    private func state(_ request: ABCIQueryRequest) throws -> ABCIQueryResponse {
        guard (1...Self.longestKey).contains(request.data.count), request.height >= 0 else { throw ABCIError.badQuery }
        let height = request.height == 0 ? nil : UInt64(request.height)
        let answer = try application.query([UInt8](request.data), height: height, prove: request.prove)
        var response = ABCIQueryResponse()
        (response.key, response.height) = (request.data, Int64(clamping: answer.height))
        response.value = Data(answer.value ?? [])
        guard let proof = answer.proof else { return response }
        response.proofOps.ops = [
            Self.op(Self.stateProof, key: request.data, proof), Self.op(Self.commitmentProof, key: Data(), try opening(answer.height)),
        ]
        return response
    }

    private static func op(_ type: String, key: Data, _ data: [UInt8]) -> ABCIProofOp {
        var op = ABCIProofOp()
        (op.type, op.key, op.data) = (type, key, Data(data))
        return op
    }

    /// What opens the application hash of CometBFT's header `height` + 1.
    private func opening(_ height: UInt64) throws -> [UInt8] {
        let head = application.head
        if height == head.height {
            return CometCommitment.opening(header: head.blockHash, stateRoot: head.stateRoot, receiptsRoot: head.receiptsRoot)
        }
        guard let next = try header(height + 1) else { throw ABCIError.badQuery }
        return CometCommitment.opening(header: next.parent, stateRoot: next.stateRoot, receiptsRoot: next.receiptsRoot)
    }

    /// The nonce of the next transaction of an account, eight bytes, big-endian.
    private func nonce(_ request: ABCIQueryRequest) throws -> ABCIQueryResponse {
        guard let address = Address(request.data) ?? (try? Address(text: String(decoding: request.data, as: UTF8.self))),
            request.height == 0
        else { throw ABCIError.badQuery }
        let answer = try application.query(StateKey.account(address), height: nil, prove: false)
        let nonce = try answer.value.map { try WireAccount(serializedBytes: $0).nonce } ?? 0
        var response = ABCIQueryResponse()
        (response.key, response.height) = (Data(address.bytes), Int64(clamping: answer.height))
        response.value = withUnsafeBytes(of: (nonce + 1).bigEndian) { Data($0) }
        return response
    }

    /// The opening of the newest application hash.
    private func head(_ request: ABCIQueryRequest) throws -> ABCIQueryResponse {
        let height = application.head.height
        guard request.data.isEmpty, request.height == 0 || UInt64(request.height.magnitude) <= height, request.height >= 0 else {
            throw ABCIError.badQuery
        }
        let asked = request.height == 0 ? height : UInt64(request.height)
        var response = ABCIQueryResponse()
        (response.value, response.height) = (Data(try opening(asked)), Int64(clamping: asked))
        return response
    }
}
