import JupiterClient

/// Text forms of what a node lists: whatever the members are.
enum Generic {
    /// A table of the objects in `items`, with the named columns.
    static func table(_ items: [JSONValue], columns: [String], empty: String) -> String {
        guard !items.isEmpty else { return empty }
        var table = TextTable(columns.map(heading))
        for item in items { table.append(columns.map { cell(item[$0]) }) }
        return table.text
    }

    /// `minimumCohort` as `MINIMUM COHORT`.
    private static func heading(_ name: String) -> String {
        name.reduce(into: "") { text, character in
            if character.isUppercase { text.append(" ") }
            text += character.uppercased()
        }
    }

    static func cell(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null?: "-"
        case .text(let text)?: text
        case .array(let items)?: items.map { cell($0) }.joined(separator: ",")
        case .some(let value): value.encoded(pretty: false)
        }
    }

    /// One line a member.
    static func lines(_ object: JSONValue) -> String {
        guard let members = object.object else { return cell(object) }
        let width = members.keys.map(\.count).max() ?? 0
        return members.sorted { $0.key < $1.key }.map { key, value in
            key + String(repeating: " ", count: width - key.count + 2) + cell(value)
        }.joined(separator: "\n")
    }
}
