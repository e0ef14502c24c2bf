import ArgumentParser
import EnclavePlatforms
import JupiterClient

/// `jupiter enclave doctor`
struct EnclaveDoctor: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what this machine offers to an enclave, what is missing, and what to do next.",
        discussion: """
            Looks at the TPM, at the hardware of confidential virtual machines, and at the system's settings that keep an enclave's memory \
            its own. Changes nothing. Classes: none (nothing vouches), measured (what was started is vouched for), confidential (memory is \
            closed to the machine's owner too).

            EXAMPLE
              jupiter enclave doctor
              jupiter enclave doctor --tpm swtpm:host=127.0.0.1,port=2321
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("The TPM: device:PATH, swtpm:host=H,port=P or swtpm:path=PATH.", valueName: "tcti"))
    var tpm: String?

    func answer() async throws -> Answer {
        let report = Doctor(tpm: try tpm.map { try TPMAddress($0) }, lockableMemory: Doctor.lockableMemory).examine()
        return Answer(Self.json(report), text: Self.text(report))
    }

    // MARK: For people

    private static func text(_ report: MachineReport) -> String {
        var platforms = TextTable(["PLATFORM", "CLASS", "HERE", "SEALING KEY"])
        for platform in report.platforms { platforms.append([platform.label, platform.assurance, word(platform.state), platform.sealing]) }
        var parts = [platforms.text]
        for platform in report.platforms { parts.append(section(platform.name, platform.found, platform.next)) }
        var checks = TextTable(["SYSTEM", "", "FOUND"])
        for check in report.checks { checks.append([check.name, check.isGood ? "good" : "WEAK", check.found]) }
        parts.append(checks.text)
        let next = report.checks.compactMap(\.next)
        if !next.isEmpty { parts.append(next.map { "next: \($0)" }.joined(separator: "\n")) }
        parts.append(advice(report))
        return parts.joined(separator: "\n\n")
    }

    private static func word(_ state: MachineReport.State) -> String {
        switch state {
        case .ready: "ready"
        case .incomplete: "incomplete"
        case .absent: "-"
        }
    }

    private static func section(_ name: String, _ found: [String], _ next: [String]) -> String {
        ([name] + found.map { "  \($0)" } + next.map { "  next: \($0)" }).joined(separator: "\n")
    }

    /// The strongest platform that can be used now.
    private static func advice(_ report: MachineReport) -> String {
        let order = ["confidential", "measured", "none"]
        let ready = report.platforms.filter { $0.state == .ready && $0.name != "simulated" }
        let best = ready.min { (order.firstIndex(of: $0.assurance) ?? 9) < (order.firstIndex(of: $1.assurance) ?? 9) }
        guard let best else { return "Use --platform simulated here: for development, on chains that allow it." }
        return "Use --platform \(best.name) here: class \(best.assurance)."
    }

    // MARK: For programs

    private static func json(_ report: MachineReport) -> JSONValue {
        [
            "platforms": .array(
                report.platforms.map { platform in
                    [
                        "name": .text(platform.name), "label": .text(platform.label), "class": .text(platform.assurance),
                        "state": .text(platform.state.rawValue), "found": .array(platform.found.map { .text($0) }),
                        "next": .array(platform.next.map { .text($0) }), "sealing": .text(platform.sealing),
                    ]
                }),
            "checks": .array(
                report.checks.map { check in
                    [
                        "name": .text(check.name), "good": .boolean(check.isGood), "found": .text(check.found),
                        "next": check.next.map { .text($0) } ?? .null,
                    ]
                }),
        ]
    }
}
