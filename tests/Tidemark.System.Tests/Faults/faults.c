/*
 * Preloaded into a broker's process, this makes calls of the C library fail that a test can make fail in no other way.
 *
 *   FAULT_DIRECTORY, FAULT_TRIGGER, FAULT_CALLS   once the file FAULT_TRIGGER exists, the calls that FAULT_CALLS names ("write" for all
 *                                                 that change a file's content, "flush" for those that make it durable) answer EIO
 *                                                 for files below FAULT_DIRECTORY
 *   FAULT_MISSING                                 shared libraries whose names begin so are not found
 *
 * .NET finds some functions by dlsym in the C library itself, past this one; therefore dlsym is among what is replaced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

typedef void *(*dlsym_function)(void *, const char *);

static dlsym_function real_dlsym(void) {
    static dlsym_function found;
    static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
    for (unsigned i = 0; !found && i < sizeof versions / sizeof *versions; i++) {
        found = (dlsym_function)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    }

    return found;
}

static void *next(const char *name) { return real_dlsym()(RTLD_NEXT, name); }

static int fails(int file, const char *call) {
    const char *trigger = getenv("FAULT_TRIGGER"), *directory = getenv("FAULT_DIRECTORY"), *calls = getenv("FAULT_CALLS");
    if (!trigger || !directory || !calls || !strstr(calls, call) || access(trigger, F_OK) != 0) {
        return 0;
    }

    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0) {
        return 0;
    }

    path[length] = 0;
    size_t prefix = strlen(directory);
    if (strncmp(path, directory, prefix) != 0 || (path[prefix] != '/' && path[prefix] != 0)) {
        return 0;
    }

    errno = EIO;
    return 1;
}

#define REPLACE(result, name, call, parameters, arguments) \
    result name parameters { \
        static result (*real) parameters; \
        if (!real) { \
            real = next(#name); \
        } \
        return fails(file, call) ? -1 : real arguments; \
    }

REPLACE(ssize_t, write, "write", (int file, const void *bytes, size_t count), (file, bytes, count))
REPLACE(ssize_t, writev, "write", (int file, const struct iovec *parts, int count), (file, parts, count))
REPLACE(ssize_t, pwrite, "write", (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at))
REPLACE(ssize_t, pwrite64, "write", (int file, const void *bytes, size_t count, off64_t at), (file, bytes, count, at))
REPLACE(ssize_t, pwritev, "write", (int file, const struct iovec *parts, int count, off_t at), (file, parts, count, at))
REPLACE(ssize_t, pwritev64, "write", (int file, const struct iovec *parts, int count, off64_t at), (file, parts, count, at))
REPLACE(int, ftruncate, "write", (int file, off_t length), (file, length))
REPLACE(int, ftruncate64, "write", (int file, off64_t length), (file, length))
REPLACE(int, fsync, "flush", (int file), (file))
REPLACE(int, fdatasync, "flush", (int file), (file))

void *dlsym(void *library, const char *name) {
    static const struct { const char *name; void *function; } replaced[] = {
        {"write", write}, {"writev", writev}, {"pwrite", pwrite}, {"pwrite64", pwrite64}, {"pwritev", pwritev}, {"pwritev64", pwritev64},
        {"ftruncate", ftruncate}, {"ftruncate64", ftruncate64}, {"fsync", fsync}, {"fdatasync", fdatasync},
    };
    for (unsigned i = 0; i < sizeof replaced / sizeof *replaced; i++) {
        if (strcmp(name, replaced[i].name) == 0) {
            return replaced[i].function;
        }
    }

    return real_dlsym()(library, name);
}

void *dlopen(const char *path, int how) {
    static void *(*real)(const char *, int);
    if (!real) {
        real = next("dlopen");
    }

    const char *missing = getenv("FAULT_MISSING");
    if (path && missing) {
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        if (strncmp(name, missing, strlen(missing)) == 0) {
            /* A name that is nowhere, so that dlerror has something true to say. */
            return real("missing-for-a-test.so", how);
        }
    }

    return real(path, how);
}
