import ChainFixtures
import Glibc
import Storage

// storage-crasher DIRECTORY BLOCKS sync|nosync REOPEN: commits deterministic blocks to DIRECTORY/chain until there are BLOCKS (0: until
// killed), acknowledges each by a line on standard output after its commit, and opens the store anew after every REOPEN blocks
// (0: never). To be killed at any moment.
let arguments = CommandLine.arguments
guard arguments.count == 5, let blocks = UInt64(arguments[2]), let reopen = UInt64(arguments[4]) else { exit(64) }
let last = blocks == 0 ? UInt64.max : blocks
while true {
    let store = try ChainStore(path: arguments[1] + "/chain", options: .init(sync: arguments[3] == "sync", blockCacheBytes: 1 << 20))
    let height = store.head()?.height ?? 0
    let target = reopen == 0 ? last : min(last, height + reopen)
    try ChainFixture.extend(store, through: target) { line in
        // One unbuffered write: an acknowledgement is out or it is not.
        let bytes = Array((line + "\n").utf8)
        guard write(1, bytes, bytes.count) == bytes.count else { exit(74) }
    }
    store.close()
    if target == last { break }
}
