import AdversarySupport
import EnclaveSandbox
import Foundation
import Testing

@Suite struct `Pages for secrets` {
    private static let secret = Array("a sealing key, or so it is called".utf8)

    /// The same memory twice: one view is given away, the other shows what becomes of it.
    private struct TwoViews {
        let given, kept: UnsafeMutableRawBufferPointer

        init(count: Int) throws {
            var name = Array("\(NSTemporaryDirectory())/jupiter-pages-XXXXXX".utf8CString)
            let file = mkstemp(&name)
            defer { close(file) }
            try #require(file >= 0 && unlink(name) == 0 && ftruncate(file, off_t(count)) == 0)
            let views = (0..<2).map { _ in mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) }
            try #require(views.allSatisfy { $0 != MAP_FAILED })
            (given, kept) = (.init(start: views[0], count: count), .init(start: views[1], count: count))
        }
    }

    @Test func `are overwritten by whoever is the last to have them`() throws {
        let views = try TwoViews(count: 2 << 12)
        defer { munmap(views.kept.baseAddress, views.kept.count) }
        func handOver(_ pages: consuming SecretPages) {
            #expect(pages.withBytes { $0.starts(with: Self.secret) })
            #expect(views.kept.starts(with: Self.secret), "the two views are of the same memory")
        }
        let pages = SecretPages(adopting: views.given)
        pages.withBytes { bytes in
            bytes.copyBytes(from: Self.secret)
            bytes[bytes.count - 1] = 1
        }
        handOver(pages)
        #expect(views.kept.allSatisfy { $0 == 0 })
        #expect(Self.flags(of: views.given) == nil, "and given back")
    }

    @Test func `are locked, in no core dump, and not in a copy of the process`() throws {
        guard let pages = SecretPages(count: Self.secret.count) else {
            Issue.record("there is no memory")
            return
        }
        let flags = pages.withBytes { bytes in
            bytes.copyBytes(from: Self.secret)
            return Self.flags(of: bytes) ?? []
        }
        #expect(flags.isSuperset(of: ["lo", "dd", "wf"]), "\(flags)")
    }

    /// What the kernel says of the mapping (proc(5), VmFlags); `nil` if there is none.
    private static func flags(of bytes: UnsafeMutableRawBufferPointer) -> Set<Substring>? {
        let place = UInt64(UInt(bitPattern: bytes.baseAddress))
        var isThere = false
        for line in ProcessFiles.text("/proc/self/smaps").split(separator: "\n") {
            let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt64($0, radix: 16) }
            if ends.count == 2 { isThere = (ends[0]..<ends[1]).contains(place) }
            if isThere, line.hasPrefix("VmFlags:") { return Set(line.dropFirst(8).split(separator: " ")) }
        }
        return nil
    }
}
