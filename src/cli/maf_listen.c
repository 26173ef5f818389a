/* maf listen: sessions with other entities as server, carried by standard input and output or forwarded. */
#include "cli/maf_carry.h"
#include "cli/maf_datagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATAGRAMS_A_TURN 64 /* then other events have their turn */

struct listening {
    struct maf_carry carry;
    int fd;
    SSL *spare; /* DTLS: waits for the next ClientHello */
    struct maf_address forward[MAF_ADDRESSES_MAX];
    size_t n_forward;
};

/* --- which keys --- */

static int allow(void *arg, const struct openmaf_key *key)
{
    const struct maf_args *args = ((struct listening *)arg)->carry.args;
    bool named = args->keys.n == 0;
    for (size_t i = 0; i < args->keys.n && !named; i++)
        named = strcasecmp(args->keys.items[i], key->key_id) == 0;
    return named && (args->source == NULL || strcmp(args->source, key->source) == 0);
}

static void refused(void *arg, const char *identity, const char *why)
{
    maf_carry_say_refused(&((struct listening *)arg)->carry, identity, why);
}

/* --- sessions --- */

static int on_open(void *arg, struct maf_session *s, struct maf_local *local, struct openmaf_error *error)
{
    struct listening *l = arg;
    struct maf_carry *c = &l->carry;
    int fd = -1;
    int code = OPENMAF_OK;
    if (c->n_sessions >= c->max)
        code = maf_fail(error, OPENMAF_ETEMPORARY, "there are %zu sessions already", c->n_sessions);
    maf_carry_opened(c, s);
    if (code == OPENMAF_OK)
        maf_carry_say_open(c, s);
    for (size_t i = 0; code == OPENMAF_OK && fd < 0 && i < l->n_forward; i++)
        if (maf_connect_begin(&l->forward[i], SOCK_STREAM, &fd, error) != OPENMAF_OK && i + 1 == l->n_forward)
            code = OPENMAF_ETEMPORARY;
    *local = l->n_forward > 0 ? (struct maf_local){.in = fd, .out = fd}
                              : (struct maf_local){STDIN_FILENO, STDOUT_FILENO, .keep = !c->args->once};
    return code;
}

static void on_end(void *arg, struct maf_session *s, const struct openmaf_error *error)
{
    struct listening *l = arg;
    bool open = maf_session_is_open(s);
    maf_carry_remove(&l->carry, s);
    maf_carry_say_ended(&l->carry, s, error);
    if (open && l->carry.args->once)
        maf_carry_decide(&l->carry, error);
}

static void begin(struct listening *l, SSL *ssl, int fd, const struct maf_address *peer)
{
    struct maf_session_setup setup = maf_carry_setup(&l->carry, peer);
    setup.ssl = ssl;
    setup.fd = fd;
    setup.opened = on_open;
    setup.ended = on_end;
    setup.arg = l;
    struct maf_session *s = maf_session_new(&setup);
    if (s != NULL)
        maf_carry_add(&l->carry, s);
    else
        maf_carry_say(&l->carry, "no memory for a session");
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct listening *l = arg;
    struct maf_address peer = {.len = sizeof peer.addr};
    int connection = accept4(fd, (struct sockaddr *)&peer.addr, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            maf_carry_pause(&l->carry, strerror(errno));
        return;
    }
    SSL *ssl = SSL_new(l->carry.ctx);
    if (ssl == NULL) {
        (void)close(connection);
        maf_carry_say(&l->carry, "no memory for a session");
        return;
    }
    SSL_set_accept_state(ssl);
    begin(l, ssl, connection, &peer);
}

/* A ClientHello that was repeated while its sender's own socket came to be. */
static bool is_known(const struct listening *l, const struct maf_address *peer)
{
    char text[MAF_ADDRESS_TEXT];
    maf_address_text(peer, text);
    for (const struct maf_session *s = l->carry.sessions; s != NULL; s = maf_session_next(s))
        if (strcmp(maf_session_peer(s), text) == 0)
            return true;
    return false;
}

static void on_datagram(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct listening *l = arg;
    struct maf_datagram d;
    struct openmaf_error error = {0};
    for (unsigned i = 0; i < DATAGRAMS_A_TURN && maf_datagram_receive(fd, &d); i++) {
        SSL *ssl = NULL;
        int own = -1;
        if (d.len == 0 || is_known(l, &d.from))
            continue;
        if (maf_datagram_hello(l->carry.ctx, fd, &d, &l->spare, &ssl, &own, &error) != OPENMAF_OK)
            maf_carry_say(&l->carry, error.text);
        else if (ssl != NULL)
            begin(l, ssl, own, &d.from);
    }
}

static int open_socket(struct listening *l, struct openmaf_error *error)
{
    struct maf_address at[MAF_ADDRESSES_MAX];
    size_t n = 0;
    bool dtls = l->carry.dtls;
    int code = maf_resolve(l->carry.args->operand, true, false, at, &n, error);
    if (code != OPENMAF_OK)
        return code;
    for (size_t i = 0; i < n && l->fd < 0; i++)
        code =
            dtls ? maf_bind_datagram(&at[i], true, &l->fd, error) : maf_listen_stream(&at[i], &l->fd, error);
    if (code == OPENMAF_OK && dtls)
        code = maf_datagram_prepare(l->fd, error);
    if (code != OPENMAF_OK)
        return code;
    return maf_carry_listen(&l->carry, l->fd, dtls ? on_datagram : on_connection, l, error);
}

int maf_listen(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct listening l = {.fd = -1};
    struct openmaf_saef what = {.end = OPENMAF_SERVER, .allow = allow, .refused = refused, .arg = &l};
    int code = maf_carry_begin(&l.carry, maf, args, &what, args->forward == NULL, error);
    if (code == OPENMAF_OK && args->forward != NULL)
        code = maf_resolve(args->forward, false, true, l.forward, &l.n_forward, error);
    if (code == OPENMAF_OK)
        code = open_socket(&l, error);
    if (code == OPENMAF_OK)
        code = maf_carry_run(&l.carry, error);
    SSL_free(l.spare);
    maf_carry_end(&l.carry);
    if (l.fd >= 0)
        (void)close(l.fd);
    return code;
}
