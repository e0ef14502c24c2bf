// System calls that Swift cannot make by itself (variadic, macros, or missing from its C library module).
#pragma once
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// No core dump, no ptrace by processes of the same user, no new privileges. 0, or -1 if one of them failed.
static inline int jupiter_harden(void) {
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return 0;
}

// All threads allocate from the one heap of the process. Of a thread's own heap glibc gives memory back only after it has looked into
// /proc, and a process that may open nothing would end there. 0 or -1.
static inline int jupiter_share_heap(void) { return mallopt(M_ARENA_MAX, 1) == 1 ? 0 : -1; }

// At most `count` descriptors from now on. 0 or -1.
static inline int jupiter_limit_descriptors(unsigned count) {
    const struct rlimit limit = {count, count};
    return setrlimit(RLIMIT_NOFILE, &limit);
}

// Ends this process when its parent ends. -1 if that fails, or if the parent is already another than `parent`.
static inline int jupiter_die_with(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    return getppid() == parent ? 0 : -1;
}

// Lets no program that this process executes have a descriptor from `first` on. 0 or -1.
static inline int jupiter_keep_descriptors(unsigned first) {
    return (int)syscall(SYS_close_range, first, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
}

// A network and user namespace of its own, with nothing in it. 0, or -1 where the system does not allow it.
static inline int jupiter_leave_network(void) { return (int)syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */ | 0x40000000 /* CLONE_NEWNET */); }

// Keeps out of swap all pages that the process ever touches, where it may lock without limit. 0, or -1 if it may not.
static inline int jupiter_lock_all_memory(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (limit.rlim_cur != RLIM_INFINITY && geteuid() != 0)) return -1;
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

// Keeps out of swap the pages that exist now. 0, or -1 where the limit on locked memory does not allow it.
static inline int jupiter_lock_memory(void) { return mlockall(MCL_CURRENT); }

// `size` bytes on pages of their own, out of core dumps, gone in a child, and out of swap as far as the limit allows: all, else the first
// MiB. NULL if there are none.
static inline void *jupiter_secret_pages(size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    if (mlock(pages, size) != 0 && size > 1 << 20) (void)mlock(pages, 1 << 20);
    (void)madvise(pages, size, MADV_DONTDUMP);
    (void)madvise(pages, size, MADV_WIPEONFORK);
    return pages;
}

// The same, but a page is locked when it is first touched: for a process that is short, and touches few of them.
static inline void *jupiter_secret_pages_on_touch(size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    if (syscall(SYS_mlock2, pages, size, 1 /* MLOCK_ONFAULT */) != 0 && size > 1 << 20)
        (void)syscall(SYS_mlock2, pages, (size_t)1 << 20, 1);
    (void)madvise(pages, size, MADV_DONTDUMP);
    return pages;
}

// Gives pages back as they are.
static inline void jupiter_release_pages(void *pages, size_t size) { munmap(pages, size); }

// The environment that this process was started with; the last entry is NULL.
extern char **environ;
static inline char **jupiter_environment(void) { return environ; }

// A copy of this process, which must have one thread: 0 in the copy, else its number, or -1.
static inline pid_t jupiter_fork(void) { return fork(); }

// Copies that have ended leave nothing to be waited for. 0 or -1.
static inline int jupiter_forget_copies(void) { return signal(SIGCHLD, SIG_IGN) == SIG_ERR ? -1 : 0; }

// The kernel ends this process once it has used so much of a processor. 0 or -1.
static inline int jupiter_limit_processor(unsigned seconds) {
    const struct rlimit limit = {seconds, seconds};
    return setrlimit(RLIMIT_CPU, &limit);
}

// Not optimised away.
static inline void jupiter_wipe(void *bytes, size_t size) { explicit_bzero(bytes, size); }

static inline void jupiter_free_secret_pages(void *pages, size_t size) {
    jupiter_wipe(pages, size);
    munmap(pages, size);
}

// A descriptor that becomes readable at SIGTERM or SIGINT, which then no longer end the process; call it before any thread starts.
// With `children`, also at SIGCHLD.
static inline int jupiter_signal_descriptor(int children) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (children) sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static inline int jupiter_stop_descriptor(void) { return jupiter_signal_descriptor(0); }

// The next signal of the descriptor, or 0 if there is none.
static inline int jupiter_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

// Sends one packet, and with it a descriptor unless that is negative. Bytes sent, or -1.
static inline ssize_t jupiter_send_packet(int channel, const void *bytes, size_t size, int descriptor) {
    struct iovec part = {(void *)bytes, size};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return sendmsg(channel, &message, MSG_NOSIGNAL);
}

// Receives one packet and the descriptor that came with it (-1 if none did). Bytes received, 0 at the end, -1 on failure or when the
// packet was longer than `size`.
static inline ssize_t jupiter_receive_packet(int channel, void *bytes, size_t size, int *descriptor) {
    struct iovec part = {bytes, size};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    *descriptor = -1;
    ssize_t count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        if (*descriptor >= 0) close(*descriptor);
        *descriptor = -1;
        return -1;
    }
    return count;
}

// Keeps freed memory for the next block: blocks and their parts are large and short-lived, and giving each back to the system costs
// clearing its pages again. Up to 256 MiB at the end of the heap stay; what is larger than 32 MiB goes back at once.
static inline void jupiter_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
}
