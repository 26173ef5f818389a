/* Sessions with other entities whose psk is a Kc in the token (SAEF, TS-0003 8.2.2.3): contexts, the client's
 * end, and what is known of a session. */
#include "client/saef.h"
#include "onem2m/types.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* --- what belongs to a context --- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ex_index = -1;

static void saef_free(struct saef *s)
{
    if (s == NULL)
        return;
    if (s->decoy != NULL)
        openmaf_key_free(&s->decoy->pub);
    om_wipe(s->cookie_key, sizeof s->cookie_key);
    free(s);
}

static void ex_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    saef_free(ptr);
}

static void init_once(void)
{
    ex_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ex_free);
}

struct saef *saef_of(const SSL_CTX *ctx)
{
    return ex_index < 0 ? NULL : SSL_CTX_get_ex_data(ctx, ex_index);
}

void saef_peer_free(void *peer)
{
    struct saef_peer *p = peer;
    if (p == NULL)
        return;
    if (p->key != NULL)
        openmaf_key_free(&p->key->pub);
    free(p);
}

/* --- keys --- */

om_rc saef_check_forms(const struct openmaf *maf, const struct key_record *k, bool tls13,
                       struct om_error *err)
{
    unsigned needed = tls13 ? SE_FORM_PSK13 : SE_FORM_PSK;
    bool of_half = (k->made & SE_FORM_PSK_OF_HALF) != 0;
    if ((k->made & needed) == 0)
        return om_fail(
            err, OM_EUNSUPPORTED,
            "%s was taken in by an older version, without its form for TLS %s; retrieve or register "
            "it again",
            k->key_id, tls13 ? "1.3" : "1.2");
    if (of_half != maf->home.saef_first_half)
        return om_fail(
            err, OM_EUNSUPPORTED,
            "%s was taken in for [saef] psk = %s; retrieve or register it again, or change maf.conf",
            k->key_id, of_half ? "first-half" : "whole");
    return OM_OK;
}

om_rc saef_load12(struct openmaf *maf, const struct key_record *k, struct se_key **key, struct om_error *err)
{
    return se_load(maf->se, &k->forms.psk, SE_USE_TLS12_PSK, key, err);
}

om_rc saef_load13(struct openmaf *maf, const struct key_record *k, struct omtls_psk13 *psk,
                  struct om_error *err)
{
    const struct se_psk13 *forms = &k->forms.psk13;
    *psk = (struct omtls_psk13){.handshake = forms->handshake, .master = forms->master};
    OM_TRY(se_load(maf->se, &forms->derived, SE_USE_TLS13_DERIVED, &psk->derived, err));
    om_rc rc = se_load(maf->se, &forms->finished, SE_USE_TLS13_FINISHED, &psk->finished, err);
    if (rc != OM_OK) {
        se_key_unref(psk->derived);
        psk->derived = NULL;
    }
    return rc;
}

/* --- contexts --- */

static om_rc client_ctx(struct saef *s, SSL_CTX **out, struct om_error *err)
{
    OSSL_LIB_CTX *libctx = s->maf->libctx;
    bool allow_no_ems = !s->maf->home.saef_require_ems;
    if (s->what.dtls)
        return omtls_client_ctx_dtls(libctx, allow_no_ems, out, err);
    if (s->maf->home.saef_tls13)
        return omtls_client_ctx13(libctx, allow_no_ems, out, err);
    return omtls_client_ctx(libctx, allow_no_ems, out, err);
}

