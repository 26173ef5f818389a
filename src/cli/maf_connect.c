/* maf connect: a session with another entity as client, or one for each connection to a local socket. */
#include "cli/maf_carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct connecting {
    struct maf_carry carry;
    struct maf_address to[MAF_ADDRESSES_MAX];
    size_t n;
    struct dial *dials;
};

/* One session to be, over the addresses of its peer. */
struct dial {
    struct connecting *connecting;
    struct dial *next;
    size_t at; /* the next address */
    int local; /* socket; -1: standard input and output */
};

static int try_next(struct dial *d, struct openmaf_error *error);

static void dial_free(struct dial *d)
{
    struct dial **at = &d->connecting->dials;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    free(d);
}

static int on_open(void *arg, struct maf_session *s, struct maf_local *local, struct openmaf_error *error)
{
    (void)error;
    struct dial *d = arg;
    *local = d->local >= 0 ? (struct maf_local){.in = d->local, .out = d->local}
                           : (struct maf_local){.in = STDIN_FILENO, .out = STDOUT_FILENO};
    maf_carry_opened(&d->connecting->carry, s);
    maf_carry_say_open(&d->connecting->carry, s);
    return OPENMAF_OK;
}

static void on_end(void *arg, struct maf_session *s, const struct openmaf_error *error)
{
    struct dial *d = arg;
    struct maf_carry *c = &d->connecting->carry;
    bool open = maf_session_is_open(s);
    struct openmaf_error again;
    maf_carry_remove(c, s);
    if (!open && error->code == OPENMAF_ETEMPORARY && !c->decided && try_next(d, &again) == OPENMAF_OK)
        return;
    if (d->local < 0) {
        maf_carry_decide(c, error);
    } else {
        maf_carry_say_ended(c, s, error);
        if (!open)
            (void)close(d->local);
    }
    dial_free(d);
}

static int start(struct dial *d, const struct maf_address *to, struct openmaf_error *error)
{
    struct maf_carry *c = &d->connecting->carry;
    struct maf_session_setup setup = maf_carry_setup(c, to);
    int code = maf_connect_begin(to, c->dtls ? SOCK_DGRAM : SOCK_STREAM, &setup.fd, error);
    if (code != OPENMAF_OK)
        return code;
    setup.ssl = SSL_new(c->ctx);
    code = setup.ssl != NULL ? openmaf_saef_use_key(c->maf, setup.ssl, c->args->operand, error)
                             : maf_fail(error, OPENMAF_ENOMEM, "no memory for a session");
    if (code != OPENMAF_OK) {
        SSL_free(setup.ssl);
        (void)close(setup.fd);
        return code;
    }
    SSL_set_connect_state(setup.ssl);
    setup.opened = on_open;
    setup.ended = on_end;
    setup.arg = d;
    struct maf_session *s = maf_session_new(&setup);
    if (s == NULL)
        return maf_fail(error, OPENMAF_ENOMEM, "no memory for a session");
    maf_carry_add(c, s);
    return OPENMAF_OK;
}

/* OPENMAF_ETEMPORARY: there is no other address. */
static int try_next(struct dial *d, struct openmaf_error *error)
{
    int code = maf_fail(error, OPENMAF_ETEMPORARY, "no other address");
    while (d->at < d->connecting->n && code == OPENMAF_ETEMPORARY)
        code = start(d, &d->connecting->to[d->at++], error);
    return code;
}

static int dial(struct connecting *k, int local, struct openmaf_error *error)
{
    struct dial *d = calloc(1, sizeof *d);
    if (d == NULL)
        return maf_fail(error, OPENMAF_ENOMEM, "no memory for a session");
    *d = (struct dial){.connecting = k, .next = k->dials, .local = local};
    k->dials = d;
    int code = try_next(d, error);
    if (code != OPENMAF_OK)
        dial_free(d);
    return code;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct connecting *k = arg;
    struct openmaf_error error = {0};
    int local = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (local < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            maf_carry_pause(&k->carry, strerror(errno));
        return;
    }
    int code = dial(k, local, &error);
    if (code == OPENMAF_OK)
        return;
    (void)close(local);
    if (code == OPENMAF_EDENIED || code == OPENMAF_ENOTFOUND) /* the key has expired, or is gone */
        maf_carry_decide(&k->carry, &error);
    else
        maf_carry_say(&k->carry, error.text);
}

/* Checks the key before anybody is waited for. */
static int check_key(struct maf_carry *c, struct openmaf_error *error)
{
    SSL *ssl = SSL_new(c->ctx);
    if (ssl == NULL)
        return maf_fail(error, OPENMAF_ENOMEM, "no memory for a session");
    int code = openmaf_saef_use_key(c->maf, ssl, c->args->operand, error);
    SSL_free(ssl);
    return code;
}

static int accept_locally(struct connecting *k, int *fd, struct openmaf_error *error)
{
    struct maf_address at[MAF_ADDRESSES_MAX];
    size_t n = 0;
    int code = check_key(&k->carry, error);
    if (code == OPENMAF_OK)
        code = maf_resolve(k->carry.args->accept, true, true, at, &n, error);
    if (code == OPENMAF_OK)
        code = maf_listen_stream(&at[0], fd, error);
    return code == OPENMAF_OK ? maf_carry_listen(&k->carry, *fd, on_accept, k, error) : code;
}

int maf_connect(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct connecting k = {.n = 0};
    struct openmaf_saef what = {.end = OPENMAF_CLIENT};
    int fd = -1;
    int code = maf_carry_begin(&k.carry, maf, args, &what, args->accept == NULL, error);
    if (code == OPENMAF_OK)
        code = maf_resolve(args->operand2, false, false, k.to, &k.n, error);
    if (code == OPENMAF_OK)
        code = args->accept != NULL ? accept_locally(&k, &fd, error) : dial(&k, -1, error);
    if (code == OPENMAF_OK)
        code = maf_carry_run(&k.carry, error);
    maf_carry_end(&k.carry);
    if (fd >= 0)
        maf_unlisten(fd);
    return code;
}
