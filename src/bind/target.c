/* Request targets: see target.h. */
#include "bind/target.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define QUERY_VALUE_SIZE 4096

static void bad(struct m2m_request *rq, const char *what, const char *why)
{
    m2m_request_bad(rq, M2M_BAD_REQUEST, false, "%s: %s", what, why);
}

/* Strict percent-decoding of n octets (RFC 3986 §2.1). Returns why it failed, or NULL. */
static const char *decode(const char *s, size_t n, char *out, size_t cap)
{
    size_t o = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)s[i];
        if (c == '%') {
            size_t got;
            if (n - i < 3 || om_hex_decode(s + i + 1, 2, &c, 1, &got, NULL) != OM_OK)
                return "two hex digits must follow '%'";
            i += 2;
        }
        if (c <= 0x20 || c == 0x7f)
            return "spaces and control characters are not allowed";
        if (o + 1 >= cap)
            return "too long";
        out[o++] = (char)c;
    }
    out[o] = '\0';
    return NULL;
}

static bool has_encoded_slash(const char *s, size_t n)
{
    for (size_t i = 0; i + 2 < n; i++)
        if (strncasecmp(s + i, "%2f", 3) == 0)
            return true;
    return false;
}

void target_set_path(const char *path, struct m2m_request *rq)
{
    char to[M2M_TO_SIZE + 1];
    if (strncmp(path, "/_/", 3) == 0)
        (void)snprintf(to, sizeof to, "//%s", path + 3);
    else if (strncmp(path, "/~/", 3) == 0)
        (void)snprintf(to, sizeof to, "/%s", path + 3);
    else
        (void)snprintf(to, sizeof to, "%s", path + 1);
    if (to[0] == '\0')
        bad(rq, "path", "it names no resource; the base is /_/<MAF-FQDN>/-");
    else
        m2m_request_param(rq, WIRE_TO, to);
}

static void parse_path(const char *path, size_t n, struct m2m_request *rq)
{
    char text[M2M_TO_SIZE];
    const char *why = decode(path, n, text, sizeof text);
    if (why == NULL && has_encoded_slash(path, n))
        why = "an encoded '/' is not allowed"; /* it would change the structure */
    if (why != NULL)
        bad(rq, "path", why);
    else
        target_set_path(text, rq);
}

static void parse_parameter(const char *s, size_t n, struct m2m_request *rq)
{
    char name[32];
    char value[QUERY_VALUE_SIZE];
    const char *equals = memchr(s, '=', n);
    if (equals == NULL) {
        bad(rq, "query", "name=value is expected");
        return;
    }
    size_t name_len = (size_t)(equals - s);
    const char *why = decode(s, name_len, name, sizeof name);
    if (why == NULL)
        why = decode(equals + 1, n - name_len - 1, value, sizeof value);
    if (why != NULL)
        bad(rq, "query", why);
    else
        m2m_request_query(rq, name, value);
}

static void parse_query(const char *s, struct m2m_request *rq)
{
    for (;;) {
        size_t n = strcspn(s, "&");
        parse_parameter(s, n, rq);
        if (s[n] == '\0')
            return;
        s += n + 1;
    }
}

/* Absolute form (RFC 9112 §3.2.2): the authority replaces Host. Returns the path, or NULL. */
static const char *skip_authority(const char *uri, char *authority, size_t cap)
{
    if (strncasecmp(uri, "https://", 8) != 0)
        return NULL;
    const char *host = uri + 8;
    size_t n = strcspn(host, "/?#");
    if (n == 0 || n >= cap || host[n] != '/')
        return NULL;
    memcpy(authority, host, n);
    authority[n] = '\0';
    return host + n;
}

void target_parse(const char *uri, struct m2m_request *rq, char *authority, size_t cap)
{
    authority[0] = '\0';
    if (uri[0] != '/')
        uri = skip_authority(uri, authority, cap);
    if (uri == NULL) {
        bad(rq, "request target", "a path is expected");
        return;
    }
    if (strchr(uri, '#') != NULL) {
        bad(rq, "request target", "a fragment is not allowed");
        return;
    }
    size_t path = strcspn(uri, "?");
    parse_path(uri, path, rq);
    if (uri[path] == '?')
        parse_query(uri + path + 1, rq);
}

/* Numeric addresses, and this machine's own name. */
static bool is_address(const char *host)
{
    struct in_addr v4;
    return strchr(host, ':') != NULL || inet_pton(AF_INET, host, &v4) == 1 || strcmp(host, "localhost") == 0;
}

void target_check_host(const char *const *names, const char *host, struct m2m_request *rq)
{
    if (names == NULL || host[0] == '\0' || is_address(host))
        return;
    size_t n = strlen(host);
    if (n > 1 && host[n - 1] == '.') /* the same name in full */
        n--;
    for (size_t i = 0; names[i] != NULL; i++)
        if (strlen(names[i]) == n && strncmp(names[i], host, n) == 0)
            return;
    (void)snprintf(rq->to, sizeof rq->to, "//%.*s/-", (int)n, host);
}

om_rc target_from_to(const char *to, char *out, size_t cap, struct om_error *err)
{
    int n = strncmp(to, "//", 2) == 0 ? snprintf(out, cap, "/_/%s", to + 2) : snprintf(out, cap, "/%s", to);
    if (n < 0 || (size_t)n >= cap)
        return om_fail(err, OM_EINPUT, "a To of %zu octets is too long", strlen(to));
    return OM_OK;
}
