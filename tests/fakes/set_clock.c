/* The time of day as the file JUMP shifts it, in seconds; other clocks are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(clock, now);
    char said[32] = "";
    int file;
    if (clock == CLOCK_REALTIME && (file = open(getenv("JUMP"), O_RDONLY | O_CLOEXEC)) >= 0) {
        if (read(file, said, sizeof said - 1) > 0)
            now->tv_sec += atol(said);
        close(file);
    }
    return answer;
}
