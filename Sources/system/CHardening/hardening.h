// System calls that Swift cannot make by itself (variadic, or missing from its C library module).
#pragma once
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

// No core dump, no ptrace by processes of the same user, no new privileges. 0, or -1 if one of them failed.
static inline int jupiter_harden(void) {
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return 0;
}

// Keeps the pages that exist now out of swap. 0, or -1 where the limit on locked memory does not allow it.
static inline int jupiter_lock_memory(void) { return mlockall(MCL_CURRENT); }

// A descriptor that becomes readable at SIGTERM or SIGINT, which then no longer end the process; call it before any thread starts.
static inline int jupiter_stop_descriptor(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

// Keeps freed memory for the next block: blocks and their parts are large and short-lived, and giving each back to the system costs
// clearing its pages again. Up to 256 MiB at the end of the heap stay; what is larger than 32 MiB goes back at once.
static inline void jupiter_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
}
