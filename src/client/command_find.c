/* What an authenticationProfile names and this home must have: a pre-provisioned key, or a certificate with
 * its key. */
#include "client/certificate.h"
#include "client/command.h"
#include "client/credential.h"
#include "client/key_record.h"
#include "util/text.h"

#include <openssl/evp.h>
#include <string.h>

/* Km by its KmID. */
static om_rc find_credential(struct openmaf *maf, const char *id, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    struct credential c;
    OM_TRY(record_name(name, RECORD_CREDENTIAL, id, err));
    OM_TRY(credential_read(maf, name, &c, err));
    return credential_server(maf, &c) == &maf->home.maf
               ? OM_OK
               : om_fail(err, OM_EDENIED, "%.120s is not shared with %.120s", id, maf->home.maf.fqdn);
}

static om_rc find_kc(struct openmaf *maf, unsigned suid, const char *id, struct key_record *k,
                     struct om_error *err)
{
    OM_TRY(key_record_name(maf, id, k, err));
    OM_TRY(key_record_read(maf, k, err));
    if (k->pub.suid % 10 != suid % 10)
        return om_fail(err, OM_EDENIED, "%s is for SUID %u", k->key_id, k->pub.suid);
    return key_record_may(k, k->pub.suid, err);
}

om_rc command_find_key(struct openmaf *maf, unsigned suid, const char *id, struct om_error *err)
{
    if (suid % 10 == 1)
        return find_credential(maf, id, err);
    struct key_record *k = key_record_new();
    if (k == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    om_rc rc = find_kc(maf, suid, id, k, err);
    openmaf_key_free(&k->pub);
    return rc;
}

struct search {
    const char *fingerprint;
    struct certificate *found;
};

static bool is_other(void *arg, struct certificate *c)
{
    struct search *s = arg;
    uint8_t digest[32];
    char hex[2 * sizeof digest + 1];
    if (c->chain == NULL || X509_digest(sk_X509_value(c->chain, 0), EVP_sha256(), digest, NULL) != 1)
        return true;
    om_hex_lower(hex, digest, sizeof digest);
    if (strcmp(hex, s->fingerprint) != 0)
        return true;
    *s->found = *c;
    memset(c, 0, sizeof *c);
    return false;
}

static om_rc check_usable(struct openmaf *maf, const struct certificate *c, struct om_error *err)
{
    struct se_signer *signer = NULL;
    if (c->until <= client_now())
        return om_fail(err, OM_EDENIED, "certificate %.120s has expired", c->id);
    OM_TRY(certificate_signer(maf, c, &signer, err));
    se_signer_unref(signer);
    return OM_OK;
}

om_rc command_find_certificate(struct openmaf *maf, const char *fingerprint, struct certificate *c,
                               struct om_error *err)
{
    struct search s = {.fingerprint = fingerprint, .found = c};
    memset(c, 0, sizeof *c);
    om_rc rc = certificate_each(maf, is_other, &s, err);
    if (rc == OM_OK && c->chain == NULL)
        rc = om_fail(err, OM_ENOTFOUND, "this home has no certificate with fingerprint %s", fingerprint);
    if (rc == OM_OK)
        rc = check_usable(maf, c, err);
    if (rc != OM_OK)
        certificate_free(c);
    return rc;
}
