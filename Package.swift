// swift-tools-version: 6.2
import Foundation
import PackageDescription

// One table of targets, one list of settings. The folders of the table read downward like the
// architecture: `./dev layers` refuses an import that points upward (docs/architecture.md).

/// The folders of Sources/, from the bottom of the dependency graph to its top.
enum Layer: String {
    case system, foundation, data, evidence, ledger, consensus, simulation, confidential, federation, client, node, executables
}

let warningsAreErrors = ProcessInfo.processInfo.environment["JUPITER_WARNINGS_AS_ERRORS"] == "1"
let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let httpServer = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioSockets = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")

func library(_ layer: Layer, _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(layer.rawValue)/\(name)", resources: resources,
        swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Sources/executables/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources, swiftSettings: settings)
}

/// Fixtures and adversaries that tests share.
func support(_ name: String, folder: String? = nil, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Tests/Support/\(folder ?? name)", exclude: exclude, swiftSettings: settings)
}

/// A program that tests start and kill.
func supportProgram(_ name: String, folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Tests/Support/\(folder)", swiftSettings: settings)
}

func benchmark(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Benchmarks/\(name)", swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String, apt: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Sources/system/\(name)", pkgConfig: pkgConfig, providers: apt.map { [.apt([$0])] })
}

