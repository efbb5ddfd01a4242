/* Records what a program does to its files and says on the network, for replay.py to let the power fail afterwards.
 *
 *   cc -shared -fPIC -O1 -o recorder.so recorder.c -ldl
 *   LD_PRELOAD=./recorder.so POWERCUT_FOLDER=/the/data POWERCUT_LOG=/the/log program ...
 *
 * Every call that changes a file or folder below POWERCUT_FOLDER, every sync of one, and everything sent on an IPv4 socket is
 * one record in the log, in the order in which the kernel saw it: a lock is held over the call and its record. What was sent is
 * recorded before it is sent, so a cut behind the record is a cut at which the peer may have seen it. Not recorded: writes
 * through mmap (SQLite's -shm, which a crash throws away in any case), sendfile, and what no program here calls.
 *
 * A record: kind (1 byte), lengths of two paths (2 + 2), offset (8), length of the data (8), the paths, the data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    MADE = 'O',      /* a new file of this name */
    WROTE = 'W',     /* data at an offset */
    CUT = 'T',       /* the file's length is now the offset */
    SYNCED = 'S',    /* a file or a folder */
    REMOVED = 'U',
    RENAMED = 'R',   /* to the second path */
    LINKED = 'L',    /* a second name for it */
    FOLDER = 'D',    /* a new folder */
    SENT = 'N',      /* data to a peer; the path is the peer's port */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -1;
static const char *folder;
static size_t folder_length;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
    folder = getenv("POWERCUT_FOLDER");
    const char *path = getenv("POWERCUT_LOG");
    if (folder == NULL || path == NULL)
        return;
    folder_length = strlen(folder);
    log_file = syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path)
{
    return log_file >= 0 && strncmp(path, folder, folder_length) == 0 && strstr(path, " (deleted)") == NULL;
}

/* The path of an open file; 0 when it is none of ours. */
static int path_of(int file, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_ours(path);
}

/* A path as an absolute one; 0 when it is none of ours. */
static int absolute(const char *given, char *path)
{
    if (given[0] == '/')
        snprintf(path, PATH_MAX, "%s", given);
    else if (getcwd(path, PATH_MAX) != NULL) {
        size_t length = strlen(path);
        snprintf(path + length, PATH_MAX - length, "/%s", given);
    } else
        return 0;
    return is_ours(path);
}

static void record(enum kind kind, const char *path, const char *second, uint64_t offset, const void *data, uint64_t length)
{
    char head[21];
    uint16_t lengths[2] = {strlen(path), strlen(second)};
    head[0] = kind;
    memcpy(head + 1, lengths, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &length, 8);
    struct iovec parts[] = {
        {head, sizeof head}, {(void *)path, lengths[0]}, {(void *)second, lengths[1]}, {(void *)data, length}};
    size_t whole = sizeof head + lengths[0] + lengths[1] + length;
    if ((size_t)syscall(SYS_writev, log_file, parts, 4) != whole)
        abort(); /* a log with a gap would prove nothing */
}

/* Run a call under the lock and record it when it succeeded; errno stays the call's own. */
#define RECORDED(type, ours, call, ok, ...)      \
    do {                                         \
        if (!(ours))                             \
            return call;                         \
        pthread_mutex_lock(&lock);               \
        type result = call;                      \
        int error = errno;                       \
        if (ok)                                  \
            record(__VA_ARGS__);                 \
        pthread_mutex_unlock(&lock);             \
        errno = error;                           \
        return result;                           \
    } while (0)

/* -- content */

#define PWRITE(name, offset_type)                                                                       \
    ssize_t name(int file, const void *data, size_t length, offset_type offset)                         \
    {                                                                                                   \
        char path[PATH_MAX];                                                                            \
        RECORDED(ssize_t, path_of(file, path), REAL(name)(file, data, length, offset), result > 0,      \
                 WROTE, path, "", offset, data, result);                                                \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int file, const void *data, size_t length)
{
    char path[PATH_MAX];
    int ours = path_of(file, path);
    uint64_t offset = 0;
    if (ours) {
        struct stat status;
        int appends = fcntl(file, F_GETFL) & O_APPEND;
        offset = appends && fstat(file, &status) == 0 ? (uint64_t)status.st_size : (uint64_t)lseek(file, 0, SEEK_CUR);
    }
    RECORDED(ssize_t, ours, REAL(write)(file, data, length), result > 0, WROTE, path, "", offset, data, result);
}

