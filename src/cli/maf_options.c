/* maf: options, their help, and the checks that each command's table row asks for. */
#include "cli/maf.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Letters are only for the tables; on the command line options are long. */
static const struct {
    char letter;
    const char *name;
    const char *argument; /* NULL: a flag */
    const char *help;
} options[] = {
    {'H', "home", "DIR", "home of the client"},
    {'j', "json", NULL, "print JSON on standard output"},
    {'i', "id", "ID", "Absolute AE-ID or CSE-ID, e.g. //sp.example/cse1/Cae7"},
    {'m', "maf", "FQDN", "the MAF's name (MAF-FQDN)"},
    {'s', "https", "HOST:PORT", "the MAF's address for HTTPS (the default binding, at MAF-FQDN, port 443)"},
    {'W', "wss", "HOST:PORT", "its address for WebSocket, to use that instead"},
    {'c', "coaps", "HOST:PORT", "its address for CoAP over DTLS, to use that instead"},
    {'T', "coaps-tcp", "HOST:PORT", "its address for CoAP over TLS, to use that instead"},
    {'2', "mef", "FQDN", "the name of the MEF that provisions keys (MEF-FQDN)"},
    {'3', "mef-https", "HOST:PORT",
     "the MEF's address for HTTPS (the default binding, at MEF-FQDN, port 443)"},
    {'4', "mef-wss", "HOST:PORT", "its address for WebSocket, to use that instead"},
    {'5', "mef-coaps", "HOST:PORT", "its address for CoAP over DTLS, to use that instead"},
    {'6', "mef-coaps-tcp", "HOST:PORT", "its address for CoAP over TLS, to use that instead"},
    {'7', "enrolment-expiry", "DURATION", "how long an enrolment key of the MEF lives (default 30d)"},
    {'F', "format", "FORMAT", "json (default) or cbor: how to write what is exchanged"},
    {'t', "token", "URI", "token for this client's keys, e.g. pkcs11:token=device?module-path=..."},
    {'p', "pin-source", "SOURCE", "file:PATH or credential:NAME with the token's PIN"},
    {'C', "custody", "GRADE", "session (default) or psk: how much of TLS the token does"},
    {'X', "tls-max", "VERSION", "1.2 (default) or 1.3: the newest TLS to offer; DTLS is 1.2"},
    {'P', "plugin-dir", "DIR", "where token plug-ins are (default: the installed place)"},
    {'k', "kmid", "KMID", "KmID of the credential, relative@MAF-FQDN; or KpmID, relative@MEF-FQDN"},
    {'f', "km-file", "FILE", "file with Km or Kpm in hexadecimal, which only you can read"},
    {'U', "flavour", "FLAVOUR", "kind of certificate: ae, cse, node or device"},
    {'z', "name", "NAME", "what it names: domain name of a CSE, Node-ID or hardware ID"},
    {'q', "out", "FILE", "write the request there"},
    {'b', "bundle", "FILE", "client bundle of the administrator"},
    {'Q', "uri", "URI", "base URI of the MEF's EST (default: where this home finds its MEF)"},
    {'w', "raw", NULL, "the file holds the octets of Km themselves"},
    {'a', "stakeholder", "ADMIN-FQDN", "administrating stakeholder"},
    {'r', "registration", "REG-ID", "mafClientRegID or MEFClientRegID, if this home does not know it"},
    {'u', "suid", "N",
     "use of the key: 32 SAEF, 33 ESPrim, 34 or 35 ESData; at the MEF 22 to 25, or 21 at a MAF"},
    {'g', "target", "ID", "who may fetch the key; may be repeated"},
    {'e', "expires", "WHEN", "20300101T000000, 2030-01-01, or a duration: 90d, 12h, PT1H (default 365d)"},
    {'l', "label", "LABEL", "label for discovery; may be repeated"},
    {'L', "no-labels", NULL, "remove all labels"},
    {'n', "generate", NULL, "make the key in the token instead of deriving it with the TLS exporter"},
    {'x', "strict", NULL, "fail when the MAF stores other targets"},
    {'8', "renew", NULL, "also when the end is not near"},
    {'v', "show-value", NULL, "print the key itself in hexadecimal"},
    {'y', "type", "TYPE", "registrations or keys (default: both)"},
    {'o', "limit", "N", "at most so many"},
    {'O', "offset", "N", "skip so many"},
    {'N', "half", "HALF", "first or second: use only this half of the key (ESData)"},
    {'B', "receiver-rand", "HEX", "esprimRandValue of the receiver, 16 octets"},
    {'G', "originator-rand", "HEX", "esprimRandValue of the originator, 16 octets"},
    {'D', "dtls", NULL, "DTLS over UDP instead of TLS over TCP"},
    {'A', "accept", "LOCAL", "a session for each connection to this HOST:PORT or UNIX socket"},
    {'R', "forward", "LOCAL", "connect each session to this HOST:PORT or UNIX socket"},
    {'K', "key", "KEY-ID", "only this key; may be repeated (default: every key for SAEF)"},
    {'S', "source", "ID", "only keys of this Source"},
    {'1', "once", NULL, "end with the first session"},
    {'9', "wait", NULL, "stay, and come again when the MEF wants it"},
    {'E', "timeout", "SECONDS", "for connecting and the handshake (default 10)"},
    {'I', "idle", "SECONDS", "end a session in which nothing happens (default: never; with --dtls 300)"},
    {'M', "max-sessions", "N", "so many at a time (default 64)"},
};
#define N_OPTIONS (sizeof options / sizeof options[0])

