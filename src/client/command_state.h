/* How far this client is with the commands of a MEF (TS-0003 8.3.9), one record for each administrator. It is
 * written before each step that somebody else can notice: a command before it is executed, its status before
 * it is reported. So a process that was killed goes on where it stood, and reports what it had executed
 * without doing it again (MEF-CMD-5). */
#ifndef OPENMAF_CLIENT_COMMAND_STATE_H
#define OPENMAF_CLIENT_COMMAND_STATE_H

#include "client/client.h"
#include "client/record.h"
#include "onem2m/command.h"

enum command_phase {
    COMMAND_NONE = 0,     /* no command was ever received */
    COMMAND_RECEIVED = 1, /* description is there and not executed, or not to its end */
    COMMAND_EXECUTED = 2, /* status is there; the MEF may not know it */
    COMMAND_REPORTED = 3, /* the MEF answered to the report */
};

struct command_state {
    char stakeholder[M2M_FQDN_SIZE]; /* adminFQDN */
    enum command_phase phase;
    int64_t id;          /* cmdID */
    json_t *description; /* cmdDescription; owned; NULL with COMMAND_NONE */
    int status;          /* cmdStatusCode */
    char why[256];       /* what failed; "" */
    int64_t again;       /* end of retryDuration (MEF-CMD-6); 0: no timer runs, ask now */
};
void command_state_free(struct command_state *s); /* what it holds; and zeroes it */

/* OM_ENOTFOUND: none yet; then *s is an empty one for the administrator. */
OM_MUST_USE om_rc command_state_read(struct openmaf *maf, const char *stakeholder, struct command_state *s,
                                     struct om_error *err);
/* On disk when it returns. */
OM_MUST_USE om_rc command_state_write(struct openmaf *maf, const struct command_state *s,
                                      struct om_error *err);

/* Commands are to be asked for at once: after a registration (MEF-CMD-2). On disk when it returns. */
OM_MUST_USE om_rc command_state_due(struct openmaf *maf, const char *stakeholder, struct om_error *err);

/* A command has come with an answer: what is to be done with it. */
enum command_turn {
    COMMAND_EXECUTE, /* s is COMMAND_RECEIVED */
    COMMAND_REPORT,  /* s is COMMAND_EXECUTED: nothing is to be done but to report s->status */
    COMMAND_REST,    /* NO_MORE_COMMANDS: s->again is set */
};
/* MEF-CMD-4 to MEF-CMD-6, up to the execution: judges the command in `answer` at time `now`, in the client's
 * order, and changes s accordingly; it is the caller's to write. *command is filled for COMMAND_EXECUTE. `id`
 * is this client, supports[] tells by cmdClassID what it can execute. OM_EINTEGRITY: the answer is none of a
 * MEF. */
OM_MUST_USE om_rc command_judge(struct command_state *s, const struct m2m_resource *answer, const char *id,
                                const bool supports[M2M_CMD_MO_NODE + 1], int64_t now,
                                struct m2m_command *command, enum command_turn *turn, struct om_error *err);

#endif
