/* Writing a new configuration: see config.h. Commented lines show the defaults. */
#include "daemon/config.h"
#include "util/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char head_of_maf[] =
    "# mafd.conf: configuration of a oneM2M MAF, see mafd.conf(5). `mafd --dir DIR -t` checks it.\n"
    "# Lines that begin with '#' show the defaults. Relative paths start at this file's directory.\n"
    "\n"
    "[maf]\n"
    "# The name that clients know this MAF by: the second half of every KmID and key identifier.\n"
    "fqdn = %s\n"
    "# Other names that it answers to, separated by spaces:\n"
    "# aliases = \n"
    "# database = maf.db\n"
    "# session: the whole key schedule of a TLS session in the token; psk: only the long-term key (faster).\n"
    "# custody = session\n"
    "# 1.3 offers TLS 1.3 too, beyond what TS-0003 names; DTLS stays at 1.2.\n"
    "# tls-max = 1.2\n"
    "# Only Targets that are registered under a key's administrator may retrieve it:\n"
    "# require-target-registration = no\n"
    "# A client's keys outlive its de-registration:\n"
    "# keep-keys-on-deregistration = no\n"
    "# Set to \"no\" for peers without RFC 7627 only:\n"
    "# require-extended-master-secret = yes\n"
    "# Seconds that a key from a MEF is good at most (default: as long as the MEF says):\n"
    "# max-provisioned-lifetime = \n"
    "# Questions a second about KeIDs that a MEF may not know, from each worker, and of those for one "
    "address:\n"
    "# unknown-keids = 5\n"
    "# unknown-keids-per-address = 1\n"
    "# Files of CRLs (PEM) for the certificates of MEFs, read again when they change:\n"
    "# mef-crls = \n"
    "\n";

static const char head_of_mef[] =
    "# mefd.conf: configuration of a oneM2M MEF, see mefd.conf(5). `mefd --dir DIR -t` checks it.\n"
    "# Lines that begin with '#' show the defaults. Relative paths start at this file's directory.\n"
    "\n"
    "[mef]\n"
    "# The name that clients know this MEF by: the second half of every KpmID, KeID and key identifier.\n"
    "fqdn = %s\n"
    "# Other names that it answers to, separated by spaces:\n"
    "# aliases = \n"
    "# database = mef.db\n"
    "# session: the whole key schedule of a TLS session in the token; psk: only the long-term key (faster).\n"
    "# custody = session\n"
    "# 1.3 offers TLS 1.3 too, beyond what TS-0003 names; DTLS stays at 1.2.\n"
    "# tls-max = 1.2\n"
    "# Only Targets that are registered under a key's administrator may retrieve it:\n"
    "# require-target-registration = no\n"
    "# A client's keys outlive its de-registration:\n"
    "# keep-keys-on-deregistration = no\n"
    "# Set to \"no\" for peers without RFC 7627 only:\n"
    "# require-extended-master-secret = yes\n"
    "# Seconds after which a client without a command asks for one again:\n"
    "# command-retry = 3600\n"
    "# What MEFBase tells of a device management server, <1 to 4>:<URI>:\n"
    "# device-config-uri = \n"
    "\n"
    "# Certificates for Enrolees by EST (RFC 7030), over HTTPS; `mefadm ca init` comes first. See "
    "mefd.conf(5).\n"
    "[est]\n"
    "# enabled = no\n"
    "# A request must be linked to its TLS session; \"no\" for clients that cannot:\n"
    "# require-challenge-password = yes\n"
    "\n";

