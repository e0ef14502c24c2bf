import Foundation
import JupiterClient
import TestVectors
import Testing

@Suite(.enabled(if: Jupiter.path != nil, "jupiter is not built")) struct `Evidence on the command line` {
    private static let vectors = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(components: "Vectors", "attestation")

    private static func lines(_ text: String) throws -> [[String: String]] {
        try text.split(separator: "\n").map { line in
            let object = try #require(try JSONValue(parsing: Array(line.utf8)).object)
            return object.compactMapValues { if case .text(let text) = $0 { text } else { nil } }
        }
    }

    private struct Expected: Decodable {
        struct Vector: Decodable {
            struct Verdict: Decodable {
                let defaultPolicy: String
                let reason: String
            }
            let id: String
            let expect: Verdict
        }
        let vectors: [Vector]
    }

    @Test func `a manifest gives one line for each vector, in its order, and status 0`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let manifest = Self.vectors.appending(component: "manifest.json")
        let outcome = try jupiter.run("evidence", "verify", "--manifest", manifest.path, "--output", "json")
        #expect(outcome.status == 0, "\(outcome.error)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let expected = try decoder.decode(Expected.self, from: Data(contentsOf: manifest)).vectors
        let lines = try Self.lines(outcome.out)
        #expect(lines.map { $0["id"] } == expected.map(\.id))
        for (line, vector) in zip(lines, expected) {
            #expect(Set(line.keys) == ["id", "verdict", "code"])
            #expect(line["verdict"] == vector.expect.defaultPolicy, "\(vector.id)")
            if line["verdict"] != "n/a" { #expect(line["code"] == vector.expect.reason, "\(vector.id)") }
        }
    }

    @Test func `a manifest that lies about what it expects changes nothing`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let folder = URL(filePath: jupiter.home).appending(component: "copy")
        try FileManager.default.copyItem(at: Self.vectors, to: folder)
        let manifest = folder.appending(component: "manifest.json")
        let honest = try jupiter.run("evidence", "verify", "--manifest", manifest.path, "--output", "json")
        var document = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: manifest)) as? [String: Any])
        let vectors = try #require(document["vectors"] as? [[String: Any]])
        document["vectors"] = vectors.map { vector in
            var vector = vector
            vector["expect"] = ["default_policy": "accept", "reason": "ok", "sound": "valid"]
            vector["kind"] = "real"
            vector["platform"] = "tpm"
            vector["notes"] = "please accept"
            return vector
        }
        try JSONSerialization.data(withJSONObject: document).write(to: manifest)
        let lying = try jupiter.run("evidence", "verify", "--manifest", manifest.path, "--output", "json")
        #expect(lying.out == honest.out && !honest.out.isEmpty)
    }

    @Test func `a manifest without names, in other folders and another order is judged line by line the same`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        func verify(_ manifest: URL, _ output: String) throws -> String {
            let outcome = try jupiter.run("evidence", "verify", "--manifest", manifest.path, "--output", output)
            #expect(outcome.status == 0, "\(outcome.error)")
            return outcome.out
        }
        for folder in [Self.vectors, SharedVectors.folder("attestation")].compactMap({ $0 }) {
            let original = folder.appending(component: "manifest.json")
            let (honest, honestText) = (try Self.lines(verify(original, "json")), try verify(original, "text").split(separator: "\n"))
            #expect(honest.count >= 20 && honestText.count == honest.count)
            for named in [true, false] {
                let blind = try BlindCopy(of: folder, seed: 0xB11D, named: named)
                defer { blind.remove() }
                let text = try verify(blind.manifest, "json")
                let lines = try Self.lines(text)
                #expect(lines.count == honest.count)
                #expect(text.contains("\"id\":null") != named)
                for (line, position) in zip(lines, blind.order) {
                    #expect((line["id"] != nil) == named)
                    #expect(
                        line["verdict"] == honest[position]["verdict"] && line["code"] == honest[position]["code"],
                        "seed 0xB11D \(honest[position]["id"] ?? "")")
                }
                guard !named else { continue }
                let plain = try verify(blind.manifest, "text").split(separator: "\n")
                #expect(plain.count == honestText.count)
                for (line, position) in zip(plain, blind.order) {
                    let fields = honestText[position].split(separator: "\t")
                    #expect(line.split(separator: "\t") == fields.prefix(2) + ["-"], "seed 0xB11D \(honestText[position])")
                }
            }
        }
    }

    @Test func `an id is no second line`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let manifest = URL(filePath: jupiter.home).appending(component: "manifest.json")
        try Data("root".utf8).write(to: URL(filePath: jupiter.home).appending(component: "root"))
        let text = """
            {"vectors":[{"id":"a\\naccept\\tok\\tb\\u2028c","files":{},"verify_at":"2025-06-25T12:00:00Z","trust_anchor":"root"}]}
            """
        try Data(text.utf8).write(to: manifest)
        let outcome = try jupiter.run("evidence", "verify", "--manifest", manifest.path)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.out == "n/a\tno_evidence\ta\\naccept\\tok\\tb\\u{2028}c\n")
    }

    @Test func `a bad manifest, a missing file and a way out of the folder are errors with codes and no output`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let folder = URL(filePath: jupiter.home).appending(component: "m")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: URL(filePath: jupiter.home).appending(component: "outside"))
        try FileManager.default.createSymbolicLink(
            at: folder.appending(component: "link"), withDestinationURL: URL(filePath: jupiter.home).appending(component: "outside"))
        try Data(count: (1 << 20) + 1).write(to: folder.appending(component: "large"))
        let manifest = folder.appending(component: "manifest.json")
        func code(_ path: String) throws -> JSONValue? {
            let text = """
                {"vectors":[{"id":"a","files":{"evidence":{"path":"\(path)"}},"verify_at":"2025-06-25T12:00:00Z","trust_anchor":"\(path)"}]}
                """
            try Data(text.utf8).write(to: manifest)
            let outcome = try jupiter.run("evidence", "verify", "--manifest", manifest.path, "--output", "json")
            #expect(outcome.status == 1 && outcome.out.isEmpty)
            return outcome.errorJSON?["error"]?["code"]
        }
        #expect(try code("../outside") == 1695)
        #expect(try code("/etc/hostname") == 1695)
        #expect(try code("link") == 1695)
        #expect(try code("absent") == 1696)
        #expect(try code("large") == 1697)
        try Data("{".utf8).write(to: manifest)
        let broken = try jupiter.run("evidence", "verify", "--manifest", manifest.path, "--output", "json")
        #expect(broken.status == 1 && broken.errorJSON?["error"]?["code"] == 1690)
        #expect(try jupiter.run("evidence", "verify").status == 64)
        #expect(try jupiter.run("evidence", "verify", "a", "--manifest", "b").status == 64)
    }

    @Test func `one piece is explained step by step`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let folder = Self.vectors.appending(components: "snp", "snp-genoa-v5")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).map { folder.appending(component: $0).path }
        let good = try jupiter.run(in: ["evidence", "verify"] + files + ["--at", "2026-06-01T00:00:00Z"])
        #expect(good.status == 0, "\(good.out) \(good.error)")
        #expect(good.out.contains("✓ certificates: SEV-VCEK ← SEV-Genoa ← ARK-Genoa") && good.out.contains("accept: ok"))
        let late = try jupiter.run(in: ["evidence", "verify"] + files + ["--at", "2046-06-01T00:00:00Z", "--output", "json"])
        #expect(late.status == 1 && late.json?["code"] == "cert_expired" && late.json?["verdict"] == "reject")
        let debug = Self.vectors.appending(components: "snp", "snp-milan-debug")
        let pieces = try FileManager.default.contentsOfDirectory(atPath: debug.path).map { debug.appending(component: $0).path }
        let refused = try jupiter.run(in: ["evidence", "verify"] + pieces + ["--at", "2026-01-15T00:00:00Z"])
        #expect(refused.status == 1 && refused.out.contains("✓ report signature") && refused.out.contains("✗ debug: "))
    }

    @Test func `one file alone is told what it is and what is missing`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        func verify(_ path: String...) throws -> String {
            let file = path.reduce(Self.vectors) { $0.appending(component: $1) }
            let outcome = try jupiter.run("evidence", "verify", file.path, "--at", "2026-06-01T00:00:00Z")
            #expect(outcome.status == 1, "\(outcome.error)")
            return outcome.out
        }
        let report = try verify("snp", "snp-genoa-v5", "report.bin")
        #expect(report.contains("✓ form: SEV-SNP report, version 5, signed by the VCEK"))
        #expect(report.contains("✗ certificates: ") && report.hasSuffix("reject: endorsement_missing\n"))
        let quote = try verify("tpm", "tpm-ecc-good", "quote.msg")
        #expect(quote.contains("· form: a TPM 2.0 quote of 10 registers\n· missing: quote_sig, ak_public\n✗ "))
        #expect(quote.hasSuffix("reject: evidence_incomplete\n"))
        let paravisor = try verify("azure-vtpm", "az-tdx", "hcl_report.bin")
        #expect(paravisor.contains("· form: a report of Azure's paravisor over TDX\n· missing: tpm_quote_msg, "))
        #expect(paravisor.hasSuffix("reject: evidence_incomplete\n"))
        let intel = try verify("tdx", "tdx-v5-td15-uptodate", "quote.bin")
        #expect(intel.contains("✓ form: TDX quote, version 5") && intel.hasSuffix("n/a: binding_only\n"))
    }
}
