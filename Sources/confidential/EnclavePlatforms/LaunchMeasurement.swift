import Crypto
import Cryptography
import Glibc
import Primitives

/// The hashes of all the code that an enclave is made of: its programs and the libraries they are loaded with.
package struct LaunchMeasurement: Sendable, Equatable {
    /// One file of it.
    package struct Component: Sendable, Equatable {
        /// Without its folder: where a file lies does not change what it does.
        package let name: String
        package let digest: Hash32

        package init(name: String, digest: Hash32) { (self.name, self.digest) = (name, digest) }
    }

    /// Sorted by name, then digest.
    package let components: [Component]

    private static let maximumComponents = 256

    /// Measures the running program, `programs`, and every library that they are loaded with.
    /// - Parameter programs: other executables that belong to the enclave, by path.
    package static func ofThisProcess(and programs: [String] = []) throws(PlatformError) -> LaunchMeasurement {
        let loaded = try loadedFiles()
        var paths: Set<String> = []
        for program in programs {
            paths.insert(try LoadedLibraries.real(program))
            paths.formUnion(try LoadedLibraries.of(program))
        }
        paths.subtract(loaded.map(\.path))
        guard paths.count + loaded.count <= maximumComponents else { throw .launchNotMeasured(path: "/proc/self/maps") }
        var components = try paths.map { (path) throws(PlatformError) in try component(path: path, loaded: nil) }
        for file in loaded { components.append(try component(path: file.path, loaded: file)) }
        return LaunchMeasurement(components: components)
    }

    package init(components: [Component]) {
        self.components = components.sorted {
            $0.name == $1.name ? $0.digest.bytes.lexicographicallyPrecedes($1.digest.bytes) : $0.name < $1.name
        }
    }

    /// What is extended into the launch register: names and digests, each with its length.
    package var digest: Hash32 {
        var digest = Digest(.launchMeasurement)
        digest.update(bigEndian: UInt64(components.count))
        for component in components {
            digest.updateWithLength(Array(component.name.utf8))
            digest.update(component.digest)
        }
        return digest.finalize()
    }

    // MARK: Files

    private struct LoadedFile: Hashable {
        let path: String
        let inode: UInt64
    }

    /// What is mapped as code; a file that was replaced since is refused when it is hashed.
    private static func loadedFiles() throws(PlatformError) -> Set<LoadedFile> {
        let maps = try read("/proc/self/maps", limit: 4 << 20)
        var files: Set<LoadedFile> = []
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            // address permissions offset device inode path
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, fields[1].contains("x"), let inode = UInt64(fields[4]), inode != 0 else { continue }
            let path = String(fields[5].drop { $0 == " " })
            guard path.hasPrefix("/"), !path.hasSuffix(" (deleted)") else { throw .launchNotMeasured(path: path) }
            files.insert(LoadedFile(path: path, inode: inode))
        }
        return files
    }

    private static func component(path: String, loaded: LoadedFile?) throws(PlatformError) -> Component {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .launchNotMeasured(path: path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, loaded.map({ $0.inode == status.st_ino }) ?? true else {
            throw .launchNotMeasured(path: path)
        }
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .launchNotMeasured(path: path) }
            guard count > 0 else { break }
            buffer.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        guard let digest = Hash32(Array(hasher.finalize())) else { throw .launchNotMeasured(path: path) }
        return Component(name: path.split(separator: "/").last.map(String.init) ?? path, digest: digest)
    }

    private static func read(_ path: String, limit: Int) throws(PlatformError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .launchNotMeasured(path: path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .launchNotMeasured(path: path) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
        throw .launchNotMeasured(path: path)
    }
}
