// What Swift cannot ask the system for itself: ioctl is variadic, and some constants are macros. Requests return 0, or errno.
#pragma once
#include <errno.h>
#include <linux/sev-guest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

// MSG_KEY_REQ to the AMD secure processor (SEV Secure Nested Paging Firmware ABI, "Guest Messages").
// `fields` says what is mixed into the key; `firmware_error` is the firmware's or hypervisor's own reason, or 0.
static inline int jupiter_snp_derived_key(int descriptor, uint64_t fields, uint8_t key[32], uint64_t *firmware_error) {
    struct snp_derived_key_req request = {.root_key_select = 0, .guest_field_select = fields};
    struct snp_derived_key_resp response;
    struct snp_guest_request_ioctl message = {
        .msg_version = 1, .req_data = (uint64_t)(uintptr_t)&request, .resp_data = (uint64_t)(uintptr_t)&response};
    memset(&response, 0, sizeof response);
    int failure = ioctl(descriptor, SNP_GET_DERIVED_KEY, &message) == 0 ? 0 : errno;
    *firmware_error = message.exitinfo2;
    // MSG_KEY_RSP: status (4 bytes, little-endian), 28 reserved, the key.
    if (failure == 0 && (response.data[0] | response.data[1] | response.data[2] | response.data[3]) != 0) failure = EIO;
    if (failure == 0) memcpy(key, response.data + 32, 32);
    explicit_bzero(&response, sizeof response);
    return failure;
}

// The Nitro security module's one request (aws-nitro-enclaves-nsm-api, driver `nsm`): CBOR in, CBOR out.
struct jupiter_nsm_message {
    struct iovec request;
    struct iovec response;
};

// Its number, as filters of system calls know it.
static inline uint32_t jupiter_nsm_number(void) { return _IOWR(0x0A, 0, struct jupiter_nsm_message); }

static inline int jupiter_nsm_request(
    int descriptor, const uint8_t *request, size_t size, uint8_t *response, size_t capacity, size_t *response_size) {
    struct jupiter_nsm_message message = {
        .request = {.iov_base = (void *)request, .iov_len = size}, .response = {.iov_base = response, .iov_len = capacity}};
    if (ioctl(descriptor, jupiter_nsm_number(), &message) != 0) return errno;
    *response_size = message.response.iov_len;
    return 0;
}

// Bytes that this process may lock in memory; all ones for no limit.
static inline uint64_t jupiter_lockable_memory(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? limit.rlim_cur : 0;
}
