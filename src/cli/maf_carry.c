/* maf: the loop of connect and listen, see maf_carry.h. */
#include "cli/maf_carry.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define HANDSHAKES_MAX    64 /* peers that have not proved anything yet; then the oldest goes */
#define SESSIONS_DEFAULT  64
#define SESSIONS_MAX      10000
#define TIMEOUT_DEFAULT   10
#define DTLS_IDLE_DEFAULT 300 /* a peer that is gone says nothing */
#define SECONDS_MAX       86400

static int seconds(const char *option, const char *text, unsigned usual, unsigned *out,
                   struct openmaf_error *error)
{
    unsigned long v = usual;
    int code = maf_number(option, text, SECONDS_MAX, &v, error);
    *out = (unsigned)v;
    return code;
}

static int read_options(struct maf_carry *c, struct openmaf_error *error)
{
    const struct maf_args *a = c->args;
    unsigned long max = SESSIONS_DEFAULT;
    int code = seconds("timeout", a->timeout, TIMEOUT_DEFAULT, &c->handshake_seconds, error);
    if (code == OPENMAF_OK && c->handshake_seconds == 0)
        code = maf_fail(error, OPENMAF_EINPUT, "--timeout 0 leaves no time for a handshake");
    if (code == OPENMAF_OK)
        code = seconds("idle", a->idle, c->dtls ? DTLS_IDLE_DEFAULT : 0, &c->idle_seconds, error);
    if (code == OPENMAF_OK)
        code = maf_number("max-sessions", a->max_sessions, SESSIONS_MAX, &max, error);
    if (code == OPENMAF_OK && max == 0)
        code = maf_fail(error, OPENMAF_EINPUT, "--max-sessions 0 admits nobody");
    if (code == OPENMAF_OK && c->stdio && a->max_sessions != NULL)
        code = maf_fail(error, OPENMAF_EINPUT, "standard input and output carry one session at a time");
    if (code == OPENMAF_OK && c->stdio && a->json)
        code = maf_fail(error, OPENMAF_EINPUT, "--json needs standard output, which carries the session");
    c->max = c->stdio || a->once ? 1 : max;
    return code;
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
    (void)sig, (void)what;
    struct maf_carry *c = arg;
    struct openmaf_error result = {.code = OPENMAF_OK};
    /* What only serves was asked to stop; one session was cut off. */
    if (c->listener == NULL)
        (void)maf_fail(&result, OPENMAF_ETEMPORARY, "ended by a signal");
    maf_carry_decide(c, &result);
}

