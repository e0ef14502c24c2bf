/// What the platform's reports take of the system while the launcher is confined. Its filter lets pass that and no more
/// (`SystemCalls.launcher(reaching:)`).
package enum LauncherReach: String, Sendable, CaseIterable {
    /// Nothing: what the platform needs is open, or there is none (`simulated`).
    case nothing
    /// A TPM's device, opened for each command.
    case device
    /// A software TPM at a Unix socket.
    case localSocket = "local-socket"
    /// A software TPM at a host's name and port.
    case network
    /// The kernel's folder of reports (configfs-tsm; `sev-snp`, `tdx`): an entry for each report, written and read.
    case reportFolder = "report-folder"
    /// A Nitro enclave's security module, whose device is open.
    case securityModule = "security-module"
}
