import API
import Foundation
import Node
import RunningNode
import Testing

@Suite struct `OpenAPI document and metrics` {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test func `every address is described and every description has an address`() async throws {
        let running = try await RunningNode()
        let answer = try await running.get("/openapi.json")
        try await running.stop()
        let paths = try #require(answer.json["paths"] as? [String: [String: Any]])
        let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        let node = try JupiterNode(
            home: running.home, configuration: try running.home.configuration(environment: [:]), passphrase: RunningNode.passphrase)
        let routes = NodeServer.addresses(node)
        #expect(Set(routes).count == routes.count)
        #expect(described == Set(routes))
        running.remove()
    }

    @Test func `the document in docs is the one that is served`() throws {
        let file = try String(contentsOfFile: Self.root + "/docs/api/openapi.json", encoding: .utf8)
        #expect(file == OpenAPIDocument.text)
    }

    @Test func `openapi-spec-validator accepts the document`() throws {
        guard let tool = Self.tool("openapi-spec-validator") else {
            print("skipped: openapi-spec-validator is not installed (./dev setup --test)")
            return
        }
        #expect(try Self.run(tool, [Self.root + "/docs/api/openapi.json"]) == 0)
    }

    @Test func `promtool accepts the metrics`() async throws {
        guard let tool = Self.tool("promtool") else {
            print("skipped: promtool is not installed (./dev setup --test)")
            return
        }
        let running = try await RunningNode {
            $0.enclaveSocket = "/nonexistent/enclave.sock"
            $0.peerPort = try NodeInitialiser.freePort()
        }
        let answer = try await running.get("/metrics")
        try await running.stop()
        running.remove()
        #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(try Self.run(tool, ["check", "metrics"], input: answer.body) == 0)
    }

    @Test func `every metric is described in the operators' handbook`() async throws {
        let running = try await RunningNode {
            $0.enclaveSocket = "/nonexistent/enclave.sock"
            $0.peerPort = try NodeInitialiser.freePort()
        }
        let text = try await running.get("/metrics").text
        try await running.stop()
        running.remove()
        let names = Set(text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) })
        let handbook = try String(contentsOfFile: Self.root + "/docs/operations/metrics.md", encoding: .utf8)
        let described = Set(handbook.matches(of: /`(jupiter_[a-z_]+)`/).map { String($0.1) })
        #expect(names == described)
    }

    /// A tool of the project's virtual environment or of the path.
    static func tool(_ name: String) -> String? {
        let folders = [root + "/.venv/bin"] + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return folders.map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func run(_ tool: String, _ arguments: [String], input: Data? = nil) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = arguments
        let pipe = Pipe()
        if input != nil { process.standardInput = pipe }
        try process.run()
        if let input {
            pipe.fileHandleForWriting.write(input)
            try pipe.fileHandleForWriting.close()
        }
        process.waitUntilExit()
        return process.terminationStatus
    }
}
