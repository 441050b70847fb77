/* A clock that is set while the process runs: preloaded before the C library, it adds the seconds in $ILL_CLOCK to the
   time of day. The clock by which pauses are measured stays what it is. PostgreSQL asks by gettimeofday. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long offset(void) {
    const char *file = getenv("ILL_CLOCK");
    char text[32];
    ssize_t length = 0;
    int before = errno, fd = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        length = read(fd, text, sizeof text - 1);
        close(fd);
    }
    errno = before;
    text[length > 0 ? length : 0] = 0;
    return atoll(text);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static __typeof__(&clock_gettime) real;
    if (real == NULL) real = (__typeof__(&clock_gettime)) dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void) zone;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return result;
}