static int make_loop(struct maf_carry *c, struct openmaf_error *error)
{
    static const int signals[] = {SIGINT, SIGTERM};
    struct event_config *config = event_config_new();
    if (config != NULL) {
        /* Standard input may be a file, which epoll refuses. */
        (void)event_config_require_features(config, EV_FEATURE_FDS);
        (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
        c->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    for (size_t i = 0; c->base != NULL && i < 2; i++) {
        c->signals[i] = evsignal_new(c->base, signals[i], on_signal, c);
        if (c->signals[i] == NULL || event_add(c->signals[i], NULL) != 0)
            return maf_fail(error, OPENMAF_ENOMEM, "no memory for an event loop");
    }
    (void)signal(SIGPIPE, SIG_IGN);
    return c->base != NULL ? OPENMAF_OK : maf_fail(error, OPENMAF_ENOMEM, "no memory for an event loop");
}

int maf_carry_begin(struct maf_carry *c, struct openmaf *maf, const struct maf_args *args,
                    struct openmaf_saef *what, bool stdio, struct openmaf_error *error)
{
    *c = (struct maf_carry){.maf = maf, .args = args, .dtls = args->dtls, .stdio = stdio};
    what->size = sizeof *what;
    what->dtls = args->dtls;
    int code = read_options(c, error);
    if (code == OPENMAF_OK)
        code = make_loop(c, error);
    return code == OPENMAF_OK ? openmaf_saef_ctx(maf, what, &c->ctx, error) : code;
}

void maf_carry_decide(struct maf_carry *c, const struct openmaf_error *result)
{
    if (!c->decided)
        c->result = *result;
    c->decided = true;
    (void)event_base_loopbreak(c->base);
}

int maf_carry_run(struct maf_carry *c, struct openmaf_error *error)
{
    if (!c->decided && event_base_dispatch(c->base) < 0)
        return maf_fail(error, OPENMAF_EINTERNAL, "the event loop failed");
    *error = c->result;
    return c->result.code;
}

void maf_carry_end(struct maf_carry *c)
{
    c->decided = true;
    while (c->sessions != NULL)
        maf_session_end(c->sessions, OPENMAF_ETEMPORARY, "ended by a signal");
    for (size_t i = 0; i < 2; i++)
        if (c->signals[i] != NULL)
            event_free(c->signals[i]);
    if (c->listener != NULL)
        event_free(c->listener);
    if (c->pause != NULL)
        event_free(c->pause);
    SSL_CTX_free(c->ctx);
    if (c->base != NULL)
        event_base_free(c->base);
}

/* --- sessions --- */

/* There is room, or a peer that has done nothing yet makes some. */
static void adjust(struct maf_carry *c)
{
    if (c->listener == NULL)
        return;
    if (c->n_sessions < c->max && !c->decided && evtimer_pending(c->pause, NULL) == 0)
        (void)event_add(c->listener, NULL);
    else
        (void)event_del(c->listener);
}

static void end_oldest_handshake(struct maf_carry *c)
{
    struct maf_session *oldest = NULL; /* the list begins with the newest */
    for (struct maf_session *s = c->sessions; s != NULL; s = maf_session_next(s))
        if (!maf_session_is_open(s))
            oldest = s;
    if (oldest != NULL)
        maf_session_end(oldest, OPENMAF_ETEMPORARY, "others want a handshake too");
}

void maf_carry_add(struct maf_carry *c, struct maf_session *s)
{
    if (c->n_handshakes >= HANDSHAKES_MAX)
        end_oldest_handshake(c);
    maf_session_set_next(s, c->sessions);
    c->sessions = s;
    c->n_handshakes++;
}

void maf_carry_opened(struct maf_carry *c, struct maf_session *s)
{
    (void)s;
    c->n_handshakes--;
    c->n_sessions++;
    adjust(c);
}

void maf_carry_remove(struct maf_carry *c, const struct maf_session *gone)
{
    struct maf_session *before = NULL;
    struct maf_session *s = c->sessions;
    while (s != NULL && s != gone) {
        before = s;
        s = maf_session_next(s);
    }
    if (s == NULL)
        return;
    if (before != NULL)
        maf_session_set_next(before, maf_session_next(s));
    else
        c->sessions = maf_session_next(s);
    if (maf_session_is_open(s))
        c->n_sessions--;
    else
        c->n_handshakes--;
    adjust(c);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    adjust(arg);
}

void maf_carry_pause(struct maf_carry *c, const char *why)
{
    const struct timeval second = {.tv_sec = 1};
    maf_carry_say(c, why);
    (void)evtimer_add(c->pause, &second);
    adjust(c);
}

int maf_carry_listen(struct maf_carry *c, int fd, event_callback_fn on_new, void *arg,
                     struct openmaf_error *error)
{
    c->listener = event_new(c->base, fd, EV_READ | EV_PERSIST, on_new, arg);
    c->pause = evtimer_new(c->base, on_pause_over, c);
    if (c->listener == NULL || c->pause == NULL || event_add(c->listener, NULL) != 0)
        return maf_fail(error, OPENMAF_ENOMEM, "no memory to listen");
    maf_carry_say_listening(c, fd);
    return OPENMAF_OK;
}

struct maf_session_setup maf_carry_setup(struct maf_carry *c, const struct maf_address *peer)
{
    return (struct maf_session_setup){.base = c->base,
                                      .fd = -1,
                                      .dtls = c->dtls,
                                      .peer = *peer,
                                      .handshake_seconds = c->handshake_seconds,
                                      .idle_seconds = c->idle_seconds};
}
