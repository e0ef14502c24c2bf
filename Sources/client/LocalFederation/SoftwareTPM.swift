import Foundation
import Glibc

/// swtpm, a TPM 2.0 in software, as a process of its own with its state in a folder.
///
/// It speaks the real protocol and protects nothing: its keys are files. What it signs is labelled `tpm (software)`.
package final class SoftwareTPM: Sendable {
    /// Debian's packages with the two programs.
    package static let packages = ["swtpm", "swtpm-tools"]

    /// Where it listens, as `--tpm` takes it.
    package let address: String
    package let process: ChildProcess

    /// Starts a TPM on the state in `folder`; makes the state first where there is none.
    ///
    /// A start is a TPM reset: registers are zero.
    /// - Parameter isStarted: whether it gets the command that firmware gives at a machine's start.
    package init(folder: String, name: String = "swtpm", isStarted: Bool = true) async throws {
        let socket = folder + "/tpm.sock"
        // The system bounds the address of a socket; the control channel's name is the longer one.
        guard socket.utf8.count + 6 < 108 else { throw LocalFederationError.socket("\(socket) is too long a path") }
        let program = try Self.find("swtpm")
        if !FileManager.default.fileExists(atPath: Self.state(folder)) { try await Self.manufacture(in: folder) }
        for path in [socket, socket + ".ctrl"] { unlink(path) }
        address = Self.address(folder: folder)
        process = try ChildProcess(
            name: name, executable: program,
            arguments: [
                "socket", "--tpm2", "--tpmstate", "dir=\(folder)/state", "--server", "type=unixio,path=\(socket),mode=0600", "--ctrl",
                "type=unixio,path=\(socket).ctrl,mode=0600", "--flags",
                isStarted ? "not-need-init,startup-clear" : "not-need-init",
            ], logPath: folder + "/swtpm.log")
        do {
            for path in [socket + ".ctrl", socket] { try await process.untilListening(at: path) }
        } catch {
            process.stop()
            throw error
        }
    }

    /// Throws `softwareTPMMissing` unless all its programs are on PATH.
    package static func requirePrograms() throws { for name in ["swtpm", "swtpm_setup", "swtpm_localca"] { _ = try find(name) } }

    /// Where the TPM with its state in `folder` listens.
    package static func address(folder: String) -> String { "swtpm:path=\(folder)/tpm.sock" }

    private static func state(_ folder: String) -> String { folder + "/state/tpm2-00.permall" }

    /// Makes a TPM with endorsement key and certificate, signed by a certificate authority that lies in `folder` too.
    package static func manufacture(in folder: String) async throws {
        let program = try find("swtpm_setup")
        let authority = folder + "/authority"
        for path in [folder + "/state", authority] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        let settings = """
            statedir = \(authority)
            signingkey = \(authority)/signkey.pem
            issuercert = \(authority)/issuercert.pem
            certserial = \(authority)/certserial

            """
        let setup = """
            create_certs_tool = \(try find("swtpm_localca"))
            create_certs_tool_config = \(folder)/authority.conf
            create_certs_tool_options = \(folder)/authority.options
            active_pcr_banks = sha256

            """
        let options = "--platform-manufacturer Jupiter\n--platform-version 1\n--platform-model swtpm\n"
        for (name, text) in [("authority.conf", settings), ("setup.conf", setup), ("authority.options", options)] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let child = try ChildProcess(
            name: "swtpm_setup", executable: program,
            arguments: [
                "--tpm2", "--tpmstate", folder + "/state", "--create-ek-cert", "--pcr-banks", "sha256", "--config",
                folder + "/setup.conf",
            ] + runningAsSelf, logPath: folder + "/swtpm_setup.log")
        while child.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        guard child.exitStatus == 0 else { throw LocalFederationError.notReady(program: "swtpm_setup", log: child.logTail) }
    }

    /// As root, swtpm_setup would become the user `tss`, who may not enter the folder.
    private static var runningAsSelf: [String] {
        guard getuid() == 0, let entry = getpwuid(0) else { return [] }
        return ["--runas", String(cString: entry.pointee.pw_name)]
    }

    private static func find(_ name: String) throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        guard let path = folders.map({ "\($0)/\(name)" }).first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw LocalFederationError.softwareTPMMissing(program: name)
        }
        return path
    }
}
