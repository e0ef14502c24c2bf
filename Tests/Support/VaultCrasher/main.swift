import AdversarySupport
import DataModel
import EnclaveCore
import Glibc
import Primitives
import WireTypes

// vault-crasher DIRECTORY: an enclave with its vault in DIRECTORY takes keys, has a record and then a subject erased, and takes keys in
// between. After each step that is durable it says so in a line on standard output:
//   keys HEX HEX          the two subjects' keys
//   enrolled VERSION      a key was taken
//   erased VERSION COUNT  the puncture log was applied up to COUNT
guard CommandLine.arguments.count == 2 else { exit(64) }
let directory = CommandLine.arguments[1]

/// One unbuffered write: an acknowledgement is out or it is not.
func acknowledge(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    guard write(1, bytes, bytes.count) == bytes.count else { exit(74) }
}

/// One enclave's life.
struct Life {
    let scene: EnclaveScene

    init() throws {
        let node = try BypassedNode()
        let storage = try VaultFile(path: directory + "/vault.log", directory: directory)
        let enclave = try Enclave(platform: MemoryPlatform(), storage: storage, genesis: node.genesis)
        scene = try EnclaveScene(
            node: node, driver: .inProcess(enclave), schema: Schema(version: 1, fields: [Field("age", .integer)]))
        try scene.start()
    }

    func enrol(_ subject: SceneSubject) throws {
        let outcome = try scene.enrol([subject])[0]
        guard !outcome.hasFailure else { exit(70) }
        acknowledge("enrolled \(outcome.vaultVersion)")
    }

    func erase(_ kind: WireErasureKind, _ subject: SceneSubject) throws {
        scene.puncture(kind, subject.address, dataset: kind == .record ? EnclaveScene.dataset : "", keyIndex: 3)
        try scene.block()
        let word = try scene.provePunctures().acknowledgement
        acknowledge("erased \(word.vaultVersion) \(word.sequence)")
    }
}

let life = try Life()
let (first, second) = (try life.scene.makeSubject(), try life.scene.makeSubject())
acknowledge("keys \(Hex.encode(first.key)) \(Hex.encode(second.key))")
try life.enrol(first)
try life.enrol(second)
try life.erase(.record, first)
try life.enrol(life.scene.makeSubject())
try life.erase(.subject, second)
try life.enrol(life.scene.makeSubject())
