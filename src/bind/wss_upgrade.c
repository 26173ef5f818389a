/* The opening handshake of a WebSocket (RFC 6455 §4.2, spec/wire §7). Extensions that the peer offers are not
 * taken up: permessage-deflate would compress keys together with text that a peer chooses. */
#include "bind/https_reading.h"
#include "bind/wss.h"
#include "util/log.h"
#include "util/text.h"

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_SIZE   25 /* base64 of 16 octets, with NUL */
#define KEY_OCTETS 16
#define GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* The next element of a comma-separated list, without the space around it; NULL at the end. */
static const char *next_element(const char **at, size_t *n)
{
    const char *s = *at + strspn(*at, " \t,");
    *n = strcspn(s, ",");
    *at = s + *n;
    while (*n > 0 && (s[*n - 1] == ' ' || s[*n - 1] == '\t'))
        (*n)--;
    return *s != '\0' ? s : NULL;
}

/* Is `token` in a list header, in whatever case? */
static bool lists(struct evhttp_request *req, const char *name, const char *token)
{
    const struct evkeyval *h;
    const char *s;
    size_t n;
    TAILQ_FOREACH(h, evhttp_request_get_input_headers(req), next)
    {
        if (strcasecmp(h->key, name) != 0)
            continue;
        for (const char *at = h->value; (s = next_element(&at, &n)) != NULL;)
            if (n == strlen(token) && strncasecmp(s, token, n) == 0)
                return true;
    }
    return false;
}

/* The value of a header that must be there exactly once; NULL otherwise. */
static const char *only(struct evhttp_request *req, const char *name)
{
    const struct evkeyval *h;
    const char *value = NULL;
    TAILQ_FOREACH(h, evhttp_request_get_input_headers(req), next)
    {
        if (strcasecmp(h->key, name) != 0)
            continue;
        if (value != NULL)
            return NULL;
        value = h->value;
    }
    return value;
}

/* The first subprotocol that the peer offers and we serve: the order is the peer's preference. */
static const struct wss_subprotocol *choose(struct evhttp_request *req)
{
    const struct evkeyval *h;
    const char *s;
    size_t n;
    TAILQ_FOREACH(h, evhttp_request_get_input_headers(req), next)
    {
        if (strcasecmp(h->key, "Sec-WebSocket-Protocol") != 0)
            continue;
        for (const char *at = h->value; (s = next_element(&at, &n)) != NULL;) {
            const struct wss_subprotocol *p = wss_subprotocol_find(s, n);
            if (p != NULL)
                return p;
        }
    }
    return NULL;
}

bool wss_wanted(struct evhttp_request *req)
{
    return lists(req, "Upgrade", "websocket");
}

static bool is_key(const char *key)
{
    uint8_t octets[KEY_OCTETS];
    size_t n;
    return key != NULL && strlen(key) == KEY_SIZE - 1 &&
           om_base64_decode(key, KEY_SIZE - 1, octets, sizeof octets, &n, NULL) == OM_OK && n == KEY_OCTETS;
}

/* RFC 6455 §4.2.2 step 5.4. */
static om_rc accept_value(const char *key, char out[OM_BASE64_SIZE(SHA_DIGEST_LENGTH)], struct om_error *err)
{
    char text[KEY_SIZE + sizeof GUID];
    uint8_t digest[SHA_DIGEST_LENGTH];
    int n = snprintf(text, sizeof text, "%s" GUID, key);
    if (EVP_Digest(text, (size_t)n, digest, NULL, EVP_sha1(), NULL) != 1)
        return om_fail(err, OM_EINTERNAL, "SHA-1 is not available");
    om_base64_encode(out, digest, sizeof digest);
    return OM_OK;
}

static void bad(struct reading *r, const char *why)
{
    m2m_request_bad(r->rq, M2M_BAD_REQUEST, false, "WebSocket: %s", why);
}

