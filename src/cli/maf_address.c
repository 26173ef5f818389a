/* maf: addresses and sockets, see maf_address.h. */
#include "cli/maf_address.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HOST_MAX    256
#define SERVICE_MAX 8
#define BACKLOG     128

static int is_path(const char *text, struct maf_address *out, struct openmaf_error *error)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->addr;
    size_t n = strlen(text);
    memset(out, 0, sizeof *out);
    if (n >= sizeof un->sun_path)
        return maf_fail(error, OPENMAF_EINPUT, "the path of a UNIX socket has at most %zu characters",
                        sizeof un->sun_path - 1);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, text, n + 1);
    out->len = sizeof *un;
    return OPENMAF_OK;
}

/* *host is "" for a PORT alone. */
static int split(const char *text, bool listening, char host[HOST_MAX], char service[SERVICE_MAX],
                 struct openmaf_error *error)
{
    const char *colon = strrchr(text, ':');
    const char *port = colon != NULL ? colon + 1 : text;
    const char *from = text;
    size_t n = colon != NULL ? (size_t)(colon - text) : 0;
    if (n > 1 && from[0] == '[' && from[n - 1] == ']') {
        from++;
        n -= 2;
    } else if (memchr(from, ':', n) != NULL) {
        return maf_fail(error, OPENMAF_EINPUT, "'%.80s': an IPv6 address stands in brackets, [ADDRESS]:PORT",
                        text);
    }
    unsigned long number = 0;
    struct openmaf_error unused;
    bool good = (n > 0 || (listening && colon == NULL)) && n < HOST_MAX && port[0] != '\0' &&
                maf_number("port", port, 65535, &number, &unused) == OPENMAF_OK && (number > 0 || listening);
    if (!good)
        return maf_fail(error, OPENMAF_EINPUT, "'%.80s' is not %s", text,
                        listening ? "[HOST:]PORT" : "HOST:PORT");
    memcpy(host, from, n);
    host[n] = '\0';
    (void)snprintf(service, SERVICE_MAX, "%lu", number);
    return OPENMAF_OK;
}

int maf_resolve(const char *text, bool listening, bool local, struct maf_address out[MAF_ADDRESSES_MAX],
                size_t *n, struct openmaf_error *error)
{
    char host[HOST_MAX] = "";
    char service[SERVICE_MAX] = "";
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | (listening ? AI_PASSIVE : 0)};
    *n = 1;
    if (local && strchr(text, '/') != NULL)
        return is_path(text, &out[0], error);
    int code = split(text, listening, host, service, error);
    if (code != OPENMAF_OK)
        return code;
    int e = getaddrinfo(host[0] != '\0' ? host : NULL, service, &hints, &list);
    if (e != 0)
        return maf_fail(error, e == EAI_AGAIN ? OPENMAF_ETEMPORARY : OPENMAF_EINPUT, "cannot resolve %s: %s",
                        host, gai_strerror(e));
    *n = 0;
    for (const struct addrinfo *a = list; a != NULL && *n < MAF_ADDRESSES_MAX; a = a->ai_next) {
        /* Without a host, the wildcard of IPv6 takes IPv4 too, where there is IPv6. */
        size_t at = host[0] == '\0' && a->ai_family == AF_INET6 ? 0 : *n;
        if (at == 0 && *n > 0)
            out[(*n)] = out[0];
        memcpy(&out[at].addr, a->ai_addr, a->ai_addrlen);
        out[at].len = a->ai_addrlen;
        (*n)++;
    }
    freeaddrinfo(list);
    return OPENMAF_OK;
}

void maf_address_text(const struct maf_address *address, char out[MAF_ADDRESS_TEXT])
{
    char host[HOST_MAX] = "?";
    char service[SERVICE_MAX] = "?";
    const struct sockaddr *sa = (const struct sockaddr *)&address->addr;
    if (sa->sa_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&address->addr;
        (void)snprintf(out, MAF_ADDRESS_TEXT, "%s",
                       un->sun_path[0] != '\0' ? un->sun_path : "a local process");
        return;
    }
    (void)getnameinfo(sa, address->len, host, sizeof host, service, sizeof service,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(out, MAF_ADDRESS_TEXT, sa->sa_family == AF_INET6 ? "[%.80s]:%s" : "%.80s:%s", host,
                   service);
}

void maf_address_of(int fd, struct maf_address *out)
{
    memset(out, 0, sizeof *out);
    out->len = sizeof out->addr;
    (void)getsockname(fd, (struct sockaddr *)&out->addr, &out->len);
}

static int make_socket(const struct maf_address *address, int type, int *fd, struct openmaf_error *error)
{
    const int on = 1;
    *fd = socket(address->addr.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return maf_fail(error, OPENMAF_ETEMPORARY, "cannot make a socket: %s", strerror(errno));
    if (type == SOCK_STREAM) /* and what is accepted there: a session whose peer lost power ends some time */
        (void)setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return OPENMAF_OK;
}

static int give_up(int *fd, const char *what, const struct maf_address *address, struct openmaf_error *error)
{
    char text[MAF_ADDRESS_TEXT];
    int e = errno;
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    maf_address_text(address, text);
    return maf_fail(error, OPENMAF_ETEMPORARY, "cannot %s %s: %s", what, text, strerror(e));
}

/* A socket file that nobody listens at is what a dead process left. */
static void remove_stale(const struct maf_address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->addr;
    struct stat st;
    if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool stale =
        fd >= 0 && connect(fd, (const struct sockaddr *)un, address->len) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        (void)close(fd);
    if (stale)
        (void)unlink(un->sun_path);
}

int maf_listen_stream(const struct maf_address *address, int *fd, struct openmaf_error *error)
{
    const int on = 1;
    bool path = address->addr.ss_family == AF_UNIX;
    int code = make_socket(address, SOCK_STREAM, fd, error);
    if (code != OPENMAF_OK)
        return code;
    if (path)
        remove_stale(address);
    else
        (void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    mode_t before = umask(path ? 0177 : 0077);
    int bound = bind(*fd, (const struct sockaddr *)&address->addr, address->len);
    (void)umask(before);
    if (bound != 0 || listen(*fd, BACKLOG) != 0)
        return give_up(fd, "listen at", address, error);
    (void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited by what is accepted */
    return OPENMAF_OK;
}

void maf_unlisten(int fd)
{
    struct maf_address own;
    maf_address_of(fd, &own);
    (void)close(fd);
    if (own.addr.ss_family == AF_UNIX)
        (void)unlink(((const struct sockaddr_un *)&own.addr)->sun_path);
}

int maf_bind_datagram(const struct maf_address *address, bool first, int *fd, struct openmaf_error *error)
{
    const int on = 1;
    int code = make_socket(address, SOCK_DGRAM, fd, error);
    if (code != OPENMAF_OK)
        return code;
    /* Bound without the option it is ours alone; with it from then on, others of ours may join. */
    if (!first)
        (void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(*fd, (const struct sockaddr *)&address->addr, address->len) != 0)
        return give_up(fd, "listen at", address, error);
    if (first)
        (void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return OPENMAF_OK;
}

int maf_connect_begin(const struct maf_address *address, int type, int *fd, struct openmaf_error *error)
{
    const int on = 1;
    int code = make_socket(address, type, fd, error);
    if (code != OPENMAF_OK)
        return code;
    if (connect(*fd, (const struct sockaddr *)&address->addr, address->len) != 0 && errno != EINPROGRESS)
        return give_up(fd, "connect to", address, error);
    if (type == SOCK_STREAM && address->addr.ss_family != AF_UNIX)
        (void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return OPENMAF_OK;
}
