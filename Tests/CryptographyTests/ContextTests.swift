import Cryptography
import Primitives
import Testing

@Suite struct `Contexts` {
    @Test func `No context's prefix begins another's`() {
        let prefixes = Context.allCases.map(\.prefix)
        #expect(Set(prefixes).count == Context.allCases.count)
        for (index, prefix) in prefixes.enumerated() {
            for (other, candidate) in prefixes.enumerated() where other != index {
                #expect(!candidate.starts(with: prefix), "\(Context.allCases[index]) begins \(Context.allCases[other])")
            }
        }
    }

    @Test func `Every context is ours, versioned and fits its length byte`() {
        for context in Context.allCases {
            #expect(context.rawValue.hasPrefix("jupiter/") && context.rawValue.hasSuffix("/v1"))
            #expect(context.prefix.first.map(Int.init) == context.rawValue.utf8.count)
            #expect(context.rawValue.utf8.count <= 255)
            #expect(context.bind([1, 2]) == context.prefix + [1, 2])
        }
    }

    @Test func `Errors have their own codes, names and reasons`() {
        let all = (900...949).compactMap { CryptographyError(rawValue: $0) }
        #expect(all.count == 14)
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(Set(all.map(\.reason)).count == all.count)
        #expect(CryptographyError.badSignature.name == "cryptography.badSignature")
    }
}
