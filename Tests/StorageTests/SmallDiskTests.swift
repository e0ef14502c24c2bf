import Foundation
import Glibc
import SmallDiskSupport
import Testing

/// The disk that other tests fill: one that was not full let a node go on that had to stop.
@Suite struct `A small disk` {
    @Test func `is full although another writes to it meanwhile`() async throws {
        guard let disk = try SmallDisk(megabytes: 32) else { return }
        for round in 0..<20 {
            let path = disk.path + "/other-\(round)"
            let writer = Thread {
                let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
                defer { close(descriptor) }
                let page = [UInt8](repeating: 1, count: 4_096)
                while page.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) > 0 {}
            }
            writer.start()
            while (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0 == 0 { usleep(50) }
            try disk.fill(leaving: 0)
            #expect(disk.freeBytes == 0)
            while !writer.isFinished { usleep(100) }
            disk.free()
            unlink(path)
        }
    }
}
