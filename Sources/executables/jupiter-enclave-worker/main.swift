import EnclaveSandbox
import EnclaveWorker
import Glibc
import Primitives

do throws(SandboxError) {
    let launcher = try RoleProcess.launcher(CommandLine.arguments)
    // Its pages first: the right to lock them is lost with the namespace.
    var worker = try Worker(descriptor: RoleProcess.firstDescriptor) { (list) throws(SandboxError) in try SystemCallFilter.load(list) }
    // Then the network: whoever changes namespaces loses what is set below.
    if !Confinement.leaveNetwork() {
        RoleProcess.log("jupiter-enclave-worker", "has no network namespace of its own here; its filter forbids sockets all the same")
    }
    try Confinement.harden(descriptors: 16)
    try Confinement.dieWith(parent: launcher)
    Confinement.ignoreTerminal()
    // From here on it says nothing but on its socket: standard output leads nowhere, and now standard error does too.
    guard dup2(STDOUT_FILENO, STDERR_FILENO) == STDERR_FILENO else { throw .cannotHarden }
    try worker.run()
} catch {
    RoleProcess.log("jupiter-enclave-worker", "error: \(error.text)")
    exit(1)
}
