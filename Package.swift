// swift-tools-version: 6.2
import Foundation
import PackageDescription

// One table of targets, one list of settings. The folders of the table read downward like the
// architecture: `./dev layers` refuses an import that points upward (docs/architecture.md).

/// The folders of Sources/, from the bottom of the dependency graph to its top.
enum Layer: String {
    case system, foundation, data, evidence, ledger, consensus, confidential, federation, client, node, executables
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
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let httpServer = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")

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

/// What tests share: fixtures, models, adversaries, programs that are killed.
func support(_ name: String, folder: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/Support/\(folder)", exclude: exclude, swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/system/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let targets: [Target] = [
    system("CRocksDB", pkgConfig: "rocksdb", apt: "librocksdb-dev"),
    system("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
    .systemLibrary(name: "CWasmtime", path: "Sources/system/CWasmtime", pkgConfig: "wasmtime"),

    library(.foundation, "Primitives"),
    library(.foundation, "WireTypes", ["Primitives", protobuf]),
    library(.foundation, "Cryptography", ["Primitives", "CSodium", crypto]),
    library(.foundation, "ChainTypes", ["Primitives", "WireTypes", "Cryptography"]),

    library(.data, "DataModel", ["Primitives"]),

    library(.evidence, "Attestation", ["Primitives", "WireTypes", "Cryptography", "ChainTypes"]),

    library(.ledger, "AuthenticatedState", ["Primitives", crypto]),
    library(.ledger, "ContractVM", ["Primitives", "CWasmtime"]),
    library(.ledger, "LightClient", ["Primitives", "WireTypes", "Cryptography", "ChainTypes"]),
    library(.ledger, "ConsentRules", ["Primitives", "WireTypes", "Cryptography", "ChainTypes"]),
    library(
        .ledger, "Modules",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "DataModel", "Attestation", "LightClient", "ConsentRules", protobuf,
        ]),
    library(.ledger, "Execution", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "Modules"]),

    library(.node, "Storage", ["Primitives", "AuthenticatedState", "CRocksDB"]),
    library(
        .node, "Ledger",
        [
            "Primitives", "WireTypes", "Cryptography", "ChainTypes", "AuthenticatedState", "Modules", "Execution", "Storage", protobuf,
        ]),

    support("TestVectors", folder: "TestVectors", ["Primitives"]),
    tests("PrimitivesTests", ["Primitives", "TestVectors"]),
    tests("CryptographyTests", ["Primitives", "Cryptography", "TestVectors", crypto]),
    tests("ChainTypesTests", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "TestVectors", protobuf]),
    tests("ConsentRulesTests", ["Primitives", "WireTypes", "Cryptography", "ChainTypes", "ConsentRules"]),
    tests("DataModelTests", ["DataModel", "Primitives"]),
    tests("ContractVMTests", ["ContractVM", "DataModel", "Primitives"]),
]

let package = Package(
    name: "jupiter",
    products: [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf.git", exact: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: ["FullFoundation"]),
    ],
    targets: targets
)
