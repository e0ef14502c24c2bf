import CTss2
import Glibc

/// One open way to a TPM. It is made, used and closed on one thread, within one `TPM.perform`.
final class TPMConnection {
    /// How long others' use of the few slots is waited for, and when slots that nobody frees count as left behind.
    private static let patience = 60
    private static let pause: UInt32 = 50_000

    private let transport: OpaqueTransport
    let esys: OpaquePointer

    /// The transport's memory, whose size only the transport knows.
    private struct OpaqueTransport {
        let memory: UnsafeMutableRawPointer
        var context: OpaquePointer { OpaquePointer(memory) }
    }

    init(_ address: TPMAddress) throws(PlatformError) {
        TPMLibrary.silence()
        let transport = try Self.open(address)
        var esys: OpaquePointer?
        let response = Esys_Initialize(&esys, transport.context, nil)
        guard response == 0, let esys else {
            jupiter_tcti_finalize(transport.context)
            free(transport.memory)
            throw .tpmUnreachable("\(address)")
        }
        (self.transport, self.esys) = (transport, esys)
    }

    deinit {
        var esys: OpaquePointer? = esys
        Esys_Finalize(&esys)
        jupiter_tcti_finalize(transport.context)
        free(transport.memory)
    }

    private static func open(_ address: TPMAddress) throws(PlatformError) -> OpaqueTransport {
        var tries = 0
        while true {
            do throws(PlatformError) { return try openOnce(address) } catch {
                tries += 1
                guard error == .tpmBusy, tries < patience else { throw error }
                usleep(pause)
            }
        }
    }

    private static func openOnce(_ address: TPMAddress) throws(PlatformError) -> OpaqueTransport {
        let initialize: (OpaquePointer?, UnsafeMutablePointer<Int>, UnsafePointer<CChar>) -> UInt32
        let configuration: String
        switch address {
        case .device(let path):
            // The transport would only say that it failed.
            let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else {
                guard errno != EBUSY else { throw .tpmBusy }
                throw .tpmUnreachable("\(path): \(String(cString: strerror(errno)))")
            }
            var status = stat()
            let isDevice = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
            close(descriptor)
            guard isDevice else { throw .tpmUnreachable("\(path) is no device") }
            (initialize, configuration) = ({ Tss2_Tcti_Device_Init($0, $1, $2) }, path)
        case .swtpm(let text):
            (initialize, configuration) = ({ Tss2_Tcti_Swtpm_Init($0, $1, $2) }, text)
        }
        var size = 0
        guard configuration.withCString({ initialize(nil, &size, $0) }) == 0, size > 0, let memory = calloc(1, size) else {
            throw .tpmUnreachable("\(address)")
        }
        let response = configuration.withCString { initialize(OpaquePointer(memory), &size, $0) }
        guard response == 0 else {
            free(memory)
            throw .tpmUnreachable("\(address)")
        }
        return OpaqueTransport(memory: memory)
    }

    /// Makes one command; waits for slots and for a busy TPM, and turns everything else into an error.
    func call(_ step: String, _ command: (OpaquePointer) -> UInt32) throws(PlatformError) {
        var tries = 0
        while true {
            let response = TPMResponse(value: command(esys))
            switch response.meaning {
            case .success: return
            case .noSlot, .busy:
                tries += 1
                guard tries < Self.patience else { throw response.meaning == .busy ? .tpmBusy : .tpmOutOfSlots }
                // A program that was killed leaves its keys in the slots of a TPM without resource manager.
                if response.meaning == .noSlot, tries == Self.patience / 2 { flushLeftovers() }
                usleep(Self.pause)
            case .lockedOut: throw .tpmLockedOut
            case .notStarted: throw .tpmNotStarted
            case .badPassword: throw .tpmNeedsPassword(step: step)
            case .policyFailed: throw .sealedForOtherSoftware
            case .connectionLost: throw .tpmLost(step: step)
            case .integrityFailed, .badCredential, .badHandle, .other: throw .tpmFailed(step: step, response: response.value)
            }
        }
    }

    /// Frees every slot of the TPM.
    private func flushLeftovers() {
        for kind: UInt32 in [0x8000_0000, 0x0200_0000] {
            for handle in (try? handles(from: kind)) ?? [] {
                var object = noHandle
                guard Esys_TR_FromTPMPublic(esys, handle, noHandle, noHandle, noHandle, &object) == 0 else { continue }
                _ = Esys_FlushContext(esys, object)
            }
        }
    }
}

/// ESYS_TR_NONE: no session, no handle.
let noHandle: UInt32 = 0xfff
/// ESYS_TR_PASSWORD: authorisation by the empty password.
let emptyPassword: UInt32 = 0x0ff

/// The library as a whole.
enum TPMLibrary {
    /// tpm2-tss writes to standard error, at its most talkative even secrets; errors here say what there is to say.
    private static let silenced: Void = { _ = setenv("TSS2_LOG", "all+none", 1) }()

    static func silence() { silenced }
}
