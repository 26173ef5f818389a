/* Credential fetch: see fetch.h (TS-0003 8.3.2.1, spec/mef §3). */
#include "onem2m/fetch.h"

#include "onem2m/value.h"
#include "onem2m/wire_names.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

/* ---- address ---- */

/* Moves *s behind "//fqdn", when it begins so; false when it does with no FQDN. */
static bool skip_authority(const char **s, struct m2m_fetch *out)
{
    if (strncmp(*s, "//", 2) != 0)
        return true;
    size_t n = strcspn(*s + 2, "/");
    if (n == 0 || n >= sizeof out->fqdn)
        return false;
    memcpy(out->fqdn, *s + 2, n);
    out->fqdn[n] = '\0';
    out->absolute = true;
    *s += 2 + n;
    return m2m_is_fqdn(out->fqdn);
}

/* What follows "fetchCredentials", or NULL. */
static const char *after_name(const char *to, struct m2m_fetch *out)
{
    size_t n = strlen(WIRE_FETCH);
    if (!skip_authority(&to, out))
        return NULL;
    if (*to == '/')
        to++;
    return strncmp(to, WIRE_FETCH, n) == 0 && (to[n] == '/' || to[n] == '\0') ? to + n : NULL;
}

bool m2m_fetch_is(const char *to)
{
    struct m2m_fetch ignored = {0};
    return after_name(to, &ignored) != NULL;
}

/* Decimal without padding: two digits, of which the first is not 0. */
static unsigned parse_suid(const char *text)
{
    uint64_t suid;
    return strlen(text) == 2 && text[0] != '0' && om_parse_uint(text, 99, &suid, NULL) == OM_OK
               ? (unsigned)suid
               : 0;
}

static bool parse(const char *to, struct m2m_fetch *out)
{
    const char *s = after_name(to, out);
    if (s == NULL || *s++ != '/')
        return false;
    size_t n = strcspn(s, "/");
    if (n == 0 || n >= sizeof out->keid || s[n] != '/')
        return false;
    memcpy(out->keid, s, n);
    out->keid[n] = '\0';
    out->suid = parse_suid(s + n + 1);
    return m2m_key_id_split(out->keid, out->relative, out->issuer, NULL) == OM_OK;
}

om_rc m2m_fetch_parse(const char *to, struct m2m_fetch *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    if (parse(to, out))
        return OM_OK;
    memset(out, 0, sizeof *out);
    return om_fail(err, OM_ENOTFOUND, "%s/<KeID>/<SUID> is expected", WIRE_FETCH);
}

om_rc m2m_fetch_address(char out[M2M_TO_SIZE], const char *keid, unsigned suid, struct om_error *err)
{
    int n = snprintf(out, M2M_TO_SIZE, WIRE_FETCH "/%s/%u", keid, suid);
    return n > 0 && n < M2M_TO_SIZE ? OM_OK : om_fail(err, OM_EINPUT, "the KeID is too long");
}

/* ---- answer ---- */

void m2m_fetched_free(struct m2m_fetched *f)
{
    om_secret_free(&f->credential);
    memset(f, 0, sizeof *f);
}

static json_t *encode_success(const struct m2m_fetched *f)
{
    char text[OM_BASE64_SIZE(M2M_FETCHED_SIZE)];
    char lifetime[M2M_TIMESTAMP_SIZE];
    if (f->credential.len > M2M_FETCHED_SIZE)
        return NULL;
    om_base64_encode(text, f->credential.octets, f->credential.len);
    m2m_timestamp_format(lifetime, f->lifetime);
    json_t *v = json_pack("{s:b, s:s, s:s, s:s}", WIRE_FETCH_STATUS, 1, WIRE_FETCH_CREDENTIAL, text,
                          WIRE_FETCH_ENROLEE, f->enrolee, WIRE_FETCH_LIFETIME, lifetime);
    om_wipe(text, sizeof text);
    return v;
}

om_rc m2m_fetched_encode(const struct m2m_fetched *f, json_t **out, struct om_error *err)
{
    *out = f->status ? encode_success(f)
                     : json_pack("{s:b, s:s}", WIRE_FETCH_STATUS, 0, WIRE_FETCH_ERROR_STRING, f->error);
    return *out != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a fetched credential");
}

static om_rc decode_credential(const json_t *v, struct om_secret *out, struct om_error *err)
{
    const char *text;
    uint8_t octets[M2M_FETCHED_SIZE];
    size_t n = 0;
    OM_TRY(m2m_value_text(v, &text, err));
    om_rc rc = om_base64_decode(text, json_string_length(v), octets, sizeof octets, &n, err);
    if (rc == OM_OK && n != sizeof octets)
        rc = om_fail(err, OM_EINPUT, "%zu octets where %zu are expected", n, sizeof octets);
    if (rc == OM_OK)
        rc = om_secret_set(out, octets, n, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

static om_rc decode_success(const json_t *content, struct m2m_fetched *out, struct om_error *err)
{
    const char *text;
    om_rc rc = decode_credential(json_object_get(content, WIRE_FETCH_CREDENTIAL), &out->credential, err);
    if (rc != OM_OK)
        return om_context(err, rc, WIRE_FETCH_CREDENTIAL);
    rc = m2m_kind_creator.decode(json_object_get(content, WIRE_FETCH_ENROLEE), out->enrolee,
                                 sizeof out->enrolee, err);
    if (rc != OM_OK)
        return om_context(err, rc, WIRE_FETCH_ENROLEE);
    rc = m2m_value_text(json_object_get(content, WIRE_FETCH_LIFETIME), &text, err);
    if (rc == OM_OK)
        rc = m2m_timestamp_parse(text, &out->lifetime, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, WIRE_FETCH_LIFETIME);
}

om_rc m2m_fetched_decode(const json_t *content, struct m2m_fetched *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    const json_t *status = json_object_get(content, WIRE_FETCH_STATUS);
    if (!json_is_boolean(status))
        return om_fail(err, OM_EINPUT, WIRE_FETCH_STATUS ": true or false is expected");
    out->status = json_is_true(status);
    if (!out->status) {
        const char *text = json_string_value(json_object_get(content, WIRE_FETCH_ERROR_STRING));
        (void)snprintf(out->error, sizeof out->error, "%s", text != NULL ? text : "");
        om_printable(out->error);
        return OM_OK;
    }
    om_rc rc = decode_success(content, out, err);
    if (rc != OM_OK)
        m2m_fetched_free(out);
    return rc;
}

/* ---- target ---- */

om_rc m2m_target_fqdn(char out[M2M_ID_SIZE], const char *target, struct om_error *err)
{
    char joined[M2M_ID_SIZE];
    if (m2m_is_fqdn(target))
        return om_copy_text(out, M2M_ID_SIZE, target, err);
    if (!m2m_is_absolute_id(target))
        return om_fail(err, OM_EINPUT, "a target is a MAF-FQDN or an Absolute AE-ID or CSE-ID");
    const char *domain = target + 2;
    int domain_len = (int)strcspn(domain, "/");
    const char *first = domain + domain_len + 1;
    const char *stem = strchr(first, '/'); /* of a C-type AE-ID */
    int n = stem != NULL ? snprintf(joined, sizeof joined, "%s.%.*s.%.*s", stem + 1, (int)(stem - first),
                                    first, domain_len, domain)
                         : snprintf(joined, sizeof joined, "%s.%.*s", first, domain_len, domain);
    if (n < 0 || (size_t)n >= sizeof joined)
        return om_fail(err, OM_EINPUT, "the target is too long");
    return m2m_fold(out, M2M_ID_SIZE, joined, err);
}
