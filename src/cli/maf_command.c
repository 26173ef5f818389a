/* maf: MEF Client Commands (TS-0003 8.3.9), and the registration after which they are asked for. */
#include "cli/maf.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_SECONDS  5  /* how often to see what other processes did to this home */
#define RETRY_SECONDS 60 /* after a failure that may pass */

static const char *class_name(int command_class)
{
    static const char *const names[] = {"NO_MORE_COMMANDS", "CERT_PROV", "DEV_CFG", "MO_NODE"};
    return command_class >= 0 && command_class <= 3 ? names[command_class] : "unknown class";
}

static json_t *command_json(const struct openmaf_command *c)
{
    return json_pack("{s:s, s:I, s:s, s:i, s:s*, s:b, s:s*}", "adminFQDN", c->stakeholder, "cmdID",
                     (json_int_t)c->id, "class", class_name(c->command_class), "cmdStatusCode", c->status,
                     "status", c->status_name, "reported", c->reported, "why", c->why);
}

static void print_command(const struct openmaf_command *c)
{
    (void)printf("command %lld under %s: %s: %s%s%s%s\n", (long long)c->id, c->stakeholder,
                 class_name(c->command_class), c->status_name != NULL ? c->status_name : "not executed yet",
                 c->reported || c->status == 0 ? "" : ", not reported yet", c->why != NULL ? ": " : "",
                 c->why != NULL ? c->why : "");
}

/* The callback's argument: a JSON array to add to, or NULL to print. */
static void on_reported(void *arg, const struct openmaf_command *c)
{
    if (arg != NULL) {
        (void)json_array_append_new(arg, command_json(c));
        return;
    }
    print_command(c);
    (void)fflush(stdout);
}

static int run_once(struct openmaf *maf, const char *stakeholder, json_t *array, int64_t *again,
                    struct openmaf_error *error)
{
    const struct openmaf_commands rq = {
        .size = sizeof rq, .stakeholder = stakeholder, .reported = on_reported, .arg = array};
    return openmaf_mef_commands(maf, &rq, again, error);
}

static int print_result(json_t *array, int64_t again, struct openmaf_error *error)
{
    char text[16];
    if (array != NULL)
        return maf_print_json(json_pack("{s:O, s:o}", "commands", array, "again", maf_time_json(again)),
                              error);
    openmaf_time_format(again, text);
    (void)printf("no more commands; again at %s\n", text);
    return OPENMAF_OK;
}

static bool is_registered(const char *stakeholder, struct openmaf_registration *const *list, size_t n)
{
    bool yes = false;
    for (size_t i = 0; i < n; i++)
        yes =
            yes || (list[i]->problem == NULL && list[i]->server == OPENMAF_MEF &&
                    list[i]->expires > (int64_t)time(NULL) && strcmp(list[i]->stakeholder, stakeholder) == 0);
    return yes;
}

/* Another process may have registered meanwhile, after which commands are asked for at once (MEF-CMD-2). What
 * is left of a registration that has ended is nobody's to ask for. */
static bool is_due(struct openmaf *maf, const char *stakeholder)
{
    struct openmaf_command **list = NULL;
    struct openmaf_registration **registered = NULL;
    size_t n = 0;
    size_t n_registered = 0;
    bool due = false;
    if (openmaf_command_list(maf, &list, &n, NULL) != OPENMAF_OK)
        return false;
    if (openmaf_registration_list(maf, &registered, &n_registered, NULL) != OPENMAF_OK)
        n_registered = 0;
    for (size_t i = 0; i < n; i++)
        due = due || (list[i]->problem == NULL && list[i]->again == 0 &&
                      (stakeholder == NULL || strcmp(stakeholder, list[i]->stakeholder) == 0) &&
                      is_registered(list[i]->stakeholder, registered, n_registered));
    openmaf_registration_list_free(registered, n_registered);
    openmaf_command_list_free(list, n);
    return due;
}

static void rest(struct openmaf *maf, const char *stakeholder, bool failed, int64_t again)
{
    for (int64_t left; (left = again - (int64_t)time(NULL)) > 0;) {
        (void)sleep((unsigned)(left > LOOK_SECONDS ? LOOK_SECONDS : left));
        if (!failed && is_due(maf, stakeholder))
            return;
    }
}

/* Until it is ended by a signal, or by a failure that will not pass. With --json, one object per round. */
static int stay(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    int64_t again = 0;
    for (;;) {
        json_t *array = args->json ? json_array() : NULL;
        int code = run_once(maf, args->stakeholder, array, &again, error);
        bool failed = code == OPENMAF_ETEMPORARY;
        if (failed) {
            (void)fprintf(stderr, "maf: %s\n", error->text);
            again = (int64_t)time(NULL) + RETRY_SECONDS;
            code = OPENMAF_OK;
        } else if (code == OPENMAF_OK) {
            code = print_result(array, again, error);
        }
        json_decref(array);
        if (code == OPENMAF_OK && fflush(stdout) != 0)
            code = maf_fail(error, OPENMAF_ETEMPORARY, "cannot write to standard output");
        if (code != OPENMAF_OK)
            return code;
        const int64_t soonest = (int64_t)time(NULL) + LOOK_SECONDS;
        if (again < soonest) /* whatever the server says: never without a pause */
            again = soonest;
        rest(maf, args->stakeholder, failed, again);
    }
}

int maf_mef_commands(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    int64_t again = 0;
    if (args->wait)
        return stay(maf, args, error);
    json_t *array = args->json ? json_array() : NULL;
    int code = run_once(maf, args->stakeholder, array, &again, error);
    if (code == OPENMAF_OK)
        code = print_result(array, again, error);
    json_decref(array);
    return code;
}

int maf_command_states(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                       struct openmaf_error *error)
{
    struct openmaf_command **list = NULL;
    size_t n = 0;
    int code = openmaf_command_list(maf, &list, &n, error);
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        const struct openmaf_command *c = list[i];
        char again[16];
        if (c->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", c->problem);
            (*refused)++;
            continue;
        }
        openmaf_time_format(c->again, again);
        if (print && c->id != 0)
            print_command(c);
        if (print)
            (void)printf("under %s: commands are to be asked for %s%s\n", c->stakeholder,
                         c->again > (int64_t)time(NULL) ? "at " : "now",
                         c->again > (int64_t)time(NULL) ? again : "");
        json_t *one = command_json(c);
        (void)json_object_set_new(one, "again", maf_time_json(c->again));
        (void)json_array_append_new(array, one);
    }
    openmaf_command_list_free(list, n);
    return code;
}
