/* The operator's command for a directory: mafadm(8), and its like for other daemons. This file: the table of
 * commands and of options, usage, and exit codes. */
#include "cli/mafadm.h"
#include "util/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Options by letter. Letters are only for the tables; on the command line options are long. */
struct adm_option {
    char letter;
    const char *name;
    const char *argument; /* NULL: a flag */
    const char *help;
};

static const struct adm_option options[] = {
    {'d', "dir", "DIR", "directory of the daemon (configuration, database)"},
    {'j', "json", NULL, "print JSON on standard output"},
    {'f', "fqdn", "FQDN", "the name that clients know it by"},
    {'t', "token", "URI", "token that keeps the root keys, e.g. pkcs11:token=maf?module-path=..."},
    {'p', "pin-source", "SOURCE", "file:PATH or credential:NAME with the token's PIN"},
    {'H', "https", "HOST:PORT", "address to listen on (default 127.0.0.1:8443); of a MEF: its own"},
    {'i', "id", "ID", "Absolute AE-ID or CSE-ID, e.g. //sp.example/cse1/Cae7; repeated: any of them"},
    {'s', "stakeholder", "ADMIN-FQDN", "administrating stakeholder"},
    {'k', "kmid", "NAME", "KmID, or its part before '@' (default: made up)"},
    {'g', "generate", NULL, "make a new Km with the token's generator"},
    {'m', "km-file", "FILE", "hexadecimal Km of 16 to 64 octets, in a file only you can read"},
    {'o', "km-out", "FILE", "write the generated Km there (mode 0600, must not exist)"},
    {'S', "show-km", NULL, "print the generated Km on standard output"},
    {'e', "expires", "WHEN", "timestamp YYYYMMDDThhmmss (UTC), or a duration such as 90d or 12h"},
    {'F', "file", "FILE", "JSON document to read"},
    {'r', "remove", NULL, "remove what is there"},
    {'K', "keep-keys", NULL, "leave the client's key registrations in place"},
    {'a', "add", "ID", "target to add; may be repeated"},
    {'R', "drop", "ID", "target to take out; may be repeated"},
    {'P', "permit", "ID",
     "let this identity register; of a MEF: let it vouch for it, or for //.../... below; may be repeated"},
    {'B', "forbid", "ID", "no longer let this identity register; may be repeated"},
    {'D', "domain", "FQDN", "domain of the AEs and CSEs that may get certificates; may be repeated"},
    {'U', "crl-uri", "URI", "http: URI where the CRLs will be fetched, without the file name"},
    {'V', "flavour", "FLAVOUR", "kind of certificate: ae, cse, node, device, or fqdn for the MAF"},
    {'z', "cert-anchor", "FILE", "CA certificate (PEM) that the client's must lead to; may be repeated"},
    {'y', "cert-fingerprint", "KEY", "SHA-256 of the only public key that it may have (hex, or ni:///...)"},
    {'n', "name", "NAME", "whose it is: AE-ID, CSE-ID or its domain name, Node-ID, hardware ID"},
    {'c', "csr", "FILE", "certificate signing request (PKCS#10, PEM or DER)"},
    {'O', "out", "FILE", "write the certificate there"},
    {'Y', "key", "NAME", "key of the MAF in the token; made if it is not there"},
    {'C', "certificate", "SERIAL", "a certificate that was issued here, by its serial number"},
    {'x', "cert-file", "FILE", "a certificate that was issued elsewhere, with its chain (PEM)"},
    {'A', "anchors", "FILE", "what the client is to trust of the MAF (PEM; default: ca/maf.pem)"},
    {'E', "mef", "MEF-FQDN", "the client gets its key from this MEF, which this MAF asks"},
    {'L', "label", "LABEL", "label of the registration; may be repeated"},
    {'w', "reason", "REASON", "keyCompromise, superseded, cessationOfOperation, ... (default unspecified)"},
    {'T', "target", "ID", "Enrolment Target: a MAF-FQDN for SUID 21, else an Absolute AE-ID or CSE-ID"},
    {'u', "suid", "N", "what the fetched key is for: 21 to 25"},
    {'l', "lifetime", "DURATION", "of enrolments (default 30d), of certificates by EST (default 90d)"},
};
#define N_OPTIONS (sizeof options / sizeof options[0])