static size_t find_option(int letter)
{
    size_t i = 0;
    while (i < N_OPTIONS && options[i].letter != letter)
        i++;
    return i;
}

static bool takes(const struct maf_command *command, char letter)
{
    return letter == 'H' || letter == 'j' || strchr(command->options, letter) != NULL;
}

static void print_name(FILE *out, const struct maf_command *c)
{
    (void)fprintf(out, "%s%s%s", c->noun, c->verb[0] != '\0' ? " " : "", c->verb);
}

static void print_usage(FILE *out)
{
    (void)fprintf(out, "Usage: maf --home DIR COMMAND [OPTION ...] [ARGUMENT]\n\nCommands:\n");
    for (const struct maf_command *c = maf_commands; c->noun != NULL; c++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%s%s%s%s", c->noun, c->verb[0] != '\0' ? " " : "", c->verb,
                       c->operand != NULL ? " " : "", c->operand != NULL ? c->operand : "");
        (void)fprintf(out, "  %-24s %s\n", name, c->help);
    }
    (void)fprintf(out, "\n`maf COMMAND --help` lists a command's options; maf(1) explains them.\n");
}

static void print_help(const struct maf_command *command)
{
    (void)printf("Usage: maf --home DIR ");
    print_name(stdout, command);
    (void)printf(" [OPTION ...]%s%s\n%s.\n\nOptions:\n", command->operand != NULL ? " " : "",
                 command->operand != NULL ? command->operand : "", command->help);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char letter = options[i].letter;
        if (!takes(command, letter))
            continue;
        char name[48];
        (void)snprintf(name, sizeof name, "--%s%s%s", options[i].name, options[i].argument != NULL ? " " : "",
                       options[i].argument != NULL ? options[i].argument : "");
        bool needed = letter == 'H' || strchr(command->required, letter) != NULL;
        (void)printf("  %-26s %s%s\n", name, options[i].help, needed ? " (required)" : "");
    }
}

/* Where the value of an option goes: exactly one of the three is set. */
struct place {
    const char **text;
    bool *flag;
    struct maf_list *list;
};

