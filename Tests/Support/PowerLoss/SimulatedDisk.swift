import Foundation
import Primitives

/// Files and directories, each with what is durable and what is not yet.
final class SimulatedDisk {
    /// A file or directory.
    final class Node {
        enum Change {
            case write(offset: Int, bytes: [UInt8])
            case truncate(Int)
            case extend(Int)
        }

        /// A change of names in a directory.
        enum NameChange {
            case add(String, Node)
            case remove(String)
            case move(from: String, to: String, Node)
        }

        let isDirectory: Bool
        var durable: [UInt8] = []
        var changes: [Change] = []
        /// A directory's names as programs see them, and as a power loss leaves them.
        var live: [String: Node] = [:]
        var durableNames: [String: Node] = [:]
        var nameChanges: [NameChange] = []

        init(isDirectory: Bool) { self.isDirectory = isDirectory }

        func sync() {
            for change in changes { Self.apply(change, to: &durable) }
            for change in nameChanges { Self.apply(change, to: &durableNames) }
            changes = []
            nameChanges = []
        }

        func change(_ change: NameChange) {
            Self.apply(change, to: &live)
            nameChanges.append(change)
        }

        static func apply(_ change: Change, to bytes: inout [UInt8]) {
            switch change {
            case .write(let offset, let new):
                if bytes.count < offset + new.count { bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count) }
                bytes.replaceSubrange(offset..<offset + new.count, with: new)
            case .truncate(let size):
                if bytes.count > size { bytes.removeLast(bytes.count - size) }
                fallthrough
            case .extend(let size):
                if bytes.count < size { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
            }
        }

        static func apply(_ change: NameChange, to names: inout [String: Node]) {
            switch change {
            case .add(let name, let node): names[name] = node
            case .remove(let name): names[name] = nil
            case .move(let from, let to, let node):
                names[from] = nil
                names[to] = node
            }
        }
    }

    let root: Node
    private var handles: [UInt64: Node] = [:]
    private var all: [Node] = []

    init() { root = Node(isDirectory: true) }

    /// Holds what is at `path`, all of it durable.
    init(copyOf path: String) throws {
        root = Node(isDirectory: true)
        try copy(path, into: root)
    }

    private func copy(_ path: String, into folder: Node) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isDirectory) else { continue }
            let node = Node(isDirectory: isDirectory.boolValue)
            if isDirectory.boolValue {
                try copy(path + "/" + name, into: node)
            } else {
                node.durable = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
            }
            (folder.live[name], folder.durableNames[name]) = (node, node)
            all.append(node)
        }
    }

    /// What is not durable yet of what programs see.
    var unsynced: PowerLossDirectory.Losses {
        var losses = PowerLossDirectory.Losses()
        func add(_ node: Node) {
            losses.contents += node.changes.count
            losses.names += node.nameChanges.count
            node.live.values.forEach(add)
        }
        add(root)
        return losses
    }

    func apply(_ event: PowerLossTrace.Event) throws {
        switch event {
        case .opened(let handle, let path, let created, let emptied, let isDirectory):
            let node = created ? try make(path, isDirectory: false) : try find(path)
            guard node.isDirectory == isDirectory else { throw PowerLossError.inconsistent("kind of \(path)") }
            if emptied { node.changes.append(.truncate(0)) }
            handles[handle] = node
        case .wrote(let handle, let offset, let bytes): try node(handle).changes.append(.write(offset: offset, bytes: bytes))
        case .truncated(let handle, let size): try node(handle).changes.append(.truncate(size))
        case .extended(let handle, let size): try node(handle).changes.append(.extend(size))
        case .renamed(let from, let to): try rename(from, to)
        case .unlinked(let path), .removedDirectory(let path):
            let (parent, name) = try split(path)
            parent.change(.remove(name))
        case .linked(let from, let to):
            let (parent, name) = try split(to)
            parent.change(.add(name, try find(from)))
        case .madeDirectory(let path): _ = try make(path, isDirectory: true)
        case .synced(let handle): try node(handle).sync()
        case .syncedAll: for node in all + [root] { node.sync() }
        case .closed, .acknowledged: break
        }
    }

    /// Writes what a power loss leaves.
    func write(to path: String, losing loss: PowerLossTrace.Loss) throws {
        var generator: SeededGenerator? =
            if case .partOfUnsynced(let seed) = loss { SeededGenerator(seed: seed) } else { nil }
        try write(root, to: path, &generator)
    }

    private func write(_ node: Node, to path: String, _ generator: inout SeededGenerator?) throws {
        guard node.isDirectory else {
            try Data(Self.contents(node, &generator)).write(to: URL(fileURLWithPath: path))
            return
        }
        var names = node.durableNames
        if generator != nil {
            let kept = Int((generator?.next() ?? 0) % UInt64(node.nameChanges.count + 1))
            for change in node.nameChanges.prefix(kept) { Node.apply(change, to: &names) }
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for (name, child) in names.sorted(by: { $0.key < $1.key }) { try write(child, to: path + "/" + name, &generator) }
    }

    private static func contents(_ node: Node, _ generator: inout SeededGenerator?) -> [UInt8] {
        var bytes = node.durable
        for change in node.changes {
            guard let choice = generator?.next() else { break }
            switch (choice % 4, change) {
            case (0, .write(let offset, let new)):
                // Torn: only the first sectors arrived.
                Node.apply(.write(offset: offset, bytes: Array(new.prefix(new.count / 1024 * 512))), to: &bytes)
            case (1, _): break
            default: Node.apply(change, to: &bytes)
            }
        }
        return bytes
    }

    private func node(_ handle: UInt64) throws -> Node {
        guard let node = handles[handle] else { throw PowerLossError.inconsistent("handle \(handle)") }
        return node
    }

    private func make(_ path: String, isDirectory: Bool) throws -> Node {
        let (parent, name) = try split(path)
        guard parent.live[name] == nil else { throw PowerLossError.inconsistent("\(path) exists") }
        let node = Node(isDirectory: isDirectory)
        parent.change(.add(name, node))
        all.append(node)
        return node
    }

    private func rename(_ from: String, _ to: String) throws {
        let node = try find(from)
        let (source, oldName) = try split(from)
        let (target, newName) = try split(to)
        if source === target {
            source.change(.move(from: oldName, to: newName, node))
        } else {
            target.change(.add(newName, node))
            source.change(.remove(oldName))
        }
    }

    private func find(_ path: String) throws -> Node {
        try path.split(separator: "/").reduce(root) { node, name in
            guard let next = node.live[String(name)] else { throw PowerLossError.inconsistent("\(path) is not there") }
            return next
        }
    }

    private func split(_ path: String) throws -> (Node, String) {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { throw PowerLossError.inconsistent("the directory itself changed its name") }
        return (try find(parts.dropLast().joined(separator: "/")), String(name))
    }
}
