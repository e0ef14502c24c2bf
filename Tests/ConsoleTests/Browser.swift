import Foundation
import Glibc
import Node

/// Headless Chromium, driven through its WebDriver (W3C WebDriver §7–§17).
final class Browser {
    struct Failure: Error {
        let text: String
    }

    private let driver: Process
    private let port: Int
    private var session = ""

    /// `nil` unless both programs are installed.
    static var programs: (chromium: String, driver: String)? {
        let (chromium, driver) = ("/usr/bin/chromium", "/usr/bin/chromedriver")
        let exist = [chromium, driver].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
        return exist ? (chromium, driver) : nil
    }

    init(port: Int, width: Int, height: Int, dark: Bool = false) async throws {
        guard let programs = Self.programs else { throw Failure(text: "chromium is not installed") }
        self.port = port
        driver = Process()
        driver.executableURL = URL(fileURLWithPath: programs.driver)
        driver.arguments = ["--port=\(port)"]
        driver.standardOutput = FileHandle.nullDevice
        driver.standardError = FileHandle.nullDevice
        try driver.run()
        for _ in 0..<2_400 {
            if (try? await call("GET", "/status")) != nil { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        var arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=\(width),\(height)"]
        if dark { arguments.append("--force-dark-mode") }
        let capabilities: [String: Any] = [
            "browserName": "chrome", "goog:loggingPrefs": ["browser": "ALL"],
            "goog:chromeOptions": ["binary": programs.chromium, "args": arguments],
        ]
        let answer = try await call("POST", "/session", ["capabilities": ["alwaysMatch": capabilities]])
        guard let id = (answer as? [String: Any])?["sessionId"] as? String else { throw Failure(text: "no session") }
        session = "/session/" + id
    }

    func open(_ url: String) async throws { _ = try await call("POST", session + "/url", ["url": url]) }

    /// What a script returns.
    func evaluate(_ script: String) async throws -> Any? {
        try await call("POST", session + "/execute/sync", ["script": script, "args": [Any]()])
    }

    /// Emulates a screen of this size, as DevTools do.
    func resize(width: Int, height: Int) async throws {
        let parameters: [String: Any] = ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": true]
        _ = try await call("POST", session + "/goog/cdp/execute", ["cmd": "Emulation.setDeviceMetricsOverride", "params": parameters])
    }

    /// Asks again until the script returns true.
    func wait(for script: String) async throws -> Bool {
        for _ in 0..<2_400 {
            if try await evaluate("return Boolean(\(script))") as? Bool == true { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// What the page wrote to the console at level SEVERE: script errors, refused loads.
    func severeLogs() async throws -> [String] {
        let entries = try await call("POST", session + "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []
        return entries.filter { $0["level"] as? String == "SEVERE" }.compactMap { $0["message"] as? String }
    }

    func screenshot(_ path: String) async throws {
        guard let text = try await call("GET", session + "/screenshot") as? String, let data = Data(base64Encoded: text) else { return }
        try data.write(to: URL(fileURLWithPath: path))
    }

    func close() async {
        _ = try? await call("DELETE", session)
        kill(driver.processIdentifier, SIGKILL)
        driver.waitUntilExit()
    }

    private func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Any? {
        let data = method == "POST" ? try JSONSerialization.data(withJSONObject: body ?? [:]) : Data()
        let port = port
        // Blocking, so off Swift's own threads; URLSession does not get along with chromedriver's answers.
        let (status, answer) = try await WorkerPool(width: 1).run {
            Result { try PlainHTTP.exchange(port: port, method: method, path: path, body: data) }
        }.get()
        let value = (try JSONSerialization.jsonObject(with: answer) as? [String: Any])?["value"]
        guard status == 200 else { throw Failure(text: String(decoding: answer, as: UTF8.self)) }
        return value
    }
}

/// One request and one answer over a connection of their own.
private enum PlainHTTP {
    static func exchange(port: Int, method: String, path: String, body: Data) throws -> (status: Int, body: Data) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var timeout = timeval(tv_sec: 90, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else { throw Browser.Failure(text: "nobody listens at port \(port)") }
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        let request = [UInt8](head.utf8) + [UInt8](body)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { throw Browser.Failure(text: "send") }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let found = parse(answer) { return found }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw Browser.Failure(text: "the answer is cut short") }
            answer += buffer[..<count]
        }
    }

    private static func parse(_ answer: [UInt8]) -> (status: Int, body: Data)? {
        guard let end = Data(answer).range(of: Data("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }.flatMap {
            Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces))
        }
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }), let length,
            answer.count >= end.upperBound + length
        else { return nil }
        return (status, Data(answer[end.upperBound..<end.upperBound + length]))
    }
}
