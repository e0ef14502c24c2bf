import EnclaveSandbox
import Glibc
import Primitives

do { try VaultProcess.run() } catch let error as any CodedError {
    RoleProcess.log("jupiter-enclave", "error: \(error.text)")
    exit(1)
} catch {
    RoleProcess.log("jupiter-enclave", "error: the start failed")
    exit(1)
}
