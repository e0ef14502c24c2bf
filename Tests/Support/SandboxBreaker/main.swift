import EnclaveSandbox
import Glibc

// usage: sandbox-breaker LIST CALL
//
// Loads the filter of one role and makes one system call that it forbids (or, as a control, none). Nothing after the call should
// happen: the process is expected to die of SIGSYS. The launcher's filters are called `launcher-` and what it reaches; `command` is
// what it is for, and has to end well.

var lists = [
    "vault": SystemCalls.vault, "worker": SystemCalls.worker, "compiling-template": SystemCalls.compilingTemplate,
    "template": SystemCalls.template,
]
for reach in LauncherReach.allCases { lists["launcher-\(reach.rawValue)"] = SystemCalls.launcher(reaching: reach) }
guard CommandLine.arguments.count == 3, let list = lists[CommandLine.arguments[1]] else { exit(64) }
let call = CommandLine.arguments[2]
let command = call == "command" ? PlatformCommand(of: CommandLine.arguments[1]) : nil

do throws(SandboxError) {
    try Confinement.harden(descriptors: 64, tracer: .refuse)
    try SystemCallFilter.load(list)
} catch { exit(65) }

func map(_ protection: Int32) -> UnsafeMutableRawPointer? { mmap(nil, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) }

/// Calls a function of the C library that Swift cannot: its last arguments are variadic.
func variadic(_ name: String, _ first: Int, _ second: Int, _ third: Int = 0, _ fourth: Int = 0) {
    typealias Function = @convention(c) (Int, Int, Int, Int) -> Int
    guard let address = dlsym(nil, name) else { exit(66) }
    // On the platforms of the enclave, integers are passed alike to variadic functions and others.
    _ = unsafeBitCast(address, to: Function.self)(first, second, third, fourth)
}

switch call {
case "none": break
case "command": exit(command?.succeeds() == true ? 0 : 67)
case "open": _ = open("/etc/passwd", O_RDONLY)
case "open-for-writing": _ = open("/tmp/jupiter-sandbox-breaker", O_RDWR | O_CREAT, 0o600)
case "open-to-truncate": _ = open("/dev/null", O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW)
case "open-to-append": _ = open("/dev/null", O_RDWR | O_APPEND | O_CLOEXEC)
case "open-device": _ = open("/dev/null", O_RDWR | O_CLOEXEC)
case "open-attribute": _ = open("/dev/null", O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
case "socket": _ = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
case "newer-socket": _ = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
case "local-socket": _ = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
case "packet-socket": _ = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)
case "connect": _ = connect(0, nil, 0)
case "bind": _ = bind(0, nil, 0)
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
case "trace": variadic("ptrace", 0, 0)
case "read-memory": variadic("process_vm_readv", Int(getppid()), 0)
case "type-into-terminal": variadic("ioctl", 0, 0x5412)
case "security-module": variadic("ioctl", 0, Int(SystemCalls.securityModuleRequest))
case "unlink": unlink("/tmp/jupiter-sandbox-breaker")
case "rename": rename("/tmp/jupiter-sandbox-breaker", "/tmp/jupiter-sandbox-breaker.2")
case "mkdir": mkdir("/dev/null/x", 0o700)
case "open-mkdir": mkdir("/dev/null/x", 0o777)
case "rmdir": rmdir("/dev/null/x")
default: exit(64)
}
exit(0)
