/* The table of connections: see connection.h. */
#include "tls/connection.h"
#include "tls/tls13.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SLOTS 256
#define CHUNKS      (OMTLS_CONNECTIONS_MAX / CHUNK_SLOTS)
#define CHECKS      32 /* drawn at once: a call to the random generator costs more than its octets */

/* Slots come in chunks that never move or go away, so a pointer to one stays valid. */
static struct {
    pthread_mutex_t lock;
    struct omtls_connection *chunks[CHUNKS];
    uint32_t slots; /* made so far */
    struct omtls_connection *free;
    size_t used;
    unsigned generation;
    _Atomic size_t session_keys;
    size_t checks; /* left of those that were drawn */
    uint8_t drawn[CHECKS][OMTLS_CHECK_SIZE];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ex_index = -1;

/* --- life cycle --- */

static void lock(void)
{
    (void)pthread_mutex_lock(&table.lock);
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&table.lock);
}

static void after_fork_in_child(void)
{
    table.generation++;
    table.used = 0;
    table.checks = 0; /* those are the parent's */
    om_wipe(table.drawn, sizeof table.drawn);
    atomic_store(&table.session_keys, 0);
    unlock();
}

/* Destroying an object is a call to the token, and a token that uses libcrypto leaves errors behind. */
static void unref_quietly(struct se_key *key)
{
    if (key == NULL)
        return;
    (void)ERR_set_mark();
    se_key_unref(key);
    (void)ERR_pop_to_mark();
}

void omtls_connection_set(struct omtls_connection *c, struct se_key **place, struct se_key *key)
{
    struct se_key *old = *place;
    *place = key;
    if (!omtls_connection_alive(c))
        return; /* the token session is the parent's: not ours to touch */
    if (old == NULL && key != NULL)
        (void)atomic_fetch_add(&table.session_keys, 1);
    else if (old != NULL && key == NULL)
        (void)atomic_fetch_sub(&table.session_keys, 1);
    unref_quietly(old);
}

static void release(struct omtls_connection *c)
{
    omtls_connection_drop_psk(c);
    omtls_tls13_detach(c);
    omtls_connection_set_master(c, NULL);
    omtls_connection_set_exported(c, NULL);
    se_signer_unref(c->signer);
    c->signer = NULL;
    void *peer = c->peer;
    void (*peer_free)(void *) = c->peer_free;
    om_wipe(c->identity, sizeof c->identity);
    lock();
    if (c->generation == table.generation)
        table.used--;
    c->used = false;
    om_wipe(c->check, sizeof c->check);
    c->next_free = table.free;
    table.free = c;
    unlock();
    if (peer != NULL && peer_free != NULL)
        peer_free(peer);
}

static void ex_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (ptr != NULL)
        release(ptr);
}

/* A duplicate of an SSL has no key until one is attached to it. */
static int ex_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int idx, long argl,
                  void *argp)
{
    (void)to, (void)from, (void)idx, (void)argl, (void)argp;
    *from_d = NULL;
    return 1;
}

static void init_once(void)
{
    if (pthread_atfork(lock, unlock, after_fork_in_child) == 0)
        ex_index = SSL_get_ex_new_index(0, NULL, NULL, ex_dup, ex_free);
}

/* A slot that nobody uses, or NULL. Called with the lock. */
static struct omtls_connection *pop_free(void)
{
    if (table.free == NULL && table.slots < OMTLS_CONNECTIONS_MAX) {
        struct omtls_connection *chunk = calloc(CHUNK_SLOTS, sizeof *chunk);
        if (chunk == NULL)
            return NULL;
        table.chunks[table.slots / CHUNK_SLOTS] = chunk;
        for (uint32_t i = CHUNK_SLOTS; i-- > 0;) {
            chunk[i].slot = table.slots + i;
            chunk[i].next_free = table.free;
            table.free = &chunk[i];
        }
        table.slots += CHUNK_SLOTS;
    }
    struct omtls_connection *c = table.free;
    if (c != NULL)
        table.free = c->next_free;
    return c;
}

/* Called with the lock. No check is used twice. */
static bool draw_check(uint8_t check[OMTLS_CHECK_SIZE])
{
    if (table.checks == 0) {
        if (RAND_priv_bytes(table.drawn[0], sizeof table.drawn) != 1)
            return false;
        table.checks = CHECKS;
    }
    uint8_t *next = table.drawn[--table.checks];
    memcpy(check, next, OMTLS_CHECK_SIZE);
    om_wipe(next, OMTLS_CHECK_SIZE);
    return true;
}

