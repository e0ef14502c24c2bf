import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LedgerSupport
import Primitives
import RunningNode
import Testing
import WireTypes

/// What a wallet asks a node before it seals to an enclave.
@Suite struct `What a node proves of an enclave` {
    private func code(_ body: () async throws -> Void) async -> UInt32? {
        do { try await body() } catch { return (error as? any CodedError)?.code }
        return nil
    }

    /// Waits for the header that proves the registration.
    private func checked(_ scene: ReceiptScene) async throws -> CheckedEnclave {
        for _ in 0..<6_000 {
            if let found = try? await scene.client.checkedEnclave(scene.enclave.id, on: TrustedChain(scene.node.genesis)) { return found }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await scene.client.checkedEnclave(scene.enclave.id, on: TrustedChain(scene.node.genesis))
    }

    @Test func `holds for a wallet with the chain's genesis, and under no other`() async throws {
        let scene = try await ReceiptScene(isDecided: false)
        let enclave = try await checked(scene)
        #expect(enclave.label == "simulated" && enclave.identity == scene.enclave.identity && enclave.chain.height > 0)

        var session = WireSessionKey()
        (session.key, session.number, session.nonce) = (enclave.identity.vaultKey, 1, enclave.entry.anchorNonce)
        let statement = EnclaveStatement.session(chainID: scene.node.genesis.chainID, session)
        session.signature = .init(try scene.enclave.key.sign(statement, context: .sessionKey))
        #expect(try EnclaveSession(session, of: enclave).enclave == scene.enclave.id)
        session.signature = .init(try SigningKey.ed25519().sign(statement, context: .sessionKey))
        #expect(throws: ClientError.self) { try EnclaveSession(session, of: enclave) }

        // A chain of the same name whose validator is somebody else.
        let other = try await RunningNode()
        #expect(other.genesis.chainID == scene.node.genesis.chainID)
        let foreign = await code { _ = try await scene.client.checkedEnclave(enclave.id, on: TrustedChain(other.genesis)) }
        #expect(foreign == 1537)
        let ahead = TrustedChain(scene.node.genesis, height: enclave.chain.height + 1_000_000)
        #expect(await code { _ = try await scene.client.checkedEnclave(enclave.id, on: ahead) } == 1539)

        #expect(try await scene.node.get("/v1/enclaves/\(Hash32.zero)/proof").status == 404)
        #expect(try await scene.node.get("/v1/enclaves/nonsense/proof").status == 400)
        for node in [scene.node, other] {
            try await node.stop()
            node.remove()
        }
    }
}
