import ArgumentParser
import Attestation
import Foundation
import JupiterClient
import Primitives

/// `jupiter evidence …`
struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "Judge what enclaves' hardware says of them. Needs no network and no node.",
        discussion: """
            EXAMPLE
              jupiter evidence verify report.bin vcek.der ask.der
              jupiter evidence verify --manifest vectors/manifest.json --output json
            """,
        subcommands: [EvidenceVerify.self])
}

struct EvidenceVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Explain one piece of evidence step by step, or judge a manifest of many.",
        discussion: """
            One piece: its files in any order. What each is for is seen from its bytes, or said as role=path, with the roles of \
            docs/spec/attestation.md. The policy is strict: no debug, up-to-date only. It has no rule about product lines and, without \
            --register, no reference values.

            A manifest: one line for each vector with its id, accept, reject or n/a, and the word of the first rule broken. Only files, \
            verify_at, trust_anchor and inputs are looked at; a vector without id has null in its line (- in text).

            Ends with 1 if one piece is not accepted; a manifest that could be judged ends with 0.

            EXAMPLE
              jupiter evidence verify quote.bin tcb_info.json qe_identity.json *.pem *.der \\
                --at 2025-06-25T12:00:00Z
              jupiter evidence verify --manifest vectors/manifest.json --output json
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Judge every vector of this list.", valueName: "file"))
    var manifest: String?
    @Option(help: ArgumentHelp("Time of the appraisal, like 2025-06-25T12:00:00Z (default: now).", valueName: "time"))
    var at: String?
    @Option(help: ArgumentHelp("Root certificate that counts instead of the vendors' pinned ones.", valueName: "file"))
    var anchor: String?
    @Option(help: ArgumentHelp("What the verifier had asked for, in hexadecimal.", valueName: "hex"))
    var nonce: String?
    @Option(
        help: ArgumentHelp(
            "A register that must have been measured, like pcr11=fcc1… or mrtd=91eb…; may be repeated.", valueName: "name=hex"))
    var register: [String] = []
    @Argument(help: ArgumentHelp("Files of one piece of evidence, or role=path.", valueName: "file"))
    var files: [String] = []

    func validate() throws {
        guard (manifest == nil) != files.isEmpty else { throw ValidationError("give either files or --manifest") }
        guard manifest == nil || (at == nil && anchor == nil && nonce == nil && register.isEmpty) else {
            throw ValidationError("a manifest says itself at what time and against which root it is judged")
        }
    }

    func run() async throws {
        if let manifest { return try judge(manifest) }
        let judgement = try explain()
        let report = EvidenceReport(judgement)
        Console.out(global.output == .json ? report.json.encoded() : report.text)
        guard judgement.verdict == .accept else { throw ExitCode(1) }
    }

    /// Judges everything before the first line is printed: a manifest that cannot be read to its end has no output.
    private func judge(_ path: String) throws {
        let manifest = try EvidenceManifest(ManifestFolder.read(file: path, limit: EvidenceManifest.maximumBytes))
        let folder = try ManifestFolder(of: path)
        var lines: [String] = []
        for (position, entry) in manifest.entries.enumerated() {
            let files = try entry.paths.mapValues { try folder.read($0, position: position) }
            let judgement = entry.judge(files: files, anchor: try folder.read(entry.anchorPath, position: position))
            lines.append(global.output == .json ? Self.json(entry, judgement) : Self.text(entry, judgement))
        }
        if !lines.isEmpty { Console.out(lines.joined(separator: "\n")) }
    }

    private static func json(_ entry: EvidenceManifest.Entry, _ judgement: EvidenceVector.Judgement) -> String {
        let line: JSONValue = [
            "id": entry.id.map { .text($0) } ?? .null, "verdict": .text(judgement.verdict.rawValue), "code": .text(judgement.code),
        ]
        return line.encoded(pretty: false)
    }

    /// Tabs between verdict, code and id. The id is whatever the manifest's author wrote: no part of it may pass for another line.
    private static func text(_ entry: EvidenceManifest.Entry, _ judgement: EvidenceVector.Judgement) -> String {
        let id = (entry.id ?? "-").unicodeScalars.map { scalar in
            let breaks: [Unicode.GeneralCategory] = [.control, .lineSeparator, .paragraphSeparator]
            return breaks.contains(scalar.properties.generalCategory) ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return "\(judgement.verdict.rawValue)\t\(judgement.code)\t\(id.joined())"
    }

    private func explain() throws -> EvidenceVector.Judgement {
        var anchors = TrustAnchors.pinned
        if let anchor {
            let roots = try EvidenceFiles.certificates(ManifestFolder.read(file: anchor, limit: EvidenceFiles.maximumBytes))
            guard roots.count == 1 else { throw CommandError.badArgument("--anchor takes one certificate") }
            anchors = .only(roots[0])
        }
        let vector = EvidenceVector(
            files: try EvidenceFiles(arguments: files), time: try time(), anchors: anchors, nonce: try nonce.map { try Self.hex($0) },
            registers: try registers())
        return vector.judge(recording: true)
    }

    private func time() throws -> UInt64 {
        guard let at else { return UInt64(Date().timeIntervalSince1970 * 1000) }
        guard let time = EvidenceVector.time(at) else { throw CommandError.badArgument("--at takes a time like 2025-06-25T12:00:00Z") }
        return time
    }

    private func registers() throws -> [String: [UInt8]] {
        var registers: [String: [UInt8]] = [:]
        for argument in register {
            let parts = argument.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw CommandError.badArgument("--register takes name=hex") }
            registers[String(parts[0])] = try Self.hex(String(parts[1]))
        }
        return registers
    }

    private static func hex(_ text: String) throws -> [UInt8] {
        guard let bytes = Hex.decode(text) else { throw CommandError.badArgument("\(text) is not hexadecimal") }
        return bytes
    }
}

extension EvidenceFiles {
    /// Reads files named on the command line: `role=path`, or a path whose content tells its role.
    init(arguments: [String]) throws {
        self.init()
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            let role = parts.count == 2 ? Role(rawValue: parts[0]) : nil
            let bytes = try ManifestFolder.read(file: role == nil ? argument : parts[1], limit: Self.maximumBytes)
            do throws(AttestationError) { try add(bytes, as: role) } catch {
                throw CommandError.badArgument("\(argument): nobody can tell what this file is for; say role=path")
            }
        }
    }
}

/// A judgement for people and for programs.
struct EvidenceReport {
    private let judgement: EvidenceVector.Judgement

    init(_ judgement: EvidenceVector.Judgement) { self.judgement = judgement }

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "verdict": .text(judgement.verdict.rawValue), "code": .text(judgement.code),
            "steps": .array(
                judgement.trail.steps.map { ["check": .text($0.check), "outcome": .text($0.outcome.rawValue), "detail": .text($0.detail)] }),
        ]
        if let error = judgement.error { members["number"] = .integer(Int64(error.code)) }
        if let result = judgement.result { members["result"] = .object(Self.members(result)) }
        return .object(members)
    }

    private static func members(_ result: AttestationResult) -> [String: JSONValue] {
        var members: [String: JSONValue] = [
            "platform": .text(result.label), "assurance": .text(result.assurance.rawValue),
            "measurement": .text("\(result.measurement.hash)"),
            "registers": .object(result.measurement.registers.mapValues { .text(Hex.encode($0)) }),
            "advisories": .array(result.advisories.map { .text($0) }),
        ]
        if !result.product.isEmpty { members["product"] = .text(result.product) }
        if let machine = result.machine { members["machine"] = .text("\(machine.kind.rawValue) \(Hex.encode(machine.bytes))") }
        if let status = result.tcbStatus { members["tcbStatus"] = .text(status.rawValue) }
        if let expires = result.expires { members["expires"] = .text(Display.time(expires)) }
        return members
    }

    var text: String {
        let marks: [AppraisalTrail.Step.Outcome: String] = [.passed: "✓", .failed: "✗", .noted: "·"]
        var lines = judgement.trail.steps.map { "\(marks[$0.outcome] ?? " ") \($0.check): \($0.detail)" }
        if let error = judgement.error, judgement.trail.steps.last?.outcome != .failed {
            lines.append("\(error.isInconclusive ? "·" : "✗") \(error.reason)")
        }
        lines.append("\(judgement.verdict.rawValue): \(judgement.code)")
        if let result = judgement.result { lines.append(Generic.lines(.object(Self.members(result)))) }
        return lines.joined(separator: "\n")
    }
}
