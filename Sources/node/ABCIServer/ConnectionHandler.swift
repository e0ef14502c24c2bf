import ABCI
import NIOCore
import Primitives

/// One connection of an engine, on its event loop: takes requests apart, has them answered and writes the answers in their order.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private let limits: ConnectionLimits
    private let answer: ABCISocket.Handler
    private var reader: FrameReader
    private var queue = CallQueue()
    private var context: ChannelHandlerContext?
    /// Nothing more is read: what came was wrong, or an answer ends the connection.
    private var isOver = false
    private var isPaused = false
    private var wantsRead = false

    init(limits: ConnectionLimits, answer: @escaping ABCISocket.Handler) {
        (self.limits, self.answer) = (limits, answer)
        reader = FrameReader(limit: limits.frame)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        isOver = true
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        reader.append(unwrapInboundIn(data).readableBytesView)
        takeRequests()
        work()
    }

    func read(context: ChannelHandlerContext) {
        if isPaused || isOver { wantsRead = true } else { context.read() }
    }

    private func takeRequests() {
        do throws(ABCIError) {
            while !isOver, !isFull, let frame = try reader.next() {
                let request = try ABCIRequest(frame: frame)
                if let kind = request.kind { queue.append(kind, bytes: frame.count) }
            }
        } catch {
            isOver = true
            queue.append(answered: .exception(error.text))
        }
        isPaused = isFull
    }

    private var isFull: Bool { queue.count >= limits.calls || queue.bytes >= limits.bytes }

    // MARK: Answering

    private func work() {
        while true {
            let started = queue.begin()
            if started.isEmpty { break }
            // What is answered here and now lets the next ones begin.
            for (number, call) in started { run(call, number) }
        }
        write()
    }

    private func run(_ call: ABCIRequest.OneOf_Kind, _ number: UInt64) {
        if let response = Self.immediate(call) { return finish(number, response) }
        guard let loop = context?.eventLoop else { return }
        let response = loop.makeFutureWithTask { [answer] in await Self.response(call, answer) }
        response.assumeIsolated().whenSuccess { [weak self] response in
            self?.finish(number, response)
            self?.goOn()
        }
    }

    private static func immediate(_ call: ABCIRequest.OneOf_Kind) -> ABCIResponse? {
        switch call {
        case .echo(let request):
            var echo = ABCIEchoResponse()
            echo.message = request.message
            return ABCIResponse(.echo(echo))
        // Its turn comes only once all before it are answered, and answers are written at once.
        case .flush: return ABCIResponse(.flush(ABCIFlushResponse()))
        default: return nil
        }
    }

    private static func response(_ call: ABCIRequest.OneOf_Kind, _ answer: ABCISocket.Handler) async -> ABCIResponse {
        do { return try await answer(call) } catch let error as any CodedError { return .exception(error.text) } catch {
            return .exception(ABCIError.applicationFailed.text)
        }
    }

    private func finish(_ number: UInt64, _ response: ABCIResponse) { queue.finish(number, response) }

    private func goOn() {
        guard context != nil else { return }
        write()
        takeRequests()
        work()
        guard !isPaused, !isOver, wantsRead else { return }
        wantsRead = false
        context?.read()
    }

    /// Writes what is due; after an exception nothing follows.
    private func write() {
        guard let context else { return }
        var bytes = context.channel.allocator.buffer(capacity: 0)
        var ends = false
        for answer in queue.takeAnswers() where !ends {
            bytes.writeBytes(answer.frame)
            if case .exception = answer.kind { ends = true }
        }
        guard bytes.readableBytes > 0 else { return }
        if ends { isOver = true }
        let written = context.writeAndFlush(wrapOutboundOut(bytes))
        if ends {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            written.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }
}
