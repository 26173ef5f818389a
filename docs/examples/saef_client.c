/* An application that talks to another entity over TLS with a key of its MAF Client home, which stays in the
 * token: sends one line and prints what comes back.
 *
 *     saef_client HOME KEY-ID HOST PORT LINE
 *     cc saef_client.c $(pkg-config --cflags --libs libmaf libssl) -o saef_client
 *
 * At the other end: maf --home OTHER-HOME listen PORT */
#include <netdb.h>
#include <openmaf.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int connect_to(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &list) != 0)
        return -1;
    for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

/* An ordinary exchange over an ordinary SSL. */
static int talk(SSL *ssl, int fd, const char *line)
{
    char answer[512];
    if (fd < 0 || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
        return fprintf(stderr, "no session: the peer is away, or has not this key\n");
    if (openmaf_saef_key(ssl)->expires <= (int64_t)time(NULL)) /* a session ends with its key */
        return fprintf(stderr, "the key has expired\n");
    printf("connected to %s\n", openmaf_saef_peer(ssl)); /* as the MAF vouches for it */
    if (SSL_write(ssl, line, (int)strlen(line)) <= 0 || SSL_write(ssl, "\n", 1) <= 0)
        return fprintf(stderr, "cannot send\n");
    int n = SSL_read(ssl, answer, sizeof answer);
    if (n <= 0)
        return fprintf(stderr, "no answer\n");
    printf("%.*s", n, answer);
    (void)SSL_shutdown(ssl);
    return 0;
}

int main(int argc, char **argv)
{
    const struct openmaf_saef what = {.size = sizeof what, .end = OPENMAF_CLIENT};
    struct openmaf_error error = {.text = "usage: saef_client HOME KEY-ID HOST PORT LINE"};
    struct openmaf *maf = NULL;
    SSL_CTX *ctx = NULL;
    SSL *ssl = NULL;
    int failed = 1, fd = -1;

    if (argc == 6 && openmaf_open(argv[1], &maf, &error) == OPENMAF_OK &&
        openmaf_saef_ctx(maf, &what, &ctx, &error) == OPENMAF_OK && (ssl = SSL_new(ctx)) != NULL &&
        openmaf_saef_use_key(maf, ssl, argv[2], &error) == OPENMAF_OK)
        failed = talk(ssl, fd = connect_to(argv[3], argv[4]), argv[5]);
    else
        fprintf(stderr, "saef_client: %s\n", error.text);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    openmaf_close(maf); /* after all that was made from it */
    if (fd >= 0)
        (void)close(fd);
    return failed != 0;
}
