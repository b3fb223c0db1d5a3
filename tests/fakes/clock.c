/* A wall clock that jumps: by CLOCK_SECONDS, back and forth at every look. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t which, struct timespec *time) {
    static int looks;
    int answer = (int)syscall(SYS_clock_gettime, which, time);
    const char *jump = getenv("CLOCK_SECONDS");
    if (which == CLOCK_REALTIME && jump)
        time->tv_sec += (looks++ % 2 ? 1 : -1) * atol(jump);
    return answer;
}
