/* Preloaded into a program under test: INTERRUPT=CALL:HOW:N interrupts it at the N-th CALL (rename, fsync,
 * unlink, or connect by TCP). HOW: "before" and "after" kill it there, "fails" makes the call fail with EIO.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How to interrupt this call of that name; "" when it is another one's turn. */
static const char *turn(const char *call)
{
    static char wanted[16];
    static char how[16];
    static unsigned left;
    static bool read;
    const char *text = getenv("INTERRUPT");
    if (!read && text != NULL)
        read = sscanf(text, "%15[^:]:%15[^:]:%u", wanted, how, &left) == 3;
    if (!read || strcmp(call, wanted) != 0 || left == 0 || --left > 0)
        return "";
    if (strcmp(how, "before") == 0)
        (void)raise(SIGKILL);
    return how;
}

static int fails(void)
{
    errno = EIO;
    return -1;
}

static int end(const char *how, int result)
{
    if (strcmp(how, "after") == 0)
        (void)raise(SIGKILL);
    return result;
}

#define EXPORTED __attribute__((visibility("default")))

/* The function that is replaced, as POSIX lets dlsym's result be converted. */
#define NEXT(name, result, ...)                                                                              \
    result (*next)(__VA_ARGS__);                                                                             \
    *(void **)&next = dlsym(RTLD_NEXT, name)

EXPORTED int rename(const char *from, const char *to)
{
    NEXT("rename", int, const char *, const char *);
    const char *how = turn("rename");
    return strcmp(how, "fails") == 0 ? fails() : end(how, next(from, to));
}

EXPORTED int fsync(int fd)
{
    NEXT("fsync", int, int);
    const char *how = turn("fsync");
    return strcmp(how, "fails") == 0 ? fails() : end(how, next(fd));
}

EXPORTED int unlink(const char *path)
{
    NEXT("unlink", int, const char *);
    const char *how = turn("unlink");
    return strcmp(how, "fails") == 0 ? fails() : end(how, next(path));
}

EXPORTED int connect(int fd, const struct sockaddr *to, socklen_t n)
{
    NEXT("connect", int, int, const struct sockaddr *, socklen_t);
    const char *how = to->sa_family == AF_INET ? turn("connect") : "";
    return strcmp(how, "fails") == 0 ? fails() : end(how, next(fd, to, n));
}
