/* The server's end of a session with another entity: from the psk_identity to a Kc in the token.
 *
 * MAF-HS-6 holds here too: an identity that is unknown, expired, refused, or whose record is not good, gets a
 * decoy key, and the handshake fails where one with a wrong key does. One record is read and authenticated
 * and one wrapped key is loaded in each case; what differs is a file that is not there. */
#include "client/saef.h"
#include "onem2m/types.h"

#include <stdlib.h>

/* One look-up: the record, and why it is no good. */
struct lookup {
    struct saef *saef;
    struct key_record *k;
    struct om_error why;
    bool good;
};

static om_rc allowed(const struct lookup *l, struct om_error *why)
{
    const struct openmaf_saef *what = &l->saef->what;
    key_record_publish(l->k);
    return what->allow == NULL || what->allow(what->arg, &l->k->pub) != 0
               ? OM_OK
               : om_fail(why, OM_EDENIED, "%s is not among the keys allowed here", l->k->key_id);
}

static om_rc judge(struct lookup *l, bool tls13)
{
    OM_TRY(key_record_may(l->k, M2M_SUID_SAEF, &l->why));
    OM_TRY(saef_check_forms(l->saef->maf, l->k, tls13, &l->why));
    return allowed(l, &l->why);
}

/* Reads one record, whatever the identity. Fails only when token or memory do. */
static om_rc read_record(struct lookup *l, const char *identity, bool tls13, struct om_error *err)
{
    struct openmaf *maf = l->saef->maf;
    om_rc rc = key_record_name(maf, identity, l->k, &l->why);
    if (rc == OM_OK)
        rc = key_record_read(maf, l->k, &l->why);
    if (rc == OM_OK) {
        l->good = judge(l, tls13) == OM_OK;
        return OM_OK;
    }
    if (rc == OM_EINTEGRITY || rc == OM_ECONFIG)
        return OM_OK; /* the record was read, up to its MAC */
    if (rc != OM_ENOTFOUND && rc != OM_EINPUT) {
        if (err != NULL)
            *err = l->why;
        return rc;
    }
    struct key_record *decoy = key_record_new();
    if (decoy == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    rc = key_record_read_decoy(maf, decoy, NULL);
    openmaf_key_free(&decoy->pub);
    return rc == OM_ETRANSIENT ? om_fail(err, rc, "the token does not answer") : OM_OK;
}

static om_rc begin(struct lookup *l, struct saef *s, const char *identity, bool tls13, struct om_error *err)
{
    *l = (struct lookup){.saef = s, .k = key_record_new()};
    if (l->k == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    return read_record(l, identity, tls13, err);
}

/* Which record's blobs to load; after EINTEGRITY the decoy's. */
static const struct key_record *chosen(const struct lookup *l)
{
    return l->good ? l->k : l->saef->decoy;
}

static void spoil(struct lookup *l, om_rc rc)
{
    l->good = false;
    (void)om_fail(&l->why, rc, "%s does not unwrap with this token", l->k->key_id);
}

/* Turns the look-up into the SSL's peer and frees it. */
static om_rc end(struct lookup *l, om_rc rc, const char *identity, void **peer, struct om_error *err)
{
    const struct openmaf_saef *what = &l->saef->what;
    struct saef_peer *p = rc == OM_OK ? calloc(1, sizeof *p) : NULL;
    if (rc == OM_OK && p == NULL)
        rc = om_fail(err, OM_ENOMEM, "no memory for a peer");
    if (p != NULL && l->good) {
        p->key = l->k;
        l->k = NULL;
    } else if (p != NULL && what->refused != NULL) {
        what->refused(what->arg, identity, om_error_text(&l->why, l->why.rc));
    }
    if (l->k != NULL)
        openmaf_key_free(&l->k->pub);
    *peer = p;
    return rc;
}

static om_rc find(void *arg, const struct omtls_hello *hello, struct se_key **key, void **peer,
                  struct om_error *err)
{
    struct lookup l;
    struct saef *s = arg;
    *key = NULL;
    om_rc rc = begin(&l, s, hello->identity, false, err);
    if (rc == OM_OK)
        rc = saef_load12(s->maf, chosen(&l), key, err);
    if (rc == OM_EINTEGRITY && l.good) {
        spoil(&l, rc);
        rc = saef_load12(s->maf, chosen(&l), key, err);
    }
    rc = end(&l, rc, hello->identity, peer, err);
    if (rc != OM_OK) {
        se_key_unref(*key);
        *key = NULL;
    }
    return rc;
}

static om_rc find13(void *arg, const struct omtls_hello *hello, struct omtls_psk13 *psk, void **peer,
                    struct om_error *err)
{
    struct lookup l;
    struct saef *s = arg;
    *psk = (struct omtls_psk13){.derived = NULL};
    om_rc rc = begin(&l, s, hello->identity, true, err);
    if (rc == OM_OK)
        rc = saef_load13(s->maf, chosen(&l), psk, err);
    if (rc == OM_EINTEGRITY && l.good) {
        spoil(&l, rc);
        rc = saef_load13(s->maf, chosen(&l), psk, err);
    }
    rc = end(&l, rc, hello->identity, peer, err);
    if (rc != OM_OK) {
        se_key_unref(psk->derived);
        se_key_unref(psk->finished);
        *psk = (struct omtls_psk13){.derived = NULL};
    }
    return rc;
}

om_rc saef_server_ctx(struct saef *s, SSL_CTX **out, struct om_error *err)
{
    const struct home *home = &s->maf->home;
    const struct omtls_server config = {
        .libctx = s->maf->libctx,
        .custody = home->custody,
        .any_name = true,
        .allow_no_ems = !home->saef_require_ems,
        .dtls = s->what.dtls != 0,
        .find = find,
        .find13 = home->saef_tls13 && s->what.dtls == 0 ? find13 : NULL,
        .peer_free = saef_peer_free,
        .arg = s,
    };
    s->decoy = key_record_new();
    if (s->decoy == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    OM_TRY(key_record_decoy(s->maf, s->decoy, err));
    OM_TRY(omtls_server_ctx(&config, out, err));
    if (s->what.dtls == 0)
        return OM_OK;
    om_rc rc = saef_cookies(s, *out, err);
    if (rc != OM_OK) {
        SSL_CTX_free(*out);
        *out = NULL;
    }
    return rc;
}
