import Crypto
import Cryptography
import Foundation
import Primitives

extension KeySearch {
    /// A sealed result that shall be opened, and all that is public of it.
    package struct ResultTarget: Sendable {
        /// Forwards everybody can go: a secret from before opens what was made some entries of the puncture log later.
        private static let steps = 4

        private let box: [UInt8]
        private let job: Hash32
        private let identifier: [UInt8]

        /// - Parameter recipient: hash of the key that the requester signed.
        package init(sidecar: [UInt8], job: Hash32, recipient: Hash32) {
            (box, self.job) = (Array(sidecar.dropFirst(32)), job)
            identifier = job.bytes + recipient.bytes + sidecar.prefix(32)
        }

        func opens(with bytes: Data) -> Bool {
            var secret = SymmetricKey(data: bytes)
            if opens(secret) { return true }
            for _ in 0...Self.steps {
                if opens(KeyDerivation.derive(secret, context: .resultKey, identifier: identifier)) { return true }
                secret = KeyDerivation.derive(secret, context: .resultSecret, identifier: [])
            }
            return false
        }

        private func opens(_ key: SymmetricKey) -> Bool {
            (try? AuthenticatedEncryption.open(box, key: key, context: .sealedResult, associated: job.bytes)) != nil
        }
    }
}
