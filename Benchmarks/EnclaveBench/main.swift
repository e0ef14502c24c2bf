import EnclaveBenchmarks

for row in try enclaveBenchmark() { print("\(row.name): \((row.value * 1000).rounded() / 1000) \(row.unit)") }
