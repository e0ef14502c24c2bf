import Foundation
import Glibc

/// Processor time of processes, in seconds.
enum ProcessTime {
    static var ofThisProcess: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// User and system time of `process` from `/proc/PID/stat` (proc(5), fields 14 and 15).
    static func of(_ process: pid_t) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // The second field is the name in parentheses and may hold anything.
        guard let end = text.lastIndex(of: ")") else { throw ConsensusBenchmarkError.unreadable("/proc/\(process)/stat") }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw ConsensusBenchmarkError.unreadable("/proc/\(process)/stat")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// How many processes wanted a core, over the last minute.
    static var loadAverage: Double {
        var averages = [Double](repeating: 0, count: 3)
        return getloadavg(&averages, 3) > 0 ? averages[0] : 0
    }
}
