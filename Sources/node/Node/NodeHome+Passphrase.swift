import Cryptography
import Glibc

extension NodeHome {
    /// Encrypts the keys of the home under another passphrase. A node that runs is not disturbed: it read them when it started.
    ///
    /// Each file is replaced in one step, after all new ones are on the disk. A run that was cut off between two is finished by running it
    /// again: a key that opens with the new passphrase already may stay as it is.
    /// - Throws: `homeMissing`, `passphraseMissing`, `keyFile` for a key that neither passphrase opens; nothing is changed then.
    package func changePassphrase(from old: String, to new: String) throws {
        guard exists else { throw NodeError.homeMissing(path) }
        guard !new.isEmpty else { throw NodeError.passphraseMissing }
        let files = [
            (validatorKeyFile, KeyFile.magic), (operatorKeyFile, KeyFile.magic), (peerKeyFile, PeerKeyFile.magic),
        ]
        let sealed = try files.map { file, magic in (file, try Self.reseal(file, magic, from: old, to: new)) }
        for (file, bytes) in sealed {
            // What a run before this one left.
            unlink(file + ".new")
            try Self.write(bytes, to: file + ".new")
        }
        for (file, _) in sealed {
            guard rename(file + ".new", file) == 0 else { throw NodeError.invalidConfiguration("cannot write \(file)") }
        }
        try syncFolder()
    }

    private static func reseal(_ path: String, _ magic: [UInt8], from old: String, to new: String) throws -> [UInt8] {
        let bytes = try read(path, limit: 4 << 10)
        guard bytes.starts(with: magic) else { throw NodeError.keyFile(path) }
        let box = Array(bytes[magic.count...])
        guard let key = try? PassphraseBox.open(box, passphrase: old) else {
            guard (try? PassphraseBox.open(box, passphrase: new)) != nil else { throw NodeError.keyFile(path) }
            return bytes
        }
        return magic + (try PassphraseBox.seal(key, passphrase: new))
    }

    private func syncFolder() throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw NodeError.invalidConfiguration("cannot open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw NodeError.invalidConfiguration("cannot write \(path): is the disk full?") }
    }
}
