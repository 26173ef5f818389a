/* The MAF's procedures (TS-0003 clause 8.8.2): (authenticated session, request) -> response. No sockets, no
 * HTTP.
 *
 * One struct maf per worker process; not thread-safe; calls do not block beyond one token operation and one
 * durable transaction. A response is produced only after what it promises is on disk. Rule IDs stand at the
 * checks. */
#ifndef OPENMAF_MAF_MAF_H
#define OPENMAF_MAF_MAF_H

#include "onem2m/primitive.h"
#include "se/cache.h"
#include "se/se.h"
#include "store/store.h"
#include "tls/tls.h"

struct maf;
struct maf_role; /* role.h */

struct maf_certificate; /* certificate.h */

struct maf_options {
    const struct maf_role *role;      /* NULL: a MAF */
    const char *const *names;         /* MAF-FQDN first, then aliases; lower case; NULL-terminated */
    size_t key_cache;                 /* loaded keys kept in the token; default 4096 */
    bool require_target_registration; /* MAF-KT-5; default false */
    bool keep_keys_on_deregistration; /* MAF-CD-3 switched off; default false */
    bool tls13;                       /* maf_find_psk13 will be used */
    int64_t max_provisioned_lifetime; /* MAF: seconds that a key from a MEF is good; 0: as the MEF says */
    int64_t command_retry;            /* MEF: retryDuration of NO_MORE_COMMANDS, seconds; default 3600 */
    const char *device_config_uri;    /* MEF: deviceConfigURI of the base, or NULL */
    /* Of client certificates: every CA below the anchor has a CRL in the set (once there is a set), and CAs
     * carry nameConstraints for AE-IDs and CSE names. */
    bool require_crls, require_name_constraints;
    int64_t (*now)(void); /* seconds since 1970; NULL: the system clock */
};

/* Borrows se and store, which must outlive it. */
OM_MUST_USE om_rc maf_new(struct se *se, struct store *store, const struct maf_options *opt, struct maf **out,
                          struct om_error *err);
void maf_free(struct maf *maf);

/* What kind of credential authenticated the peer. */
enum maf_credential_kind {
    MAF_CREDENTIAL_NONE = 0, /* not authenticated: every request is refused with 4107 (MAF-GEN-1) */
    MAF_CREDENTIAL_KMID,
    MAF_CREDENTIAL_CERTIFICATE, /* or a raw public key */
    MAF_CREDENTIAL_KEID, /* first contact after remote provisioning: client registrations only (MEF-RP-3) */
};

/* The authenticated peer of a (D)TLS session, made during the handshake by one of the functions below. */
struct maf_peer {
    enum maf_credential_kind kind;
    bool decoy; /* unknown, expired or revoked: the handshake must fail; if it did not, everything is refused
                 */
    char kmid[M2M_KEY_ID_SIZE];          /* KmID or KeID, as stored; "" with a certificate */
    bool assigned;                       /* the KmID, by this MAF, at a registration */
    int64_t remote_expires;              /* of a remotely provisioned key; 0: it is none */
    struct maf_certificate *certificate; /* else NULL */
    char credential_id[M2M_ID_SIZE];     /* "11-<KmID>", "33-<AE-ID>" and so on */
    struct m2m_list identities;          /* what From may be; exactly one with a KmID */
};

/* omtls_find_psk for SSL contexts of this MAF; arg is the struct maf. *peer is a struct maf_peer. MAF-HS-1,
 * -6, -7. */
om_rc maf_find_psk(void *maf, const struct omtls_hello *hello, struct se_key **key, void **peer,
                   struct om_error *err);
/* The same for TLS 1.3. */
om_rc maf_find_psk13(void *maf, const struct omtls_hello *hello, struct omtls_psk13 *psk, void **peer,
                     struct om_error *err);
/* omtls_find_certificate; arg is the struct maf. *peer is a struct maf_peer. MAF-HS-4. */
om_rc maf_find_certificate(void *maf, const struct omtls_hello *hello,
                           const struct omtls_client_certificate *presented, void **peer,
                           struct om_error *err);
void maf_peer_free(void *peer);

/* The KmID, or the name of the client by certificate, for logs; "" without a peer. */
const char *maf_peer_name(const struct maf_peer *peer);

/* The CRLs that client certificates are held against from now on, in sessions that exist too; takes them
 * over. NULL: nobody is asked. */
void maf_set_crls(struct maf *maf, STACK_OF(X509_CRL) * crls);

/* One (D)TLS session as the procedures see it. The binding keeps it with the connection, zeroed at first. */
struct maf_session {
    const struct maf_peer *peer; /* NULL: not authenticated */
    SSL *ssl;                    /* for the exporter; not NULL when peer is set */
    bool exporter_used;          /* MAF-KR-12 */
    bool close; /* set by maf_handle: end the session after this response (credential revoked) */
};

/* Carries out one request. Always leaves a complete response in rs (which was initialised). Errors are logged
 * and audited here. Takes nothing over; the caller frees both. */
void maf_handle(struct maf *maf, struct maf_session *session, const struct m2m_request *rq,
                struct m2m_response *rs);

/* False when the session's credential is revoked or expired, or when that cannot be told now: for what a
 * binding sends without maf_handle, such as the rest of a response. */
bool maf_session_valid(struct maf *maf, const struct maf_session *session);

/* Removes expired records, a bounded number per call, so that nobody waits long for the database. Call it
 * about once a minute from one worker, and soon again when it says that there may be more. */
OM_MUST_USE om_rc maf_purge(struct maf *maf, size_t *deleted, bool *more, struct om_error *err);

/* Token and store answer. Readiness is the result of the last call. */
OM_MUST_USE om_rc maf_health(struct maf *maf, struct om_error *err);

/* Counters since start, for metrics. */
struct maf_stats {
    uint64_t psk_found, psk_unknown, psk_expired, psk_revoked, psk_bad_row;
    uint64_t certificates_found, certificates_refused;
    uint64_t requests, responses_ok, responses_4xxx, responses_5xxx;
    struct se_cache_stats cache;
};
void maf_stats(const struct maf *maf, struct maf_stats *out);

#endif
