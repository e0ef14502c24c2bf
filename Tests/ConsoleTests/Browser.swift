import Foundation
import FoundationNetworking
import RunningNode

/// Headless Chromium, driven through its WebDriver (W3C WebDriver §7–§17).
final class Browser {
    struct Failure: Error {
        let text: String
    }

    private let driver: Process
    private let base: String
    private var session = ""

    /// `nil` unless both programs are installed.
    static var programs: (chromium: String, driver: String)? {
        let (chromium, driver) = ("/usr/bin/chromium", "/usr/bin/chromedriver")
        let exist = [chromium, driver].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
        return exist ? (chromium, driver) : nil
    }

    init(port: Int, width: Int, height: Int, dark: Bool = false) async throws {
        guard let programs = Self.programs else { throw Failure(text: "chromium is not installed") }
        driver = Process()
        driver.executableURL = URL(fileURLWithPath: programs.driver)
        driver.arguments = ["--port=\(port)"]
        driver.standardOutput = FileHandle.nullDevice
        driver.standardError = FileHandle.nullDevice
        try driver.run()
        base = "http://127.0.0.1:\(port)"
        for _ in 0..<200 {
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
        for _ in 0..<300 {
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
        driver.terminate()
        driver.waitUntilExit()
    }

    private func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Any? {
        guard let url = URL(string: base + path) else { throw Failure(text: path) }
        var request = URLRequest(url: url, timeoutInterval: 60)
        request.httpMethod = method
        if method == "POST" { request.httpBody = try JSONSerialization.data(withJSONObject: body ?? [:]) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let value = (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["value"]
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw Failure(text: String(decoding: data, as: UTF8.self)) }
        return value
    }
}
