import ChainTypes
import FoundationEssentials
import LedgerSupport
import LightClient
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `A locality that a simulated CometBFT runs` {
    /// Registered at a mainnet; its blocks are executed, and certified by CometBFT's headers.
    private struct Federation {
        var mainnet: MemoryChain
        var locality: TrustChain

        init(weights: [UInt64], spare: Int = 0) throws {
            mainnet = try MemoryChain(chainID: "jupiter-main", seed: 6)
            locality = try TrustChain(weights: weights, spare: spare) { genesis in
                (genesis.chainID, genesis.consensus) = ("jupiter-comet", .cometbft)
            }
            var message = WireRegisterLocality()
            message.genesis = .init(locality.chain.genesis.bytes)
            #expect(try mainnet.submit(WireMessage(.registerLocality(message)), by: mainnet.operatorKey) == 0)
        }

        var stored: WireLocality {
            get throws { try mainnet.message(StateKey.locality("jupiter-comet")) ?? WireLocality() }
        }

        /// The receipt's code.
        mutating func post(_ certified: WireCertifiedHeader) throws -> UInt32 {
            var message = WireSubmitCheckpoint()
            message.chainID = "jupiter-comet"
            message.certifiedHeader = .init(certified.encoded())
            return try mainnet.submit(WireMessage(.submitCheckpoint(message)), by: mainnet.operatorKey)
        }
    }

    @Test func `is registered with its engine and posts checkpoints over ends of epochs`() throws {
        var federation = try Federation(weights: [1, 1, 1, 1], spare: 1)
        #expect(try federation.stored.consensus == UInt32(WireConsensusKind.cometbft.rawValue))
        try federation.locality.block()
        #expect(try federation.post(federation.locality.certified[0]) == 0)
        let addition = try federation.locality.addition(4, weight: 3)
        try federation.locality.decide { $0.addValidator = addition }
        try federation.locality.endEpoch()
        try federation.locality.block()
        #expect(federation.locality.weights[4] != nil)
        let (end, newest) = (federation.locality.certified.dropLast().last, federation.locality.certified.last)
        // The end of the epoch must come first.
        #expect(try federation.post(#require(newest)) == Refusal.federationBadCheckpoint.code)
        #expect(try federation.post(#require(end)) == 0)
        #expect(try federation.post(#require(newest)) == 0)
        #expect(try federation.stored.epoch == 1)
        #expect(try federation.stored.checkpoints == 3)
        #expect(try federation.stored.headerHash == Data(#require(federation.locality.chain.lastHeader).hash.bytes))
        #expect(try federation.stored.validators == Data(federation.locality.plan.validators.bytes))
        #expect(try federation.post(#require(newest)) == Refusal.federationStaleCheckpoint.code)
    }

    @Test func `leads clients over many changes of weights`() throws {
        var federation = try Federation(weights: [1, 1, 1], spare: 2)
        for (position, weight) in [(3, 2), (4, 5)] as [(Int, UInt64)] {
            let addition = try federation.locality.addition(position, weight: weight)
            try federation.locality.decide { $0.addValidator = addition }
            try federation.locality.endEpoch()
        }
        let removal = federation.locality.removal(0)
        try federation.locality.decide(by: 1) { $0.removeValidator = removal }
        try federation.locality.endEpoch()
        try federation.locality.endEpoch()
        #expect(federation.locality.plan.epoch >= 4)
        for certified in federation.locality.certified where try LightVerifier.header(certified).lastOfEpoch {
            #expect(try federation.post(certified) == 0)
        }
        #expect(try federation.stored.epoch == federation.locality.plan.epoch)
    }

    @Test func `posts nothing that was tampered with`() throws {
        var federation = try Federation(weights: [1, 1, 1, 1])
        try federation.locality.block()
        let certified = try #require(federation.locality.certified.last)
        let bad = Refusal.federationBadCheckpoint.code
        for part in [\WireCertifiedHeader.header, \.certificate] {
            for step in 0..<24 {
                var changed = certified
                let index = changed[keyPath: part].count * step / 24
                changed[keyPath: part][index] ^= 0x10
                #expect(try federation.post(changed) == bad, "\(part) byte \(index)")
            }
        }
        #expect(try federation.post(certified) == 0)
    }
}
