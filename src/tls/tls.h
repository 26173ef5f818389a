/* TLS and DTLS with the pre-shared key in a token: provider "maf", key references, hardened SSL_CTXs.
 *
 * How it works (docs/architecture.md): for each connection the PSK callback mints a *key reference*, 32
 * octets that stand for a key in the token. OpenSSL carries it into the premaster secret and asks the
 * provider for TLS1-PRF; the provider recognises it and computes the PRF in the token. With
 * OMTLS_CUSTODY_SESSION the master secret is a token key too, and OpenSSL holds a 48-octet reference to it. A
 * reference that this process did not mint, or whose connection is gone, is an error. What is attached to an
 * SSL lives until that SSL is freed.
 *
 * Works with any SSL_CTX whose libctx has the provider, libcoap's included. One thread per SSL and its token.
 */
#ifndef OPENMAF_TLS_TLS_H
#define OPENMAF_TLS_TLS_H

#include "se/se.h"
#include "se/signer.h"

#include <openssl/ssl.h>

#define OMTLS_REFERENCE_SIZE 32
#define OMTLS_IDENTITY_MAX   128 /* octets of a psk_identity (RFC 4279 floor) */
#define OMTLS_EXPORT_ID_SIZE 16

/* Labels of TS-0003 clause 10.3.1. For these the exporter's octets 16..47 never leave the token as octets. */
#define OMTLS_LABEL_CONNECTION "EXPORTER-oneM2M-Connection"
#define OMTLS_LABEL_BOOTSTRAP  "EXPORTER-oneM2M-Bootstrap"
#define OMTLS_LABEL_ESCERTKE   "EXPORTER-oneM2M-ESCertKE"

enum omtls_custody {
    OMTLS_CUSTODY_SESSION, /* default: the whole key schedule in the token */
    OMTLS_CUSTODY_PSK /* Km in the token, session secrets in OpenSSL; the oneM2M exporters in the token */
};

/* Suites of TS-0003 10.2.2 that both roles offer, in this order, as OpenSSL names them. */
#define OMTLS_PSK_SUITES_TLS  "PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256:PSK-AES128-CCM:PSK-AES128-CCM8"
#define OMTLS_PSK_SUITES_DTLS "PSK-AES128-CCM8:PSK-AES128-CCM:PSK-AES128-GCM-SHA256:PSK-AES128-CBC-SHA256"

/* The same with certificates (10.2.3). A server with certificates offers them behind those with pre-shared
 * keys: a client that offers a pre-shared key has one. */
#define OMTLS_CERT_SUITES_TLS                                                                                \
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-CCM8"
#define OMTLS_CERT_SUITES_DTLS                                                                               \
    "ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256"

/* Makes provider "maf" and "default" available in libctx (NULL: OpenSSL's default context, for libcoap; it
 * then also sets the default properties "?provider=maf"). Idempotent per libctx. Errors: OM_EINTERNAL. */
OM_MUST_USE om_rc omtls_provider_load(OSSL_LIB_CTX *libctx, struct om_error *err);

/* Unloads the two providers and frees a libctx of the caller's own; OSSL_LIB_CTX_free alone would leave the
 * providers behind. Everything made from it is freed before. NULL is allowed. */
void omtls_libctx_free(OSSL_LIB_CTX *libctx);

/* Property query to use with SSL_CTX_new_ex on a libctx that has the provider. */
#define OMTLS_PROPQ   "?provider=maf"
#define OMTLS_PROPQ13 "?provider=maf,?openmaf.tls13=yes" /* for TLS 1.3 too */

/* What a server wants to know of a peer before it decides. */
struct omtls_hello {
    SSL *ssl;
    const char
        *identity;   /* psk_identity, NUL-terminated, at most OMTLS_IDENTITY_MAX octets, no control octets */
    const char *sni; /* host name of the client, or NULL */
};

/* Finds the key for a psk_identity. On OM_OK *key is a new reference to a key loaded from a SE_USE_TLS12_PSK
 * blob and *peer, if not NULL, is handed to `peer_free` when the SSL is freed. For unknown, expired or
 * revoked identities it must also return OM_OK with a decoy key (so that all failures look alike), and its
 * own record must say so. Any error ends the handshake with internal_error. Must not block for long. */
typedef om_rc omtls_find_psk(void *arg, const struct omtls_hello *hello, struct se_key **key, void **peer,
                             struct om_error *err);

/* A key prepared for TLS 1.3 (se_import_psk13). The two that every handshake needs are loaded, as
 * SE_USE_TLS13_DERIVED and SE_USE_TLS13_FINISHED. */
