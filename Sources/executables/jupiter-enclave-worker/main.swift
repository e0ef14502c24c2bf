import EnclaveSandbox
import EnclaveWorker
import Glibc
import Primitives

// The network first: whoever changes namespaces loses what is set below.
let isolated = Confinement.leaveNetwork()
do throws(SandboxError) {
    let launcher = try RoleProcess.launcher(CommandLine.arguments)
    try Confinement.harden(descriptors: 16)
    try Confinement.dieWith(parent: launcher)
    Confinement.ignoreTerminal()
    var worker = try Worker(descriptor: RoleProcess.firstDescriptor) { (list) throws(SandboxError) in try SystemCallFilter.load(list) }
    try worker.run()
} catch {
    RoleProcess.log("jupiter-enclave-worker", "error: \(error.text)")
    exit(1)
}