static struct place place_of(struct maf_args *a, char letter)
{
    const struct {
        char letter;
        struct place place;
    } places[] = {
        {'H', {.text = &a->home}},
        {'i', {.text = &a->id}},
        {'m', {.text = &a->maf}},
        {'W', {.text = &a->wss}},
        {'c', {.text = &a->coaps}},
        {'T', {.text = &a->coaps_tcp}},
        {'F', {.text = &a->format}},
        {'s', {.text = &a->https}},
        {'t', {.text = &a->token}},
        {'p', {.text = &a->pin_source}},
        {'C', {.text = &a->custody}},
        {'P', {.text = &a->plugin_dir}},
        {'X', {.text = &a->tls_max}},
        {'k', {.text = &a->kmid}},
        {'f', {.text = &a->km_file}},
        {'a', {.text = &a->stakeholder}},
        {'r', {.text = &a->registration}},
        {'u', {.text = &a->suid}},
        {'e', {.text = &a->expires}},
        {'y', {.text = &a->type}},
        {'o', {.text = &a->limit}},
        {'O', {.text = &a->offset}},
        {'j', {.flag = &a->json}},
        {'w', {.flag = &a->raw}},
        {'L', {.flag = &a->no_labels}},
        {'n', {.flag = &a->generate}},
        {'8', {.flag = &a->renew}},
        {'x', {.flag = &a->strict}},
        {'v', {.flag = &a->show_value}},
        {'g', {.list = &a->targets}},
        {'l', {.list = &a->labels}},
        {'D', {.flag = &a->dtls}},
        {'A', {.text = &a->accept}},
        {'R', {.text = &a->forward}},
        {'K', {.list = &a->keys}},
        {'S', {.text = &a->source}},
        {'1', {.flag = &a->once}},
        {'E', {.text = &a->timeout}},
        {'I', {.text = &a->idle}},
        {'M', {.text = &a->max_sessions}},
        {'N', {.text = &a->half}},
        {'B', {.text = &a->receiver_rand}},
        {'G', {.text = &a->originator_rand}},
        {'9', {.flag = &a->wait}},
        {'2', {.text = &a->mef}},
        {'3', {.text = &a->mef_https}},
        {'4', {.text = &a->mef_wss}},
        {'5', {.text = &a->mef_coaps}},
        {'6', {.text = &a->mef_coaps_tcp}},
        {'7', {.text = &a->enrolment_expiry}},
        {'U', {.text = &a->flavour}},
        {'z', {.text = &a->name}},
        {'q', {.text = &a->out}},
        {'b', {.text = &a->bundle}},
        {'Q', {.text = &a->uri}},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].letter == letter)
            return places[i].place;
    abort(); /* an option without a place: a defect of the tables above */
}

static int take_option(struct maf_args *args, char letter, const char *value, struct openmaf_error *error)
{
    struct place p = place_of(args, letter);
    const char *name = options[find_option(letter)].name;
    if (p.flag != NULL) {
        *p.flag = true;
    } else if (p.text != NULL) {
        if (*p.text != NULL)
            return maf_fail(error, OPENMAF_EINPUT, "--%s is given twice", name);
        *p.text = value;
    } else if (p.list != NULL) {
        if (p.list->n == MAF_LIST_MAX)
            return maf_fail(error, OPENMAF_EINPUT, "--%s is given more than %d times", name, MAF_LIST_MAX);
        p.list->items[p.list->n++] = value;
    }
    return OPENMAF_OK;
}

static const struct maf_command *find_command(int words, char **word, int *used)
{
    for (const struct maf_command *c = maf_commands; c->noun != NULL; c++) {
        bool two = c->verb[0] != '\0';
        if (words >= (two ? 2 : 1) && strcmp(word[0], c->noun) == 0 &&
            (!two || strcmp(word[1], c->verb) == 0)) {
            *used = two ? 2 : 1;
            return c;
        }
    }
    return NULL;
}

/* Options may stand anywhere, so they are read first; `given` marks the letters seen, help and version
 * included. */
static int read_options(int argc, char **argv, struct maf_args *args, bool given[128],
                        struct openmaf_error *error)
{
    struct option longs[N_OPTIONS + 3];
    memset(longs, 0, sizeof longs);
    for (size_t i = 0; i < N_OPTIONS; i++)
        longs[i] =
            (struct option){options[i].name, options[i].argument != NULL ? required_argument : no_argument,
                            NULL, options[i].letter};
    longs[N_OPTIONS] = (struct option){"help", no_argument, NULL, 'h'};
    longs[N_OPTIONS + 1] = (struct option){"version", no_argument, NULL, 'V'};
    opterr = 0;
    int code = OPENMAF_OK; /* of the first failure; reading goes on, so that the command's words come to stand
                              last */
    int c;
    while ((c = getopt_long(argc, argv, ":hV", longs, NULL)) != -1) {
        struct openmaf_error *first = code == OPENMAF_OK ? error : &(struct openmaf_error){0};
        int now = OPENMAF_OK;
        if (c == '?' || c == ':')
            now =
                maf_fail(first, OPENMAF_EINPUT,
                         c == '?' ? "there is no option %s, or it takes no value" : "option %s needs a value",
                         argv[optind - 1]);
        else if (c != 'h' && c != 'V')
            now = take_option(args, (char)c, optarg, first);
        if (c != '?' && c != ':')
            given[c] = true;
        if (code == OPENMAF_OK)
            code = now;
    }
    return code;
}

