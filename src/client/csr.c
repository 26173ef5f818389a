/* Certificate signing requests (TS-0003 10.1.4): the key is made in the client's token. */
#include "client/certificate.h"
#include "pki/request.h"
#include "util/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Public domain name of a CSE (TS-0001 6.5.1.1): //sp.example/cse1 is cse1.sp.example. */
static om_rc own_cse_name(const char *id, char out[M2M_ID_SIZE], struct om_error *err)
{
    const char *host = id + 2;
    size_t n = strcspn(host, "/");
    const char *rest = host + n + 1; /* an Absolute ID has one or two segments */
    if (strchr(rest, '/') != NULL)
        return om_fail(err, OM_EINPUT, "%.200s is an AE, not a CSE", id);
    size_t m = strlen(rest);
    memcpy(out, rest, m);
    out[m] = '.';
    memcpy(out + m + 1, host, n);
    out[m + 1 + n] = '\0';
    return OM_OK;
}

om_rc certificate_name_of(const struct openmaf *maf, enum pki_flavour flavour, const char *text,
                          struct pki_name *out, struct om_error *err)
{
    char own[M2M_ID_SIZE];
    if (flavour == PKI_FQDN)
        return om_fail(err, OM_EINPUT, "an fqdn certificate is for a MAF, not for a client of one");
    if (text == NULL && flavour == PKI_AE)
        text = maf->home.id;
    if (text == NULL && flavour == PKI_CSE) {
        OM_TRY(own_cse_name(maf->home.id, own, err));
        text = own;
    }
    if (text == NULL)
        return om_fail(err, OM_EINPUT, "a %s certificate needs a name", pki_flavour_text(flavour));
    OM_TRY(pki_name_set(out, flavour, text, err));
    if (flavour == PKI_AE && strcmp(text, maf->home.id) != 0)
        return om_fail(err, OM_EINPUT, "%.200s is not this client, which is %.200s", text, maf->home.id);
    return OM_OK;
}

/* A request that was made and not answered yet is made again, with the same key: its text may be lost. */
struct pending {
    const char *id;
    struct certificate found;
};

static bool find_pending(void *arg, struct certificate *c)
{
    struct pending *p = arg;
    if (c->imported != 0 || strcmp(c->id, p->id) != 0)
        return true;
    p->found = *c;
    memset(c, 0, sizeof *c);
    return false;
}

static om_rc random_name(char out[CERTIFICATE_KEY_SIZE], struct om_error *err)
{
    uint8_t octets[(CERTIFICATE_KEY_SIZE - 1) / 2];
    if (getrandom(octets, sizeof octets, 0) != (ssize_t)sizeof octets)
        return om_fail(err, OM_ETRANSIENT, "no random octets: %s", strerror(errno));
    om_hex_lower(out, octets, sizeof octets);
    return OM_OK;
}

/* The record is there before the key, so that no key in the token is without one. */
static om_rc find_or_begin(struct openmaf *maf, const struct pki_name *name, struct certificate *c,
                           struct om_error *err)
{
    char id[M2M_ID_SIZE];
    struct pending p = {.id = id};
    OM_TRY(pki_name_credential_id(name, id, err));
    OM_TRY(certificate_each(maf, find_pending, &p, err));
    if (p.found.key[0] != '\0') {
        *c = p.found;
        return OM_OK;
    }
    *c = (struct certificate){.name = *name, .requested = client_now()};
    OM_TRY(om_copy_text(c->id, sizeof c->id, id, err));
    OM_TRY(random_name(c->key, err));
    return certificate_write(maf, c, err);
}

static om_rc find_or_make_key(struct openmaf *maf, const struct certificate *c, struct se_signer **out,
                              struct om_error *err)
{
    char name[SE_NAME_MAX + 1];
    certificate_key_name(c, name);
    om_rc rc = se_signer_find(maf->se, name, out, err);
    return rc == OM_ENOTFOUND ? se_signer_make(maf->se, name, out, err) : rc;
}

om_rc certificate_request_key(struct openmaf *maf, const struct pki_name *name, struct certificate *c,
                              EVP_PKEY **key, struct om_error *err)
{
    struct se_signer *signer = NULL;
    *key = NULL;
    *c = (struct certificate){.order = 0};
    om_rc rc = find_or_begin(maf, name, c, err);
    if (rc == OM_OK)
        rc = find_or_make_key(maf, c, &signer, err);
    if (rc == OM_OK)
        rc = omtls_signing_key(maf->libctx, signer, key, err);
    se_signer_unref(signer);
    if (rc != OM_OK)
        certificate_free(c);
    return rc;
}

static om_rc make(struct openmaf *maf, const struct openmaf_csr *rq, char **pem, struct om_error *err)
{
    struct pki_name name;
    struct certificate c = {.order = 0};
    enum pki_flavour flavour = PKI_AE;
    EVP_PKEY *key = NULL;
    char *text = NULL;
    if (rq == NULL || pem == NULL)
        return om_fail(err, OM_EINPUT, "no request or no place for the result");
    OM_TRY(client_check_size(rq->size, sizeof *rq, "openmaf_csr", err));
    OM_TRY(pki_flavour_parse(rq->flavour != NULL ? rq->flavour : "", &flavour, err));
    OM_TRY(certificate_name_of(maf, flavour, rq->name, &name, err));
    om_rc rc = certificate_request_key(maf, &name, &c, &key, err);
    if (rc == OM_OK)
        rc = pki_request_make(maf->libctx, key, &name, NULL, &text, err);
    if (rc == OM_OK && (*pem = strdup(text)) == NULL)
        rc = om_fail(err, OM_ENOMEM, "no memory for a request");
    OPENSSL_free(text);
    EVP_PKEY_free(key);
    certificate_free(&c);
    return rc;
}

int openmaf_csr_make(struct openmaf *maf, const struct openmaf_csr *request, char **pem,
                     struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = make(maf, request, pem, &err);
    return client_end(maf, rc, &err, error);
}

void openmaf_text_free(char *text)
{
    free(text);
}
