/* Certificates, continued: their keys, finding, removing, loading for a handshake. */
#include "client/certificate.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define KEY_PREFIX "openmaf-client-"

void certificate_key_name(const struct certificate *c, char out[SE_NAME_MAX + 1])
{
    (void)snprintf(out, SE_NAME_MAX + 1, KEY_PREFIX "%s", c->key);
}

om_rc certificate_remove(struct openmaf *maf, const struct certificate *c, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    char key[SE_NAME_MAX + 1];
    certificate_key_name(c, key);
    OM_TRY(record_name(name, RECORD_CERTIFICATE, c->key, err));
    om_rc rc = se_signer_remove(maf->se, key, err); /* first: while there is a record, it can be repeated */
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    return record_remove(&maf->home, name, err);
}

/* --- finding --- */

om_rc certificate_each(struct openmaf *maf, certificate_fn *fn, void *arg, struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    OM_TRY(record_names(&maf->home, RECORD_CERTIFICATE, &names, err));
    om_rc rc = OM_OK;
    bool more = true;
    for (size_t i = 0; rc == OM_OK && more && i < names.n; i++) {
        struct certificate c;
        rc = certificate_read(maf, names.items[i], &c, err);
        if (rc == OM_OK)
            more = fn(arg, &c);
        certificate_free(&c);
    }
    m2m_list_free(&names);
    return rc;
}

struct search {
    const char *id;  /* NULL: any */
    const char *mef; /* NULL: from anywhere */
    struct certificate *best;
};

static bool newer(void *arg, struct certificate *c)
{
    struct search *s = arg;
    bool wanted =
        (s->id == NULL || strcmp(c->id, s->id) == 0) && (s->mef == NULL || strcmp(c->mef, s->mef) == 0);
    if (wanted && c->order > s->best->order) {
        struct certificate old = *s->best;
        *s->best = *c;
        *c = old;
    }
    return true;
}

om_rc certificate_newest(struct openmaf *maf, const char *id, struct certificate *c, struct om_error *err)
{
    return certificate_newest_of(maf, NULL, id, c, err);
}

om_rc certificate_newest_of(struct openmaf *maf, const char *mef, const char *id, struct certificate *c,
                            struct om_error *err)
{
    struct search s = {.id = id, .mef = mef, .best = c};
    memset(c, 0, sizeof *c);
    om_rc rc = certificate_each(maf, newer, &s, err);
    if (rc == OM_OK && c->order == 0)
        rc = om_fail(err, OM_ENOTFOUND, "this home has no certificate%s%.200s", id != NULL ? " " : "",
                     id != NULL ? id : "");
    if (rc != OM_OK)
        certificate_free(c);
    return rc;
}

om_rc certificate_signer(struct openmaf *maf, const struct certificate *c, struct se_signer **out,
                         struct om_error *err)
{
    char name[SE_NAME_MAX + 1];
    certificate_key_name(c, name);
    om_rc rc = se_signer_find(maf->se, name, out, err);
    return rc == OM_ENOTFOUND ? om_context(err, rc, "the key of %.200s is not in the token any more", c->id)
                              : rc;
}

/* --- removing --- */

struct doomed {
    const char *id;
    int64_t expired_at;
    struct m2m_list keys;
    om_rc rc;
    struct om_error *err;
};

static bool note_doomed(void *arg, struct certificate *c)
{
    struct doomed *d = arg;
    bool expired = d->expired_at == 0 || (c->imported != 0 && c->until <= d->expired_at);
    if (strcmp(c->id, d->id) == 0 && expired)
        d->rc = m2m_list_add(&d->keys, c->key, d->err);
    return d->rc == OM_OK;
}

om_rc certificate_remove_all(struct openmaf *maf, const char *id, int64_t expired_at, struct om_error *err)
{
    struct doomed d = {.id = id, .expired_at = expired_at, .keys = M2M_LIST_INIT, .rc = OM_OK, .err = err};
    om_rc rc = certificate_each(maf, note_doomed, &d, err);
    if (rc == OM_OK)
        rc = d.rc;
    if (rc == OM_OK && d.keys.n == 0)
        rc = om_fail(err, OM_ENOTFOUND, "this home has no certificate %.200s", id);
    for (size_t i = 0; rc == OM_OK && i < d.keys.n; i++) {
        struct certificate c = {.order = 0};
        rc = om_copy_text(c.key, sizeof c.key, d.keys.items[i], err);
        if (rc == OM_OK)
            rc = certificate_remove(maf, &c, err);
    }
    m2m_list_free(&d.keys);
    return rc;
}

/* --- use --- */

static om_rc check_validity(const struct certificate *c, struct om_error *err)
{
    char text[M2M_TIMESTAMP_SIZE];
    int64_t now = client_now();
    if (c->from > now) {
        m2m_timestamp_format(text, c->from);
        return om_fail(err, OM_EDENIED, "certificate %.200s is not valid before %s", c->id, text);
    }
    m2m_timestamp_format(text, c->until);
    return now < c->until
               ? OM_OK
               : om_fail(err, OM_EDENIED, "certificate %.200s expired at %s; 'maf %s' asks for a new one",
                         c->id, text, c->mef[0] != '\0' ? "credential enrol" : "csr");
}

om_rc certificate_load(struct openmaf *maf, const struct certificate *c, const char *anchors,
                       struct certificate_key *out, struct om_error *err)
{
    *out = (struct certificate_key){.anchors = NULL};
    OM_TRY(om_copy_text(out->id, sizeof out->id, c->id, err));
    OM_TRY(check_validity(c, err));
    OM_TRY(pki_anchors_decode(anchors != NULL ? anchors : c->anchors, &out->anchors, err));
    out->own.chain = X509_chain_up_ref(c->chain);
    if (out->own.chain == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for certificates");
    out->own.leaf = sk_X509_shift(out->own.chain);
    return certificate_signer(maf, c, &out->own.signer, err);
}

void certificate_unload(struct certificate_key *key)
{
    X509_free(key->own.leaf);
    sk_X509_pop_free(key->own.chain, X509_free);
    se_signer_unref(key->own.signer);
    sk_X509_pop_free(key->anchors, X509_free);
    *key = (struct certificate_key){.anchors = NULL};
}