/* What the command's row says about options and the operand. */
static int check_row(const struct maf_command *command, const bool given[128], int operands, char **operand,
                     struct maf_args *args, struct openmaf_error *error)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (given[(unsigned char)options[i].letter] && !takes(command, options[i].letter))
            return maf_fail(error, OPENMAF_EINPUT, "--%s does not belong to this command", options[i].name);
    int wanted = command->operand == NULL ? 0 : strchr(command->operand, ' ') == NULL ? 1 : 2;
    if (wanted > 0 && operands != wanted)
        return maf_fail(error, OPENMAF_EINPUT,
                        wanted == 1 ? "exactly one %s is needed" : "exactly these two are needed: %s",
                        command->operand);
    if (operands > wanted)
        return maf_fail(error, OPENMAF_EINPUT, "'%.60s' is one word too many", operand[0]);
    args->operand = wanted > 0 ? operand[0] : NULL;
    args->operand2 = wanted > 1 ? operand[1] : NULL;
    if (!given['H'])
        return maf_fail(error, OPENMAF_EINPUT, "--home is needed");
    for (const char *r = command->required; *r != '\0'; r++)
        if (!given[(unsigned char)*r])
            return maf_fail(error, OPENMAF_EINPUT, "--%s is needed", options[find_option(*r)].name);
    return OPENMAF_OK;
}

static int usage_error(const struct maf_command *command, const struct openmaf_error *error)
{
    (void)fprintf(stderr, "maf");
    if (command != NULL) {
        (void)fputc(' ', stderr);
        print_name(stderr, command);
    }
    (void)fprintf(stderr, ": %s\n`maf ", error->text);
    if (command != NULL) {
        print_name(stderr, command);
        (void)fputc(' ', stderr);
    }
    (void)fprintf(stderr, "--help` says how to use it.\n");
    return MAF_EXIT_USAGE;
}

int maf_parse(int argc, char **argv, const struct maf_command **command, struct maf_args *args)
{
    bool given[128] = {false};
    struct openmaf_error error = {0};
    *command = NULL;
    int code = read_options(argc, argv, args, given, &error);
    if (given['V']) {
        (void)printf("maf (openmaf) %s\n", openmaf_version());
        return MAF_EXIT_OK;
    }
    int used = 0;
    const struct maf_command *found = find_command(argc - optind, argv + optind, &used);
    if (given['h']) {
        if (found != NULL)
            print_help(found);
        else
            print_usage(stdout);
        return MAF_EXIT_OK;
    }
    if (code != OPENMAF_OK)
        return usage_error(found, &error);
    if (found == NULL && argc - optind > 0)
        return usage_error(NULL, &(struct openmaf_error){.text = "there is no such command"});
    if (found == NULL) {
        print_usage(stderr);
        return MAF_EXIT_USAGE;
    }
    code = check_row(found, given, argc - optind - used, argv + optind + used, args, &error);
    if (code != OPENMAF_OK)
        return usage_error(found, &error);
    *command = found;
    args->at_mef = strcmp(found->noun, "mef") == 0;
    return MAF_EXIT_OK;
}

int maf_expires(const char *text, int64_t *value, struct openmaf_error *error)
{
    if (text == NULL)
        return OPENMAF_OK;
    return openmaf_time_parse(text, (int64_t)time(NULL), value, error);
}

int maf_number(const char *option, const char *text, unsigned long max, unsigned long *value,
               struct openmaf_error *error)
{
    if (text == NULL)
        return OPENMAF_OK;
    char *end = NULL;
    errno = 0;
    unsigned long v = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v > max)
        return maf_fail(error, OPENMAF_EINPUT, "--%s %.40s is not a number up to %lu", option, text, max);
    *value = v;
    return OPENMAF_OK;
}
