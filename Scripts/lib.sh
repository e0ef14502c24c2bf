# shellcheck shell=bash
# What the scripts share. They source it from the root of the checkout.

# The tests' tools (promtool, openapi-spec-validator) live in .venv/bin.
PATH=$PWD/.venv/bin:$PATH
export PATH

# How tests run in each configuration. Tests see only `package` names, never @testable ones: without
# -enable-testing a release test shares its objects with the release build of the demo.
# shellcheck disable=SC2034 # used by the scripts that source this file
SWIFT_TEST_DEBUG=(swift test --disable-xctest)
# shellcheck disable=SC2034
SWIFT_TEST_RELEASE=(swift test --disable-xctest -c release --disable-testable-imports)

# Says what happens and how long it took: phase "[1/4] setup" command args…
# The caller's `set -e` ends the script when the command fails; nothing here hides its status.
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
