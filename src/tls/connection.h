/* Connections with an attached key: what a key reference stands for.
 *
 * Each occupies one slot of a table of this process and is freed with its SSL. The table is shared by all
 * threads; the contents of a slot belong to the one thread that drives the SSL. A child after fork can use
 * none of its parent's connections: their keys are loaded in the parent's token session. */
#ifndef OPENMAF_TLS_CONNECTION_H
#define OPENMAF_TLS_CONNECTION_H

#include "tls/reference.h"

#define OMTLS_CONNECTIONS_MAX 65536

struct omtls_connection {
    /* Guarded by the table's lock. */
    bool used;
    unsigned generation; /* of the process: counts forks */
    uint32_t slot;
    uint8_t check[OMTLS_CHECK_SIZE];
    struct omtls_connection *next_free;

    /* The SSL's thread only. */
    const SSL *ssl; /* or NULL: made without one */
    enum omtls_custody custody;
    bool allow_no_ems;
    bool ems;                  /* valid once established */
    bool authenticated;        /* server: the client's Finished was verified */
    bool established;          /* the master secret was made, in the token, from this connection's key */
    struct se_key *psk;        /* with OMTLS_CUSTODY_SESSION until the master secret is made */
    struct se_signer *signer;  /* of a connection by certificates: a key of the token that serves it */
    struct se_key *master;     /* with OMTLS_CUSTODY_SESSION */
    struct se_key *exported;   /* what the last exporter call made, until omtls_export takes it */
    struct se_forms *forms;    /* during omtls_export_forms: where it puts the key instead, */
    unsigned wanted;           /* and in which forms */
    struct omtls_tls13 *tls13; /* the forms for TLS 1.3, or NULL */
    bool shared; /* by many SSLs, for as long as the process lives: references stay good (custody psk) */
    void *peer;
    void (*peer_free)(void *peer);
    char identity[OMTLS_IDENTITY_MAX + 1];
};

struct omtls_attachment {
    const char *identity;
    struct se_key *key;       /* the connection takes its own reference; NULL: none for TLS 1.2 */
    struct se_signer *signer; /* the same; of a connection by certificates */
    enum omtls_custody custody;
    bool allow_no_ems;
    void *peer; /* handed to peer_free with the connection; stays the caller's when attaching fails */
    void (*peer_free)(void *peer);
};

/* Makes the table, which the first connection does otherwise. For whoever holds a lock of his own around it
 * and at forks: handlers that pthread_atfork is given after this come before the table's. OM_EINTERNAL. */
OM_MUST_USE om_rc omtls_connection_prepare(struct om_error *err);

/* Attaches a key to ssl, in place of one attached before. OM_EINPUT (identity), OM_ETRANSIENT (table full).
 */
OM_MUST_USE om_rc omtls_connection_attach(SSL *ssl, const struct omtls_attachment *what,
                                          struct omtls_connection **out, struct om_error *err);

/* The same without an SSL: what is made lives until it is freed. */
OM_MUST_USE om_rc omtls_connection_new(const struct omtls_attachment *what, struct omtls_connection **out,
                                       struct om_error *err);
void omtls_connection_free(struct omtls_connection *c);

/* Of an SSL, or NULL. */
struct omtls_connection *omtls_connection_of(const SSL *ssl);

/* The living connection that a reference stands for, or NULL. */
struct omtls_connection *omtls_connection_find(const struct omtls_reference *ref);

/* False in a child of the process that attached it. */
bool omtls_connection_alive(const struct omtls_connection *c);

/* The reference of this type to c. */
struct omtls_reference omtls_connection_reference(const struct omtls_connection *c,
                                                  enum omtls_reference_type type);

/* The token whose keys this connection uses; NULL when it was closed. */
struct se *omtls_connection_se(const struct omtls_connection *c);

/* Put a derived key (whose reference they take over) in its place; what was there is destroyed. NULL empties.
 */
void omtls_connection_set_master(struct omtls_connection *c, struct se_key *key);
void omtls_connection_set_exported(struct omtls_connection *c, struct se_key *key);
void omtls_connection_set(struct omtls_connection *c, struct se_key **place, struct se_key *key);
/* Hands the exported key over to the caller. */
struct se_key *omtls_connection_take_exported(struct omtls_connection *c);

/* Drops the pre-shared key: it has done its work. */
void omtls_connection_drop_psk(struct omtls_connection *c);

#endif
