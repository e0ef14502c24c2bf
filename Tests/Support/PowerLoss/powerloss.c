// Preloaded into a program (LD_PRELOAD), writes down in order what the program does to the files of one directory.
//
// POWERLOSS_DIRECTORY: the directory, canonical. POWERLOSS_TRACE: where the trace goes, outside of it. Bytes written to descriptor 1 are
// acknowledgements and enter the trace in order. One lock is held from each call to the end of its record, so the order of the trace
// is the order of the effects. Bytes for other descriptors pass by without the lock. POWERLOSS_LIES, for tests of tests: files whose path
// ends so are never noted as synced, as on a disk that only says so. What it cannot follow (shared writable mappings, stdio streams, io_uring is not seen at all) is
// recorded as unsupported, and the replayer refuses the trace instead of believing it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#undef _FORTIFY_SOURCE

enum kind {
    OPENED = 1, WROTE = 2, TRUNCATED = 3, EXTENDED = 4, RENAMED = 5, UNLINKED = 6, LINKED = 7, MADE_DIRECTORY = 8,
    REMOVED_DIRECTORY = 9, SYNCED = 10, CLOSED = 11, ACKNOWLEDGED = 12, UNSUPPORTED = 13, SYNCED_ALL = 14,
};
enum { CREATED = 1, EMPTIED = 2, DIRECTORY = 4, MAXIMUM_DESCRIPTOR = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char directory[PATH_MAX];
static size_t directory_length;
static int trace = -1;
static uint32_t handles[MAXIMUM_DESCRIPTOR];
static uint8_t lying[MAXIMUM_DESCRIPTOR];
static const char *lies;
static uint32_t next_handle = 1;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) abort();
    return function;
}

__attribute__((constructor)) static void start(void) {
    const char *wanted = getenv("POWERLOSS_DIRECTORY"), *path = getenv("POWERLOSS_TRACE");
    if (wanted == NULL || path == NULL || strlen(wanted) >= sizeof directory) return;
    strcpy(directory, wanted);
    directory_length = strlen(directory);
    lies = getenv("POWERLOSS_LIES");
    trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    // Programs that this one starts would mix their own order into the trace.
    unsetenv("LD_PRELOAD");
}

static int follows(const char *path) {
    return trace >= 0 && strncmp(path, directory, directory_length) == 0
        && (path[directory_length] == '/' || path[directory_length] == 0);
}

static uint32_t handle_of(int descriptor) {
    return trace >= 0 && descriptor >= 0 && descriptor < MAXIMUM_DESCRIPTOR ? handles[descriptor] : 0;
}

static int passes_by(int descriptor) { return trace < 0 || (descriptor != 1 && handle_of(descriptor) == 0); }

static int ends_in_lies(const char *path) {
    size_t size = strlen(path), end = lies == NULL ? 0 : strlen(lies);
    return end > 0 && size >= end && strcmp(path + size - end, lies) == 0;
}

// A record: kind (1 byte), two numbers (8 bytes each), two byte strings with their lengths (4 bytes each).
static void record(uint8_t kind, uint64_t a, uint64_t b, const void *first, size_t first_size, const void *second, size_t second_size) {
    int saved = errno;
    uint8_t head[25];
    uint32_t sizes[2] = {(uint32_t)first_size, (uint32_t)second_size};
    head[0] = kind;
    memcpy(head + 1, &a, 8);
    memcpy(head + 9, &b, 8);
    memcpy(head + 17, sizes, 8);
    struct iovec parts[3] = {{head, sizeof head}, {(void *)first, first_size}, {(void *)second, second_size}};
    if (syscall(SYS_writev, trace, parts, 3) != (long)(sizeof head + first_size + second_size)) abort();
    errno = saved;
}

static void unsupported(const char *what) { record(UNSUPPORTED, 0, 0, what, strlen(what), NULL, 0); }

