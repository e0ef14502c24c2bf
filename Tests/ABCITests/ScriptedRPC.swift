import ABCI
import Foundation
import Hummingbird
import Logging
import NIOCore
import Primitives
import ScriptedEngine
import Synchronization

/// The RPC of a scripted engine: what is broadcast is asked about over the mempool connection, as CometBFT does it.
final class ScriptedRPC: Sendable {
    /// What it answers without asking.
    enum Mood: Sendable {
        case willing, full, cached, broken
    }

    private struct Call: Decodable {
        struct Parameters: Decodable { let tx: Data }
        let method: String
        let params: Parameters
    }

    private let task = Mutex<Task<Void, any Error>?>(nil)
    private let mood = Mutex(Mood.willing)
    private let engine = Mutex<ScriptedComet?>(nil)
    private let accepted = Mutex<[[UInt8]]>([])

    /// What its mempool holds, in the order of arrival.
    var transactions: [[UInt8]] { accepted.withLock { $0 } }

    func forget() { accepted.withLock { $0 = [] } }
    func set(_ mood: Mood) { self.mood.withLock { $0 = mood } }
    func bind(_ engine: ScriptedComet) { self.engine.withLock { $0 = engine } }

    /// Its port.
    func start() async throws -> Int {
        let router = Router()
        router.post("/") { request, _ in
            let bytes = try await request.body.collect(upTo: 32 << 20)
            return try await self.answer(Data(bytes.readableBytesView))
        }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        task.withLock { $0 = Task { try await application.run() } }
        for await port in ports { return port }
        throw ABCIClientError.cannotConnect
    }

    func stop() async {
        let task = task.withLock { $0.take() }
        task?.cancel()
        _ = await task?.result
    }

    private func answer(_ body: Data) async throws -> String {
        let call = try JSONDecoder().decode(Call.self, from: body)
        guard call.method == "broadcast_tx_sync" else { return #"{"error":{"code":-32601,"message":"Method not found"}}"# }
        switch mood.withLock({ $0 }) {
        case .full: return Self.error("mempool is full: number of txs 5000 (max: 5000)")
        case .cached: return Self.error("tx already exists in cache")
        case .broken: return "<html>"
        case .willing: break
        }
        guard let engine = engine.withLock({ $0 }) else { return Self.error("no application") }
        let checked = try await engine.checkTx([UInt8](call.params.tx))
        if checked.code == 0 { accepted.withLock { $0.append([UInt8](call.params.tx)) } }
        return
            #"{"jsonrpc":"2.0","id":1,"result":{"code":\#(checked.code),"data":"","log":"\#(checked.log)","codespace":"\#(checked.codespace)","hash":""}}"#
    }

    private static func error(_ text: String) -> String {
        #"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error","data":"\#(text)"}}"#
    }
}
