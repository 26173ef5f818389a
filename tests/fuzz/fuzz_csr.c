/* Fuzz target: signing requests, trust anchors and CSR attributes from outside. What was accepted must be
 * what the profile says, and must be accepted again in its DER form. */
#include "target.h"

#include "pki/anchors.h"
#include "pki/csr_attributes.h"
#include "pki/request.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void as_request(const uint8_t *data, size_t size)
{
    struct pki_request first, second;
    unsigned char *der = NULL;
    if (pki_request_read(data, size, &first, NULL) != OM_OK)
        return;
    int n = i2d_X509_REQ(first.req, &der);
    require(n > 0 && pki_request_read(der, (size_t)n, &second, NULL) == OM_OK);
    require(memcmp(first.fingerprint, second.fingerprint, sizeof first.fingerprint) == 0);
    require((first.san == NULL) == (second.san == NULL));
    pki_request_free(&first);
    pki_request_free(&second);
    OPENSSL_free(der);
}

static void as_challenged(const uint8_t *data, size_t size)
{
    struct pki_request r;
    char challenge[PKI_CHALLENGE_SIZE];
    if (pki_request_read_challenged(data, size, &r, challenge, NULL) != OM_OK)
        return;
    require(strnlen(challenge, sizeof challenge) < sizeof challenge);
    pki_request_free(&r);
}

static void as_anchors(const uint8_t *data, size_t size)
{
    STACK_OF(X509) *first = NULL, *second = NULL;
    char *text = malloc(size + 1);
    char *again = NULL;
    require(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (pki_anchors_decode(text, &first, NULL) == OM_OK) {
        /* The same certificate twice is read, not written. */
        if (pki_anchors_encode(first, &again, NULL) == OM_OK)
            require(pki_anchors_decode(again, &second, NULL) == OM_OK &&
                    sk_X509_num(first) == sk_X509_num(second));
        sk_X509_pop_free(first, X509_free);
        sk_X509_pop_free(second, X509_free);
    }
    free(again);
    free(text);
}

static void as_attributes(const uint8_t *data, size_t size)
{
    struct pki_csr_attributes first, second;
    unsigned char *der = NULL;
    size_t n = 0;
    if (pki_csr_attributes_decode(data, size, &first, NULL) != OM_OK)
        return;
    if (pki_csr_attributes_encode(&first, &der, &n, NULL) == OM_OK && n <= PKI_CSR_ATTRIBUTES_MAX) {
        require(pki_csr_attributes_decode(der, n, &second, NULL) == OM_OK);
        require(first.challenge == second.challenge && (first.san == NULL) == (second.san == NULL));
        pki_csr_attributes_free(&second);
    }
    OPENSSL_free(der);
    pki_csr_attributes_free(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_request(data, size);
    as_challenged(data, size);
    as_anchors(data, size);
    as_attributes(data, size);
    return 0;
}