// The canonical form of a path whose last component need not exist; empty when its directory does not.
static void canonical(int base, const char *path, char result[PATH_MAX]) {
    char joined[PATH_MAX], folder[PATH_MAX], link[64];
    int saved = errno;
    result[0] = 0;
    if (path[0] == '/') {
        if (snprintf(joined, sizeof joined, "%s", path) >= (int)sizeof joined) return;
    } else {
        if (base == AT_FDCWD) {
            if (getcwd(folder, sizeof folder) == NULL) return;
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", base);
            ssize_t size = readlink(link, folder, sizeof folder - 1);
            if (size < 0) return;
            folder[size] = 0;
        }
        if (snprintf(joined, sizeof joined, "%s/%s", folder, path) >= (int)sizeof joined) return;
    }
    size_t size = strlen(joined);
    while (size > 1 && joined[size - 1] == '/') joined[--size] = 0;
    char *name = strrchr(joined, '/');
    *name = 0;
    if (realpath(name == joined ? "/" : joined, folder) != NULL) {
        if (snprintf(result, PATH_MAX, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name + 1) >= PATH_MAX) result[0] = 0;
    }
    errno = saved;
}

// ---- opening and closing

static int opened(int descriptor, int flags, int existed) {
    int saved = errno;
    char link[64], path[PATH_MAX];
    struct stat about;
    if (trace < 0 || descriptor < 0 || descriptor >= MAXIMUM_DESCRIPTOR) return descriptor;
    handles[descriptor] = 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size > 0 && fstat(descriptor, &about) == 0) {
        path[size] = 0;
        if (follows(path)) {
            handles[descriptor] = next_handle++;
            lying[descriptor] = (uint8_t)ends_in_lies(path);
            uint64_t bits = (!existed ? CREATED : 0) | (existed && (flags & O_TRUNC) ? EMPTIED : 0)
                | (S_ISDIR(about.st_mode) ? DIRECTORY : 0);
            if ((flags & O_TMPFILE) == O_TMPFILE) unsupported("O_TMPFILE");
            record(OPENED, handles[descriptor], bits, path, (size_t)size, NULL, 0);
        }
    }
    errno = saved;
    return descriptor;
}