static const struct adm_command commands[] = {
    {"init", "", NULL, "ftpH", "ft", adm_init, "make the directory, its database and the token's root keys"},
    {"check", "", NULL, "", "", adm_check, "verify configuration, token, and every row of the database"},
    {"token", "status", NULL, "", "", adm_token_status, "show the token and its custody grade"},
    {"stakeholder", "add", "ADMIN-FQDN", "", "", adm_stakeholder_add, "add an administrating stakeholder"},
    {"stakeholder", "list", NULL, "", "", adm_stakeholder_list, "list stakeholders"},
    {"stakeholder", "remove", "ADMIN-FQDN", "", "", adm_stakeholder_remove,
     "remove one that nothing refers to"},
    {"stakeholder", "policy", "ADMIN-FQDN", "FPB", "", adm_stakeholder_policy,
     "show its policy, or replace it with --file; edit who may register"},
    {"client", "add", NULL, "iskgmoSeVnzy", "is", adm_client_add,
     "add a client with its Km, or by certificate (--flavour)"},
    {"client", "import", "FILE", "se", "s", adm_client_import,
     "add many clients: lines of ID, KmID and hexadecimal Km, in a file only you can read"},
    {"client", "list", NULL, "", "", adm_client_list, "list clients' credentials"},
    {"client", "show", "KMID|NAME", "", "", adm_client_show, "show one credential"},
    {"client", "revoke", "KMID|NAME", "", "", adm_client_revoke, "end a credential for ever"},
    {"client", "config", NULL, "isFr", "is", adm_client_config,
     "show, attach (--file) or remove the mafClientCfg that the client retrieves"},
    {"registration", "list", NULL, "", "", adm_registration_list, "list client registrations"},
    {"registration", "show", "REG-ID", "", "", adm_registration_show, "show one registration"},
    {"registration", "revoke", "REG-ID", "K", "", adm_registration_revoke, "end a registration and its keys"},
    {"key", "list", NULL, "", "", adm_key_list, "list key registrations (never their values)"},
    {"key", "show", "KEY-ID", "", "", adm_key_show, "show one key registration"},
    {"key", "revoke", "KEY-ID", "", "", adm_key_revoke, "stop handing out a key"},
    {"key", "targets", "KEY-ID", "aR", "", adm_key_targets, "edit the targets of an ESData key"},
    {"ca", "init", NULL, "DUe", "D", adm_ca_init, "make certification authorities with keys in the token"},
    {"ca", "show", NULL, "", "", adm_ca_show, "show the certification authorities"},
    {"cert", "issue", NULL, "VncOeY", "V", adm_cert_issue,
     "issue a certificate for a request, or for the MAF's own key in the token"},
    {"cert", "list", NULL, "n", "", adm_cert_list, "list the certificates that were issued"},
    {"cert", "show", "SERIAL", "O", "", adm_cert_show, "give out one certificate again"},
    {"cert", "revoke", "SERIAL", "w", "", adm_cert_revoke,
     "revoke a certificate and make the CRL that says so"},
    {"bundle", "", NULL, "sCxkEAVneLO", "s", adm_bundle,
     "put what a client needs to register into one file, for a certificate, a KmID or a key from a MEF"},
    {"cert", "crl", NULL, "e", "", adm_cert_crl, "make the next CRL of each authority"},
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

/* Command number i, NULL after the last: those that all have, then this program's own. */
static const struct adm_command *command_at(size_t i)
{
    if (i < N_COMMANDS)
        return &commands[i];
    const struct adm_command *more = adm_program.more;
    for (i -= N_COMMANDS; more != NULL && more->noun != NULL && i > 0; i--)
        more++;
    return more != NULL && more->noun != NULL ? more : NULL;
}

static const struct adm_option *option_by_letter(int letter)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (options[i].letter == letter)
            return &options[i];
    return NULL;
}

static void print_usage(FILE *out)
{
    (void)fprintf(out, "Usage: %s COMMAND --dir DIR [OPTION ...] [ARGUMENT]\n\nCommands:\n",
                  adm_program.kind->admin);
    const struct adm_command *cmd;
    for (size_t i = 0; (cmd = command_at(i)) != NULL; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%s%s%s%s", cmd->noun, cmd->verb[0] ? " " : "", cmd->verb,
                       cmd->operand ? " " : "", cmd->operand ? cmd->operand : "");
        (void)fprintf(out, "  %-30s %s\n", name, cmd->help);
    }
    (void)fprintf(out, "\n`%s COMMAND --help` lists a command's options; %s(8) explains them.\n",
                  adm_program.kind->admin, adm_program.kind->admin);
}

