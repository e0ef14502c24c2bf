import ContractVM
import DataModel
import Foundation
import ProgramInterface
import Testing

/// The manifests that people publish the programs by say what the programs do.
@Suite struct `Manifests of the programs` {
    struct Manifest: Decodable {
        struct Input: Decodable {
            let name: String
            let type: String
        }
        struct Output: Decodable {
            let name: String
            let type: String
            let minimum: Double?
            let maximum: Double?
            let maximumCount: UInt32?
        }
        let name: String
        let description: String
        let inputs: [Input]
        let parameters: [Input]
        let output: [Output]

        func schema() throws -> OutputSchema {
            let types: [String: OutputType] = ["integer": .integer, "number": .number, "integers": .integers]
            return try OutputSchema(
                fields: output.map { field in
                    let type = try #require(types[field.type])
                    let bound = { (value: Double) -> FieldValue in type == .number ? .number(value) : .integer(Int64(value)) }
                    return OutputSchema.Field(
                        field.name, type, maximumCount: field.maximumCount ?? 1, minimum: field.minimum.map(bound),
                        maximum: field.maximum.map(bound))
                })
        }
    }

    func manifest(_ name: String) throws -> Manifest {
        let url = ProgramFiles.root.appending(path: "Contracts/Manifests/\(name).json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Manifest.self, from: Data(contentsOf: url))
    }

    @Test func `credit-assessor takes the fields it names and says what it declares`() throws {
        let manifest = try manifest("credit-assessor")
        let applicant = try #require(ProgramFiles.rows(try ProgramFiles.example("german_credit.csv")).first)
        var batch = try RowBatch(columns: manifest.inputs.map { .init($0.name, $0.type == "text" ? .text : .integer) })
        try batch.appendRow(
            manifest.inputs.map { input in
                let cell = try #require(applicant[input.name])
                return input.type == "text" ? .text(cell) : .integer(try #require(Int64(cell)))
            })
        let run = try ProgramEngine().compile(ProgramFiles.wasm(manifest.name)).run(batch.encode())
        #expect(abs(try #require(manifest.schema().check(run.output).number("probability_bad")) - 0.0683347595367) < 1e-12)
    }

    @Test func `cohort-statistics takes the parameters it names, says what it declares and warns`() throws {
        let manifest = try manifest("cohort-statistics")
        let parameters: [RowBatch.Parameter] = manifest.parameters.map { parameter in
            .init(parameter.name, parameter.type == "integer" ? 64 : .number(parameter.name == "histogram_low" ? 0 : 1))
        }
        var batch = try RowBatch(parameters: parameters, columns: [.init("x", .number)])
        for value in [0.25, 0.5, 0.75] { try batch.appendRow([.number(value)]) }
        let run = try ProgramEngine().compile(ProgramFiles.wasm(manifest.name)).run(batch.encode())
        #expect(try manifest.schema().check(run.output).number("mean") == 0.5)
        #expect(manifest.description.contains("open to differencing"))
    }
}
