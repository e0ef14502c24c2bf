import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import SwiftProtobuf
import WireTypes

/// Proposals about enclaves: which builds count, what is demanded of evidence, who is suspended.
struct AdmissionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A build to accept: JSON with platform and registers.", valueName: "file"))
    var addReference: String?
    @Option(help: "What people shall know of that build.")
    var description = ""
    @OptionGroup var approvals: ApprovalOptions
    @Option(help: ArgumentHelp("A build to accept no more.", valueName: "platform/measurement"))
    var revokeReference: String?
    @Option(help: ArgumentHelp("Rules of appraisal: JSON with those that change.", valueName: "file"))
    var rules: String?
    @Option(help: ArgumentHelp("An enclave that must not go on: all of its digits, or the first 6 or more.", valueName: "enclave"))
    var suspendEnclave: String?
    @Option(help: ArgumentHelp("A platform that is broken: all of its enclaves, and any that come.", valueName: "platform"))
    var suspendPlatform: String?
    @Option(help: ArgumentHelp("An enclave that may go on.", valueName: "enclave"))
    var resumeEnclave: String?

    /// How many proposals are asked for.
    var count: Int {
        [addReference, revokeReference, rules, suspendPlatform, suspendEnclave, resumeEnclave].count { $0 != nil }
    }

    func change(_ client: NodeClient) async throws -> WireChange {
        var change = WireChange()
        if let addReference {
            change.addReferenceValue.measurement = try ReferenceFile.read(addReference)
            change.addReferenceValue.description_p = description
            change.addReferenceValue.approvals = try approvals.approvals()
        } else if let revokeReference {
            let parts = revokeReference.split(separator: "/").map(String.init)
            guard parts.count == 2, let measurement = Hash32(hex: parts[1]) else {
                throw CommandError.badArgument("--revoke-reference is PLATFORM/MEASUREMENT, as `jupiter enclave show` has them")
            }
            (change.revokeReferenceValue.platform, change.revokeReferenceValue.measurement) = (parts[0], .init(measurement.bytes))
        } else if let rules {
            change.setAttestationRules = try await merged(PlainFile.json(rules), client)
        } else if let suspendEnclave {
            change.suspendEnclaves.enclave = .init(try await EnclaveText.find(suspendEnclave, client).bytes)
        } else if let suspendPlatform {
            try Platforms.check(suspendPlatform)
            change.suspendEnclaves.platform = suspendPlatform
        } else if let resumeEnclave {
            change.resumeEnclave.enclave = .init(try await EnclaveText.find(resumeEnclave, client).bytes)
        }
        return change
    }

    /// The chain's present rules with what `json` says in their place.
    private func merged(_ json: JSONValue, _ client: NodeClient) async throws -> WireAttestationRules {
        let genesis = try await client.genesis()
        let stored = try await client.state(StateKey.attestationRules).value
        let present = try stored.map { try WireAttestationRules(serializedBytes: [UInt8]($0)) } ?? genesis.attestationRules
        guard let changes = json.object, let base = try JSONValue(parsing: Array(present.jsonString().utf8)).object else {
            throw CommandError.badArgument("the rules are a JSON object")
        }
        let whole = JSONValue.object(base.merging(changes) { $1 })
        guard let rules = try? WireAttestationRules(jsonUTF8Bytes: Array(whole.encoded().utf8)) else {
            throw CommandError.badArgument("the rules have a name or value that there is not (docs/spec/admission.md §2)")
        }
        return rules
    }
}

/// A build of the enclave as people write it: `{"platform": "tpm", "registers": {"pcr11": "…"}}`.
enum ReferenceFile {
    static func read(_ path: String) throws -> WireReferenceMeasurement {
        let json = try PlainFile.json(path)
        guard let platform = json["platform"]?.text, let registers = json["registers"]?.object else {
            throw CommandError.badArgument("\(path) has no platform or no registers")
        }
        var wire = WireReferenceMeasurement()
        wire.platform = platform
        wire.registers = try registers.sorted { $0.key < $1.key }.map { name, value in
            guard let bytes = value.text.flatMap({ Hex.decode($0) }) else {
                throw CommandError.badArgument("register \(name) of \(path) is not hexadecimal digits")
            }
            var register = WireMeasurementRegister()
            (register.name, register.value) = (name, .init(bytes))
            return register
        }
        guard wire.isWellFormed else { throw CommandError.badArgument("\(path) is not a reference value") }
        return wire
    }
}