struct omtls_psk13 {
    struct se_key *derived, *finished;
    struct se_blob handshake, master; /* loaded when a peer has chosen psk_ke */
};

/* The same for a handshake in TLS 1.3: gives the other forms of the key, or of the decoy. The two keys are
 * new references. */
typedef om_rc omtls_find_psk13(void *arg, const struct omtls_hello *hello, struct omtls_psk13 *psk,
                               void **peer, struct om_error *err);

/* A certificate of this end with its key, which stays in the token. */
#define OMTLS_CERTIFICATES_MAX 4
struct omtls_certificate {
    X509 *leaf;
    STACK_OF(X509) * chain; /* intermediates, the leaf's issuer first; NULL: none */
    struct se_signer *signer;
    const char *const *names; /* of a server: the SNIs that it is for, NULL-terminated */
};

/* Raw public keys (RFC 7250) came with OpenSSL 3.2. */
#define OMTLS_RAW_KEYS_VERSION 0x30200000L

/* What a client presented: a certificate with what it sent beside it (leaf first), or a raw public key. */
struct omtls_client_certificate {
    X509 *leaf;
    STACK_OF(X509) * chain;
    EVP_PKEY *raw_key; /* else NULL */
};

/* Decides about a client's certificate. On OM_OK *peer, if not NULL, is handed to `peer_free` when the SSL is
 * freed. OM_EDENIED ends the handshake with handshake_failure, whatever the reason; any other error with
 * internal_error. That the client has the key is proved later in the handshake, by OpenSSL. The octets are
 * hostile. Must not block for long. */
typedef om_rc omtls_find_certificate(void *arg, const struct omtls_hello *hello,
                                     const struct omtls_client_certificate *presented, void **peer,
                                     struct om_error *err);

struct omtls_server {
    OSSL_LIB_CTX *libctx; /* one that omtls_provider_load prepared */
    enum omtls_custody custody;
    const char *const *names; /* server names (MAF-FQDN first), lower case, NULL-terminated; another SNI ->
                                 unrecognized_name */
    bool any_name;            /* instead of names: SNI is not looked at */
    bool require_sni;         /* no SNI -> handshake failure; default false */
    bool allow_no_ems;        /* interop switch: accept peers without extended master secret; default false */
    const char *suites;       /* NULL: those of the transport */
    bool dtls;                /* of omtls_server_ctx: DTLS 1.2 instead of TLS 1.2 */
    /* Certificates beside pre-shared keys; the first also serves clients without SNI. A name that none is for
     * gets pre-shared keys only. Every client by certificate must have one of its own. */
    const struct omtls_certificate *certificates; /* copied, its names are not; NULL: none */
    size_t n_certificates;                        /* at most OMTLS_CERTIFICATES_MAX */
    omtls_find_certificate *find_certificate;
    bool raw_keys; /* clients may have a raw public key instead: OM_EUNSUPPORTED before OpenSSL 3.2 */
    omtls_find_psk *find;
    omtls_find_psk13 *find13;      /* NULL: no TLS 1.3. Of omtls_server_ctx; DTLS stays at 1.2 */
    void (*peer_free)(void *peer); /* may be NULL */
    /* Of omtls_server_ctx; may be NULL. Called once for each connection when the client's Finished has been
     * verified: before ours goes out with TLS 1.2 and DTLS 1.2, so that what is stored here is stored before
     * the client can act on it. omtls_export works; peer is omtls_peer(ssl). */
    void (*authenticated)(void *arg, SSL *ssl, void *peer);
    void *arg;
};

/* A hardened TLS 1.2 (with find13: TLS 1.2 and 1.3) or DTLS 1.2 server context: the suites, no tickets, no
 * cache, no renegotiation, no compression, EMS demanded, plaintext cleansed, SNI checked. `cfg` is copied,
 * the strings it points to are not. Free with SSL_CTX_free.
 *
 * A session by certificates keeps its master secret in the token with OMTLS_CUSTODY_SESSION too; its
 * premaster secret (ECDHE) is OpenSSL's. In TLS 1.3 with certificates all secrets of the session are
 * OpenSSL's. In both the oneM2M exporters run in the token. */
OM_MUST_USE om_rc omtls_server_ctx(const struct omtls_server *cfg, SSL_CTX **out, struct om_error *err);

/* The same for an SSL_CTX that somebody else made (libcoap): applies options, suites, SNI, PSK callback and
 * EMS check to it. With cfg->find NULL the PSK callback stays the library's (see omtls_attach_psk). Takes the
 * context's message and SNI callbacks. */
