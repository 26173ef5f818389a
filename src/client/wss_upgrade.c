/* The upgrade to WebSocket: see wss_upgrade.h. */
#include "client/wss_upgrade.h"
#include "client/net.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define GUID     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 §1.3 */
#define HEAD_END "\r\n\r\n"

om_rc wss_key_make(OSSL_LIB_CTX *libctx, struct wss_key *out, struct om_error *err)
{
    uint8_t random[16];
    uint8_t digest[20];
    char text[sizeof out->key + sizeof GUID];
    size_t n = 0;
    if (RAND_bytes_ex(libctx, random, sizeof random, 0) != 1)
        return om_fail(err, OM_EINTERNAL, "the random generator failed");
    om_base64_encode(out->key, random, sizeof random);
    (void)snprintf(text, sizeof text, "%s" GUID, out->key);
    if (EVP_Q_digest(libctx, "SHA1", NULL, text, strlen(text), digest, &n) != 1 || n != sizeof digest)
        return om_fail(err, OM_EUNSUPPORTED, "OpenSSL has no SHA-1, which WebSocket needs");
    om_base64_encode(out->accept, digest, sizeof digest);
    return OM_OK;
}

om_rc wss_upgrade_request(struct evbuffer *out, const char *host, const struct format *format,
                          const struct wss_key *key, struct om_error *err)
{
    int n = evbuffer_add_printf(out,
                                "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Protocol: %s\r\n\r\n",
                                host, key->key, format->subprotocol);
    return n > 0 ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a request");
}

/* The next line of *at, ended by a NUL in place; NULL after the last. */
static char *next_line(char **at)
{
    char *line = *at;
    char *end = strstr(line, "\r\n");
    if (*line == '\0' || end == NULL)
        return NULL;
    *end = '\0';
    *at = end + 2;
    return line;
}

/* "Name: value" to the value without blanks around it, when the line is that header. */
static const char *value_of(char *line, const char *name)
{
    size_t n = strlen(name);
    if (strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    char *value = line + n + 1;
    value += strspn(value, " \t");
    for (size_t k = strlen(value); k > 0 && (value[k - 1] == ' ' || value[k - 1] == '\t'); k--)
        value[k - 1] = '\0';
    return value;
}

/* Is `token` in a comma-separated list, in whatever case? */
static bool lists(const char *value, const char *token)
{
    size_t n = strlen(token);
    while (*value != '\0') {
        value += strspn(value, " \t,");
        size_t k = strcspn(value, " \t,");
        if (k == n && strncasecmp(value, token, n) == 0)
            return true;
        value += k;
    }
    return false;
}

/* What the answer must say once each, and what it must not say. */
struct answer {
    int status;
    int rsc;
    unsigned upgrade, connection, accept, protocol; /* how often each was there, and right */
    unsigned wrong;                                 /* headers that contradict the request */
};

static void read_header(struct answer *a, char *line, const struct format *format, const struct wss_key *key)
{
    const char *v;
    uint64_t rsc;
    if ((v = value_of(line, "Upgrade")) != NULL)
        strcasecmp(v, "websocket") == 0 ? a->upgrade++ : a->wrong++;
    else if ((v = value_of(line, "Connection")) != NULL)
        a->connection += lists(v, "upgrade");
    else if ((v = value_of(line, "Sec-WebSocket-Accept")) != NULL)
        strcmp(v, key->accept) == 0 ? a->accept++ : a->wrong++;
    else if ((v = value_of(line, "Sec-WebSocket-Protocol")) != NULL)
        strcmp(v, format->subprotocol) == 0 ? a->protocol++ : a->wrong++;
    else if ((v = value_of(line, "Sec-WebSocket-Extensions")) != NULL)
        a->wrong += *v != '\0'; /* none was asked for */
    else if ((v = value_of(line, "X-M2M-RSC")) != NULL && om_parse_uint(v, 9999, &rsc, NULL) == OM_OK)
        a->rsc = (int)rsc;
}

/* "HTTP/1.1 101 Switching Protocols" */
static bool read_status(const char *line, int *status)
{
    char digits[4] = "";
    uint64_t v = 0;
    if (strncmp(line, "HTTP/1.1 ", 9) != 0)
        return false;
    (void)snprintf(digits, sizeof digits, "%s", line + 9);
    if (om_parse_uint(digits, 999, &v, NULL) != OM_OK || v < 100)
        return false;
    *status = (int)v;
    return true;
}

/* Head is text up to and with the empty line. */
static om_rc read_head(char *head, const struct format *format, const struct wss_key *key, int *rsc,
                       struct om_error *err)
{
    struct answer a = {0};
    char *at = head;
    char *line = next_line(&at);
    if (line == NULL || !read_status(line, &a.status))
        return om_fail(err, OM_EINTEGRITY, "the answer to the WebSocket handshake is not HTTP/1.1");
    while ((line = next_line(&at)) != NULL && *line != '\0')
        read_header(&a, line, format, key);
    if (a.status == 101 && a.upgrade == 1 && a.connection == 1 && a.accept == 1 && a.protocol == 1 &&
        a.wrong == 0) {
        *rsc = 0;
        return OM_OK;
    }
    if (a.status == 101)
        return om_fail(err, OM_EINTEGRITY,
                       "the answer to the WebSocket handshake does not fit what was asked");
    if (a.rsc >= 4000) {
        *rsc = a.rsc;
        return OM_OK;
    }
    return om_fail(err, a.status == 429 || a.status / 100 == 5 ? OM_ETRANSIENT : OM_EINTEGRITY,
                   "HTTP status %d instead of a WebSocket", a.status);
}

om_rc wss_upgrade_answer(struct evbuffer *in, const struct format *format, const struct wss_key *key,
                         int *rsc, struct om_error *err)
{
    const struct evbuffer_ptr end = evbuffer_search(in, HEAD_END, strlen(HEAD_END), NULL);
    *rsc = -1;
    if (end.pos > WSS_HEAD_MAX || (end.pos < 0 && evbuffer_get_length(in) > WSS_HEAD_MAX))
        return om_fail(err, OM_EINTEGRITY, "the answer to the WebSocket handshake is longer than %d octets",
                       WSS_HEAD_MAX);
    if (end.pos < 0)
        return OM_OK;
    char head[WSS_HEAD_MAX + sizeof HEAD_END];
    size_t n = (size_t)end.pos + strlen(HEAD_END);
    int removed = evbuffer_remove(in, head, n);
    head[n] = '\0';
    if (removed != (int)n || strlen(head) != n)
        return om_fail(err, OM_EINTEGRITY, "the answer to the WebSocket handshake is not text");
    return read_head(head, format, key, rsc, err);
}
