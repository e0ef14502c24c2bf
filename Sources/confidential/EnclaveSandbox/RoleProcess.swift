import Glibc

/// A program of the enclave in a process of its own.
package enum RoleProcess {
    /// The first descriptor that a role is given; below are standard input, output and error.
    package static let firstDescriptor: Int32 = 3

    /// Starts `path` with this process's id as its argument, an environment that says nothing of this one and `descriptors`, as 3, 4,
    /// …; standard input and output lead nowhere, standard error is this process's until the role gives it up. All other descriptors of
    /// this process must close when it executes another.
    package static func start(_ path: String, descriptors: [Int32], tracer: TracerPolicy) throws(SandboxError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else { throw .cannotStart }
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        guard posix_spawnattr_init(&attributes) == 0 else { throw .cannotStart }
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO)
        // First above all targets, so that none is overwritten before it is copied.
        let above = firstDescriptor + Int32(descriptors.count) + (descriptors.max() ?? 0)
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, above + Int32(index))
        }
        for index in descriptors.indices {
            posix_spawn_file_actions_adddup2(&actions, above + Int32(index), firstDescriptor + Int32(index))
        }
        for index in descriptors.indices { posix_spawn_file_actions_addclose(&actions, above + Int32(index)) }
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup(String(getpid()))]
        #if DEBUG
            if case .allow = tracer { arguments.append(strdup(TracerPolicy.argument)) }
        #endif
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup(EmptyEnvironment.entry), nil]
        defer { free(environment[0]) }
        var child: pid_t = 0
        guard posix_spawn(&child, path, &actions, &attributes, &arguments, &environment) == 0 else { throw .cannotStart }
        return child
    }

    /// The launcher's process id and what it thinks of tracers, in a process that it started.
    package static func launcher(_ arguments: [String]) throws(SandboxError) -> (process: pid_t, tracer: TracerPolicy) {
        var (arguments, tracer) = (arguments, TracerPolicy.refuse)
        #if DEBUG
            if arguments.last == TracerPolicy.argument {
                arguments.removeLast()
                tracer = .allow
            }
        #endif
        guard arguments.count == 2, let parent = pid_t(arguments[1]), parent == getppid() else { throw .notARole }
        return (parent, tracer)
    }

    /// The folder of the running program, with its last slash.
    package static func folder() throws(SandboxError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
        guard count > 0 else { throw .cannotStart }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { throw .cannotStart }
        return String(path[...slash])
    }

    /// One line on standard error, never with anything secret.
    package static func log(_ role: String, _ message: String) {
        let line = Array("\(role): \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
