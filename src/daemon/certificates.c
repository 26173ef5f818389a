/* The daemon's own certificates: see certificates.h. */
#include "daemon/certificates.h"
#include "onem2m/types.h"
#include "pki/leaf.h"
#include "pki/parse.h"
#include "pki/path.h"
#include "util/file.h"
#include "util/log.h"

#include <string.h>

#define CHAIN_FILE_MAX 65536
#define DAY            86400

static om_rc read_from_token(struct se *se, const char *name, STACK_OF(X509) * *out, struct om_error *err)
{
    uint8_t der[SE_CERTIFICATE_MAX];
    size_t n = sizeof der;
    OM_TRY(se_certificate_read(se, name, der, &n, err));
    return pki_parse_certificates(der, n, 1, out, err);
}

static om_rc read_from_file(const char *path, STACK_OF(X509) * *out, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    OM_TRY(om_file_read_trusted(path, CHAIN_FILE_MAX, &text, err));
    om_rc rc = pki_parse_certificates(text.octets, text.len, 1 + PKI_INTERMEDIATES_MAX, out, err);
    om_secret_free(&text);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", path);
}

static om_rc read_chain(const struct config_certificate *from, struct se *se, struct omtls_certificate *to,
                        struct om_error *err)
{
    STACK_OF(X509) *all = NULL;
    om_rc rc = from->chain[0] == '/' ? read_from_file(from->chain, &all, err)
                                     : read_from_token(se, from->chain, &all, err);
    OM_TRY(rc);
    to->leaf = sk_X509_shift(all);
    to->chain = all;
    return OM_OK;
}

/* FQDN flavour (TS-0003 10.1.1): the names of the daemon that are in it. */
static om_rc check_leaf(X509 *leaf, const char *const *names, const char **matching, struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    size_t n = 0;
    OM_TRY(pki_leaf_check(leaf, &fault, err));
    for (; *names != NULL; names++)
        if (pki_leaf_is_for(leaf, *names))
            matching[n++] = *names;
    return n > 0 ? OM_OK : om_fail(err, OM_ECONFIG, "none of this daemon's names is in it");
}

static om_rc open_one(const struct config *cfg, size_t i, struct se *se, const char *const *names,
                      struct certificates *out, struct om_error *err)
{
    struct omtls_certificate *to = &out->each[out->n];
    const char **matching = out->names[out->n];
    to->names = matching;
    out->n++;
    OM_TRY(read_chain(&cfg->certificates[i], se, to, err));
    OM_TRY(check_leaf(to->leaf, names, matching, err));
    OM_TRY(se_signer_find(se, cfg->certificates[i].key, &to->signer, err));
    int64_t end = pki_not_after(to->leaf);
    for (int j = 0; j < sk_X509_num(to->chain); j++)
        if (pki_not_after(sk_X509_value(to->chain, j)) < end)
            end = pki_not_after(sk_X509_value(to->chain, j));
    if (out->not_after == 0 || end < out->not_after)
        out->not_after = end;
    return OM_OK;
}

om_rc certificates_open(const struct config *cfg, struct se *se, const char *const *names,
                        struct certificates *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    out->cfg = cfg;
    for (size_t i = 0; i < OMTLS_CERTIFICATES_MAX; i++) {
        if (cfg->certificates[i].key[0] == '\0')
            continue;
        om_rc rc = open_one(cfg, i, se, names, out, err);
        if (rc == OM_OK)
            continue;
        certificates_close(out);
        return om_context(err, rc == OM_ETRANSIENT ? rc : OM_ECONFIG, "[%s]", config_certificate_section(i));
    }
    return OM_OK;
}

void certificates_close(struct certificates *c)
{
    for (size_t i = 0; i < c->n; i++) {
        X509_free(c->each[i].leaf);
        sk_X509_pop_free(c->each[i].chain, X509_free);
        se_signer_unref(c->each[i].signer);
    }
    memset(c, 0, sizeof *c);
}

void certificates_watch(struct certificates *c, int64_t now)
{
    char text[M2M_TIMESTAMP_SIZE];
    if (c->n == 0 || now < c->not_after - (int64_t)c->cfg->certificate_warn_days * DAY ||
        now < c->warned + DAY)
        return;
    c->warned = now;
    m2m_timestamp_format(text, c->not_after);
    if (now >= c->not_after)
        om_log(OM_LOG_ERROR, "[certificate] a certificate of this daemon ended at %s: clients refuse it",
               text);
    else
        om_log(OM_LOG_WARNING, "[certificate] a certificate of this daemon ends at %s, in %lld days", text,
               (long long)((c->not_after - now) / DAY));
}