let targets: [Target] = [
    system("CRocksDB", pkgConfig: "rocksdb", apt: "librocksdb-dev"),
    system("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
    system("CWasmtime", pkgConfig: "wasmtime"),
    system("CTss2", pkgConfig: "tss2-esys", apt: "libtss2-dev"),
    system("CSeccomp", pkgConfig: "libseccomp", apt: "libseccomp-dev"),
    .systemLibrary(name: "CHardening", path: "Sources/system/CHardening"),
    .systemLibrary(name: "CDevices", path: "Sources/system/CDevices"),

    library(.foundation, "Primitives"),
    library(.foundation, "WireTypes", ["Primitives", protobuf]),
    library(.foundation, "Cryptography", ["Primitives", "CSodium", crypto]),
    library(.foundation, "ChainTypes", ["Primitives", "WireTypes", "Cryptography"]),

    library(.data, "DataModel", ["Primitives"]),

    library(
        .evidence, "Attestation",
        ["Primitives", "WireTypes", "Cryptography", "ChainTypes", crypto, cryptoExtras, asn1, protobuf],
        resources: [
            .embedInCode("Resources/amd-milan-ark.der"), .embedInCode("Resources/amd-genoa-ark.der"),
            .embedInCode("Resources/amd-turin-ark.der"), .embedInCode("Resources/intel-sgx-root-ca.der"),
            .embedInCode("Resources/aws-nitro-root-g1.der"),
        ]),

    library(.ledger, "AuthenticatedState", ["Primitives", crypto]),
    library(.ledger, "ProgramInterface", ["Primitives"]),
    library(.ledger, "ContractVM", ["ProgramInterface", "CWasmtime"]),
    library(.ledger, "LightClient", ["Primitives", "WireTypes", "Cryptography", "ChainTypes"]),
    library(.ledger, "ConsentRules", ["Primitives", "WireTypes", "Cryptography", "ChainTypes"]),
    library(
        .ledger, "Modules",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation", "LightClient", "ConsentRules", protobuf,
        ]),
    library(.ledger, "Execution", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation", "Modules"]),

    library(.consensus, "Simplex", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "LightClient"]),
    library(.consensus, "Engine", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "LightClient", "Simplex"]),

    library(.consensus, "ABCI", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "LightClient", "Engine", protobuf]),

    library(.simulation, "Simulator", ["Primitives", "WireTypes", "ChainTypes", "LightClient", "Simplex"]),

    library(.confidential, "EnclaveProtocol", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", crypto]),
    library(.confidential, "EnclaveSandbox", ["Primitives", "CHardening", "CSeccomp"]),
    library(.confidential, "WorkerProtocol", ["Primitives", "ProgramInterface", "CHardening"]),
    library(
        .confidential, "EnclaveWorker", ["ProgramInterface", "ContractVM", "WorkerProtocol", "EnclaveSandbox", "CHardening"]),
    library(.confidential, "PlatformProtocol", ["Primitives", "ChainTypes", "Attestation", "EnclaveSandbox", crypto]),
    // Evidence and sealing keys of all platforms: what the enclave's launcher links, and its vault and workers must not.
    library(
        .confidential, "EnclavePlatforms",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation", "PlatformProtocol", "CTss2", "CDevices", crypto,
        ]),
    library(
        .confidential, "EnclaveCore",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation", "AuthenticatedState", "ProgramInterface",
            "LightClient", "ConsentRules", "EnclaveProtocol", "PlatformProtocol", "WorkerProtocol", crypto, protobuf,
        ]),

    library(.federation, "Relayer", ["Primitives", "WireTypes", "Cryptography", "ChainTypes"]),

    library(
        .client, "JupiterClient",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation", "AuthenticatedState", "LightClient",
            "ConsentRules", "EnclaveProtocol", crypto, protobuf,
        ]),
    library(.client, "LocalFederation", ["Primitives", "WireTypes", "ChainTypes", "EnclaveProtocol"]),

    library(.node, "Storage", ["Primitives", "AuthenticatedState", "CRocksDB"]),
    library(.node, "Networking", ["Primitives", "WireTypes", "ChainTypes", crypto, nio, nioSockets, nioSSL, nioTLS]),
    library(.node, "CometRPC", ["Primitives", "WireTypes", "ChainTypes", "LightClient"]),
    library(.node, "ABCIServer", ["Primitives", "ABCI", nio, nioSockets]),
    library(
        .node, "Ledger",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "AuthenticatedState", "Modules", "Execution", "Storage", protobuf,
        ]),
    library(
        .node, "Node",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation", "AuthenticatedState", "LightClient", "ConsentRules",
            "Modules",
            "Simplex", "Engine", "ABCI", "EnclaveProtocol", "Relayer", "Storage", "Networking", "CometRPC", "ABCIServer", "Ledger", logging,
            protobuf,
        ]),
    library(
        .node, "Console",
        resources: [
            .embedInCode("Resources/console.html"), .embedInCode("Resources/console.css"), .embedInCode("Resources/console.js"),
        ]),
    library(
        .node, "API",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation", "Modules", "Engine", "ABCIServer", "Node", "Console",
            httpServer, logging,
            nio, protobuf,
        ]),

    program(
        "jupiter-enclave",
        [
            "Primitives", "Cryptography", "ChainTypes", "Attestation", "EnclaveProtocol", "EnclaveSandbox", "PlatformProtocol",
            "EnclavePlatforms", "CHardening", crypto,
        ]),
    program(
        "jupiter-enclave-vault",
        [
            "Primitives", "WireTypes", "ChainTypes", "ProgramInterface", "EnclaveProtocol", "EnclaveSandbox", "PlatformProtocol",
            "WorkerProtocol", "EnclaveCore",
        ]),
    program("jupiter-enclave-worker", ["Primitives", "EnclaveSandbox", "EnclaveWorker"]),
    program(
        "jupiter",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation", "EnclaveProtocol", "EnclavePlatforms",
            "JupiterClient", "LocalFederation", "Node", "API", "Simplex", "Simulator", "CHardening", argumentParser, crypto, protobuf,
        ]),

    support("TestVectors", ["Primitives"]),
    support("SmallDiskSupport", folder: "SmallDisk", []),
    support("StateModel", ["Primitives", "AuthenticatedState", crypto]),
    support("HolderSupport", ["Primitives", "WireTypes", "Cryptography", "ChainTypes"]),
    support(
        "LedgerSupport",
        [
            "CometSupport", "TpmSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation",
            "LightClient", "Modules", "Execution", protobuf,
        ]),
    support("TpmSupport", ["Primitives", "WireTypes", "ChainTypes", "Attestation", crypto]),
    support("CometSupport", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "LightClient", crypto]),
    support("RunningNode", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "Node", "API", logging]),
    support("EvidenceReplay", ["ChainTypes", "Attestation", "EnclavePlatforms"]),
    support("ScriptedEngine", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "ABCI", protobuf]),
    support("PowerLossSupport", folder: "PowerLoss", ["Primitives"], exclude: ["powerloss.c"]),
    support("ChainFixtures", ["Primitives", "AuthenticatedState", "Storage"]),
    supportProgram("storage-crasher", folder: "StorageCrasher", ["ChainFixtures", "Storage"]),
    support("KeySearchSupport", folder: "KeySearch", ["Primitives", "Cryptography", "WireTypes", "ChainTypes", crypto]),
    supportProgram(
        "vault-crasher", folder: "VaultCrasher", ["AdversarySupport", "Primitives", "DataModel", "EnclaveCore", "WireTypes"]),
    supportProgram("sandbox-breaker", folder: "SandboxBreaker", ["EnclaveSandbox", "EnclavePlatforms"]),

    support(
        "AdversarySupport", folder: "BypassedNode",
        [
            "CometSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation", "AuthenticatedState",
            "LightClient", "EnclaveProtocol", "EnclaveSandbox", "PlatformProtocol", "EnclavePlatforms", "EnclaveCore", "EnclaveWorker",
            "StateModel",
            crypto, protobuf,
        ]),

    tests("PrimitivesTests", ["Primitives", "TestVectors"]),
    tests("CryptographyTests", ["Primitives", "Cryptography", "TestVectors", crypto]),
    tests("ChainTypesTests", ["HolderSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "TestVectors", protobuf]),
    tests("ConsentRulesTests", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "ConsentRules"]),
    tests("DataModelTests", ["DataModel", "Primitives"]),
    tests(
        "AttestationTests", ["Attestation", "ChainTypes", "Cryptography", "Primitives", "TestVectors", "WireTypes", crypto, cryptoExtras]),
    tests("AuthenticatedStateTests", ["Primitives", "AuthenticatedState", "StateModel", "TestVectors"]),
    tests("KeyTreePropertyTests", ["Primitives", "Cryptography", crypto]),
    tests("StatePropertyTests", ["Primitives", "AuthenticatedState", "StateModel"]),
    tests("ContractVMTests", ["ContractVM", "ProgramInterface", "DataModel", "Primitives"]),
    tests(
        "LightClientTests",
        ["CometSupport", "TestVectors", "LightClient", "ChainTypes", "Cryptography", "Primitives", "WireTypes", "CSodium"]),
    tests(
        "CometRPCTests",
        ["CometSupport", "TestVectors", "CometRPC", "LightClient", "ChainTypes", "Cryptography", "Primitives", "WireTypes"]),
    tests(
        "ModulesTests",
        [
            "HolderSupport", "LedgerSupport", "TpmSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation",
            "ConsentRules",
            "LightClient", "Modules", "Execution",
        ]),
    tests(
        "AdmissionTests",
        [
            "AdversarySupport", "TpmSupport", "StateModel", "TestVectors", "LedgerSupport", "Primitives", "WireTypes", "Cryptography",
            "ChainTypes", "DataModel", "Attestation", "AuthenticatedState", "LightClient", "Modules", "Execution", "EnclaveProtocol",
            "PlatformProtocol", "EnclaveWorker", "EnclaveCore", crypto, protobuf,
        ]),
    tests(
        "EngineTests", ["SmallDiskSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "LightClient", "Simplex", "Engine"]),
    tests(
        "NetworkingTests",
        ["Primitives", "WireTypes", "ChainTypes", "TestVectors", "Networking", crypto, nio, nioEmbedded, nioSockets, nioSSL]),
    tests(
        "SimplexTests",
        ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "LightClient", "Simplex", "Simulator", "TestVectors"]),
    tests("SimulatorTests", ["Primitives", "Simplex", "Simulator"]),
    tests("SimulatorPropertyTests", ["Simplex", "Simulator"]),
    tests("StorageTests", ["SmallDiskSupport", "Primitives", "AuthenticatedState", "Storage"]),
    tests(
        "LedgerTests",
        [
            "LedgerSupport", "TestVectors", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "AuthenticatedState", "Storage",
            "Ledger",
        ]),
    tests(
        "EnclaveCoreTests",
        [
            "AdversarySupport", "HolderSupport", "TpmSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel",
            "Attestation", "LightClient",
            "ProgramInterface", "EnclaveProtocol", "EnclaveSandbox", "PlatformProtocol", "EnclavePlatforms", "WorkerProtocol",
            "EnclaveWorker", "EnclaveCore", "JupiterClient", "jupiter-enclave", "jupiter-enclave-vault", "jupiter-enclave-worker",
            "sandbox-breaker", "KeySearchSupport", "PowerLossSupport",
            "vault-crasher", crypto,
        ]),
    tests(
        "HostileNodeTests",
        [
            "AdversarySupport", "HolderSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation",
            "EnclaveProtocol", "EnclaveCore",
            "jupiter-enclave", "jupiter-enclave-vault", "jupiter-enclave-worker", crypto, protobuf,
        ]),
    tests(
        "TPMTests",
        [
            "AdversarySupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation", "EnclaveProtocol",
            "EnclaveSandbox", "EnclavePlatforms", "LocalFederation", "jupiter-enclave", "jupiter-enclave-vault", "jupiter-enclave-worker",
            crypto,
        ]),
    tests(
        "EnclavePlatformsTests",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation", "EnclaveSandbox", "EnclavePlatforms", "EvidenceReplay",
            "TestVectors", "CDevices",
        ]),
    tests("JupiterClientTests", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "Attestation", "DataModel", "JupiterClient"]),
    tests(
        "CommandTests",
        [
            "AdversarySupport", "LedgerSupport", "TestVectors", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "JupiterClient",
        ]),
    tests(
        "EndToEndTests",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "EnclaveProtocol", "JupiterClient", "LocalFederation",
            "Storage", "KeySearchSupport", crypto,
        ]),
    tests(
        "NodeTests",
        [
            "LedgerSupport", "TestVectors", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "AuthenticatedState", "LightClient",
            "Modules", "Simplex", "Engine", "Storage", "Networking", "CometRPC", "CometSupport", "Ledger", "Relayer", "Node", logging,
        ]),
    tests(
        "ABCITests",
        [
            "LedgerSupport", "ScriptedEngine", "CometSupport", "TestVectors", "Primitives", "WireTypes", "Cryptography", "ChainTypes",
            "DataModel",
            "AuthenticatedState", "LightClient", "Modules", "Simplex", "Engine", "ABCI", "ABCIServer", "Storage", "Ledger", "Node", "API",
            httpServer,
            logging,
            nio, protobuf,
        ]),
    tests(
        "FederationEndToEndTests",
        [
            "SmallDiskSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "JupiterClient", "LocalFederation", "Engine",
            "Node", "PowerLossSupport",
        ]),
    tests(
        "CometEndToEndTests",
        [
            "ScriptedEngine", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "LightClient", "ABCI", "JupiterClient",
            "LocalFederation", "Node",
        ]),
    tests(
        "StorageCrashTests",
        ["Primitives", "AuthenticatedState", "Storage", "StateModel", "ChainFixtures", "PowerLossSupport", "storage-crasher"]),
    tests("RelayerTests", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "Relayer"]),
    tests(
        "APITests",
        [
            "LedgerSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "LightClient", "JupiterClient", "Node",
            "API", "RunningNode", logging, protobuf,
        ]),
    tests(
        "ConsoleTests",
        ["LedgerSupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Node", "Console", "RunningNode"]),
]

