/* MEF-HS-2: a client that got a certificate from this MEF must use the latest one.
 *
 * The latest is the newest that was ever used in a handshake here, not the newest that was issued: a client
 * whose answer was lost has only the one before (docs/adr/0095). Certificates of other authorities are none
 * of this rule's. */
#include "mef/mef_internal.h"

#include <string.h>

#include "maf/certificate.h"
#include "store/subject.h"
#include "util/log.h"
#include "util/text.h"

/* "" for what no certificate of ours can have. */
static void serial_of(X509 *leaf, char out[STORE_SERIAL_SIZE])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
    out[0] = '\0';
    if (serial != NULL && serial->type == V_ASN1_INTEGER && 2 * serial->length < STORE_SERIAL_SIZE)
        om_hex_lower(out, serial->data, (size_t)serial->length);
}

/* The record of a certificate that one of our authorities issued. OM_ENOTFOUND: it is another's. */
static om_rc find_issued(struct store *store, X509 *leaf, struct store_issued *out, struct om_error *err)
{
    char serial[STORE_SERIAL_SIZE];
    unsigned char *der = NULL;
    serial_of(leaf, serial);
    if (serial[0] == '\0')
        return OM_ENOTFOUND;
    OM_TRY(store_issued_get(store, serial, out, err));
    int n = i2d_X509(leaf, &der);
    bool same = n > 0 && (size_t)n == out->cert_len && memcmp(der, out->cert, out->cert_len) == 0;
    OPENSSL_free(der);
    if (same)
        return OM_OK;
    store_issued_free(out);
    return OM_ENOTFOUND;
}

static om_rc check_issued(struct maf *maf, const struct maf_certificate *c, const struct store_issued *issued,
                          struct om_error *err)
{
    struct store_latest latest;
    if (issued->revoked != 0)
        return om_fail(err, OM_EDENIED, "certificate %s was revoked", issued->serial);
    om_rc rc = store_latest_get(maf->store, c->id, &latest, err);
    if (rc == OM_OK && issued->created < latest.created)
        return om_fail(err, OM_EDENIED, "a later certificate of this client was used: %s", latest.serial);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

om_rc mef_certificate(struct maf *maf, const struct maf_certificate *c, struct om_error *err)
{
    struct store_issued issued;
    if (c->leaf == NULL)
        return OM_OK;
    om_rc rc = find_issued(maf->store, c->leaf, &issued, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    rc = check_issued(maf, c, &issued, err);
    store_issued_free(&issued);
    return rc;
}

static om_rc note(struct maf *maf, const struct maf_certificate *c, const struct store_issued *issued,
                  struct om_error *err)
{
    struct store_latest latest = {.created = issued->created};
    om_rc rc = store_latest_get(maf->store, c->id, &latest, err);
    if (rc == OM_OK && latest.created >= issued->created)
        return OM_OK;
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    latest.created = issued->created;
    OM_TRY(om_copy_text(latest.id, sizeof latest.id, c->id, err));
    OM_TRY(om_copy_text(latest.serial, sizeof latest.serial, issued->serial, err));
    OM_TRY(store_latest_put(maf->store, &latest, err));
    om_audit("certificate-used", "certificate=%s serial=%s", c->id, issued->serial);
    return OM_OK;
}

/* That an older one works a little longer is no reason to refuse this one: the next handshake tries again. */
void mef_certificate_used(struct maf *maf, const struct maf_certificate *c)
{
    struct store_issued issued;
    struct om_error err = {0};
    if (c->leaf == NULL)
        return;
    om_rc rc = find_issued(maf->store, c->leaf, &issued, &err);
    if (rc == OM_ENOTFOUND)
        return;
    if (rc == OM_OK) {
        rc = note(maf, c, &issued, &err);
        store_issued_free(&issued);
    }
    if (rc != OM_OK)
        om_log(OM_LOG_WARNING, "the use of a certificate of %s is not recorded: %s", c->id,
               om_error_text(&err, rc));
}