static void print_command_help(const struct adm_command *cmd)
{
    (void)printf("Usage: %s %s%s%s --dir DIR [OPTION ...]%s%s\n%s.\n\nOptions:\n", adm_program.kind->admin,
                 cmd->noun, cmd->verb[0] ? " " : "", cmd->verb, cmd->operand ? " " : "",
                 cmd->operand ? cmd->operand : "", cmd->help);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char letter = options[i].letter;
        if (letter != 'd' && letter != 'j' && strchr(cmd->options, letter) == NULL)
            continue;
        char name[48];
        (void)snprintf(name, sizeof name, "--%s%s%s", options[i].name, options[i].argument ? " " : "",
                       options[i].argument ? options[i].argument : "");
        (void)printf("  %-26s %s%s\n", name, options[i].help,
                     letter == 'd' || strchr(cmd->required, letter) != NULL ? " (required)" : "");
    }
}

static om_rc take_option(struct adm_args *args, char letter, const char *value, struct om_error *err)
{
    const char **texts[128] = {
        ['d'] = &args->dir,         ['f'] = &args->fqdn,    ['t'] = &args->token,
        ['p'] = &args->pin_source,  ['H'] = &args->https,   ['y'] = &args->cert_fingerprint,
        ['s'] = &args->stakeholder, ['k'] = &args->kmid,    ['m'] = &args->km_file,
        ['o'] = &args->km_out,      ['e'] = &args->expires, ['F'] = &args->file,
        ['U'] = &args->crl_uri,     ['V'] = &args->flavour, ['n'] = &args->name,
        ['c'] = &args->csr,         ['O'] = &args->out,     ['w'] = &args->reason,
        ['T'] = &args->target,      ['u'] = &args->suid,    ['l'] = &args->lifetime,
        ['E'] = &args->mef,         ['C'] = &args->serial,  ['x'] = &args->cert_file,
        ['A'] = &args->anchors,     ['Y'] = &args->key,
    };
    bool *flags[128] = {['j'] = &args->json,
                        ['g'] = &args->generate,
                        ['S'] = &args->show_km,
                        ['r'] = &args->remove,
                        ['K'] = &args->keep_keys};
    struct m2m_list *lists[128] = {
        ['a'] = &args->add_targets, ['R'] = &args->remove_targets, ['P'] = &args->permit,
        ['B'] = &args->forbid,      ['D'] = &args->domains,        ['L'] = &args->labels,
        ['i'] = &args->ids,         ['z'] = &args->cert_anchors};
    size_t at = (unsigned char)letter;
    if (texts[at] != NULL) {
        if (*texts[at] != NULL)
            return om_fail(err, OM_EINPUT, "--%s is given twice", option_by_letter(letter)->name);
        *texts[at] = value;
    } else if (flags[at] != NULL) {
        *flags[at] = true;
    } else {
        OM_TRY(m2m_list_add(lists[at], value, err));
        args->id = args->ids.n > 0 ? args->ids.items[0] : NULL;
    }
    return OM_OK;
}

/* Reads options and the operand; `given` marks the letters seen. */
static om_rc parse_args(const struct adm_command *cmd, int argc, char **argv, struct adm_args *args,
                        bool *help, struct om_error *err)
{
    struct option longs[N_OPTIONS + 2];
    memset(longs, 0, sizeof longs);
    for (size_t i = 0; i < N_OPTIONS; i++)
        longs[i] = (struct option){options[i].name, options[i].argument ? required_argument : no_argument,
                                   NULL, options[i].letter};
    longs[N_OPTIONS] = (struct option){"help", no_argument, NULL, 'h'};
    bool given[128] = {false};
    optind = 1;
    opterr = 0;
    int c;
    while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        if (c == 'h') {
            *help = true;
            return OM_OK;
        }
        if (c == '?' || c == ':')
            return om_fail(err, OM_EINPUT, c == '?' ? "there is no option %s" : "option %s needs a value",
                           argv[optind - 1]);
        if (c != 'd' && c != 'j' && strchr(cmd->options, c) == NULL)
            return om_fail(err, OM_EINPUT, "--%s does not belong to this command", option_by_letter(c)->name);
        given[c] = true;
        OM_TRY(take_option(args, (char)c, optarg, err));
    }
    int operands = argc - optind;
    if (operands != (cmd->operand != NULL ? 1 : 0))
        return cmd->operand != NULL ? om_fail(err, OM_EINPUT, "exactly one %s is needed", cmd->operand)
                                    : om_fail(err, OM_EINPUT, "'%.60s' is one word too many", argv[optind]);
    args->operand = cmd->operand != NULL ? argv[optind] : NULL;
    if (!given['d'])
        return om_fail(err, OM_EINPUT, "--dir is needed");
    for (const char *r = cmd->required; *r != '\0'; r++)
        if (!given[(unsigned char)*r])
            return om_fail(err, OM_EINPUT, "--%s is needed", option_by_letter(*r)->name);
    return OM_OK;
}

