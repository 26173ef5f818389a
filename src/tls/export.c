/* The oneM2M exporters (TS-0003 10.3.1), and what callers may ask about a connection. */
#include "tls/error_queue.h"
#include "tls/token_prf.h"

#include <openssl/err.h>
#include <string.h>

#define EXPORT_SIZE (OMTLS_EXPORT_ID_SIZE + OMTLS_REFERENCE_SIZE)

const char *omtls_identity(const SSL *ssl)
{
    const struct omtls_connection *c = omtls_connection_of(ssl);
    return c == NULL ? NULL : c->identity;
}

void *omtls_peer(const SSL *ssl)
{
    const struct omtls_connection *c = omtls_connection_of(ssl);
    return c == NULL ? NULL : c->peer;
}

static om_rc check_exportable(const SSL *ssl, const struct omtls_connection *c, struct om_error *err)
{
    if (c == NULL || !c->established || !(c->authenticated || SSL_is_init_finished(ssl)))
        return om_fail(err, OM_EDENIED, "no export before the end of a handshake with a key in the token");
    /* To TLS 1.3, any pre-shared key resumes; `established` says that it was ours. */
    if (SSL_version(ssl) != TLS1_3_VERSION && SSL_session_reused(ssl))
        return om_fail(err, OM_EDENIED, "no export from a resumed session");
    if (!c->ems && !c->allow_no_ems)
        return om_fail(err, OM_EDENIED, "no export without the extended master secret");
    return OM_OK;
}

/* The reference that the exporter left behind the identifier is to this connection's key. */
static om_rc check_reference(const struct omtls_connection *c, const uint8_t reference[OMTLS_REFERENCE_SIZE],
                             struct om_error *err)
{
    struct omtls_reference ref;
    if (!omtls_reference_decode(reference, &ref) || ref.type != OMTLS_REFERENCE_EXPORT ||
        omtls_connection_find(&ref) != c)
        return om_fail(err, OM_EINTERNAL, "the exporter did not run in the token");
    return OM_OK;
}

/* Runs OpenSSL's exporter, which comes back to the provider; the key is then with the connection. */
static om_rc run(SSL *ssl, struct omtls_connection *c, const char *label, uint8_t id[OMTLS_EXPORT_ID_SIZE],
                 struct om_error *err)
{
    uint8_t out[EXPORT_SIZE];
    size_t label_len = omtls_label_len(label);
    if (label_len == 0)
        return om_fail(err, OM_EINPUT, "\"%.64s\" is not a oneM2M exporter label", label);
    OM_TRY(check_exportable(ssl, c, err));
    omtls_error_clear();
    omtls_export_begin(c);
    int done = SSL_export_keying_material(ssl, out, sizeof out, label, label_len, NULL, 0, 0);
    omtls_export_end();
    om_rc rc = done == 1 ? check_reference(c, out + OMTLS_EXPORT_ID_SIZE, err)
                         : omtls_error_take(err, "cannot export from the TLS session");
    if (rc == OM_OK)
        memcpy(id, out, OMTLS_EXPORT_ID_SIZE);
    om_wipe(out, sizeof out);
    return rc;
}

om_rc omtls_export(SSL *ssl, const char *label, uint8_t id[OMTLS_EXPORT_ID_SIZE], struct se_key **key,
                   struct om_error *err)
{
    struct omtls_connection *c = omtls_connection_of(ssl);
    *key = NULL;
    OM_TRY(run(ssl, c, label, id, err));
    *key = omtls_connection_take_exported(c);
    return *key != NULL ? OM_OK : om_fail(err, OM_EINTERNAL, "the exporter left no key");
}

om_rc omtls_export_forms(SSL *ssl, const char *label, uint8_t id[OMTLS_EXPORT_ID_SIZE], unsigned wanted,
                         struct se_forms *forms, struct om_error *err)
{
    struct omtls_connection *c = omtls_connection_of(ssl);
    memset(forms, 0, sizeof *forms);
    if (c != NULL) {
        c->forms = forms;
        c->wanted = wanted;
    }
    om_rc rc = run(ssl, c, label, id, err);
    if (c != NULL)
        c->forms = NULL;
    return rc;
}
