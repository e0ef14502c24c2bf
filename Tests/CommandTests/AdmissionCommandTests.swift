import ChainTypes
import Foundation
import JupiterClient
import Testing
import WireTypes

@Suite(.enabled(if: Jupiter.path != nil, "jupiter is not built")) struct `Commands about admission` {
    private func genesis(_ jupiter: Jupiter, _ chain: String) throws -> Genesis {
        try Genesis(decoding: [UInt8](Data(contentsOf: URL(filePath: "\(jupiter.home)/node/\(chain)/genesis.bin"))))
    }

    @Test func `a genesis allows nothing that was not asked for`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        #expect(try jupiter.run("node", "init", "jupiter-strict").status == 0)
        let strict = try genesis(jupiter, "jupiter-strict")
        #expect(!strict.wire.allowSimulatedEnclaves && !strict.wire.allowSoftwareTpm)
        #expect(strict.attestationRules.referenceValuesRequired && !strict.attestationRules.allowSoftwareTpm)
        #expect(strict.attestationRules.excludedProductLines == ["Milan"])
    }

    @Test func `a genesis names builds and allows software TPMs when asked`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let build = jupiter.home + "/build.json"
        try Data(#"{"platform":"tpm","registers":{"pcr11":"\#(String(repeating: "ab", count: 32))"}}"#.utf8).write(to: URL(filePath: build))
        let made = try jupiter.run("node", "init", "jupiter-tpm", "--allow-software-tpm", "--reference-value", build)
        #expect(made.status == 0, "\(made.error)")
        let genesis = try genesis(jupiter, "jupiter-tpm")
        #expect(genesis.wire.allowSoftwareTpm && !genesis.wire.allowSimulatedEnclaves && genesis.attestationRules.allowSoftwareTpm)
        #expect(genesis.wire.referenceValues.map(\.platform) == ["tpm"] && genesis.wire.referenceValues[0].registers[0].name == "pcr11")
        for bad in ["{}", #"{"platform":"tpm","registers":{}}"#, #"{"platform":"tpm","registers":{"pcr11":"xy"}}"#] {
            try Data(bad.utf8).write(to: URL(filePath: build))
            let refused = try jupiter.run("node", "init", "jupiter-bad", "--reference-value", build, "--output", "json")
            #expect(refused.status == 64 || refused.status == 1, "\(bad)")
            #expect(!FileManager.default.fileExists(atPath: jupiter.home + "/node/jupiter-bad"))
        }
    }

    @Test func `a genesis names recovery holders, all of them or none`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let holders = try ["anna", "ben", "cleo"].map { name in
            let wallet = try #require(try jupiter.run("wallet", "new", "--wallet", name, "--output", "json").json)
            return "\(try #require(wallet["address"]?.text))=\(try #require(wallet["sealingKey"]?.text))"
        }
        let named = holders.flatMap { ["--recovery-holder", $0] }
        let made = try jupiter.run(in: ["node", "init", "jupiter-kept", "--recovery-threshold", "2"] + named)
        #expect(made.status == 0, "\(made.error)")
        let plan = try #require(try genesis(jupiter, "jupiter-kept").recoveryPlan)
        #expect(plan.isWellFormed && plan.threshold == 2 && plan.holders.count == 3 && plan.version == 0)
        #expect(
            try jupiter.run(
                in: [
                    "federation", "init", "--locality", "kept", "--recovery-threshold", "3", "--base-port", "0", "--out",
                    jupiter.home + "/kept",
                ] + named
            ).status == 0)
        for bad in [
            ["--recovery-threshold", "4"] + named, ["--recovery-threshold", "0"] + named, named, ["--recovery-threshold", "1"],
            ["--recovery-threshold", "1", "--recovery-holder", holders[0], "--recovery-holder", holders[0]],
            ["--recovery-threshold", "1", "--recovery-holder", "anna"],
        ] {
            let refused = try jupiter.run(in: ["node", "init", "jupiter-bad", "--output", "json"] + bad)
            #expect(refused.status != 0, "\(bad)")
            #expect(!FileManager.default.fileExists(atPath: jupiter.home + "/node/jupiter-bad"))
        }
        #expect(try jupiter.run("node", "init", "jupiter-none").status == 0)
        #expect(try genesis(jupiter, "jupiter-none").recoveryPlan == nil)
    }

    @Test func `a proposal is about one thing`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let id = String(repeating: "1", count: 64)
        for arguments in [
            [], ["--suspend-platform", "tdx", "--resume-enclave", id], ["--set", "minimumFee=2", "--suspend-platform", "tdx"],
        ] {
            #expect(try jupiter.run(in: ["governance", "propose"] + arguments).status == 64, "\(arguments)")
        }
        let unknown = try jupiter.run("governance", "propose", "--suspend-platform", "quantum", "--operator")
        #expect(unknown.status == 64 && unknown.error.contains("sev-snp"), "\(unknown.error)")
        let short = try jupiter.run("governance", "propose", "--suspend-enclave", "zz", "--operator")
        #expect(short.status == 64 && short.error.contains("6 or more digits"), "\(short.error)")
        // Well formed, but there is nobody to ask.
        #expect(try jupiter.run("governance", "propose", "--suspend-platform", "tdx", "--operator").status == 69)
    }

    @Test func `an endorsement that a maker's intermediate signed comes with certificates`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        for kind in ["intel-tcb-info", "intel-qe-identity", "intel-pck-crl"] {
            let refused = try jupiter.run("endorsement", "submit", "nothing.json", "--kind", kind)
            #expect(refused.status == 64 && refused.error.contains("--issuer"), "\(refused.error)")
            #expect(refused.error.contains("jupiter endorsement submit"), "its own usage")
        }
        #expect(try jupiter.run("endorsement", "submit", "nothing.der", "--kind", "intel-root-crl").error.contains("1553"))
    }

    @Test func `what is no receipt, or holds no genesis, is refused with what to do`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let file = jupiter.home + "/receipt.bin"
        for (bytes, reason) in [([UInt8]([1, 2, 3]), "not a receipt's proof"), (WireReceiptProof().encoded(), "give it with --genesis")] {
            try Data(bytes).write(to: URL(filePath: file))
            let refused = try jupiter.run("receipt", "verify", file, "--output", "json")
            #expect(refused.status == 1 && refused.errorJSON?["error"]?["reason"]?.text?.contains(reason) == true, "\(refused)")
        }
    }

    @Test func `a long key is cut for the eye and whole in JSON`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let text = try jupiter.run("wallet", "new").out
        #expect(text.split(separator: "\n").allSatisfy { $0.count < 140 }, "\(text)")
        let key = try #require(try jupiter.run("wallet", "show", "--output", "json").json?["sealingKey"]?.text)
        #expect(key.count > 1_600 && text.contains(key.prefix(32)))
    }

    @Test func `what is demanded of enclaves is checked before anything is sent`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        try jupiter.run("wallet", "new")
        let schema = jupiter.home + "/schema.json"
        try Data(#"{"type":"object","properties":{"age":{"type":"integer"}}}"#.utf8).write(to: URL(filePath: schema))
        let publish = ["dataset", "publish", "d", "--schema", schema, "--name", "D"]
        for bad in [["--exclude-platform", "quantum"], ["--confirmations", "0"], ["--confirmations", "9"]] {
            let outcome = try jupiter.run(in: publish + bad + ["--output", "json"])
            #expect(outcome.status == 64 || outcome.errorJSON?["error"]?["name"] == "cli.badArgument", "\(bad): \(outcome.error)")
        }
        #expect(try jupiter.run(in: publish + ["--minimum-assurance", "splendid"]).status == 64)
        let good = ["--exclude-platform", "tdx", "--confirmations", "2", "--distinct-platforms", "--minimum-assurance", "measured"]
        #expect(try jupiter.run(in: publish + good).status == 69, "there is nobody to send it to")
    }
}
