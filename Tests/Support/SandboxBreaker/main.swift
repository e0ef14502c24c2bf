import EnclaveSandbox
import Glibc

// usage: sandbox-breaker LIST CALL
//
// Loads the filter of one role and makes one system call that it forbids (or, as a control, none). Nothing after the call should
// happen: the process is expected to die of SIGSYS.

let lists = [
    "vault": SystemCalls.vault, "worker": SystemCalls.worker, "compiling-template": SystemCalls.compilingTemplate,
    "template": SystemCalls.template, "launcher": SystemCalls.launcher,
]
guard CommandLine.arguments.count == 3, let list = lists[CommandLine.arguments[1]] else { exit(64) }
let call = CommandLine.arguments[2]

do throws(SandboxError) {
    try Confinement.harden(descriptors: 64, tracer: .refuse)
    try SystemCallFilter.load(list)
} catch { exit(65) }

func map(_ protection: Int32) -> UnsafeMutableRawPointer? { mmap(nil, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) }

switch call {
case "none": break
case "open": _ = open("/etc/passwd", O_RDONLY)
case "open-for-writing": _ = open("/tmp/jupiter-sandbox-breaker", O_RDWR | O_CREAT, 0o600)
case "socket": _ = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
case "connect": _ = connect(0, nil, 0)
case "listen": _ = listen(0, 1)
case "thread":
    var thread: pthread_t = 0
    pthread_create(&thread, nil, { _ in nil }, nil)
case "process":
    var child: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
    posix_spawn(&child, "/bin/true", nil, nil, &arguments, nil)
case "copy": _ = Confinement.copy()
case "other-pair":
    var ends: [Int32] = [0, 0]
    _ = socketpair(AF_INET, Int32(SOCK_STREAM.rawValue), 0, &ends)
case "execve":
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
    execv("/bin/true", &arguments)
case "executable-mmap": _ = map(PROT_READ | PROT_EXEC)
case "executable-mprotect":
    guard let page = map(PROT_READ | PROT_WRITE) else { exit(66) }
    mprotect(page, 4096, PROT_READ | PROT_EXEC)
case "write-standard-error":
    let text: [UInt8] = [0x0A]
    _ = write(STDERR_FILENO, text, text.count)
case "kill": kill(getppid(), 0)
case "unlink": unlink("/tmp/jupiter-sandbox-breaker")
default: exit(64)
}
exit(0)
