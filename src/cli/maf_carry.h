/* maf: what connect and listen share: the event loop with its sessions and their bounds, signals, and what is
 * said about it all.
 *
 * Where standard input and output carry the session, reports go to standard error; else to standard output,
 * as text or as one JSON object a line. */
#ifndef OPENMAF_CLI_MAF_CARRY_H
#define OPENMAF_CLI_MAF_CARRY_H

#include "cli/maf_session.h"

struct maf_carry {
    struct openmaf *maf;
    const struct maf_args *args;
    struct event_base *base;
    SSL_CTX *ctx;
    bool dtls, stdio;
    unsigned handshake_seconds, idle_seconds;
    size_t max; /* sessions at a time */

    struct maf_session *sessions;
    size_t n_sessions, n_handshakes; /* with the handshake behind them, and in it */
    struct event *signals[2];
    struct event *listener; /* for new sessions; waits only while there is room */
    struct event *pause;    /* until it may try again */
    bool decided;
    struct openmaf_error result;
};

/* Reads the options that both have, makes the loop and the context. what->end, allow and refused are the
 * caller's. Ended with maf_carry_end, also when it failed. */
int maf_carry_begin(struct maf_carry *c, struct openmaf *maf, const struct maf_args *args,
                    struct openmaf_saef *what, bool stdio, struct openmaf_error *error);

/* Runs until it is decided, or a signal ends it. */
int maf_carry_run(struct maf_carry *c, struct openmaf_error *error);
void maf_carry_end(struct maf_carry *c);

/* Ends the loop with this result. */
void maf_carry_decide(struct maf_carry *c, const struct openmaf_error *result);

/* Keep account of a session: from its start, when its handshake is over, when it ends. */
void maf_carry_add(struct maf_carry *c, struct maf_session *s);
void maf_carry_opened(struct maf_carry *c, struct maf_session *s);
void maf_carry_remove(struct maf_carry *c, const struct maf_session *s);

/* Begins to take new sessions from a listening socket, whenever there are fewer than max. */
int maf_carry_listen(struct maf_carry *c, int fd, event_callback_fn on_new, void *arg,
                     struct openmaf_error *error);

/* A new session could not be taken, for lack of something: nobody is taken for a second. */
void maf_carry_pause(struct maf_carry *c, const char *why);

/* A setup with all that does not depend on the session. */
struct maf_session_setup maf_carry_setup(struct maf_carry *c, const struct maf_address *peer);

/* Reports. */
void maf_carry_say(const struct maf_carry *c, const char *problem);
void maf_carry_say_listening(const struct maf_carry *c, int fd);
void maf_carry_say_open(const struct maf_carry *c, const struct maf_session *s);
void maf_carry_say_ended(const struct maf_carry *c, const struct maf_session *s,
                         const struct openmaf_error *error);
void maf_carry_say_refused(const struct maf_carry *c, const char *identity, const char *why);

#endif
