import Attestation
import ChainTypes
import Crypto
import EnclaveSandbox
import Glibc
import Primitives
import Synchronization

/// The vault's end of the channel to its launcher: the platform, and where workers come from.
package final class LauncherClient: EnclavePlatform {
    package let name: String
    package let assurance: AssuranceClass
    package let measurement: Hash32
    private let key: Mutex<SymmetricKey?>
    private let channel: Mutex<PacketChannel>

    /// Waits for the launcher's greeting.
    package init(channel: PacketChannel) throws(VaultError) {
        guard let secret = SecretPages(count: LauncherMessage.sealingKeyBytes) else { throw .launcherLost }
        guard
            secret.withBytes(channel.receive(into:)) == LauncherMessage.sealingKeyBytes,
            let (packet, _) = channel.receive(), case .hello(let measurement, let assurance, let name) = LauncherMessage(packet)
        else { throw .launcherLost }
        (self.name, self.assurance, self.measurement) = (name, assurance, measurement)
        self.channel = Mutex(channel)
        // Its own storage is overwritten when the last reference goes (swift-crypto); `secret` overwrites the pages here.
        key = Mutex(secret.withBytes { SymmetricKey(data: UnsafeRawBufferPointer($0)) })
    }

    /// The sealing key, once: nothing is kept of it here.
    package func sealingKey() throws(VaultError) -> SymmetricKey {
        let taken = key.withLock { key in
            defer { key = nil }
            return key
        }
        guard let taken else { throw .badSealingKey }
        return taken
    }

    package func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8] {
        switch ask(.report(binding)).answer {
        case .reported(let report)?: return report
        case .failed(let code)?: throw VaultError(rawValue: code) ?? .launcherLost
        default: throw .launcherLost
        }
    }

    /// A new worker: its number, and the stream to it, which the caller closes. `nil` if there is none to be had.
    package func startWorker() -> (number: UInt32, stream: Int32)? {
        let (answer, stream) = ask(.start)
        guard case .started(let number)? = answer, let stream else {
            if let stream { close(stream) }
            return nil
        }
        return (number, stream)
    }

    /// Ends a worker, whatever it is doing.
    package func dismissWorker(_ number: UInt32) { _ = ask(.dismiss(number)) }

    private func ask(_ message: LauncherMessage) -> (answer: LauncherMessage?, stream: Int32?) {
        channel.withLock { channel in
            guard channel.send(message.encoded), let (packet, passed) = channel.receive() else { return (nil, nil) }
            return (LauncherMessage(packet), passed)
        }
    }
}
