/* JSON text to and from a tree (RFC 8259). Errors give a position, never a piece of the text: it may be a
 * key. */
#include "onem2m/primitive.h"

/* True when arrays and objects nest deeper than max. Brackets inside strings do not count. */
static bool too_deep(const char *text, size_t n, size_t max)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static const char *reason(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_duplicate_key:
        return "a name is given twice";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL in a text";
    case json_error_end_of_input_expected:
        return "something follows the end";
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_numeric_overflow:
        return "a number is out of range";
    default:
        return "malformed";
    }
}

om_rc m2m_json_parse(const void *text, size_t n, json_t **out, struct om_error *err)
{
    *out = NULL;
    if (n == 0)
        return om_fail(err, OM_EINPUT, "JSON: empty");
    if (n > M2M_JSON_MAX)
        return om_fail(err, OM_EINPUT, "JSON: %zu octets are more than the %d allowed", n, M2M_JSON_MAX);
    if (too_deep(text, n, M2M_JSON_DEPTH))
        return om_fail(err, OM_EINPUT, "JSON: nested deeper than %d levels", M2M_JSON_DEPTH);
    json_error_t e;
    *out = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    if (*out != NULL)
        return OM_OK;
    int line = e.line;
    int column = e.column;
    om_rc rc = json_error_code(&e) == json_error_out_of_memory ? OM_ENOMEM : OM_EINPUT;
    const char *why = reason(&e);
    om_wipe(&e, sizeof e); /* its text quotes the input */
    return om_fail(err, rc, "JSON: %s (line %d, column %d)", why, line, column);
}

om_rc m2m_json_print(const json_t *tree, struct om_secret *out, struct om_error *err)
{
    /* Measure, then write straight into wiped memory, so that no other copy of a Key Value comes about. */
    size_t n = json_dumpb(tree, NULL, 0, JSON_COMPACT);
    if (n == 0)
        return om_fail(err, OM_EINTERNAL, "a JSON tree cannot be written");
    OM_TRY(om_secret_alloc(out, n, err));
    if (json_dumpb(tree, (char *)out->octets, n, JSON_COMPACT) == n)
        return OM_OK;
    om_secret_free(out);
    return om_fail(err, OM_EINTERNAL, "a JSON tree changed while it was written");
}
