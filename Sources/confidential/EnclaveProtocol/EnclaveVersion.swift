/// The version of the enclave's program.
package enum EnclaveVersion {
    package static let text = "0.1.0"
}
