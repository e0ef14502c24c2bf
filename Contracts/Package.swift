// swift-tools-version: 6.2
import PackageDescription

// Programs for the enclave, in Embedded Swift. `./build` compiles them to wasm32; the same sources compile natively for
// `swift test`. Each program is a library (its rules, tested natively) and an executable that is one import of it.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableExperimentalFeature("Extern"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func program(_ name: String) -> [Target] {
    [
        .target(name: name, dependencies: ["ProgramSDK"], swiftSettings: settings),
        .executableTarget(name: "\(name)Program", dependencies: [.byName(name: name)], swiftSettings: settings),
        .testTarget(name: "\(name)Tests", dependencies: [.byName(name: name), "ProgramSDK"], swiftSettings: settings),
    ]
}

let package = Package(
    name: "programs",
    products: [.library(name: "ProgramSDK", targets: ["ProgramSDK"])],
    targets: [
        .target(name: "CProgramRuntime"),
        .target(name: "ProgramSDK", dependencies: ["CProgramRuntime"], swiftSettings: settings),
        .testTarget(name: "ProgramSDKTests", dependencies: ["ProgramSDK"], swiftSettings: settings),
    ] + program("CreditAssessor") + program("CohortStatistics")
)
