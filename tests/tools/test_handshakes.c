/* test-handshakes HOST PORT SERVER-NAME KMID COUNT [REQUEST-FILE [REPEAT]] < KM-HEX
 *
 * Makes COUNT TLS-PSK connections one after another. With a file of one HTTP request, sends it REPEAT times
 * (default once) over each and wants a 200 every time. Prints JSON: what it did, and in how many seconds. */
#include "plain_client.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
    (void)fprintf(stderr, "test-handshakes: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int dial(const char *host, const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    uint64_t number;
    struct om_error err = {0};
    if (om_parse_uint(port, 65535, &number, &err) != OM_OK || inet_pton(AF_INET, host, &to.sin_addr) != 1)
        die("bad address");
    to.sin_port = htons((uint16_t)number);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("cannot connect");
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Reads one response with a Content-Length; it must be a 200. */
static void expect_200(SSL *ssl)
{
    char buf[16384];
    size_t n = 0;
    for (;;) {
        int got = SSL_read(ssl, buf + n, (int)(sizeof buf - 1 - n));
        if (got <= 0)
            die("connection ended inside a response");
        n += (size_t)got;
        buf[n] = '\0';
        char *end = strstr(buf, "\r\n\r\n");
        char *length = strcasestr(buf, "\r\ncontent-length:");
        if (end != NULL && length != NULL && n >= (size_t)(end + 4 - buf) + strtoul(length + 17, NULL, 10))
            break;
        if (n == sizeof buf - 1)
            die("response too long");
    }
    if (strncmp(buf, "HTTP/1.1 200", 12) != 0)
        die(buf);
}

static size_t read_file(const char *path, char *buf, size_t cap)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        die("cannot open the request file");
    size_t n = fread(buf, 1, cap, f);
    (void)fclose(f);
    return n;
}

int main(int argc, char **argv)
{
    if (argc < 6)
        die("usage: test-handshakes HOST PORT SERVER-NAME KMID COUNT [REQUEST-FILE [REPEAT]] < KM-HEX");
    char hex[160] = "";
    if (fgets(hex, sizeof hex, stdin) == NULL)
        die("no key on standard input");
    hex[strcspn(hex, "\r\n")] = '\0';
    struct plain_psk psk = {.identity = argv[4]};
    if (om_hex_decode(hex, strlen(hex), psk.key, sizeof psk.key, &psk.key_len, NULL) != OM_OK)
        die("the key is not hexadecimal");
    char request[8192];
    size_t request_len = argc > 6 ? read_file(argv[6], request, sizeof request) : 0;
    unsigned long count = strtoul(argv[5], NULL, 10);
    unsigned long repeat = argc > 7 ? strtoul(argv[7], NULL, 10) : 1;
    SSL_CTX *ctx = plain_client_ctx("PSK-AES128-CBC-SHA256");
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned long i = 0; i < count; i++) {
        int fd = dial(argv[1], argv[2]);
        SSL *ssl = SSL_new(ctx);
        plain_client_psk(ssl, argv[3], &psk);
        if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
            die("handshake failed");
        for (unsigned long r = 0; request_len > 0 && r < repeat; r++) {
            if (SSL_write(ssl, request, (int)request_len) != (int)request_len)
                die("cannot send");
            expect_200(ssl);
        }
        (void)SSL_shutdown(ssl);
        SSL_free(ssl);
        (void)close(fd);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    (void)printf("{\"connections\": %lu, \"requests\": %lu, \"seconds\": %.6f}\n", count,
                 request_len > 0 ? count * repeat : 0, seconds);
    SSL_CTX_free(ctx);
    return 0;
}
