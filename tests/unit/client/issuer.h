/* An issuer of certificates for the tests of libmaf, of plain OpenSSL: a CA for the MAF and one for clients,
 * and bundles as administrators hand them out. */
#ifndef OPENMAF_TESTS_CLIENT_ISSUER_H
#define OPENMAF_TESTS_CLIENT_ISSUER_H

#include "certificate.h"
#include "fixture.h"
#include "peer.h"

#include <jansson.h>

#define OWN_CREDENTIAL "33-" OWN_ID

struct issuer {
    EVP_PKEY *maf_ca_key, *client_ca_key, *maf_key;
    X509 *maf_ca, *client_ca, *maf;
};
extern struct issuer issuer;

/* Makes both CAs, and a certificate for FQDN. */
void issuer_start(void);
void issuer_stop(void);

/* What a scripted MAF needs: the good certificate, or the MAF's key in another one. */
struct peer_certificate issuer_peer(X509 *leaf /* NULL: the good one */);

/* A certificate for the key of a request in PEM; what is NULL in `how` is as the client CA does it. */
X509 *issuer_answer(const char *csr, const struct test_certificate *how);

/* The client's request, made by libmaf. Freed with openmaf_text_free. */
char *issuer_csr(struct openmaf *maf);

/* A bundle under ADMIN with this certificate; new reference. */
json_t *issuer_bundle(X509 *leaf);

/* caCerts of an anchor. Freed by the caller. */
char *issuer_anchors(X509 *anchor);

/* Writes a document (taken over) to a file below the token's directory and takes it in. Returns the code. */
int issuer_import(struct openmaf *maf, json_t *bundle);

/* All of it: request, answer, bundle, import. */
void issuer_enrol(struct openmaf *maf);

#endif
