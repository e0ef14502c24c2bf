import EnclaveSandbox
import EnclaveWorker
import Glibc
import Primitives

do throws(SandboxError) {
    let launcher = try RoleProcess.launcher(CommandLine.arguments)
    // The network first: whoever changes namespaces loses what is set below.
    if !Confinement.leaveNetwork() {
        RoleProcess.log("jupiter-enclave-worker", "has no network namespace of its own here; its filter forbids sockets all the same")
    }
    try Confinement.harden(descriptors: 64, tracer: launcher.tracer)
    try Confinement.dieWith(parent: launcher.process)
    Confinement.ignoreTerminal()
    try Confinement.forgetCopies()
    // From here on it says nothing but on its socket: standard output leads nowhere, and now standard error does too.
    guard dup2(STDOUT_FILENO, STDERR_FILENO) == STDERR_FILENO else { throw .cannotHarden }
} catch {
    RoleProcess.log("jupiter-enclave-worker", "error: \(error.text)")
    exit(1)
}

let template = WorkerTemplate(
    descriptor: RoleProcess.firstDescriptor, confine: { (list) throws(SandboxError) in try SystemCallFilter.load(list) },
    divide: WorkerTemplate.copies(without: RoleProcess.firstDescriptor))
do throws(SandboxError) { try template.run() } catch { exit(1) }
