import Crypto
import EnclaveSandbox
import PlatformProtocol

/// A platform whose launch is measured, and the vault's sealing key on its way to the vault.
struct OpenedPlatform: ~Copyable {
    let platform: any ReportingPlatform
    /// What its reports take of the system.
    let reach: LauncherReach
    /// Consumed with the handing over: what the launcher keeps has no way to it.
    let key: SecretPages

    init(_ platform: any ReportingPlatform, reaching reach: LauncherReach, key: SymmetricKey) throws(SandboxError) {
        (self.platform, self.reach) = (platform, reach)
        self.key = try SecretPages(key)
    }
}
