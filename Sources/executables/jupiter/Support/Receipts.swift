import JupiterClient

/// What a command that changed the chain answers.
enum Receipts {
    static func json(_ receipt: ReceiptAnswer) -> [String: JSONValue] {
        [
            "transaction": .text(receipt.id), "height": JSONValue(receipt.height), "code": .integer(Int64(receipt.code)),
            "fee": JSONValue(receipt.fee),
        ]
    }

    static func answer(_ receipt: ReceiptAnswer, _ extra: [String: JSONValue], _ text: String) -> Answer {
        let json = json(receipt).merging(extra) { $1 }
        return Answer(.object(json), text: "\(text)\nheight \(receipt.height), fee \(receipt.fee) micro-JUPT, transaction \(receipt.id)")
    }
}
