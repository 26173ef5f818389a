/* See issuer.h. */
#include "issuer.h"
#include "pki/anchors.h"
#include "util/text.h"

#include <openssl/pem.h>

struct issuer issuer;

void issuer_start(void)
{
    issuer.maf_ca_key = test_key("P-256");
    issuer.client_ca_key = test_key("P-256");
    issuer.maf_key = test_key("P-256");
    issuer.maf_ca =
        test_certificate(issuer.maf_ca_key, &(struct test_certificate){.cn = "maf CA", .ca = true});
    issuer.client_ca =
        test_certificate(issuer.client_ca_key, &(struct test_certificate){.cn = "client CA", .ca = true});
    issuer.maf =
        test_certificate(issuer.maf_key, &(struct test_certificate){.san = "DNS:" FQDN,
                                                                    .extended_key_usage = "serverAuth",
                                                                    .issuer = issuer.maf_ca,
                                                                    .issuer_key = issuer.maf_ca_key});
}

void issuer_stop(void)
{
    EVP_PKEY_free(issuer.maf_ca_key);
    EVP_PKEY_free(issuer.client_ca_key);
    EVP_PKEY_free(issuer.maf_key);
    X509_free(issuer.maf_ca);
    X509_free(issuer.client_ca);
    X509_free(issuer.maf);
}

struct peer_certificate issuer_peer(X509 *leaf)
{
    return (struct peer_certificate){
        .leaf = leaf != NULL ? leaf : issuer.maf, .key = issuer.maf_key, .client_anchor = issuer.client_ca};
}

X509 *issuer_answer(const char *csr, const struct test_certificate *how)
{
    BIO *bio = BIO_new_mem_buf(csr, -1);
    X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    assert_non_null(req);
    struct test_certificate what = *how;
    if (what.san == NULL)
        what.san = "URI:m2m:" OWN_ID;
    if (what.extended_key_usage == NULL)
        what.extended_key_usage = "clientAuth";
    if (what.issuer == NULL) {
        what.issuer = issuer.client_ca;
        what.issuer_key = issuer.client_ca_key;
    }
    X509 *cert = test_certificate(X509_REQ_get0_pubkey(req), &what);
    X509_REQ_free(req);
    BIO_free(bio);
    return cert;
}

char *issuer_csr(struct openmaf *maf)
{
    const struct openmaf_csr rq = {.size = sizeof rq, .flavour = "ae"};
    char *pem = NULL;
    SUCCEEDS(openmaf_csr_make(maf, &rq, &pem, ERROR));
    return pem;
}

char *issuer_anchors(X509 *anchor)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    char *text = NULL;
    assert_true(sk_X509_push(certs, anchor) > 0);
    assert_int_equal(pki_anchors_encode(certs, &text, NULL), OM_OK);
    sk_X509_free(certs);
    return text;
}

json_t *issuer_bundle(X509 *leaf)
{
    char base64[8192];
    unsigned char *der = NULL;
    int n = i2d_X509(leaf, &der);
    assert_true(n > 0 && n < 4096);
    om_base64_encode(base64, der, (size_t)n);
    OPENSSL_free(der);
    char *anchors = issuer_anchors(issuer.maf_ca);
    json_t *bundle = json_pack("{s:i, s:{s:s, s:s, s:{s:s, s:s}}, s:[s]}", "openmaf-bundle", 1,
                               "clientRegCfg", "fqdn", FQDN, "adfq", ADMIN, "certAuth", "credID",
                               OWN_CREDENTIAL, "caCerts", anchors, "certificates", base64);
    free(anchors);
    assert_non_null(bundle);
    return bundle;
}

int issuer_import(struct openmaf *maf, json_t *bundle)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/bundle.json", fixture_token->dir);
    assert_int_equal(json_dump_file(bundle, path, 0), 0);
    json_decref(bundle);
    int code = openmaf_bundle_import(maf, path, ERROR);
    assert_int_equal(remove(path), 0);
    return code;
}

void issuer_enrol(struct openmaf *maf)
{
    char *csr = issuer_csr(maf);
    X509 *cert = issuer_answer(csr, &(struct test_certificate){.cn = "client"});
    SUCCEEDS(issuer_import(maf, issuer_bundle(cert)));
    X509_free(cert);
    openmaf_text_free(csr);
}
