import ChainTypes
import Cryptography
import Dispatch
import EnclavePlatforms
import Foundation
import Glibc
import LocalFederation
import Primitives
import WireTypes

/// A software TPM of one test, in a folder of its own; killed and removed at the end.
final class TestTPM {
    /// Where the state is made that most tests copy: making one takes a second. It goes with the process.
    private static let template = "\(NSTemporaryDirectory())/jupiter-tpm-\(getpid())"
    private static let manufacturing = Task {
        try FileManager.default.createDirectory(atPath: template, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: TestTPM.template) }
        try await SoftwareTPM.manufacture(in: template)
    }

    let folder: String
    private(set) var process: SoftwareTPM

    /// - Parameter isNew: with keys of its own instead of those of the other tests.
    init(isNew: Bool = false, isStarted: Bool = true) async throws {
        var bytes = Array("\(NSTemporaryDirectory())/jupiter-tpm-XXXXXX".utf8CString)
        guard mkdtemp(&bytes) != nil else { throw CocoaError(.fileWriteUnknown) }
        folder = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if !isNew {
            try await Self.manufacturing.value
            try FileManager.default.copyItem(atPath: Self.template + "/state", toPath: folder + "/state")
        }
        process = try await SoftwareTPM(folder: folder, isStarted: isStarted)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var address: TPMAddress { get throws { try TPMAddress(text) } }
    /// As `--tpm` and tpm2-tools take it.
    var text: String { process.address }

    /// The enclave's home beside the TPM.
    var home: String {
        get throws {
            try FileManager.default.createDirectory(atPath: folder + "/home", withIntermediateDirectories: true)
            return folder + "/home"
        }
    }

    /// Ends the TPM without a chance to save anything.
    func kill() {
        guard process.process.isRunning else { return }
        Glibc.kill(process.process.processID, SIGKILL)
        while process.process.isRunning { usleep(2_000) }
    }

    /// A TPM reset: the state stays, registers and loaded keys go.
    func restart() async throws {
        kill()
        process = try await SoftwareTPM(folder: folder)
    }

    func pause() { Glibc.kill(process.process.processID, SIGSTOP) }
    func resume() { Glibc.kill(process.process.processID, SIGCONT) }
}

/// An enclave launch on a test's TPM.
struct TestLaunch {
    static let genesis = Digest.plain(Array("genesis".utf8))
    static let block = Digest.plain(Array("block".utf8))

    static func measurement(_ program: String = "enclave") -> LaunchMeasurement {
        LaunchMeasurement(components: [.init(name: "jupiter-enclave", digest: Digest.plain(Array(program.utf8)))])
    }

    static func platform(
        _ tpm: TestTPM, program: String = "enclave", genesis: Hash32 = genesis, milliseconds: Int32 = TPM.patience
    ) throws -> TPMPlatform {
        try TPMPlatform(
            options: try TPMOptions(address: tpm.address), measurement: measurement(program), genesis: genesis, home: tpm.home,
            milliseconds: milliseconds)
    }

    /// What an enclave with these parts would bind.
    static func binding(_ platform: TPMPlatform, chainID: String = "jupiter-test", height: UInt64 = 7) -> AttestationBinding {
        AttestationBinding(
            chainID: chainID, identity: identity(platform), height: height, block: block)
    }

    /// Any valid key will do: what it opens is not looked at here.
    static let vaultKey = try? SealingPrivateKey(suite: .xwing).publicKey.wire

    static func identity(_ platform: TPMPlatform) -> WireEnclaveIdentity {
        var identity = WireEnclaveIdentity()
        identity.platform = platform.platform
        identity.signingKey = .init(Digest.plain(Array("signing".utf8)).bytes)
        identity.measurement = .init(platform.measurement.bytes)
        if let vaultKey { identity.vaultKey = vaultKey }
        return identity
    }
}
