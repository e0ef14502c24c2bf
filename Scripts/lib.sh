# shellcheck shell=bash
# What the scripts share. They source it from the root of the checkout.

# The tests' tools (promtool, openapi-spec-validator) live in .venv/bin.
PATH=$PWD/.venv/bin:$PATH
export PATH

# Every build goes through here. SwiftPM walks a package's traits in hash order when it writes compiler flags: with the
# usual random seed every other build would see "new" flags for swift-protobuf and compile everything again.
# Only the build gets the fixed seed, never a program or a test.
swift_build() { SWIFT_DETERMINISTIC_HASHING=1 swift build "$@"; }

# The enclave's programs: the first starts the others, which lie beside it.
# shellcheck disable=SC2034 # used by the scripts that source this file
ENCLAVE_PROGRAMS=('jupiter-enclave' 'jupiter-enclave-vault' 'jupiter-enclave-worker')

# Builds products one after the other: build_products arguments… -- product…
build_products() {
    local arguments=()
    while [ "$1" != -- ]; do arguments+=("$1") && shift; done
    shift
    local product
    for product in "$@"; do swift_build "${arguments[@]}" --product "$product" || return; done
}

# The one bundle of all test targets. `swift build --build-tests` would compile every module of every dependency as well,
# used or not (all of BoringSSL's siblings, for minutes); this product takes what the tests need.
# shellcheck disable=SC2034 # used by the scripts that source this file
TEST_BUNDLE=jupiterPackageTests

# Tests see only `package` names, never @testable ones: without -enable-testing a release test shares its objects with
# the release build of the demo. The caller has built them.
debug_test() { run_tests "$@"; }
release_test() { run_tests -c release --disable-testable-imports "$@"; }

# Only a few tests are under way at once. When all start together, one that waits a moment for a process or a socket goes
# on only after every test that computes has had its turn, minutes later, and finds its limit of time over.
run_tests() { swift test --skip-build --disable-xctest --experimental-maximum-parallelization-width 4 "$@"; }

# Says what happens and how long it took: phase "[1/4] setup" command args…
# A failed command ends the caller by its `set -e`. Inside a function called so, bash does not stop at the first
# failure: give phase a script, or a function whose last command decides.
phase() {
    local title=$1 began=$SECONDS status=0
    shift
    printf '%s …\n' "$title"
    "$@" || status=$?
    if [ "$status" -ne 0 ]; then
        printf '%s FAILED after %d s\n' "$title" "$((SECONDS - began))" >&2
        return "$status"
    fi
    printf '%s done in %d s\n' "$title" "$((SECONDS - began))"
}

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Hand-written Swift sources, each ended by a NUL.
swift_sources() {
    find . \( -name '.build*' -o -name .venv -o -name .git \) -prune -o -name '*.swift' ! -name '*.pb.swift' -print0
}

# Shell scripts: by their first line, or by their ending.
shell_scripts() {
    local file
    find . \( -name '.build*' -o -name .venv -o -name .git \) -prune -o -type f \( -perm -u+x -o -name '*.sh' \) -print |
        while read -r file; do
            case $file in
                *.sh) printf '%s\n' "$file" ;;
                *) if head -n 1 "$file" | grep -aqE '^#!.*\b(ba|da)?sh\b'; then printf '%s\n' "$file"; fi ;;
            esac
        done
}
