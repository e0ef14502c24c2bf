import ChainTypes
import Cryptography
import Foundation
import Primitives
import WireTypes

/// One fixed value of every kind that the state holds.
enum StateValueSamples {
    static var account: WireAccount {
        var value = WireAccount()
        (value.nonce, value.balance) = (7, 1_000_000)
        return value
    }

    static var dataset: WireDataset {
        var value = WireDataset()
        value.dataset = "credit"
        value.owner = Samples.data(1)
        value.metadata.name = "Credit files"
        value.metadata.contentType = "application/json"
        value.schema = Data([1, 2, 3])
        value.schemaVersion = 1
        value.residency = .results
        value.minimumCohort = 20
        value.height = 5
        return value
    }

    static var enclave: WireEnclave {
        var value = WireEnclave()
        value.id = Samples.data(1)
        value.identity = `Enclave statements`.identity
        value.operator = Samples.data(4)
        value.status = .active
        value.assurance = "none"
        value.anchorNonce = Samples.data(5)
        value.vaultVersion = 2
        value.vaultRoot = Samples.data(6)
        value.height = 9
        return value
    }

    static var rules: WireAttestationRules {
        var value = WireAttestationRules()
        (value.evidenceLifetime, value.measurementDelay, value.tcbStatuses) = (600_000, 5, ["UpToDate"])
        value.excludedProductLines = ["Milan"]
        value.floors = [WireTCBFloor()]
        (value.floors[0].productLine, value.floors[0].floor) = ("Genoa", Data([0, 1, 2, 3, 4, 5, 6, 7]))
        (value.referenceValuesRequired, value.allowSoftwareTpm, value.excludedPlatforms) = (true, true, ["tdx"])
        (value.renewalGrace, value.evidenceWindow) = (60_000, 256)
        (value.tpmRoots, value.attestationKeys) = ([Data([0x30, 0])], [Samples.data(9)])
        (value.refusedAdvisories, value.minimumTcbEvaluation) = (["INTEL-SA-00001"], 17)
        (value.requireSeptVeDisable, value.maximumVmpl, value.requireAliasCheck) = (true, 3, true)
        return value
    }

    static var reference: WireReferenceValue {
        var value = WireReferenceValue()
        (value.platform, value.measurement, value.description_p) = ("tpm", Samples.data(1), "release 1")
        (value.addedHeight, value.activeHeight, value.revoked) = (7, 12, true)
        value.registers = [WireMeasurementRegister()]
        (value.registers[0].name, value.registers[0].value) = ("pcr11", Samples.data(7))
        return value
    }

    static var endorsement: WireEndorsementEntry {
        var value = WireEndorsementEntry()
        (value.slot, value.number, value.endorsement) = ("amd/crl/Genoa", 99, Data([8, 5]))
        (value.height, value.expires) = (7, 1_800_000_000_000)
        return value
    }

    static var terms: WireConfirmationTerms {
        var value = WireConfirmationTerms()
        value.outputHash = Samples.data(3)
        return value
    }

    static var subjectKey: WireSubjectKey {
        var value = WireSubjectKey()
        value.subject = Samples.data(1)
        value.dataset = "credit"
        value.enclave = Samples.data(2)
        value.commitment = Samples.data(3)
        value.height = 4
        return value
    }

    static var record: WireRecord {
        var value = WireRecord()
        value.record = Samples.data(1)
        value.dataset = "credit"
        value.owner = Samples.data(2)
        value.schemaVersion = 1
        value.commitment = Samples.data(3)
        value.size = 400
        value.keyIndex = 5
        value.status = .live
        value.height = 6
        return value
    }

    static var consent: WireConsent {
        var value = WireConsent()
        value.grant = Samples.data(1)
        value.subject = Samples.data(2)
        value.scope.recipient = Samples.data(3)
        value.scope.dataset = "credit"
        value.scope.fields = ["income", "postcode"]
        value.scope.purpose = "ServiceProvision"
        value.scope.programs = [Samples.data(4)]
        value.scope.validFrom = 1_000
        value.scope.validUntil = 2_000
        value.scope.maximumUses = 3
        value.scope.price = 10
        value.scope.localities = [Samples.chainID]
        value.scope.noticeHash = Samples.data(5)
        value.scope.language = "en"
        value.status = .active
        value.version = 1
        value.uses = 2
        value.transactionID = Samples.data(6)
        value.height = 7
        return value
    }

    static var program: WireProgram {
        var value = WireProgram()
        value.codeHash = Samples.data(1)
        value.manifest.name = "credit-assessor"
        value.manifest.version = "1.0.0"
        value.manifest.kind = .assessment
        value.manifest.outputSchema = Data([1])
        value.manifest.fuel = 1_000_000
        value.manifest.maximumOutput = 4096
        value.publisher = Samples.data(2)
        value.commitment = Samples.data(3)
        value.height = 4
        return value
    }

    static var sealedMessage: WireSealedMessage {
        SealedBox(suite: .x25519, encapsulatedKey: [UInt8](repeating: 8, count: 32), ciphertext: [1, 2, 3]).wire
    }

    static var assessment: WireAssessment {
        var value = WireAssessment()
        value.id = Samples.data(1)
        value.requester = Samples.data(2)
        value.request.subject = Samples.data(3)
        value.request.grant = Samples.data(4)
        value.request.dataset = "credit"
        value.request.program = Samples.data(5)
        value.request.purpose = "ServiceProvision"
        value.request.fields = ["income"]
        value.request.recipientKey.suite = .x25519
        value.request.recipientKey.key = Samples.data(6)
        value.request.deadline = 2_000
        value.request.price = 10
        value.transactionID = Samples.data(7)
        value.messageIndex = 1
        value.status = .opened
        value.useNumber = 1
        value.grantVersion = 1
        value.height = 8
        value.enclave = Samples.data(9)
        value.commitment = Samples.data(10)
        value.committedHeight = 9
        value.keyBox = sealedMessage
        value.openedHeight = 10
        return value
    }

    static var subscription: WireSubscription {
        var value = WireSubscription()
        value.id = Samples.data(1)
        value.requester = Samples.data(2)
        value.request.dataset = "credit"
        value.request.program = Samples.data(3)
        value.request.purpose = "ServiceProvision"
        value.request.fields = ["income"]
        var parameter = WireProgramParameter()
        parameter.name = "bins"
        parameter.integer = -4
        value.request.parameters = [parameter]
        value.request.minimumCohort = 20
        value.request.price = 1
        value.request.maximumCohort = 100
        value.request.deadline = 3_000
        value.status = .committed
        value.height = 4
        value.enclave = Samples.data(5)
        value.commitment = Samples.data(6)
        value.runHeight = 7
        value.cohort = 25
        value.committedHeight = 8
        value.grantsHash = Samples.data(9)
        return value
    }

    static var locality: WireLocality {
        var value = WireLocality()
        value.chainID = "jupiter-sg"
        value.genesisHash = Samples.data(1)
        value.profile = 1
        value.height = 2
        value.headerHash = Samples.data(3)
        value.time = 4
        value.epoch = 5
        value.validators = Data([0x0a, 0])
        value.stateRoot = Samples.data(6)
        value.checkpoints = 7
        return value
    }

    static var receipt: WireReceipt {
        var event = WireEvent()
        event.type = "assets.transferred"
        event.id = Samples.data(1)
        event.account = Samples.data(2)
        event.amount = 5
        var value = WireReceipt()
        value.transactionID = Samples.data(3)
        value.height = 12
        value.index = 1
        value.code = 302
        value.fee = 3
        value.events = [event]
        return value
    }
}