static om_rc make_ctx(struct openmaf *maf, const struct openmaf_saef *what, SSL_CTX **out,
                      struct om_error *err)
{
    if (what == NULL || out == NULL)
        return om_fail(err, OM_EINPUT, "no description of the context, or no place for it");
    OM_TRY(client_check_size(what->size, sizeof *what, "openmaf_saef", err));
    if (what->end != OPENMAF_CLIENT && what->end != OPENMAF_SERVER)
        return om_fail(err, OM_EINPUT, "an end is OPENMAF_CLIENT or OPENMAF_SERVER");
    if (pthread_once(&once, init_once) != 0 || ex_index < 0)
        return om_fail(err, OM_EINTERNAL, "cannot set up TLS contexts");
    struct saef *s = calloc(1, sizeof *s);
    if (s == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a TLS context");
    *s = (struct saef){.maf = maf, .what = *what};
    SSL_CTX *ctx = NULL;
    om_rc rc = what->end == OPENMAF_SERVER ? saef_server_ctx(s, &ctx, err) : client_ctx(s, &ctx, err);
    if (rc == OM_OK && SSL_CTX_set_ex_data(ctx, ex_index, s) != 1)
        rc = om_fail(err, OM_ENOMEM, "no memory for a TLS context");
    if (rc != OM_OK) {
        SSL_CTX_free(ctx);
        saef_free(s);
        return rc;
    }
    *out = ctx;
    return OM_OK;
}

int openmaf_saef_ctx(struct openmaf *maf, const struct openmaf_saef *what, SSL_CTX **out,
                     struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = make_ctx(maf, what, out, &err);
    return client_end(maf, rc, &err, error);
}

/* --- the client's end --- */

static om_rc attach(struct openmaf *maf, SSL *ssl, struct saef_peer *peer, struct om_error *err)
{
    uint8_t reference[OMTLS_REFERENCE_SIZE];
    struct se_key *psk = NULL;
    const struct key_record *k = peer->key;
    OM_TRY(saef_load12(maf, k, &psk, err));
    om_rc rc = omtls_attach_psk(ssl, k->key_id, psk, maf->home.custody, peer, saef_peer_free, reference, err);
    om_wipe(reference, sizeof reference); /* the context's callback makes it again */
    se_key_unref(psk);
    return rc;
}

static om_rc attach13(struct openmaf *maf, SSL *ssl, const struct key_record *k, struct om_error *err)
{
    struct omtls_psk13 psk;
    OM_TRY(saef_load13(maf, k, &psk, err));
    om_rc rc = omtls_client_psk13(ssl, &psk, err);
    se_key_unref(psk.derived);
    se_key_unref(psk.finished);
    return rc;
}

/* The key, if it may be used now and the home has it as it is needed. */
static om_rc find_key(struct openmaf *maf, const char *key_id, bool tls13, struct key_record *k,
                      struct om_error *err)
{
    OM_TRY(key_record_name(maf, key_id, k, err));
    om_rc rc = key_record_read(maf, k, err);
    if (rc == OM_ENOTFOUND)
        return om_context(err, rc, "key %s is not in this home ('maf key retrieve' fetches it)", k->key_id);
    if (rc != OM_OK)
        return rc;
    OM_TRY(key_record_may(k, M2M_SUID_SAEF, err));
    OM_TRY(saef_check_forms(maf, k, false, err));
    if (tls13)
        OM_TRY(saef_check_forms(maf, k, true, err));
    key_record_publish(k);
    return OM_OK;
}

static om_rc use_key(struct openmaf *maf, SSL *ssl, const char *key_id, struct om_error *err)
{
    const struct saef *s = ssl != NULL ? saef_of(SSL_get_SSL_CTX(ssl)) : NULL;
    if (s == NULL || s->maf != maf || s->what.end != OPENMAF_CLIENT)
        return om_fail(err, OM_EINPUT, "the SSL is not of a client context of this home");
    bool tls13 = maf->home.saef_tls13 && !s->what.dtls;
    struct saef_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL || (peer->key = key_record_new()) == NULL) {
        free(peer);
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    }
    om_rc rc = find_key(maf, key_id, tls13, peer->key, err);
    if (rc == OM_OK)
        rc = attach(maf, ssl, peer, err);
    if (rc != OM_OK) {
        saef_peer_free(peer);
        return rc;
    }
    return tls13 ? attach13(maf, ssl, peer->key, err) : OM_OK;
}

int openmaf_saef_use_key(struct openmaf *maf, SSL *ssl, const char *key_id, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = use_key(maf, ssl, key_id, &err);
    return client_end(maf, rc, &err, error);
}

/* --- what is known of a session --- */

const struct openmaf_key *openmaf_saef_key(const SSL *ssl)
{
    if (ssl == NULL || saef_of(SSL_get_SSL_CTX(ssl)) == NULL || !SSL_is_init_finished(ssl))
        return NULL;
    const struct saef_peer *peer = omtls_peer(ssl);
    return peer != NULL && peer->key != NULL ? &peer->key->pub : NULL;
}

const char *openmaf_saef_peer(const SSL *ssl)
{
    const struct openmaf_key *key = openmaf_saef_key(ssl);
    if (key == NULL)
        return NULL;
    if (key->role == OPENMAF_TARGET)
        return key->source;
    return key->n_targets == 1 ? key->targets[0] : NULL;
}
