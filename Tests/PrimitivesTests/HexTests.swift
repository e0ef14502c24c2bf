import Primitives
import Testing

@Suite struct `Hexadecimal text` {
    @Test func `Every byte has two lowercase digits and is read in either case`() {
        let bytes = (0...255).map(UInt8.init)
        let text = Hex.encode(bytes)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff") && text.utf8.count == 512)
        #expect(Hex.decode(text) == bytes)
        #expect(Hex.decode(text.uppercased()) == bytes)
        #expect(Hex.encode([]) == "" && Hex.decode("") == [])
    }

    @Test(arguments: ["0", "abc", "0g", "g0", " 00", "0x00", "00\n", "００", "é0", "-1", "+1"])
    func `Anything else is refused`(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
