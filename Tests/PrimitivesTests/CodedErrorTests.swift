import Primitives
import Testing

@Suite struct `Coded errors` {
    enum SampleError: UInt32, CodedError {
        case firstThing = 1
        var reason: String { "a reason" }
    }

    enum OtherError: CodedError {
        case withValue(Int)
        static let domain = "other"
        var code: UInt32 { 2 }
        var reason: String { "another reason" }
    }

    @Test func `The name is the domain and the case, without values`() {
        #expect(SampleError.firstThing.name == "sample.firstThing")
        #expect(SampleError.firstThing.text == "sample.firstThing (1): a reason")
        #expect(OtherError.withValue(7).name == "other.withValue")
    }
}