/* Called with the lock. */
static om_rc acquire(const struct omtls_attachment *what, struct omtls_connection **out, struct om_error *err)
{
    uint8_t check[OMTLS_CHECK_SIZE];
    if (!draw_check(check))
        return om_fail(err, OM_EINTERNAL, "the random generator failed");
    struct omtls_connection *c = pop_free();
    if (c != NULL) {
        *c = (struct omtls_connection){.used = true,
                                       .generation = table.generation,
                                       .slot = c->slot,
                                       .custody = what->custody,
                                       .allow_no_ems = what->allow_no_ems,
                                       .psk = what->key != NULL ? se_key_ref(what->key) : NULL,
                                       .signer = what->signer != NULL ? se_signer_ref(what->signer) : NULL};
        memcpy(c->check, check, sizeof c->check);
        (void)stpcpy(c->identity, what->identity);
        table.used++;
    }
    om_wipe(check, sizeof check);
    *out = c;
    return c != NULL ? OM_OK : om_fail(err, OM_ETRANSIENT, "no room for another connection");
}

om_rc omtls_connection_prepare(struct om_error *err)
{
    if (pthread_once(&once, init_once) != 0 || ex_index < 0)
        return om_fail(err, OM_EINTERNAL, "cannot set up the table of connections");
    return OM_OK;
}

om_rc omtls_connection_new(const struct omtls_attachment *what, struct omtls_connection **out,
                           struct om_error *err)
{
    *out = NULL;
    OM_TRY(omtls_connection_prepare(err));
    OM_TRY(omtls_reference_prepare(err));
    if (strlen(what->identity) > OMTLS_IDENTITY_MAX)
        return om_fail(err, OM_EINPUT, "psk_identity is longer than %d octets", OMTLS_IDENTITY_MAX);
    lock();
    om_rc rc = acquire(what, out, err);
    unlock();
    return rc;
}

void omtls_connection_free(struct omtls_connection *c)
{
    if (c != NULL)
        release(c);
}

om_rc omtls_connection_attach(SSL *ssl, const struct omtls_attachment *what, struct omtls_connection **out,
                              struct om_error *err)
{
    struct omtls_connection *c = NULL;
    *out = NULL;
    om_rc rc = omtls_connection_new(what, &c, err);
    if (rc != OM_OK || c == NULL)
        return rc;
    struct omtls_connection *old = SSL_get_ex_data(ssl, ex_index);
    if (SSL_set_ex_data(ssl, ex_index, c) != 1) {
        release(c);
        return om_fail(err, OM_ENOMEM, "cannot attach a key to a connection");
    }
    if (old != NULL)
        release(old);
    c->ssl = ssl;
    c->peer = what->peer; /* only now: until here it is the caller's */
    c->peer_free = what->peer_free;
    *out = c;
    return OM_OK;
}

/* --- look-up --- */

struct omtls_connection *omtls_connection_of(const SSL *ssl)
{
    return ex_index < 0 ? NULL : SSL_get_ex_data(ssl, ex_index);
}

struct omtls_connection *omtls_connection_find(const struct omtls_reference *ref)
{
    struct omtls_connection *found = NULL;
    lock();
    if (ref->slot < table.slots) {
        struct omtls_connection *c = &table.chunks[ref->slot / CHUNK_SLOTS][ref->slot % CHUNK_SLOTS];
        if (c->used && c->generation == table.generation &&
            om_equal_ct(c->check, ref->check, sizeof c->check))
            found = c;
    }
    unlock();
    return found;
}

bool omtls_connection_alive(const struct omtls_connection *c)
{
    lock();
    bool alive = c->generation == table.generation;
    unlock();
    return alive;
}

struct omtls_reference omtls_connection_reference(const struct omtls_connection *c,
                                                  enum omtls_reference_type type)
{
    struct omtls_reference ref = {.type = type, .slot = c->slot};
    memcpy(ref.check, c->check, sizeof ref.check);
    return ref;
}

/* --- keys --- */

struct se *omtls_connection_se(const struct omtls_connection *c)
{
    if (c->signer != NULL)
        return se_signer_se(c->signer);
    if (c->psk != NULL)
        return se_key_se(c->psk);
    return c->tls13 != NULL && c->tls13->derived != NULL ? se_key_se(c->tls13->derived) : NULL;
}

void omtls_connection_drop_psk(struct omtls_connection *c)
{
    struct se_key *key = c->psk;
    c->psk = NULL;
    if (omtls_connection_alive(c))
        unref_quietly(key);
}

void omtls_connection_set_master(struct omtls_connection *c, struct se_key *key)
{
    omtls_connection_set(c, &c->master, key);
}

void omtls_connection_set_exported(struct omtls_connection *c, struct se_key *key)
{
    omtls_connection_set(c, &c->exported, key);
}

struct se_key *omtls_connection_take_exported(struct omtls_connection *c)
{
    struct se_key *key = c->exported;
    c->exported = NULL;
    if (key != NULL && omtls_connection_alive(c))
        (void)atomic_fetch_sub(&table.session_keys, 1);
    return key;
}

void omtls_stats(struct omtls_stats *out)
{
    lock();
    *out = (struct omtls_stats){.connections = table.used, .session_keys = atomic_load(&table.session_keys)};
    unlock();
}