static const struct adm_command *find_command(int argc, char **argv, int *words)
{
    const struct adm_command *cmd;
    for (size_t i = 0; (cmd = command_at(i)) != NULL; i++) {
        bool two = cmd->verb[0] != '\0';
        if (argc > (two ? 2 : 1) && strcmp(argv[1], cmd->noun) == 0 &&
            (!two || strcmp(argv[2], cmd->verb) == 0)) {
            *words = two ? 2 : 1;
            return cmd;
        }
    }
    return NULL;
}

/* With --json every command answers; one that has nothing to tell says what it did, and to what: the first
 * name of the operand in the usage. */
static om_rc run(const struct adm_command *cmd, const struct adm_args *args, struct om_error *err)
{
    char did[64], operand[32];
    OM_TRY(cmd->run(args, err));
    if (!args->json || adm_has_printed())
        return OM_OK;
    (void)snprintf(did, sizeof did, "%s%s%s", cmd->noun, cmd->verb[0] ? " " : "", cmd->verb);
    const char *shown = cmd->operand != NULL ? cmd->operand : "";
    (void)snprintf(operand, sizeof operand, "%.*s", (int)strcspn(shown, "|"), shown);
    return adm_print_json(json_pack("{s:s,s:s*}", "done", did, operand, args->operand), err);
}

static void no_core_dumps(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char **argv)
{
    no_core_dumps();
    om_log_set_name(adm_program.kind->admin);
    om_audit_to_syslog();
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_usage(stdout);
        return ADM_EXIT_OK;
    }
    if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        (void)printf("%s (openmaf) %s\n", adm_program.kind->admin, OPENMAF_VERSION);
        return ADM_EXIT_OK;
    }
    int words = 0;
    const struct adm_command *cmd = find_command(argc, argv, &words);
    if (cmd == NULL) {
        print_usage(stderr);
        return ADM_EXIT_USAGE;
    }
    struct adm_args args = {0};
    struct om_error err = {0};
    bool help = false;
    om_rc rc = parse_args(cmd, argc - words, argv + words, &args, &help, &err);
    bool usage = rc != OM_OK;
    if (help) {
        print_command_help(cmd);
    } else if (!usage) {
        rc = run(cmd, &args, &err);
    }
    m2m_list_free(&args.add_targets);
    m2m_list_free(&args.remove_targets);
    m2m_list_free(&args.permit);
    m2m_list_free(&args.forbid);
    m2m_list_free(&args.domains);
    m2m_list_free(&args.labels);
    m2m_list_free(&args.ids);
    m2m_list_free(&args.cert_anchors);
    if (rc == OM_OK)
        return fflush(stdout) == 0 ? ADM_EXIT_OK : ADM_EXIT_FAILED;
    (void)fprintf(stderr, "%s %s%s%s: %s\n", adm_program.kind->admin, cmd->noun, cmd->verb[0] ? " " : "",
                  cmd->verb, om_error_text(&err, rc));
    if (usage)
        (void)fprintf(stderr, "`%s %s%s%s --help` lists its options.\n", adm_program.kind->admin, cmd->noun,
                      cmd->verb[0] ? " " : "", cmd->verb);
    return usage ? ADM_EXIT_USAGE : rc == OM_ETRANSIENT ? ADM_EXIT_TRANSIENT : ADM_EXIT_FAILED;
}
