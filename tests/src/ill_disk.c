/* An ill disk: preloaded before the C library, it lets writes below /data/ fail as a file in $ILL_DISK says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int told(const char *what) {
    const char *folder = getenv("ILL_DISK");
    char path[4096];
    if (folder == NULL) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, what);
    return access(path, F_OK) == 0;
}

static int ours(int fd) {
    char link[64], path[4096];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, "/data/") != NULL;
}

/* 0: well. */
static int refusal(int fd) {
    int before = errno, found = 0;
    if (ours(fd)) {
        if (told("write-edquot")) found = EDQUOT;
        else if (told("write-eio")) found = EIO;
        else if (told("write-erofs")) found = EROFS;
    }
    errno = before;
    return found;
}

#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = (__typeof__(&name)) dlsym(RTLD_NEXT, #name)
#define REFUSE(fd) do { int refused = refusal(fd); if (refused) { errno = refused; return -1; } } while (0)

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) { REAL(pwrite64); REFUSE(fd); return real(fd, bytes, count, at); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { REAL(pwrite); REFUSE(fd); return real(fd, bytes, count, at); }
ssize_t write(int fd, const void *bytes, size_t count) { REAL(write); REFUSE(fd); return real(fd, bytes, count); }
ssize_t writev(int fd, const struct iovec *parts, int count) { REAL(writev); REFUSE(fd); return real(fd, parts, count); }

static int sync_refused(int fd) {
    int before = errno, refused = ours(fd) && told("fsync-eio");
    errno = before;
    return refused;
}

int fsync(int fd) { REAL(fsync); if (sync_refused(fd)) { errno = EIO; return -1; } return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); if (sync_refused(fd)) { errno = EIO; return -1; } return real(fd); }
