import ChainFixtures
import Glibc
import Storage

// storage-crasher DIRECTORY BLOCKS sync|nosync REOPEN: commits deterministic blocks to DIRECTORY/chain until there are BLOCKS (0: until
// killed), acknowledges each by a line on standard output after its commit, and opens the store anew after every REOPEN blocks
// (0: never). To be killed at any moment.
//
// storage-crasher DIRECTORY SOURCE import|replace REOPEN: imports the state of the chain in SOURCE to DIRECTORY/chain (in the place of
// a chain of three blocks, made first, for `replace`), opening the import anew after every REOPEN chunks, and acknowledges it.
let arguments = CommandLine.arguments
guard arguments.count == 5, let reopen = UInt64(arguments[4]) else { exit(64) }

/// One unbuffered write: an acknowledgement is out or it is not.
func acknowledge(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    guard write(1, bytes, bytes.count) == bytes.count else { exit(74) }
}

func commitBlocks(_ blocks: UInt64, sync: Bool) throws {
    let last = blocks == 0 ? UInt64.max : blocks
    while true {
        let store = try ChainStore(path: arguments[1] + "/chain", options: .init(sync: sync, blockCacheBytes: 1 << 20))
        let height = store.head()?.height ?? 0
        let target = reopen == 0 ? last : min(last, height + reopen)
        try ChainFixture.extend(store, through: target, acknowledge: acknowledge)
        store.close()
        if target == last { break }
    }
}

func importChain(replacing: Bool) throws {
    let path = arguments[1] + "/chain"
    if replacing {
        let old = try ChainStore(path: path, options: .init(blockCacheBytes: 1 << 20))
        try ChainFixture.extend(old, through: 3) { _ in }
        old.close()
        acknowledge("old")
    }
    let source = try ChainStore(path: arguments[2], options: .init(createIfMissing: false, blockCacheBytes: 1 << 20))
    try ChainFixture.importState(of: source, to: path, replacing: replacing, reopen: Int(reopen))
    source.close()
    acknowledge("imported")
}

switch (arguments[3], UInt64(arguments[2])) {
case ("sync", let blocks?), ("nosync", let blocks?): try commitBlocks(blocks, sync: arguments[3] == "sync")
case ("import", nil), ("replace", nil): try importChain(replacing: arguments[3] == "replace")
default: exit(64)
}
