/* mafadm and its like: what their command files share. */
#ifndef OPENMAF_CLI_MAFADM_H
#define OPENMAF_CLI_MAFADM_H

#include "daemon/config.h"
#include "maf/admin.h"

#include "provisioning/ca.h"

#include <getopt.h>
#include <jansson.h>

/* Exit codes, in mafadm(8). */
enum { ADM_EXIT_OK = 0, ADM_EXIT_FAILED = 1, ADM_EXIT_USAGE = 2, ADM_EXIT_TRANSIENT = 3 };

/* Everything a command may be told; which options a command takes is in its table row. */
struct adm_args {
    bool json;
    const char *dir, *fqdn, *token, *pin_source, *https;                     /* init */
    const char *id, *stakeholder, *kmid, *km_file, *km_out, *expires, *file; /* client, policy */
    const char *crl_uri, *flavour, *name, *csr, *key, *out, *reason;         /* ca, cert */
    const char *serial, *cert_file, *anchors, *mef;                          /* bundle */
    const char *target, *suid, *lifetime;                                    /* enrolee */
    bool generate, show_km, remove, keep_keys;
    struct m2m_list ids; /* all of --id; the first is `id` too */
    const char *cert_fingerprint;
    struct m2m_list cert_anchors;
    struct m2m_list add_targets, remove_targets, permit, forbid, domains, labels;
    const char *operand; /* the one positional argument, or NULL */
};

/* A directory opened for work: configuration, token, database. */
struct adm {
    struct config cfg;
    struct se *se;
    struct store *store;
};

OM_MUST_USE om_rc adm_open(const char *dir, struct adm *adm, struct om_error *err);
void adm_close(struct adm *adm);

/* Its certification authorities; ended with adm_ca_close before adm_close. */
struct adm_ca {
    struct ca ca;
    const char *names[CONFIG_NAMES_MAX + 2];
};
OM_MUST_USE om_rc adm_ca_open(const struct adm *adm, struct adm_ca *out, struct om_error *err);
void adm_ca_close(struct adm_ca *ca);

/* A certificate that was issued: what is known of it, and itself into --out or on standard output. */
json_t *adm_issued_json(const struct store_issued *r);
OM_MUST_USE om_rc adm_hand_out(const struct adm_args *args, const struct store_issued *r,
                               struct om_error *err);

/* Prints tree (taken over) to stdout: indented with --json; the caller prints its own text otherwise. */
OM_MUST_USE om_rc adm_print_json(json_t *tree, struct om_error *err);
bool adm_has_printed(void); /* JSON, since the start */

/* "20300101T000000", or "never" for 0. */
const char *adm_time_text(int64_t t, char out[M2M_TIMESTAMP_SIZE]);
json_t *adm_time_json(int64_t t); /* null for 0 */
json_t *adm_list_json(const struct m2m_list *list);

/* Absolute time from an m2m timestamp or a duration like 90d, 12h, 30m, 60s from now. */
OM_MUST_USE om_rc adm_parse_expiry(const char *text, int64_t *t, struct om_error *err);

/* The duration alone, in seconds. */
OM_MUST_USE om_rc adm_parse_duration(const char *text, int64_t *seconds, struct om_error *err);

/* A stakeholder's name as it is stored: in lower case. */
OM_MUST_USE om_rc adm_fqdn(const char *text, char out[M2M_FQDN_SIZE], struct om_error *err);

/* A KmID, or its part before '@' of this MAF. */
OM_MUST_USE om_rc adm_kmid(const struct adm *adm, const char *text, char out[M2M_KEY_ID_SIZE],
                           struct om_error *err);

/* The serial number of a certificate as it is stored; colons and capitals are allowed. */
OM_MUST_USE om_rc adm_serial(const char *text, char out[STORE_SERIAL_SIZE], struct om_error *err);

/* Hexadecimal digits of a key of at most 64 octets, in a file that nobody else can read; *km is the caller's.
 */
OM_MUST_USE om_rc adm_read_km(const char *path, struct om_secret *km, struct om_error *err);

/* Public domain name of a CSE (TS-0001 6.5.1.1): //sp.example/cse1 is cse1.sp.example. OM_EINPUT: no Absolute
 * CSE-ID. */
OM_MUST_USE om_rc adm_cse_name(const char *id, char out[M2M_ID_SIZE], struct om_error *err);

