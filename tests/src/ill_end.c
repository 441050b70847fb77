/* A place to die at: preloaded before the C library, it kills the process at the moment it writes the words of the place
   to a file. Nothing of that write is done. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define PLACE "sealpost-test-ends-here"
#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = (__typeof__(&name)) dlsym(RTLD_NEXT, #name)

static void look(const void *bytes, size_t count) {
    if (memmem(bytes, count, PLACE, sizeof PLACE - 1) != NULL) kill(getpid(), SIGKILL);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) { REAL(pwrite64); look(bytes, count); return real(fd, bytes, count, at); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { REAL(pwrite); look(bytes, count); return real(fd, bytes, count, at); }
ssize_t write(int fd, const void *bytes, size_t count) { REAL(write); look(bytes, count); return real(fd, bytes, count); }
