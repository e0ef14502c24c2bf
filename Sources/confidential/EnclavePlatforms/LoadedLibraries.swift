import Glibc

/// The libraries that the system's loader would give a program, without running it.
enum LoadedLibraries {
    private static let loader = "/lib64/ld-linux-x86-64.so.2"
    private static let maximumAnswer = 1 << 16

    /// Real paths of what `program` is loaded with, the loader itself included.
    ///
    /// The loader is asked in an empty environment, which is the one that the enclave's programs are started in.
    static func of(_ program: String) throws(PlatformError) -> Set<String> {
        let answer = try ask(program)
        var paths: Set<String> = [try real(loader)]
        for line in answer.split(separator: "\n") {
            // name => path (address), or for the kernel's own and the loader: name (address)
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let arrow = words.firstIndex(of: "=>") else { continue }
            guard arrow + 1 < words.count, words[arrow + 1].hasPrefix("/") else { throw .launchNotMeasured(path: program) }
            paths.insert(try real(String(words[arrow + 1])))
        }
        return paths
    }

    /// Without links: one file under two names is measured once.
    static func real(_ path: String) throws(PlatformError) -> String {
        guard let resolved = realpath(path, nil) else { throw .launchNotMeasured(path: path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func ask(_ program: String) throws(PlatformError) -> String {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .launchNotMeasured(path: program)
        }
        defer { close(ends[0]) }
        let child = start(program, output: ends[1])
        close(ends[1])
        guard let child else { throw .launchNotMeasured(path: program) }
        var (answer, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 12))
        while answer.count <= maximumAnswer {
            let count = read(ends[0], &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        var status: Int32 = 0
        guard waitpid(child, &status, 0) == child, status == 0, answer.count <= maximumAnswer else {
            throw .launchNotMeasured(path: program)
        }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func start(_ program: String, output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(loader), strdup("--list"), strdup(program), nil]
        defer { for argument in arguments { free(argument) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var child: pid_t = 0
        guard posix_spawn(&child, loader, &actions, nil, &arguments, &environment) == 0 else { return nil }
        return child
    }
}
