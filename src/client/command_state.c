/* The record of commands: see command_state.h. */
#include "client/command_state.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

void command_state_free(struct command_state *s)
{
    json_decref(s->description);
    memset(s, 0, sizeof *s);
}

static om_rc read_members(const json_t *record, struct command_state *s, struct om_error *err)
{
    int64_t phase = 0;
    int64_t status = 0;
    OM_TRY(record_get_text(record, "stakeholder", s->stakeholder, sizeof s->stakeholder, err));
    OM_TRY(record_get_int(record, "phase", &phase, err));
    OM_TRY(record_get_int(record, "command", &s->id, err));
    OM_TRY(record_get_int(record, "status", &status, err));
    OM_TRY(record_get_int(record, "again", &s->again, err));
    OM_TRY(record_get_text(record, "why", s->why, sizeof s->why, err));
    s->phase = (enum command_phase)phase;
    s->status = (int)status;
    s->description = json_incref(json_object_get(record, "description"));
    if (phase < COMMAND_NONE || phase > COMMAND_REPORTED ||
        (s->description == NULL) != (phase == (int64_t)COMMAND_NONE))
        return om_fail(err, OM_EINTEGRITY, "the record of commands under %s is malformed", s->stakeholder);
    return OM_OK;
}

om_rc command_state_read(struct openmaf *maf, const char *stakeholder, struct command_state *s,
                         struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    json_t *record = NULL;
    memset(s, 0, sizeof *s);
    OM_TRY(record_name(name, RECORD_COMMAND, stakeholder, err));
    OM_TRY(om_copy_text(s->stakeholder, sizeof s->stakeholder, stakeholder, err));
    OM_TRY(record_read(&maf->home, maf->se, name, &record, err));
    om_rc rc = read_members(record, s, err);
    json_decref(record);
    if (rc != OM_OK)
        command_state_free(s);
    return rc;
}

om_rc command_state_write(struct openmaf *maf, const struct command_state *s, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_COMMAND, s->stakeholder, err));
    json_t *record = json_pack("{s:s, s:i, s:I, s:O*, s:i, s:s, s:I}", "stakeholder", s->stakeholder, "phase",
                               (int)s->phase, "command", (json_int_t)s->id, "description", s->description,
                               "status", s->status, "why", s->why, "again", (json_int_t)s->again);
    if (record == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a record");
    om_rc rc = record_write(&maf->home, maf->se, name, record, err);
    json_decref(record);
    return rc;
}

om_rc command_state_due(struct openmaf *maf, const char *stakeholder, struct om_error *err)
{
    struct command_state s;
    om_rc rc = command_state_read(maf, stakeholder, &s, err);
    if (rc == OM_OK || rc == OM_ENOTFOUND) {
        s.again = 0;
        rc = command_state_write(maf, &s, err);
    }
    command_state_free(&s);
    return rc;
}

/* --- judging --- */

static void conclude(struct command_state *s, int status, const char *why)
{
    s->phase = COMMAND_EXECUTED;
    s->status = status;
    size_t n = strnlen(why, sizeof s->why - 1);
    memcpy(s->why, why, n);
    s->why[n] = '\0';
    om_printable(s->why);
}

static void take(struct command_state *s, const struct m2m_resource *answer)
{
    json_decref(s->description);
    s->description = json_incref(answer->cmds);
    s->id = answer->cmid;
    s->phase = COMMAND_RECEIVED;
    s->status = 0;
    s->why[0] = '\0';
}

om_rc command_judge(struct command_state *s, const struct m2m_resource *answer, const char *id,
                    const bool supports[M2M_CMD_MO_NODE + 1], int64_t now, struct m2m_command *command,
                    enum command_turn *turn, struct om_error *err)
{
    struct om_error why = {0};
    int status = 0;
    s->again = 0; /* the timer is cancelled by any exchange (MEF-CMD-6) */
    if (answer->cmsc != M2M_CMD_ISSUED && answer->cmsc != M2M_CMD_REISSUED)
        return om_fail(err, OM_EINTEGRITY, "the MEF gave a command with cmdStatusCode %d", answer->cmsc);
    om_rc rc = m2m_command_parse(answer->cmds, command, &status, &why);
    if (rc == OM_OK && command->command_class == M2M_CMD_NO_MORE_COMMANDS) {
        s->again = now + command->retry;
        *turn = COMMAND_REST;
        return OM_OK;
    }
    *turn = COMMAND_REPORT;
    if (s->phase != COMMAND_NONE && s->id == answer->cmid) {
        if (s->phase == COMMAND_REPORTED) /* the last report was on it */
            conclude(s, M2M_CMD_REPEATED_CMD_ID, "it was reported on already");
        if (s->phase == COMMAND_EXECUTED) /* MEF-CMD-5: only to be reported */
            return OM_OK;
    }
    take(s, answer);
    if (rc == OM_OK && !supports[command->command_class]) {
        conclude(s, M2M_CMD_CLASS_NOT_SUPPORTED, "this client cannot execute commands of that class");
    } else if (rc != OM_OK) {
        conclude(s, status, om_error_text(&why, rc));
    } else if (command->target[0] != '\0' && strcmp(command->target, id) != 0) {
        conclude(s, M2M_CMD_UNACCEPTABLE_ARGUMENTS, "targetID is another entity than this client");
    } else {
        *turn = COMMAND_EXECUTE;
    }
    return OM_OK;
}