#define TRUNCATE(name, offset_type)                                                                     \
    int name(int file, offset_type length)                                                              \
    {                                                                                                   \
        char path[PATH_MAX];                                                                            \
        RECORDED(int, path_of(file, path), REAL(name)(file, length), result == 0,                       \
                 CUT, path, "", length, "", 0);                                                         \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                                                                      \
    int name(int file)                                                                                  \
    {                                                                                                   \
        char path[PATH_MAX];                                                                            \
        RECORDED(int, path_of(file, path), REAL(name)(file), result == 0, SYNCED, path, "", 0, "", 0);  \
    }
SYNC(fsync)
SYNC(fdatasync)

/* -- names */

static int opened(int (*real)(int, const char *, int, ...), int at, const char *given, int flags, mode_t mode)
{
    char path[PATH_MAX];
    int ours = at == AT_FDCWD && (flags & (O_CREAT | O_TRUNC)) && (flags & O_TMPFILE) != O_TMPFILE && absolute(given, path);
    int was_there = ours && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    RECORDED(int, ours && (!was_there || (flags & O_TRUNC)), real(at, given, flags, mode), result >= 0,
             was_there ? CUT : MADE, path, "", 0, "", 0);
}

#define OPENAT(name)                                                       \
    int name(int at, const char *path, int flags, ...)                     \
    {                                                                      \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        mode_t mode = va_arg(rest, mode_t);                                \
        va_end(rest);                                                      \
        return opened(REAL(name), at, path, flags, mode);                  \
    }
OPENAT(openat)
OPENAT(openat64)

#define OPEN(name)                                                         \
    int name(const char *path, int flags, ...)                             \
    {                                                                      \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        mode_t mode = va_arg(rest, mode_t);                                \
        va_end(rest);                                                      \
        return opened(REAL(openat), AT_FDCWD, path, flags, mode);          \
    }
OPEN(open)
OPEN(open64)

int unlink(const char *given)
{
    char path[PATH_MAX];
    RECORDED(int, absolute(given, path), REAL(unlink)(given), result == 0, REMOVED, path, "", 0, "", 0);
}

int mkdir(const char *given, mode_t mode)
{
    char path[PATH_MAX];
    RECORDED(int, absolute(given, path), REAL(mkdir)(given, mode), result == 0, FOLDER, path, "", 0, "", 0);
}

int rename(const char *from, const char *to)
{
    char path[PATH_MAX], second[PATH_MAX];
    RECORDED(int, absolute(from, path) && absolute(to, second), REAL(rename)(from, to), result == 0,
             RENAMED, path, second, 0, "", 0);
}

int link(const char *from, const char *to)
{
    char path[PATH_MAX], second[PATH_MAX];
    RECORDED(int, absolute(from, path) && absolute(to, second), REAL(link)(from, to), result == 0,
             LINKED, path, second, 0, "", 0);
}

/* -- the network */

static int peer_of(int file, char *port)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (log_file < 0 || getpeername(file, (struct sockaddr *)&peer, &length) != 0 || peer.sin_family != AF_INET)
        return 0;
    snprintf(port, 8, "%d", ntohs(peer.sin_port));
    return 1;
}

ssize_t send(int file, const void *data, size_t length, int flags)
{
    char port[8];
    int error = errno;
    if (peer_of(file, port)) {
        pthread_mutex_lock(&lock);
        record(SENT, port, "", 0, data, length);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return REAL(send)(file, data, length, flags);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags)
{
    char port[8];
    int error = errno;
    if (peer_of(file, port)) {
        pthread_mutex_lock(&lock);
        for (size_t part = 0; part < message->msg_iovlen; part++)
            record(SENT, port, "", 0, message->msg_iov[part].iov_base, message->msg_iov[part].iov_len);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return REAL(sendmsg)(file, message, flags);
}