static int open_common(int base, const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    int saved = errno;
    int existed = !(flags & O_CREAT) || faccessat(base, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    errno = saved;
    int result = opened((int)syscall(SYS_openat, base, path, flags, mode), flags, existed);
    pthread_mutex_unlock(&lock);
    return result;
}

#define MODE_ARGUMENT                                   \
    mode_t mode = 0;                                    \
    if (flags & (O_CREAT | O_TMPFILE)) {                \
        va_list list;                                   \
        va_start(list, flags);                          \
        mode = (mode_t)va_arg(list, int);               \
        va_end(list);                                   \
    }

int open(const char *path, int flags, ...) { MODE_ARGUMENT return open_common(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_ARGUMENT return open_common(AT_FDCWD, path, flags, mode); }
int openat(int base, const char *path, int flags, ...) { MODE_ARGUMENT return open_common(base, path, flags, mode); }
int openat64(int base, const char *path, int flags, ...) { MODE_ARGUMENT return open_common(base, path, flags, mode); }
int __open_2(const char *path, int flags) { return open_common(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_common(AT_FDCWD, path, flags, 0); }
int __openat_2(int base, const char *path, int flags) { return open_common(base, path, flags, 0); }
int __openat64_2(int base, const char *path, int flags) { return open_common(base, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_common(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static FILE *stream(const char *name, const char *path, const char *mode) {
    char full[PATH_MAX];
    pthread_mutex_lock(&lock);
    canonical(AT_FDCWD, path, full);
    if (follows(full) && strpbrk(mode, "wa+") != NULL) unsupported("a stdio stream for writing");
    pthread_mutex_unlock(&lock);
    return ((FILE * (*)(const char *, const char *)) real(name))(path, mode);
}
FILE *fopen(const char *path, const char *mode) { return stream("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return stream("fopen64", path, mode); }

int close(int descriptor) {
    pthread_mutex_lock(&lock);
    uint32_t handle = handle_of(descriptor);
    int result = (int)syscall(SYS_close, descriptor);
    if (handle != 0) {
        handles[descriptor] = 0;
        record(CLOSED, handle, 0, NULL, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static int duplicated(int from, int to) {
    if (trace >= 0 && to >= 0 && to < MAXIMUM_DESCRIPTOR && to != from) {
        handles[to] = handle_of(from);
        lying[to] = from >= 0 && from < MAXIMUM_DESCRIPTOR ? lying[from] : 0;
    }
    return to;
}
#define DUPLICATE(call)                         \
    pthread_mutex_lock(&lock);                  \
    int result = duplicated(from, (int)(call)); \
    pthread_mutex_unlock(&lock);                \
    return result;
int dup(int from) { DUPLICATE(syscall(SYS_dup, from)) }
int dup2(int from, int to) { DUPLICATE(REAL(dup2)(from, to)) }
int dup3(int from, int to, int flags) { DUPLICATE(syscall(SYS_dup3, from, to, flags)) }

static int control(const char *name, int descriptor, int command, void *argument) {
    if (command != F_DUPFD && command != F_DUPFD_CLOEXEC) {
        return ((int (*)(int, int, ...))real(name))(descriptor, command, argument);
    }
    int from = descriptor;
    DUPLICATE(syscall(SYS_fcntl, descriptor, command, argument))
}
#define CONTROL_ARGUMENT                        \
    va_list list;                               \
    va_start(list, command);                    \
    void *argument = va_arg(list, void *);      \
    va_end(list);
int fcntl(int descriptor, int command, ...) { CONTROL_ARGUMENT return control("fcntl", descriptor, command, argument); }
int fcntl64(int descriptor, int command, ...) { CONTROL_ARGUMENT return control("fcntl64", descriptor, command, argument); }

// ---- contents

static void wrote(int descriptor, ssize_t count, int64_t offset, const void *bytes) {
    uint32_t handle = handle_of(descriptor);
    if (trace < 0 || count <= 0) return;
    if (handle == 0) {
        if (descriptor == 1) record(ACKNOWLEDGED, 0, 0, bytes, (size_t)count, NULL, 0);
        return;
    }
    // After a plain write the position is behind the bytes, also when appending.
    if (offset < 0) offset = syscall(SYS_lseek, descriptor, 0, SEEK_CUR) - count;
    record(WROTE, handle, (uint64_t)offset, bytes, (size_t)count, NULL, 0);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (passes_by(descriptor)) return syscall(SYS_write, descriptor, bytes, count);
    pthread_mutex_lock(&lock);
    ssize_t result = syscall(SYS_write, descriptor, bytes, count);
    wrote(descriptor, result, -1, bytes);
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    pthread_mutex_lock(&lock);
    ssize_t result = syscall(SYS_pwrite64, descriptor, bytes, count, offset);
    wrote(descriptor, result, offset, bytes);
    pthread_mutex_unlock(&lock);
    return result;
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) { return pwrite(descriptor, bytes, count, offset); }

static ssize_t write_vector(int descriptor, const struct iovec *parts, int count, int64_t offset) {
    if (passes_by(descriptor)) {
        return offset < 0 ? syscall(SYS_writev, descriptor, parts, count)
                          : syscall(SYS_pwritev, descriptor, parts, count, offset, (long)0);
    }
    pthread_mutex_lock(&lock);
    ssize_t result = offset < 0 ? syscall(SYS_writev, descriptor, parts, count)
                                : syscall(SYS_pwritev, descriptor, parts, count, offset, (long)0);
    if (result > 0 && (handle_of(descriptor) != 0 || descriptor == 1)) {
        char *flat = malloc((size_t)result);
        if (flat == NULL) abort();
        size_t used = 0;
        for (int index = 0; index < count && used < (size_t)result; index++) {
            size_t part = parts[index].iov_len < (size_t)result - used ? parts[index].iov_len : (size_t)result - used;
            memcpy(flat + used, parts[index].iov_base, part);
            used += part;
        }
        wrote(descriptor, result, offset, flat);
        free(flat);
    }
    pthread_mutex_unlock(&lock);
    return result;
}
ssize_t writev(int descriptor, const struct iovec *parts, int count) { return write_vector(descriptor, parts, count, -1); }
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    return write_vector(descriptor, parts, count, offset);
}
ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset) {
    return write_vector(descriptor, parts, count, offset);
}

#define TRACKED(descriptor, call, kind, size)                                                    \
    pthread_mutex_lock(&lock);                                                                   \
    int result = (int)(call);                                                                    \
    if (result == 0 && handle_of(descriptor) != 0) record(kind, handle_of(descriptor), (uint64_t)(size), NULL, 0, NULL, 0); \
    pthread_mutex_unlock(&lock);                                                                 \
    return result;

int ftruncate(int descriptor, off_t size) { TRACKED(descriptor, syscall(SYS_ftruncate, descriptor, size), TRUNCATED, size) }
int ftruncate64(int descriptor, off_t size) { return ftruncate(descriptor, size); }

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
    if (mode == FALLOC_FL_KEEP_SIZE) return (int)syscall(SYS_fallocate, descriptor, mode, offset, size);
    if (mode != 0) {
        pthread_mutex_lock(&lock);
        // Punching a hole behind the end gives back preallocated blocks only.
        struct stat about;
        int tail = mode == (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE) && fstat(descriptor, &about) == 0 && offset >= about.st_size;
        if (handle_of(descriptor) != 0 && !tail) unsupported("fallocate with a mode");
        pthread_mutex_unlock(&lock);
        return (int)syscall(SYS_fallocate, descriptor, mode, offset, size);
    }
    TRACKED(descriptor, syscall(SYS_fallocate, descriptor, mode, offset, size), EXTENDED, offset + size)
}
int fallocate64(int descriptor, int mode, off_t offset, off_t size) { return fallocate(descriptor, mode, offset, size); }
int posix_fallocate(int descriptor, off_t offset, off_t size) { return fallocate(descriptor, 0, offset, size) == 0 ? 0 : errno; }
int posix_fallocate64(int descriptor, off_t offset, off_t size) { return posix_fallocate(descriptor, offset, size); }

int truncate(const char *path, off_t size) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int result = ftruncate(descriptor, size), saved = errno;
    close(descriptor);
    errno = saved;
    return result;
}
int truncate64(const char *path, off_t size) { return truncate(path, size); }

// ---- durability

static int synced(int descriptor, long call, uint64_t data_only) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(call, descriptor);
    if (result == 0 && handle_of(descriptor) != 0 && !lying[descriptor]) {
        record(SYNCED, handle_of(descriptor), data_only, NULL, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return result;
}
int fsync(int descriptor) { return synced(descriptor, SYS_fsync, 0); }
int fdatasync(int descriptor) { return synced(descriptor, SYS_fdatasync, 1); }
int syncfs(int descriptor) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_syncfs, descriptor);
    if (trace >= 0 && result == 0) record(SYNCED_ALL, 0, 0, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}
void sync(void) {
    pthread_mutex_lock(&lock);
    syscall(SYS_sync);
    if (trace >= 0) record(SYNCED_ALL, 0, 0, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
}
// sync_file_range promises nothing after a power loss, so it is not recorded; nor is it in the way.

// ---- names

static int renamed(int from_base, const char *from, int to_base, const char *to, unsigned flags) {
    char source[PATH_MAX], target[PATH_MAX];
    pthread_mutex_lock(&lock);
    canonical(from_base, from, source);
    canonical(to_base, to, target);
    int result = (int)syscall(SYS_renameat2, from_base, from, to_base, to, flags);
    if (result == 0 && (follows(source) || follows(target))) {
        if (flags & ~1u || !follows(source) || !follows(target)) unsupported("a rename out of, into or within the directory with flags");
        record(RENAMED, 0, 0, source, strlen(source), target, strlen(target));
    }
    pthread_mutex_unlock(&lock);
    return result;
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_base, const char *from, int to_base, const char *to) { return renamed(from_base, from, to_base, to, 0); }
int renameat2(int from_base, const char *from, int to_base, const char *to, unsigned flags) {
    return renamed(from_base, from, to_base, to, flags);
}

static int named(uint8_t kind, int base, const char *path, long (*call)(int, const char *, long), long argument) {
    char full[PATH_MAX];
    pthread_mutex_lock(&lock);
    canonical(base, path, full);
    int result = (int)call(base, path, argument);
    if (result == 0 && follows(full)) record(kind, 0, 0, full, strlen(full), NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}
static long call_unlink(int base, const char *path, long flags) { return syscall(SYS_unlinkat, base, path, flags); }
static long call_mkdir(int base, const char *path, long mode) { return syscall(SYS_mkdirat, base, path, mode); }
int unlink(const char *path) { return named(UNLINKED, AT_FDCWD, path, call_unlink, 0); }
int unlinkat(int base, const char *path, int flags) {
    return named(flags & AT_REMOVEDIR ? REMOVED_DIRECTORY : UNLINKED, base, path, call_unlink, flags);
}
int rmdir(const char *path) { return named(REMOVED_DIRECTORY, AT_FDCWD, path, call_unlink, AT_REMOVEDIR); }
int remove(const char *path) {
    struct stat about;
    return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) ? rmdir(path) : unlink(path);
}
int mkdir(const char *path, mode_t mode) { return named(MADE_DIRECTORY, AT_FDCWD, path, call_mkdir, (long)mode); }
int mkdirat(int base, const char *path, mode_t mode) { return named(MADE_DIRECTORY, base, path, call_mkdir, (long)mode); }

int linkat(int from_base, const char *from, int to_base, const char *to, int flags) {
    char source[PATH_MAX], target[PATH_MAX];
    pthread_mutex_lock(&lock);
    canonical(from_base, from, source);
    canonical(to_base, to, target);
    int result = (int)syscall(SYS_linkat, from_base, from, to_base, to, flags);
    if (result == 0 && follows(target)) {
        if (!follows(source)) unsupported("a link to a file outside");
        record(LINKED, 0, 0, source, strlen(source), target, strlen(target));
    }
    pthread_mutex_unlock(&lock);
    return result;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int symlinkat(const char *content, int base, const char *path) {
    char full[PATH_MAX];
    pthread_mutex_lock(&lock);
    canonical(base, path, full);
    if (follows(full)) unsupported("a symbolic link");
    int result = (int)syscall(SYS_symlinkat, content, base, path);
    pthread_mutex_unlock(&lock);
    return result;
}
int symlink(const char *content, const char *path) { return symlinkat(content, AT_FDCWD, path); }

// ---- ways around the above

static void *mapped(void *start, size_t size, int protection, int flags, int descriptor, off_t offset) {
    if (trace >= 0 && descriptor >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) {
        pthread_mutex_lock(&lock);
        if (handle_of(descriptor) != 0) unsupported("a shared writable mapping");
        pthread_mutex_unlock(&lock);
    }
    return (void *)syscall(SYS_mmap, start, size, protection, flags, descriptor, offset);
}
void *mmap(void *start, size_t size, int protection, int flags, int descriptor, off_t offset) {
    return mapped(start, size, protection, flags, descriptor, offset);
}
void *mmap64(void *start, size_t size, int protection, int flags, int descriptor, off_t offset) {
    return mapped(start, size, protection, flags, descriptor, offset);
}
static void refuse(int descriptor, const char *what) {
    pthread_mutex_lock(&lock);
    if (handle_of(descriptor) != 0) unsupported(what);
    pthread_mutex_unlock(&lock);
}
ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size, unsigned flags) {
    refuse(to, "copy_file_range");
    return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, size, flags);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
    refuse(to, "sendfile");
    return syscall(SYS_sendfile, to, from, offset, count);
}
ssize_t sendfile64(int to, int from, off_t *offset, size_t count) { return sendfile(to, from, offset, count); }
ssize_t pwritev2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
    refuse(descriptor, "pwritev2");
    return syscall(SYS_pwritev2, descriptor, parts, count, offset, (long)0, flags);
}
