// libseccomp without what Swift cannot call: its variadic functions, and its macros with arguments.
#pragma once
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

// Filters for all threads; what is not allowed kills the process. NULL if there is no memory.
static inline scmp_filter_ctx jupiter_filter_new(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) return NULL;
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0) {
        seccomp_release(filter);
        return NULL;
    }
    return filter;
}

// Allows the call `name`. 0, or negative for a name that this architecture does not have.
static inline int jupiter_filter_allow(scmp_filter_ctx filter, const char *name) {
    int number = seccomp_syscall_resolve_name(name);
    return number == __NR_SCMP_ERROR ? -EINVAL : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 0, NULL);
}

// Allows it if (argument & mask) == value.
static inline int jupiter_filter_allow_masked(scmp_filter_ctx filter, const char *name, unsigned argument, uint64_t mask, uint64_t value) {
    int number = seccomp_syscall_resolve_name(name);
    const struct scmp_arg_cmp comparison = {argument, SCMP_CMP_MASKED_EQ, mask, value};
    return number == __NR_SCMP_ERROR ? -EINVAL : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &comparison);
}
