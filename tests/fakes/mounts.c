/* Another list of mounts: who opens that of the kernel gets the file MOUNTS_TOLD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef int (*opening)(const char *, int, ...);

static int opened(const char *by, const char *path, int flags, mode_t mode) {
    const char *told = getenv("MOUNTS_TOLD");
    if (told && strcmp(path, "/proc/self/mountinfo") == 0)
        path = told;
    return ((opening)dlsym(RTLD_NEXT, by))(path, flags, mode);
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = va_arg(rest, mode_t);                                                        \
        va_end(rest);                                                                              \
        return opened(#name, path, flags, mode);                                                   \
    }

OPEN(open)
OPEN(open64)
