/* maf: the command of a MAF Client (maf(1)). This file: the table of commands, the frame around each, exit
 * codes. */
#include "cli/maf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

const struct maf_command maf_commands[] = {
    {"init", "", NULL, "imsWcTFtpCPX234567", "imt", maf_init,
     "make the home of a client: configuration and root keys in its token"},
    {"status", "", NULL, "", "", maf_status, "show what this home is, has, and will soon need"},
    {"token", "status", NULL, "", "", maf_token_status, "show the token and how far secrets stay in it"},
    {"csr", "", NULL, "Uzq", "U", maf_csr,
     "make a key in the token and print a certificate signing request for it"},
    {"credential", "import", NULL, "kfwb", "", maf_credential_import,
     "take Km or Kpm into the token's care, or a bundle with a certificate into this home"},
    {"credential", "enrol", NULL, "Uz8Q", "U", maf_credential_enrol,
     "get a certificate from the MEF for a key that is made in the token, or renew it"},
    {"credential", "list", NULL, "", "", maf_credential_list, "list credentials"},
    {"credential", "forget", "CREDENTIAL", "", "", maf_credential_forget,
     "destroy a credential in this home"},
    {"enrol", "", NULL, "ael8", "a", maf_enrol,
     "get a key from the MEF and register at the MAF with it; renew it when its end is near"},
    {"register", "", NULL, "ael", "a", maf_register, "register at the MAF under a stakeholder"},
    {"config", "", NULL, "ar", "a", maf_config,
     "fetch the configuration that the stakeholder left at the MAF"},
    {"update", "", NULL, "arelL", "a", maf_update, "change end or labels of the registration"},
    {"deregister", "", NULL, "ar", "a", maf_deregister, "end the registration"},
    {"registration", "list", NULL, "", "", maf_registration_list,
     "list the registrations that this home knows"},
    {"mef", "register", NULL, "ael", "a", maf_register, "register at the MEF under a stakeholder"},
    {"mef", "config", NULL, "ar", "a", maf_config,
     "fetch the configuration that the stakeholder left at the MEF"},
    {"mef", "update", NULL, "arelL", "a", maf_update, "change end or labels of that registration"},
    {"mef", "deregister", NULL, "ar", "a", maf_deregister, "end that registration"},
    {"mef", "commands", NULL, "a9", "", maf_mef_commands,
     "execute what the MEF has for this client, and renew what its commands registered"},
    {"mef", "discover", NULL, "yloO", "", maf_discover, "ask the MEF which records this client may see"},
    {"object", "set", "PATH FILE", "", "", maf_object_set, "put a management object (JSON) at a path"},
    {"object", "list", NULL, "", "", maf_object_list, "list management objects"},
    {"object", "show", "PATH", "", "", maf_object_show, "print a management object"},
    {"object", "remove", "PATH", "", "", maf_object_remove,
     "remove a management object; of a MEFClientRegCfg, end the registration too"},
    {"key", "register", NULL, "auglenx", "au", maf_key_register, "register a key for targets (as Source)"},
    {"key", "retrieve", "KEY-ID", "v", "", maf_key_retrieve, "fetch a key into the token (as Target)"},
    {"key", "list", NULL, "", "", maf_key_list, "list the keys in this home"},
    {"key", "update", "KEY-ID", "gelLx", "", maf_key_update,
     "change end, labels or targets of a key (as Source)"},
    {"key", "deregister", "KEY-ID", "", "", maf_key_deregister,
     "make the MAF stop handing out a key (as Source)"},
    {"key", "forget", "KEY-ID", "", "", maf_key_forget, "remove a key from this home only"},
    {"key", "hmac", "KEY-ID", "uN", "u", maf_key_hmac, "HMAC-SHA-256 of standard input, in the token"},
    {"key", "derive", "KEY-ID", "BG", "BG", maf_key_derive,
     "derive the session key of ESPrim (sessionESPrimKey)"},
    {"connect", "", "KEY-ID ADDRESS", "DAEIM", "", maf_connect,
     "a TLS or DTLS session with another entity, whose psk is a key in the token"},
    {"listen", "", "ADDRESS", "DKSR1EIM", "", maf_listen, "serve such sessions, with the keys of this home"},
    {"discover", "", NULL, "yloO", "", maf_discover, "ask the MAF which records this client may see"},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

int maf_fail(struct openmaf_error *error, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(error->text, sizeof error->text, fmt, ap);
    va_end(ap);
    error->code = code;
    error->rsc = 0;
    return code;
}

/* No secret may end up in a core dump or in another process's hands. */
static void harden(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

static int run(const struct maf_command *command, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf *maf = NULL;
    int code = OPENMAF_OK;
    if (command->run != maf_init)
        code = openmaf_open(args->home, &maf, error);
    if (code == OPENMAF_OK)
        code = command->run(maf, args, error);
    openmaf_close(maf);
    if (code == OPENMAF_OK && (fflush(stdout) != 0 || ferror(stdout)))
        code = maf_fail(error, OPENMAF_ETEMPORARY, "cannot write to standard output");
    return code;
}

int main(int argc, char **argv)
{
    const struct maf_command *command = NULL;
    struct maf_args args = {0};
    struct openmaf_error error = {0};
    harden();
    int code = openmaf_wipe_library_memory(&error);
    if (code != OPENMAF_OK) {
        (void)fprintf(stderr, "maf: %s\n", error.text);
        return MAF_EXIT_FAILED;
    }
    int status = maf_parse(argc, argv, &command, &args);
    if (command == NULL)
        return status;
    code = run(command, &args, &error);
    if (code == OPENMAF_OK)
        return MAF_EXIT_OK;
    (void)fprintf(stderr, "maf %s%s%s: %s\n", command->noun, command->verb[0] != '\0' ? " " : "",
                  command->verb, error.text);
    return code == OPENMAF_ETEMPORARY ? MAF_EXIT_TEMPORARY : MAF_EXIT_FAILED;
}