OM_MUST_USE om_rc omtls_server_adopt(SSL_CTX *ctx, const struct omtls_server *cfg, struct om_error *err);

/* A hardened TLS 1.2 client context for PSK. allow_no_ems as above. */
OM_MUST_USE om_rc omtls_client_ctx(OSSL_LIB_CTX *libctx, bool allow_no_ems, SSL_CTX **out,
                                   struct om_error *err);
OM_MUST_USE om_rc omtls_client_adopt(SSL_CTX *ctx, bool allow_no_ems, const char *suites,
                                     struct om_error *err);

/* The same with TLS 1.3 offered too; each SSL needs omtls_client_psk and then omtls_client_psk13. */
OM_MUST_USE om_rc omtls_client_ctx13(OSSL_LIB_CTX *libctx, bool allow_no_ems, SSL_CTX **out,
                                     struct om_error *err);

/* The same for DTLS 1.2. */
OM_MUST_USE om_rc omtls_client_ctx_dtls(OSSL_LIB_CTX *libctx, bool allow_no_ems, SSL_CTX **out,
                                        struct om_error *err);

/* Sets SNI, psk_identity and key of a client SSL before its handshake. Takes its own reference to key; copies
 * the texts. Identity hints of the server are ignored. */
OM_MUST_USE om_rc omtls_client_psk(SSL *ssl, const char *server_name, const char *identity,
                                   struct se_key *key, enum omtls_custody custody, struct om_error *err);

/* The key's forms for TLS 1.3, after omtls_client_psk. Takes its own references. */
OM_MUST_USE om_rc omtls_client_psk13(SSL *ssl, const struct omtls_psk13 *psk, struct om_error *err);

/* For callers whose library owns the PSK callback (libcoap): attaches key to ssl and writes the reference
 * that the callback must return as the PSK. peer/peer_free as above; when this fails, peer stays the
 * caller's. OM_EINPUT: the identity is malformed or was cut at a NUL; to look like any other failure, attach
 * a decoy to the identity "" then. */
OM_MUST_USE om_rc omtls_attach_psk(SSL *ssl, const char *identity, struct se_key *key,
                                   enum omtls_custody custody, void *peer, void (*peer_free)(void *),
                                   uint8_t reference[OMTLS_REFERENCE_SIZE], struct om_error *err);

/* Of a connection with an attached key, else NULL. Valid while the SSL lives. */
const char *omtls_identity(const SSL *ssl);
void *omtls_peer(const SSL *ssl);

/* RFC 5705 exporter without context for one of the three labels above, after the handshake: octets 0..15 into
 * id, octets 16..47 as a derived key (32 octets; wrap or seal it; free with se_key_unref). Repeatable with
 * equal results. The only way to the key: SSL_export_keying_material gives the identifier and a reference for
 * these labels, or (custody psk) fails. OM_EDENIED: handshake not done, or extended master secret missing and
 * not allowed. */
OM_MUST_USE om_rc omtls_export(SSL *ssl, const char *label, uint8_t id[OMTLS_EXPORT_ID_SIZE],
                               struct se_key **key, struct om_error *err);

/* The same with the key as wrapped forms (`wanted` of enum se_form) in place of a loaded one. */
OM_MUST_USE om_rc omtls_export_forms(SSL *ssl, const char *label, uint8_t id[OMTLS_EXPORT_ID_SIZE],
                                     unsigned wanted, struct se_forms *forms, struct om_error *err);

/* tls-unique (RFC 5929 section 3) of a session whose handshake is over, in base64, at either end: what links
 * a message to this session. Not secret. OM_EUNSUPPORTED: not TLS 1.2; OM_EDENIED: no full handshake. */
#define OMTLS_UNIQUE_SIZE 17
OM_MUST_USE om_rc omtls_unique(const SSL *ssl, char out[OMTLS_UNIQUE_SIZE], struct om_error *err);

/* A signing key of the token as an EVP_PKEY of libctx (as for omtls_provider_load, which it calls): it signs
 * with ECDSA and SHA-256, through EVP_DigestSign*, X509_sign, X509_REQ_sign, CMS, TLS. Keeps its own
 * reference to signer; free with EVP_PKEY_free, best before se_close, after which it does not sign any more.
 * Used and freed in the thread of the token. */
OM_MUST_USE om_rc omtls_signing_key(OSSL_LIB_CTX *libctx, struct se_signer *signer, EVP_PKEY **out,
                                    struct om_error *err);

/* Live connections and token objects of this process, for limits and tests. */
struct omtls_stats {
    size_t connections;
    size_t session_keys;
};
void omtls_stats(struct omtls_stats *out);

#endif
