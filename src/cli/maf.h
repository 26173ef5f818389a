/* maf: what its command files share. It knows libmaf by its public header only. */
#ifndef OPENMAF_CLI_MAF_H
#define OPENMAF_CLI_MAF_H

#include <jansson.h>
#include <openmaf.h>
#include <stdbool.h>

/* Exit codes, in maf(1). */
enum { MAF_EXIT_OK = 0, MAF_EXIT_FAILED = 1, MAF_EXIT_USAGE = 2, MAF_EXIT_TEMPORARY = 3 };

#define MAF_LIST_MAX 256 /* values of one repeated option */

struct maf_list {
    size_t n;
    const char *items[MAF_LIST_MAX];
};

/* Everything a command may be told; which options a command takes is in its table row. */
struct maf_args {
    bool json, at_mef; /* at_mef: a command of `maf mef` */
    const char *home;
    const char *id, *maf, *token, *pin_source, *custody, *plugin_dir, *tls_max; /* init */
    const char *https, *wss, *coaps, *coaps_tcp, *format; /* init: where the MAF is, and how to talk to it */
    const char *mef, *mef_https, *mef_wss, *mef_coaps, *mef_coaps_tcp, *enrolment_expiry;
    const char *kmid, *km_file, *bundle; /* credential import */
    const char *flavour, *name, *out;    /* csr */
    const char *uri;                     /* credential enrol */
    const char *stakeholder, *registration, *expires, *suid, *type, *limit, *offset;
    struct maf_list labels, targets;
    bool raw, no_labels, generate, strict, show_value, renew;
    const char *source, *forward, *accept, *timeout, *idle, *max_sessions; /* connect, listen */
    struct maf_list keys;
    bool dtls, once, wait;
    const char *receiver_rand, *originator_rand, *half; /* key derive, key hmac */
    const char *operand, *operand2;                     /* the positional arguments, or NULL */
};

/* One command: `maf NOUN VERB`, or `maf NOUN`. */
struct maf_command {
    const char *noun, *verb; /* verb "" for a command of one word */
    const char *operand;     /* names of the positional arguments, two at most; NULL for none */
    const char *options;     /* letters of the options it takes, beside --home and --json */
    const char *required;    /* those it cannot do without */
    /* Returns OPENMAF_OK or another enum openmaf_code, with *error filled. maf is NULL for init. */
    int (*run)(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
    const char *help;
};

/* NULL-verb rows end the table. */
extern const struct maf_command maf_commands[];

/* Finds the command and reads its options. What is wrong is said on stderr; then *command is NULL and the
 * exit code is returned; so it is after --help and --version. */
int maf_parse(int argc, char **argv, const struct maf_command **command, struct maf_args *args);

/* Records a failure of the command itself. Returns code. */
int maf_fail(struct openmaf_error *error, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints tree (taken over) as indented JSON on stdout. */
int maf_print_json(json_t *tree, struct openmaf_error *error);
json_t *maf_texts_json(const char *const *texts, size_t n);
json_t *maf_time_json(int64_t t); /* null for 0, which stands for not known */
/* " a b c", or " -" when there are none. */
void maf_print_texts(const char *const *texts, size_t n);

/* A certificate that ends within this time is pointed out. */
#define MAF_WARN_SECONDS (30 * 86400)

/* Prints the home's credentials if `print`, and adds them to array. Those that are refused are reported and
 * counted. */
int maf_credentials(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                    struct openmaf_error *error);

/* The same for its enrolments. */
int maf_enrolments(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                   struct openmaf_error *error);

/* What ends a list: fails when records were refused (each was reported on stderr as it came). */
int maf_refused(int code, size_t refused, struct openmaf_error *error);

/* The server that a command is about. */
enum openmaf_server maf_server(const struct maf_args *args);

/* Prints what the home knows of MEF Client Commands if `print`, and adds it to array. */
int maf_command_states(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                       struct openmaf_error *error);

/* --expires and numeric options; *value stays when text is NULL. */
int maf_expires(const char *text, int64_t *value, struct openmaf_error *error);
int maf_number(const char *option, const char *text, unsigned long max, unsigned long *value,
               struct openmaf_error *error);

int maf_init(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_status(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_csr(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_token_status(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_credential_import(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_credential_enrol(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_credential_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_credential_forget(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_enrol(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_register(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_config(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_update(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_deregister(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_registration_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_mef_commands(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_object_set(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_object_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_object_show(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_object_remove(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_register(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_retrieve(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_update(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_deregister(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_forget(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_derive(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_key_hmac(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_connect(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_listen(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);
int maf_discover(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error);

#endif
