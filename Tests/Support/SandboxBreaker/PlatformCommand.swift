import EnclavePlatforms
import Glibc

/// What a launcher asks of its platform while it is confined, by the enclave's own code, as far as that goes without the platform.
enum PlatformCommand {
    case tpm(TPM)
    case reports(ReportFolder, path: String)
    case module(NitroDevice)

    /// Makes what a launcher has before its filter; `nil` for a role that asks nothing.
    init?(of role: String) {
        do throws(PlatformError) {
            switch role {
            // A device that is no TPM, sockets where nobody listens: the library tries, and says so.
            case "launcher-device": self = .tpm(TPM(try TPMAddress("device:/dev/null")))
            case "launcher-local-socket": self = .tpm(TPM(try TPMAddress("swtpm:path=/nowhere/tpm.sock")))
            case "launcher-network": self = .tpm(TPM(try TPMAddress("swtpm:host=localhost,port=1")))
            case "launcher-report-folder":
                guard let path = Self.folder() else { return nil }
                self = .reports(ReportFolder(path: path), path: path)
            case "launcher-security-module": self = .module(try NitroDevice(path: "/dev/null"))
            default: return nil
            }
        } catch { return nil }
    }

    /// A folder in the place of the kernel's, with one attribute that is there already.
    private static func folder() -> String? {
        var bytes = Array("/tmp/jupiter-sandbox-breaker-XXXXXX".utf8CString)
        guard mkdtemp(&bytes) != nil else { return nil }
        let path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let file = open(path + "/inblob", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        close(file)
        return path
    }

    func succeeds() -> Bool {
        switch self {
        case .tpm(let tpm):
            do throws(PlatformError) { _ = try tpm.properties() } catch {
                if case .tpmUnreachable = error { return true }
            }
            return false
        case .reports(let folder, let path):
            defer {
                unlink(path + "/inblob")
                rmdir(path)
            }
            do throws(PlatformError) {
                let entry = try folder.make()
                defer { folder.remove(entry) }
                try folder.write([1, 2, 3], to: "../inblob", in: entry)
                return try folder.read("../inblob", in: entry, limit: 64) == [1, 2, 3]
            } catch { return false }
        case .module(let device):
            do throws(PlatformError) { _ = try device.answer([0xf6]) } catch {
                return error == .deviceRefused(path: "/dev/null", system: ENOTTY)
            }
            return false
        }
    }
}
