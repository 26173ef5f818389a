/* Media types: see media.h. */
#include "bind/media.h"
#include "onem2m/cbor.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

/* In order of our own preference. Whole primitives (…-preq+…, …-prsp+…) and notifications (…-ntfy+…) are not
 * content, so they are not served here: 4015. */
static const struct media media_types[] = {
    {"application/vnd.onem2m-res+json", WIRE_COAP_RES_JSON, m2m_json_parse, m2m_json_print},
    {"application/json", WIRE_COAP_JSON, m2m_json_parse, m2m_json_print},
    {"application/vnd.onem2m-res+cbor", WIRE_COAP_RES_CBOR, m2m_cbor_parse, m2m_cbor_print},
    {"application/cbor", WIRE_COAP_CBOR, m2m_cbor_parse, m2m_cbor_print},
};
#define ROWS (sizeof media_types / sizeof media_types[0])
_Static_assert(ROWS <= MEDIA_ROWS_MAX, "media_preference holds every row");

const struct media *media_default(void)
{
    return &media_types[0];
}

const struct media *media_of_content_format(uint32_t number)
{
    for (size_t i = 0; i < ROWS; i++)
        if (media_types[i].content_format == number)
            return &media_types[i];
    return NULL;
}

static const struct media *find(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(media_types[i].name, name) == 0)
            return &media_types[i];
    return NULL;
}

#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t");
}

/* type "/" subtype, folded to lower case. Returns what follows, or NULL. */
static const char *take_name(const char *s, char name[MEDIA_NAME_MAX])
{
    size_t type = strspn(s, TOKEN);
    if (type == 0 || s[type] != '/')
        return NULL;
    size_t n = type + 1 + strspn(s + type + 1, TOKEN);
    if (n == type + 1 || n >= MEDIA_NAME_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++)
        name[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]);
    name[n] = '\0';
    return s + n;
}

struct parameter {
    const char *name;
    size_t name_len;
    char value[40]; /* longer ones are cut: none that matters is longer */
};

/* A quoted-string after its opening quote. Returns what follows the closing one, or NULL. */
static const char *take_quoted(const char *s, struct parameter *p)
{
    size_t n = 0;
    for (; *s != '"'; s++) {
        if (*s == '\\')
            s++;
        if (*s == '\0')
            return NULL;
        if (n + 1 < sizeof p->value)
            p->value[n++] = *s;
    }
    p->value[n] = '\0';
    return s + 1;
}

/* OWS ";" OWS name "=" value. *s moves on; false at the end of the parameters, with *s NULL when malformed.
 */
static bool take_parameter(const char **s, struct parameter *p)
{
    const char *at = skip_space(*s);
    if (*at != ';') {
        *s = at;
        return false;
    }
    at = skip_space(at + 1);
    p->name = at;
    p->name_len = strspn(at, TOKEN);
    at += p->name_len;
    *s = NULL;
    if (p->name_len == 0 || *at != '=')
        return false;
    at++;
    if (*at == '"') {
        *s = take_quoted(at + 1, p);
        return *s != NULL;
    }
    size_t n = strspn(at, TOKEN);
    size_t kept = n < sizeof p->value ? n : sizeof p->value - 1;
    memcpy(p->value, at, kept);
    p->value[kept] = '\0';
    if (n > 0)
        *s = at + n;
    return n > 0;
}

static bool named(const struct parameter *p, const char *name)
{
    return p->name_len == strlen(name) && strncasecmp(p->name, name, p->name_len) == 0;
}

om_rc media_content_type_parse(const char *value, struct media_content_type *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    struct parameter p;
    bool utf8 = true;
    const char *s = take_name(value, out->name);
    if (s == NULL)
        return om_fail(err, OM_EINPUT, "Content-Type: a type/subtype is expected");
    while (take_parameter(&s, &p)) {
        if (named(&p, "ty")) {
            if (out->ty[0] != '\0')
                return om_fail(err, OM_EINPUT, "Content-Type: ty is given twice");
            OM_TRY(om_copy_text(out->ty, sizeof out->ty, p.value, err));
        } else if (named(&p, "charset")) {
            utf8 = strcasecmp(p.value, "utf-8") == 0;
        }
    }
    if (s == NULL || *s != '\0')
        return om_fail(err, OM_EINPUT, "Content-Type: a malformed parameter");
    out->media = utf8 ? find(out->name) : NULL;
    return OM_OK;
}

/* qvalue of RFC 9110 §12.4.2 in thousandths, or -1. */
static int parse_q(const char *s)
{
    if ((s[0] != '0' && s[0] != '1') || (s[1] != '\0' && s[1] != '.'))
        return -1;
    int q = (s[0] - '0') * 1000;
    int scale = 100;
    for (const char *d = s[1] == '.' ? s + 2 : s + 1; *d != '\0'; d++) {
        if (*d < '0' || *d > '9' || scale == 0)
            return -1;
        q += (*d - '0') * scale;
        scale /= 10;
    }
    return q <= 1000 ? q : -1;
}

/* How closely a range names a type: 0 not at all, 1 any, 2 by its type, 3 exactly. */
static int match(const char *range, const char *name)
{
    size_t type = strcspn(range, "/") + 1;
    if (strcmp(range, "*/*") == 0)
        return 1;
    if (strcmp(range + type, "*") == 0)
        return strncmp(range, name, type) == 0 ? 2 : 0;
    return strcmp(range, name) == 0 ? 3 : 0;
}

static void apply_range(struct media_preference *p, const char *range, int q)
{
    for (size_t i = 0; i < ROWS; i++) {
        int specificity = match(range, media_types[i].name);
        if (specificity > 0 && specificity >= p->row[i].specificity) {
            p->row[i].specificity = specificity;
            p->row[i].q = q;
        }
    }
}

om_rc media_accept(struct media_preference *p, const char *value, struct om_error *err)
{
    p->given = true;
    const char *s = skip_space(value);
    while (s != NULL && *s != '\0') {
        char range[MEDIA_NAME_MAX];
        struct parameter parameter;
        int q = 1000;
        s = take_name(s, range);
        while (s != NULL && take_parameter(&s, &parameter))
            if (named(&parameter, "q"))
                q = parse_q(parameter.value);
        if (s == NULL || q < 0 || (*s != '\0' && *s != ','))
            return om_fail(err, OM_EINPUT, "Accept: malformed");
        apply_range(p, range, q);
        s = skip_space(*s == ',' ? s + 1 : s);
    }
    return OM_OK;
}

const struct media *media_choose(const struct media_preference *p)
{
    if (!p->given)
        return media_default();
    const struct media *best = NULL;
    int best_q = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (p->row[i].q > best_q) {
            best_q = p->row[i].q;
            best = &media_types[i];
        }
    }
    return best;
}