/* A text file of at most max octets; *out is the caller's to free. */
OM_MUST_USE om_rc adm_read_text(const char *path, size_t max, char **out, struct om_error *err);

/* What ends a list: the number of rows that did not verify, reported on stderr as they came. */
OM_MUST_USE om_rc adm_bad_rows(size_t n, const char *what, struct om_error *err);

/* The certificates in the files of --cert-anchor; freed with sk_X509_pop_free. */
OM_MUST_USE om_rc adm_read_anchors(const struct adm_args *args, STACK_OF(X509) * *out, struct om_error *err);

/* One command: `<program> NOUN VERB`. */
struct adm_command {
    const char *noun, *verb; /* verb "" for a command of one word */
    const char *operand;     /* name of the positional argument, NULL for none */
    const char *options;     /* letters of the options it takes, beside --dir and --json */
    const char *required;    /* those it cannot do without */
    om_rc (*run)(const struct adm_args *args, struct om_error *err);
    const char *help;
};

/* Which command this executable is. Defined once in each: mafadm_program.c, mefadm.c. */
struct adm_program {
    const struct config_kind *kind;
    const struct maf_role *role;
    const struct adm_command *more; /* of this one alone; ends with a NULL noun. May be NULL */
};
extern const struct adm_program adm_program;

/* What lists share: rows go into an array, or are printed; bad ones are counted. */
struct adm_lister {
    json_t *array;
    bool json;
    size_t bad;
};
/* Opens, lists with `list`, prints the array when asked for JSON, reports bad rows. */
OM_MUST_USE om_rc adm_list(const struct adm_args *args, const char *what,
                           om_rc (*list)(struct store *store, struct adm_lister *l, struct om_error *err),
                           struct om_error *err);

om_rc adm_init(const struct adm_args *args, struct om_error *err);
om_rc adm_check(const struct adm_args *args, struct om_error *err);
om_rc adm_token_status(const struct adm_args *args, struct om_error *err);
om_rc adm_stakeholder_add(const struct adm_args *args, struct om_error *err);
om_rc adm_stakeholder_list(const struct adm_args *args, struct om_error *err);
om_rc adm_stakeholder_remove(const struct adm_args *args, struct om_error *err);
om_rc adm_stakeholder_policy(const struct adm_args *args, struct om_error *err);
om_rc adm_client_add(const struct adm_args *args, struct om_error *err);
om_rc adm_client_certificate_add(const struct adm_args *args, struct om_error *err);
om_rc adm_client_certificate_show(const struct adm_args *args, struct om_error *err);
om_rc adm_client_certificate_revoke(const struct adm_args *args, struct om_error *err);
/* Into array, or as text when it is NULL; adds the rows that do not verify to *bad. */
om_rc adm_client_certificate_list(struct store *store, json_t *array, size_t *bad, struct om_error *err);
/* Names a client by certificate, not a KmID. */
bool adm_is_certificate(const char *operand);
om_rc adm_client_import(const struct adm_args *args, struct om_error *err);
om_rc adm_client_list(const struct adm_args *args, struct om_error *err);
om_rc adm_client_show(const struct adm_args *args, struct om_error *err);
om_rc adm_client_revoke(const struct adm_args *args, struct om_error *err);
om_rc adm_client_config(const struct adm_args *args, struct om_error *err);
om_rc adm_registration_list(const struct adm_args *args, struct om_error *err);
om_rc adm_registration_show(const struct adm_args *args, struct om_error *err);
om_rc adm_registration_revoke(const struct adm_args *args, struct om_error *err);
om_rc adm_key_list(const struct adm_args *args, struct om_error *err);
om_rc adm_key_show(const struct adm_args *args, struct om_error *err);
om_rc adm_key_revoke(const struct adm_args *args, struct om_error *err);
om_rc adm_key_targets(const struct adm_args *args, struct om_error *err);

om_rc adm_bundle(const struct adm_args *args, struct om_error *err);
om_rc adm_ca_init(const struct adm_args *args, struct om_error *err);
om_rc adm_ca_show(const struct adm_args *args, struct om_error *err);
om_rc adm_cert_issue(const struct adm_args *args, struct om_error *err);
om_rc adm_cert_list(const struct adm_args *args, struct om_error *err);
om_rc adm_cert_show(const struct adm_args *args, struct om_error *err);
om_rc adm_cert_revoke(const struct adm_args *args, struct om_error *err);
om_rc adm_cert_crl(const struct adm_args *args, struct om_error *err);

#endif
