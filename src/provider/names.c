/* The token and the named keys of a process: see module.h.
 *
 * The token is opened when the first key is used, not when the program reads its configuration: by then a
 * daemon has forked. A key, once loaded, stays for as long as the process lives. */
#include "provider/keydir.h"
#include "provider/module.h"
#include "tls/tls13.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX     4096
#define RETRY_SECONDS 1

struct named {
    struct named *next;
    struct omtls_connection *connection;
    size_t len;
    char octets[KEYDIR_REFERENCE_MAX + 1];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock;

static struct {
    char *token, *pin_source, *keys, *plugin_dir;
    struct se *se;
    pid_t opened_by; /* or is just opening it; 0: nobody */
    bool ended;
    struct om_error refusal; /* of the last try to open it */
    time_t next_try;         /* monotonic seconds: not before */
    struct named *names;
    size_t n_names;
} state;

static void make_lock(void)
{
    pthread_mutexattr_t attr;
    (void)pthread_mutexattr_init(&attr);
    (void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&lock, &attr);
    (void)pthread_mutexattr_destroy(&attr);
}

/* No thread is in the middle of something, with the token or its library, when the process is forked: they
 * have locks of their own, which nobody would open again in the child. There our lock is a new one, since a
 * recursive one belongs to its thread. */
static void watch_forks(void)
{
    (void)pthread_atfork(names_lock, names_unlock, make_lock);
}

void names_lock(void)
{
    (void)pthread_once(&once, make_lock);
    (void)pthread_mutex_lock(&lock);
}

void names_unlock(void)
{
    (void)pthread_mutex_unlock(&lock);
}

static bool copy(char **to, const char *from)
{
    free(*to);
    *to = NULL;
    if (from != NULL)
        *to = strdup(from);
    return from == NULL || *to != NULL;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static om_rc take_configuration(const struct names_config *config, struct om_error *err)
{
    if (state.token != NULL)
        return same(state.token, config->token) && same(state.pin_source, config->pin_source) &&
                       same(state.keys, config->keys) && same(state.plugin_dir, config->plugin_dir)
                   ? OM_OK
                   : om_fail(err, OM_ECONFIG,
                             "this process uses the provider with another token or directory");
    char *token = NULL;
    if (!copy(&state.pin_source, config->pin_source) || !copy(&state.keys, config->keys) ||
        !copy(&state.plugin_dir, config->plugin_dir) || !copy(&token, config->token))
        return om_fail(err, OM_ENOMEM, "no memory for the provider's configuration");
    state.token = token;
    return OM_OK;
}

om_rc names_configure(const struct names_config *config, struct om_error *err)
{
    if (config->token == NULL || config->keys == NULL)
        return om_fail(err, OM_ECONFIG, "the provider's section needs token and keys");
    names_lock();
    om_rc rc = take_configuration(config, err);
    names_unlock();
    return rc;
}

/* --- the token --- */

/* Exit handler, set when the token is open: it runs before those of the token's library and of OpenSSL, which
 * were there first. */
static void end(void)
{
    names_lock();
    state.ended = true;
    while (state.names != NULL && state.opened_by == getpid()) {
        struct named *n = state.names;
        state.names = n->next;
        omtls_connection_free(n->connection);
        free(n);
    }
    if (state.opened_by == getpid())
        se_close(state.se);
    state.se = NULL;
    names_unlock();
}

static om_rc open_now(struct om_error *err)
{
    static pthread_once_t watching = PTHREAD_ONCE_INIT;
    struct se_description about;
    struct se *se = NULL;
    OM_TRY(omtls_connection_prepare(err));
    (void)pthread_once(&watching, watch_forks);
    OM_TRY(se_open(state.token, state.pin_source, state.plugin_dir, &se, err));
    om_rc rc = se_describe(se, &about, err);
    if (rc == OM_OK && !about.provisioned)
        rc = om_fail(err, OM_ECONFIG, "the token has no root keys: `openmaf-key init` makes them");
    if (rc == OM_OK && atexit(end) != 0)
        rc = om_fail(err, OM_EINTERNAL, "cannot arrange for the token to be closed");
    if (rc != OM_OK)
        se_close(se);
    else
        state.se = se;
    return rc;
}

static time_t monotonic_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* A token that does not open is tried once a second, whatever peers do: each try costs it a login. */
static om_rc open_token(struct om_error *err)
{
    if (state.ended)
        return om_fail(err, OM_EINTERNAL, "this process is about to end");
    if (state.opened_by != 0 && state.opened_by != getpid())
        return om_fail(err, OM_ECONFIG,
                       "the token was opened before this process was forked; have each process do its first "
                       "handshake itself");
    if (state.se != NULL)
        return OM_OK;
    om_rc rc = state.refusal.rc;
    if (monotonic_seconds() >= state.next_try) {
        state.opened_by = getpid();
        rc = open_now(&state.refusal);
        state.refusal.rc = rc;
        state.opened_by = rc == OM_OK ? getpid() : 0;
        state.next_try = monotonic_seconds() + RETRY_SECONDS;
    }
    if (rc != OM_OK)
        *err = state.refusal;
    return rc;
}

/* --- names --- */

bool names_contains(const void *octets, size_t n)
{
    return n > 0 && memmem(octets, n, KEYDIR_PREFIX, sizeof KEYDIR_PREFIX - 1) != NULL;
}

bool names_begins(const void *octets, size_t n)
{
    size_t len = sizeof KEYDIR_PREFIX - 1;
    return n >= len && memcmp(octets, KEYDIR_PREFIX, len) == 0;
}

/* The key's name between prefix and check; the check is the token's for that name. */
static om_rc split(const char *text, char name[KEYDIR_NAME_MAX + 1], struct om_error *err)
{
    char expected[KEYDIR_REFERENCE_MAX + 1];
    const char *start = text + sizeof KEYDIR_PREFIX - 1;
    size_t n = strcspn(start, ":");
    if (n == 0 || n > KEYDIR_NAME_MAX || start[n] != ':')
        return om_fail(err, OM_EINPUT, "not " KEYDIR_PREFIX "NAME:CHECK as `openmaf-key show` prints it");
    memcpy(name, start, n);
    name[n] = '\0';
    OM_TRY(keydir_reference(state.se, name, expected, err));
    if (strlen(text) != strlen(expected) || !om_equal_ct(text, expected, strlen(expected)))
        return om_fail(err, OM_EINPUT, "the reference to key %s is not one of this token", name);
    return OM_OK;
}

/* A connection that every SSL shares: TLS 1.2 and 1.3 with custody psk. */
static om_rc load(const char *name, struct omtls_connection **out, struct om_error *err)
{
    struct keydir_key key;
    struct omtls_psk13 forms = {.derived = NULL};
    struct se_key *tls12 = NULL;
    struct omtls_connection *c = NULL;
    OM_TRY(keydir_read(state.se, state.keys, name, &key, err));
    om_rc rc = se_load(state.se, &key.tls12, SE_USE_TLS12_PSK, &tls12, err);
    if (rc == OM_OK)
        rc = se_load(state.se, &key.tls13.derived, SE_USE_TLS13_DERIVED, &forms.derived, err);
    if (rc == OM_OK)
        rc = se_load(state.se, &key.tls13.finished, SE_USE_TLS13_FINISHED, &forms.finished, err);
    if (rc == OM_OK) {
        /* Whether to demand the extended master secret is the program's to say: OpenSSL itself does not. */
        const struct omtls_attachment what = {
            .identity = "", .key = tls12, .custody = OMTLS_CUSTODY_PSK, .allow_no_ems = true};
        rc = omtls_connection_new(&what, &c, err);
    }
    if (rc == OM_OK) {
        forms.handshake = key.tls13.handshake;
        forms.master = key.tls13.master;
        c->shared = true;
        rc = omtls_tls13_attach(c, &forms, err);
    }
    se_key_unref(tls12);
    se_key_unref(forms.derived);
    se_key_unref(forms.finished);
    if (rc != OM_OK)
        omtls_connection_free(c);
    else
        *out = c;
    return rc;
}

static om_rc add(const char *text, size_t n, struct named **out, struct om_error *err)
{
    char name[KEYDIR_NAME_MAX + 1];
    if (state.n_names == NAMES_MAX)
        return om_fail(err, OM_ETRANSIENT, "more than %d keys in one process", NAMES_MAX);
    OM_TRY(split(text, name, err));
    struct named *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    om_rc rc = load(name, &entry->connection, err);
    if (rc != OM_OK) {
        free(entry);
        return rc;
    }
    entry->len = n;
    memcpy(entry->octets, text, n);
    entry->next = state.names;
    state.names = entry;
    state.n_names++;
    *out = entry;
    return OM_OK;
}

om_rc names_resolve(const void *octets, size_t n, enum omtls_reference_type type,
                    uint8_t reference[OMTLS_REFERENCE_SIZE], struct om_error *err)
{
    char text[KEYDIR_REFERENCE_MAX + 1] = "";
    if (n > KEYDIR_REFERENCE_MAX || n < sizeof KEYDIR_PREFIX || memchr(octets, '\0', n) != NULL ||
        memcmp(octets, KEYDIR_PREFIX, sizeof KEYDIR_PREFIX - 1) != 0)
        return om_fail(err, OM_EINPUT, "not " KEYDIR_PREFIX "NAME:CHECK as `openmaf-key show` prints it");
    OM_TRY(open_token(err));
    memcpy(text, octets, n);
    struct named *entry = state.names;
    while (entry != NULL && (entry->len != n || memcmp(entry->octets, text, n) != 0))
        entry = entry->next;
    om_rc rc = entry == NULL ? add(text, n, &entry, err) : OM_OK;
    if (rc != OM_OK || entry == NULL)
        return rc;
    struct omtls_reference ref = omtls_connection_reference(entry->connection, type);
    omtls_reference_encode(&ref, reference);
    return OM_OK;
}