/* RFC 6455 §4.4: another version is told which one is spoken. */
static void check_version(struct reading *r)
{
    const char *version = only(r->req, "Sec-WebSocket-Version");
    struct evkeyvalq *out = evhttp_request_get_output_headers(r->req);
    if (r->rq->syntax_rsc != 0 || (version != NULL && strcmp(version, "13") == 0))
        return;
    bad(r, "Sec-WebSocket-Version: 13 is spoken");
    r->ex->status = 426;
    (void)evhttp_add_header(out, "Sec-WebSocket-Version", "13");
    (void)evhttp_add_header(out, "Upgrade", "websocket");
    (void)evhttp_add_header(out, "Connection", "Upgrade");
}

/* Everything but the subprotocol; what is wrong is recorded. */
static void check(struct reading *r)
{
    struct evhttp_request *req = r->req;
    https_read_headers(r);
    https_check_framing(r);
    https_check_host(r);
    if (r->rq->to[0] != '\0') /* MAF-GEN-4 */
        m2m_request_bad(r->rq, M2M_NOT_FOUND, false, "Host: another MAF");
    if (evhttp_request_get_command(req) != EVHTTP_REQ_GET || req->minor < 1)
        bad(r, "a GET of HTTP/1.1 is expected");
    if (evbuffer_get_length(evhttp_request_get_input_buffer(req)) > 0)
        bad(r, "a GET with a body cannot be upgraded");
    if (strcmp(evhttp_request_get_uri(req), "/") != 0)
        m2m_request_bad(r->rq, M2M_NOT_FOUND, false, "WebSocket: it is served at /");
    if (!lists(req, "Connection", "upgrade"))
        bad(r, "Connection: Upgrade is expected");
    if (!is_key(only(req, "Sec-WebSocket-Key")))
        bad(r, "Sec-WebSocket-Key: base64 of 16 octets is expected, once");
    check_version(r);
}

static void refuse(const struct reading *r)
{
    struct m2m_response rs;
    m2m_response_init(&rs);
    m2m_response_error(&rs, r->rq->syntax_rsc, "%s", r->rq->syntax_text);
    https_response_send(r->req, &rs, r->ex);
    m2m_response_free(&rs);
}

/* Once this has succeeded, req and c belong to the WebSocket. */
static om_rc switch_protocols(struct https_conn *c, struct evhttp_request *req,
                              const struct wss_subprotocol *protocol, struct om_error *err)
{
    char accept[OM_BASE64_SIZE(SHA_DIGEST_LENGTH)];
    OM_TRY(accept_value(only(req, "Sec-WebSocket-Key"), accept, err));
    OM_TRY(wss_open(c, req, protocol, err));
    (void)evbuffer_add_printf(
        bufferevent_get_output(c->bev),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
        accept, protocol->name);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE); /* last: it may read, and end c, at once */
    return OM_OK;
}

void wss_upgrade(struct https_conn *c, struct evhttp_request *req)
{
    struct m2m_request rq;
    struct om_error err = {0};
    struct https_exchange ex = {.media = media_default(), .method_allowed = true};
    struct reading r = {.req = req, .opt = &c->https->opt, .rq = &rq, .ex = &ex};
    const struct wss_subprotocol *protocol = choose(req);
    m2m_request_init(&rq);
    check(&r);
    if (protocol == NULL)
        bad(&r, "Sec-WebSocket-Protocol: oneM2M.json and oneM2M.cbor are served");
    if (protocol != NULL && rq.syntax_rsc == 0 && switch_protocols(c, req, protocol, &err) != OM_OK) {
        om_log(OM_LOG_ERROR, "wss: %s", om_error_text(&err, OM_ENOMEM));
        m2m_request_bad(&rq, M2M_INTERNAL_SERVER_ERROR, false, "WebSocket: it cannot be opened now");
    }
    if (rq.syntax_rsc != 0)
        refuse(&r);
    m2m_request_free(&rq);
}
