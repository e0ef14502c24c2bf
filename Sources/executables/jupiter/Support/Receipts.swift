import JupiterClient

/// What a command that changed the chain answers.
enum Receipts {
    static func json(_ receipt: ReceiptAnswer) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "height": JSONValue(receipt.height), "code": .integer(Int64(receipt.code)), "fee": JSONValue(receipt.fee),
        ]
        if let id = receipt.transactionId ?? receipt.id { json["transaction"] = .text(id) }
        return json
    }

    static func answer(_ receipt: ReceiptAnswer, _ extra: [String: JSONValue], _ text: String) -> Answer {
        let json = json(receipt).merging(extra) { $1 }
        let transaction = json["transaction"]?.text ?? ""
        return Answer(.object(json), text: "\(text)\nheight \(receipt.height), fee \(receipt.fee) micro-JUPT, transaction \(transaction)")
    }
}