static const char template[] =
    "[token]\n"
    "uri = %s\n"
    "%spin-source = %s\n"
    "# Where to look for openmaf-se-*.so instead of the built-in places:\n"
    "# plugin-dir = \n"
    "# Keys that each worker keeps loaded in the token:\n"
    "# key-cache = 4096\n"
    "\n"
    "# The MAF's certificate: off until a key is named. See mafd.conf(5).\n"
    "[certificate]\n"
    "# Signing key in the token, by name or URI:\n"
    "# key = \n"
    "# Certificate and intermediates (PEM), or token:NAME:\n"
    "# chain = \n"
    "# Days before its end from which a warning is logged:\n"
    "# warn-days = 30\n"
    "\n"
    "# Clients with certificates:\n"
    "[clients]\n"
    "# Files of CRLs (PEM), separated by spaces, read again when they change:\n"
    "# crls = \n"
    "# Every CA has a CRL there, once a file is named:\n"
    "# require-crls = yes\n"
    "# CAs carry nameConstraints for AE-IDs and CSE names:\n"
    "# require-name-constraints = yes\n"
    "# raw-public-keys = no\n"
    "\n"
    "[https]\n"
    "# Numeric addresses, separated by spaces. Port 0: any free one, see run/https.port. Without the line "
    "this\n"
    "# binding is off, and one of those below needs an address.\n"
    "listen = %s\n"
    "# Per worker, and of those from one address:\n"
    "# max-connections = 4096\n"
    "# max-connections-per-address = 1024\n"
    "# Octets:\n"
    "# max-header = 16384\n"
    "# max-body = 65536\n"
    "# Seconds in all for a handshake, for a whole request or response, and between requests:\n"
    "# handshake-timeout = 10\n"
    "# request-timeout = 10\n"
    "# idle-timeout = 60\n"
    "\n"
    "# CoAP over DTLS, where it is given an address (such as 0.0.0.0:5684 [::]:5684):\n"
    "[coaps]\n"
    "# listen = \n"
    "# Per worker, and of those from one address:\n"
    "# max-sessions = 8192\n"
    "# max-sessions-per-address = 1024\n"
    "# Octets:\n"
    "# max-body = 65536\n"
    "# Seconds in all for a handshake, and between requests:\n"
    "# handshake-timeout = 30\n"
    "# idle-timeout = 300\n"
    "\n"
    "# CoAP over TLS, likewise:\n"
    "[coaps+tcp]\n"
    "# listen = \n"
    "# max-sessions = 8192\n"
    "# max-sessions-per-address = 1024\n"
    "# max-body = 65536\n"
    "# Seconds in all for a handshake, for a whole message in or out, and between messages:\n"
    "# handshake-timeout = 10\n"
    "# request-timeout = 10\n"
    "# idle-timeout = 300\n"
    "\n"
    "[daemon]\n"
    "# One per core unless set. A slow token wants more than there are cores.\n"
    "# workers = 2\n"
    "# One of error, warning, notice, info, debug:\n"
    "# log-level = info\n"
    "# Seconds that open requests get to finish at a stop or reload:\n"
    "# drain-timeout = 10\n"
    "# Seconds that a worker has to open the token and the database:\n"
    "# start-timeout = 60\n"
    "# System-call filter in the workers:\n"
    "# sandbox = yes\n";

/* The daemon runs in another directory than the operator's shell. */
static om_rc absolute_pin_source(const char *given, char *out, size_t cap, struct om_error *err)
{
    char cwd[PATH_MAX];
    int n;
    if (strncmp(given, "file:", 5) != 0 || given[5] == '/')
        n = snprintf(out, cap, "%s", given);
    else if (getcwd(cwd, sizeof cwd) == NULL)
        return om_fail(err, OM_EINPUT, "cannot tell the current directory: %s", strerror(errno));
    else
        n = snprintf(out, cap, "file:%s/%s", cwd, given + 5);
    if (n < 0 || (size_t)n >= cap)
        return om_fail(err, OM_EINPUT, "the PIN source is too long");
    return OM_OK;
}

om_rc config_create(const struct config_init *init, struct om_error *err)
{
    char path[PATH_MAX];
    char pin[PATH_MAX + 16] = "";
    char text[sizeof head_of_mef + sizeof template + 2 * PATH_MAX + 4096];
    OM_TRY(om_path_join(path, sizeof path, init->dir, init->kind->file, err));
    if (init->pin_source != NULL)
        OM_TRY(absolute_pin_source(init->pin_source, pin, sizeof pin, err));
    int n = init->kind == &config_mef ? snprintf(text, sizeof text, head_of_mef, init->fqdn)
                                      : snprintf(text, sizeof text, head_of_maf, init->fqdn);
    if (n > 0 && (size_t)n < sizeof text)
        n +=
            snprintf(text + n, sizeof text - (size_t)n, template, init->token_uri, pin[0] != '\0' ? "" : "# ",
                     pin, init->https_listen != NULL ? init->https_listen : "127.0.0.1:8443");
    if (n < 0 || (size_t)n >= sizeof text)
        return om_fail(err, OM_EINPUT, "the values for %s are too long", path);
    if (strpbrk(init->token_uri, "\r\n") != NULL || strpbrk(pin, "\r\n") != NULL)
        return om_fail(err, OM_EINPUT, "a line break in a value for %s", path);
    OM_TRY(om_file_create(path, text, (size_t)n, 0600, err));
    struct config check; /* what init writes, mafd must accept */
    om_rc rc = config_load(init->kind, init->dir, &check, err);
    if (rc != OM_OK)
        (void)unlink(path);
    return rc;
}
