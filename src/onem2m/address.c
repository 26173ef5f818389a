/* The many forms of To reduced to one: see primitive.h (spec/wire §3). */
#include "onem2m/primitive.h"

#include "util/text.h"

#include <string.h>

/* Takes the text up to the next '/' or the end into out, and moves *s behind it. */
static bool take(const char **s, char *out, size_t cap)
{
    size_t n = strcspn(*s, "/");
    if (n == 0 || n >= cap)
        return false;
    memcpy(out, *s, n);
    out[n] = '\0';
    *s += n;
    return true;
}

/* "/name" at *s, when there is one. */
static bool take_name(const char **s, char out[M2M_RELATIVE_SIZE], size_t *depth)
{
    if (**s == '\0')
        return true;
    (*s)++;
    if (!take(s, out, M2M_RELATIVE_SIZE) || !m2m_is_relative_key_id(out))
        return false;
    (*depth)++;
    return true;
}

static bool is_base(const char *segment, const char *base)
{
    return strcmp(segment, base) == 0 || strcmp(segment, WIRE_BASE_ALIAS) == 0;
}

static bool parse(const char *s, const char *base, struct m2m_address *out)
{
    char first[M2M_RELATIVE_SIZE];
    if (strncmp(s, "//", 2) == 0) {
        s += 2;
        if (!take(&s, out->fqdn, sizeof out->fqdn) || !m2m_is_fqdn(out->fqdn) || *s++ != '/')
            return false;
        out->absolute = true;
    }
    if (!take(&s, first, sizeof first))
        return false;
    if (is_base(first, base))
        return take_name(&s, out->name, &out->depth) && take_name(&s, out->sub, &out->depth) && *s == '\0';
    /* A resource identifier alone; it is unique within the server. */
    if (out->absolute || *s != '\0' || !m2m_is_relative_key_id(first))
        return false;
    out->depth = 1;
    return om_copy_text(out->name, sizeof out->name, first, NULL) == OM_OK;
}

om_rc m2m_address_parse(const char *to, const char *base, struct m2m_address *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    if (parse(to, base, out))
        return OM_OK;
    memset(out, 0, sizeof *out);
    return om_fail(err, OM_ENOTFOUND, "To addresses nothing that this server holds");
}
