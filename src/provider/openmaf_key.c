/* openmaf-key: makes the named keys of the standalone provider (openmaf-key(1)). */
#include "provider/keydir.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct args {
    const char *token, *pin_source, *plugin_dir, *keys, *file;
    bool raw;
    const char *command, *name;
};

static const char usage[] =
    "Usage: openmaf-key init|add|show|remove [NAME] --token URI --keys DIR [OPTION ...]\n\n"
    "Commands:\n"
    "  init         make the token's root keys and the directory\n"
    "  add NAME     put the key of --psk-file into the token's care, and show it\n"
    "  show NAME    check the key and print what stands for it: as text, and in hexadecimal\n"
    "  remove NAME  remove it\n\n"
    "Options:\n"
    "  --token URI          token, e.g. pkcs11:token=gateway?module-path=...\n"
    "  --pin-source SOURCE  file:PATH or credential:NAME with its PIN\n"
    "  --keys DIR           directory of the keys\n"
    "  --psk-file FILE      the pre-shared key in hexadecimal, in a file that only you can read\n"
    "  --raw                the file holds the octets themselves\n"
    "  --plugin-dir DIR     where token plug-ins are (default: the installed place)\n";

static om_rc read_psk(const struct args *a, uint8_t psk[SE_KEY_MAX], size_t *n, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    if (a->file == NULL)
        return om_fail(err, OM_EINPUT, "--psk-file is missing");
    OM_TRY(om_file_read_private(a->file, (size_t)2 * SE_KEY_MAX + 2, &text, err));
    om_rc rc = OM_OK;
    size_t digits = text.len;
    if (!a->raw) {
        if (digits > 0 && text.octets[digits - 1] == '\n')
            digits--;
        rc = om_hex_decode((const char *)text.octets, digits, psk, SE_KEY_MAX, n, err);
        if (rc != OM_OK)
            rc = om_context(err, rc, "%s (raw octets need --raw)", a->file);
    } else if (text.len < 1 || text.len > SE_KEY_MAX) {
        rc = om_fail(err, OM_EINPUT, "%s: a key has 1 to %d octets", a->file, SE_KEY_MAX);
    } else {
        memcpy(psk, text.octets, text.len);
        *n = text.len;
    }
    om_secret_free(&text);
    return rc;
}

static om_rc warn(struct se *se, struct om_error *err)
{
    struct se_description about;
    OM_TRY(se_describe(se, &about, err));
    if (about.test_only)
        (void)fputs("openmaf-key: this token does not enforce what protects keys; use it for tests only\n",
                    stderr);
    return OM_OK;
}

static om_rc show(struct se *se, const struct args *a, struct om_error *err)
{
    struct keydir_key key;
    char text[KEYDIR_REFERENCE_MAX + 1];
    char hex[2 * KEYDIR_REFERENCE_MAX + 1];
    OM_TRY(keydir_read(se, a->keys, a->name, &key, err));
    OM_TRY(keydir_reference(se, a->name, text, err));
    om_hex_lower(hex, text, strlen(text));
    (void)printf("%s\n%s\n", text, hex);
    return OM_OK;
}

static om_rc add(struct se *se, const struct args *a, struct om_error *err)
{
    uint8_t psk[SE_KEY_MAX];
    size_t n = 0;
    om_rc rc = read_psk(a, psk, &n, err);
    if (rc == OM_OK)
        rc = keydir_add(se, a->keys, a->name, psk, n, err);
    om_wipe(psk, sizeof psk);
    OM_TRY(rc);
    OM_TRY(warn(se, err));
    (void)fprintf(stderr, "openmaf-key: %s still holds the key in the clear; remove it\n", a->file);
    return show(se, a, err);
}

static om_rc init(struct se *se, const struct args *a, struct om_error *err)
{
    OM_TRY(om_dir_make(a->keys, err));
    OM_TRY(se_provision(se, err));
    return warn(se, err);
}

static om_rc run(const struct args *a, struct om_error *err)
{
    static const struct {
        const char *name;
        bool named, on_token;
        om_rc (*run)(struct se *se, const struct args *a, struct om_error *err);
    } commands[] = {{"init", false, true, init}, {"add", true, true, add}, {"show", true, true, show}};
    if (a->keys == NULL)
        return om_fail(err, OM_EINPUT, "--keys is missing");
    if (strcmp(a->command, "remove") == 0)
        return a->name != NULL ? keydir_remove(a->keys, a->name, err)
                               : om_fail(err, OM_EINPUT, "remove needs the name of a key");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(a->command, commands[i].name) != 0)
            continue;
        if (commands[i].named != (a->name != NULL))
            return om_fail(err, OM_EINPUT, "%s takes %s name", a->command, commands[i].named ? "a" : "no");
        if (a->token == NULL)
            return om_fail(err, OM_EINPUT, "--token is missing");
        struct se *se = NULL;
        OM_TRY(se_open(a->token, a->pin_source, a->plugin_dir, &se, err));
        om_rc rc = commands[i].run(se, a, err);
        se_close(se);
        return rc;
    }
    return om_fail(err, OM_EINPUT, "'%.40s' is none of init, add, show, remove", a->command);
}

/* False: an unknown option, about which getopt has spoken. */
static bool parse(int argc, char **argv, struct args *a, bool *help)
{
    static const struct option options[] = {{"token", required_argument, NULL, 't'},
                                            {"pin-source", required_argument, NULL, 'p'},
                                            {"plugin-dir", required_argument, NULL, 'P'},
                                            {"keys", required_argument, NULL, 'k'},
                                            {"psk-file", required_argument, NULL, 'f'},
                                            {"raw", no_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 't':
            a->token = optarg;
            break;
        case 'p':
            a->pin_source = optarg;
            break;
        case 'P':
            a->plugin_dir = optarg;
            break;
        case 'k':
            a->keys = optarg;
            break;
        case 'f':
            a->file = optarg;
            break;
        case 'w':
            a->raw = true;
            break;
        case 'h':
            *help = true;
            break;
        default:
            return false;
        }
    }
    a->command = optind < argc ? argv[optind] : NULL;
    a->name = optind + 1 < argc ? argv[optind + 1] : NULL;
    return optind + 2 >= argc;
}

int main(int argc, char **argv)
{
    struct args a = {.token = NULL};
    struct om_error err = {.rc = OM_OK};
    bool help = false;
    if (!parse(argc, argv, &a, &help) || (a.command == NULL && !help)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (help) {
        (void)fputs(usage, stdout);
        return 0;
    }
    om_rc rc = run(&a, &err);
    if (rc == OM_OK)
        return 0;
    (void)fprintf(stderr, "openmaf-key: %s\n", om_error_text(&err, rc));
    return rc == OM_EINPUT ? 2 : rc == OM_ETRANSIENT ? 3 : 1;
}
