import ChainTypes
import Cryptography
import EnclaveProtocol
import Foundation
import Primitives
import WireTypes

/// A subject key that is to be handed to an enclave.
package struct EnrolmentKey: Sendable {
    package let wallet: Wallet
    package let dataset: String
    package let epoch: UInt32

    package init(wallet: Wallet, dataset: String, epoch: UInt32 = 0) {
        (self.wallet, self.dataset, self.epoch) = (wallet, dataset, epoch)
    }
}

/// Enrolments over some channel: fetches the enclave's session, seals to it, sends.
///
/// Sessions are short: an enclave that was started anew, or has destroyed keys, opens nothing that was sealed before. What it refuses for
/// that reason is sealed to its new session and sent once more, once.
package struct EnrolmentExchange: Sendable {
    /// Enrolments in one request.
    private static let atOnce = 250

    /// The enclave's session, checked.
    let session: @Sendable () async throws -> EnclaveSession
    /// Hands sealed keys over: one outcome each, in order.
    let send: @Sendable ([WireSealedMessage]) async throws -> [EnrolmentOutcome]

    package init(
        session: @escaping @Sendable () async throws -> EnclaveSession,
        send: @escaping @Sendable ([WireSealedMessage]) async throws -> [EnrolmentOutcome]
    ) {
        (self.session, self.send) = (session, send)
    }

    /// One outcome for each key, in order.
    /// - Parameter progress: told how many are done.
    package func enrol(_ keys: [EnrolmentKey], progress: (Int) -> Void = { _ in }) async throws -> [EnrolmentOutcome] {
        var outcomes: [EnrolmentOutcome] = []
        var session = try await session()
        for start in stride(from: 0, to: keys.count, by: Self.atOnce) {
            let some = Array(keys[start..<min(start + Self.atOnce, keys.count)])
            var answers = try await seal(some, session)
            let again = answers.indices.filter { answers[$0].error?.code == EnclaveError.otherSession.code }
            if !again.isEmpty {
                session = try await self.session()
                for (position, answer) in zip(again, try await seal(again.map { some[$0] }, session)) { answers[position] = answer }
            }
            outcomes += answers
            progress(outcomes.count)
        }
        return outcomes
    }

    private func seal(_ keys: [EnrolmentKey], _ session: EnclaveSession) async throws -> [EnrolmentOutcome] {
        let sealed = try keys.map {
            try EnrolmentSealer.seal(dataset: $0.dataset, wallet: $0.wallet, session: session, keyEpoch: $0.epoch)
        }
        let answers = try await send(sealed)
        guard answers.count == keys.count else { throw ClientError.malformedAnswer("another number of outcomes") }
        return answers
    }
}

extension NodeClient {
    private struct SessionAnswer: Decodable { let session: Data }

    /// What the node shows as the session of one of its enclaves; nobody has checked it.
    package func sessionKey(of enclave: Hash32) async throws -> WireSessionKey {
        let answer: SessionAnswer = try await get("/v1/enclaves/\(enclave)/session")
        guard let session = try? WireSessionKey(strictly: [UInt8](answer.session), limit: Limits.stateValue) else {
            throw ClientError.malformedAnswer("an enclave's session")
        }
        return session
    }

    /// Hands subject keys to one of the node's enclaves; one outcome each, in order. The enclave is checked again with each session that is
    /// asked for: once, unless it is started anew meanwhile.
    package func enrol(
        _ keys: [EnrolmentKey], with enclave: CheckedEnclave, progress: (Int) -> Void = { _ in }
    ) async throws -> [EnrolmentOutcome] {
        let exchange = EnrolmentExchange(
            session: { try await self.session(of: self.checkedEnclave(enclave.id, on: enclave.chain)) },
            send: { try await self.enrol($0) })
        return try await exchange.enrol(keys, progress: progress)
    }
}