/// Benchmarks are built only when asked for, so that a plain build stays short.
let benchmarks: [Target] =
    ProcessInfo.processInfo.environment["JUPITER_BENCHMARKS"] != "1"
    ? []
    : [
        benchmark("StateBenchmarks", ["Primitives", "AuthenticatedState", "Storage", crypto]),
        benchmark(
            "NodeBenchmarks",
            ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Simplex", "Engine", "Storage", "Ledger", "Node"]),
        benchmark(
            "EnclaveBenchmarks",
            [
                "AdversarySupport", "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "EnclaveProtocol",
                "EnclavePlatforms", "EnclaveCore", "AuthenticatedState", "Attestation", "LocalFederation", crypto, protobuf,
            ]),
        benchmark(
            "ConsensusBenchmarks",
            [
                "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "JupiterClient", "LocalFederation", "Node",
            ]),
        .executableTarget(
            name: "jupiter-bench", dependencies: ["StateBenchmarks", "NodeBenchmarks", "EnclaveBenchmarks", "ConsensusBenchmarks"],
            path: "Benchmarks/JupiterBench", swiftSettings: settings),
    ]

let package = Package(
    name: "jupiter",
    products: [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf.git", exact: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: ["FullFoundation"]),
    ],
    targets: targets + benchmarks
)
