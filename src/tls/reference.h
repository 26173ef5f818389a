/* Key references: the octets that stand for a token key where OpenSSL expects key octets.
 *
 *     tag 8 | type 1 | zero 3 | slot 4 | check 16          = 32 octets
 *
 * The tag is drawn at random once per process and never leaves it, so nothing that a peer can choose contains
 * it. The check is drawn at random for each connection (connection.h) and proves that the reference was
 * minted here, for a connection that still lives. A master secret's reference is followed by 16 zero octets:
 * OpenSSL's master secrets have 48. */
#ifndef OPENMAF_TLS_REFERENCE_H
#define OPENMAF_TLS_REFERENCE_H

#include "tls/tls.h"

#define OMTLS_CHECK_SIZE  16
#define OMTLS_MASTER_SIZE 48 /* octets of a TLS 1.2 master secret, and of a reference to one */

enum omtls_reference_type {
    OMTLS_REFERENCE_PSK = 1,
    OMTLS_REFERENCE_MASTER = 2,
    OMTLS_REFERENCE_EXPORT = 3,
    /* TLS 1.3 (RFC 8446 section 7.1), each where OpenSSL expects the secret of that name: */
    OMTLS_REFERENCE_PSK13 = 4,
    OMTLS_REFERENCE_EARLY = 5,
    OMTLS_REFERENCE_BINDER = 6,
    OMTLS_REFERENCE_FINISHED = 7, /* the binder's finished_key */
    OMTLS_REFERENCE_HANDSHAKE = 8,
    OMTLS_REFERENCE_MASTER13 = 9,
    OMTLS_REFERENCE_EXPORTER = 10,      /* exporter_master_secret */
    OMTLS_REFERENCE_EXPORT_SECRET = 11, /* what it gives for one label */
};

struct omtls_reference {
    enum omtls_reference_type type;
    uint32_t slot;
    uint8_t check[OMTLS_CHECK_SIZE];
};

/* Draws the tag when this process has none yet. Called before the first reference is minted. */
OM_MUST_USE om_rc omtls_reference_prepare(struct om_error *err);

void omtls_reference_encode(const struct omtls_reference *ref, uint8_t out[OMTLS_REFERENCE_SIZE]);
void omtls_reference_encode_master(const struct omtls_reference *ref, uint8_t out[OMTLS_MASTER_SIZE]);

/* False unless the octets are a well-formed reference. Whether it is alive is connection.h's to say. */
bool omtls_reference_decode(const uint8_t octets[OMTLS_REFERENCE_SIZE], struct omtls_reference *ref);

/* What the secret of a PRF or a key schedule is. */
enum omtls_secret {
    OMTLS_SECRET_FOREIGN, /* contains no tag: an ordinary secret */
    OMTLS_SECRET_PSK,     /* the premaster secret of a plain PSK exchange whose PSK is a reference */
    OMTLS_SECRET_MASTER,  /* a reference to a master secret */
    OMTLS_SECRET_TLS13,   /* a reference of TLS 1.3 */
    OMTLS_SECRET_REFUSED, /* contains the tag in any other form; must never be used as a key */
};

/* The only places where a secret is told from a reference. Time depends on n alone. */
enum omtls_secret omtls_recognise(const uint8_t *secret, size_t n, struct omtls_reference *ref);

/* The same for the TLS 1.3 key schedule and HMAC: OMTLS_SECRET_FOREIGN, OMTLS_SECRET_TLS13 (32 octets that
 * are a reference of one of its types) or OMTLS_SECRET_REFUSED. */
enum omtls_secret omtls_recognise13(const uint8_t *secret, size_t n, struct omtls_reference *ref);

#endif
