/* libmaf: the client side of a oneM2M M2M Authentication Function (TS-0003 clause 8.8).
 *
 * A program that links this library is a MAF Client. As Source it registers a symmetric key Kc together with
 * the identities that may have it; as Target it fetches a key that was registered for it. The client's own
 * credential Km and every Kc live in a token (PKCS#11), also while TLS uses them; the directory of the
 * client, its *home*, holds a configuration file, wrapped keys that are useless without that token, and their
 * metadata.
 *
 *     struct openmaf *maf;
 *     struct openmaf_error error;
 *     if (openmaf_open("/var/lib/device/maf", &maf, &error) != OPENMAF_OK)
 *         fprintf(stderr, "%s\n", error.text);
 *
 * Results. Functions that can fail return OPENMAF_OK (0) or one of enum openmaf_code and fill *error if it is
 * not NULL. Outputs are set only on success. What a call promises is on disk when it returns OPENMAF_OK.
 *
 * Threads. A struct openmaf belongs to one thread at a time; any number of them may exist, in any threads,
 * also on the same home (a lock file orders them, as it does processes). Do not use one across fork().
 *
 * The process. The library brings its own OpenSSL library context and event loops, whichever binding the home
 * names (HTTP or WebSocket over TLS, CoAP over DTLS or TLS). It installs no signal
 * handlers and no allocator hooks, changes no default of OpenSSL, writes nothing to stdout or stderr, and
 * raises no SIGPIPE; libcoap's log level is turned down while a CoAP message is parsed. One exception is
 * openmaf_wipe_library_memory, and it is the caller's choice.
 *
 * Texts are NUL-terminated UTF-8. Times are seconds since 1970-01-01 00:00 UTC. Structures that the caller
 * fills begin with `size`, to be set to sizeof the structure; set everything else that is not used to zero.
 */
#ifndef OPENMAF_H
#define OPENMAF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OPENMAF_API __attribute__((visibility("default")))

/* Why a call failed. Values never change. */
enum openmaf_code {
    OPENMAF_OK = 0,
    OPENMAF_EINPUT = 1,    /* an argument is malformed, or the MAF called the request bad (then rsc is set) */
    OPENMAF_EDENIED = 2,   /* refused: handshake, authorization, or use outside a key's purpose */
    OPENMAF_ENOTFOUND = 3, /* no such record, here or at the MAF, or it has expired */
    OPENMAF_ECONFLICT = 4, /* it exists already, or was used before */
    OPENMAF_EUNSUPPORTED = 5, /* the token or the MAF cannot do it; the text names what */
    OPENMAF_ETEMPORARY = 6,   /* token, disk or network did not answer now; trying again later may help */
    OPENMAF_ECONFIG = 7,      /* the home is misconfigured; the text names file and key */
    OPENMAF_EINTEGRITY =
        8, /* a record of the home was changed, or the MAF's answer fails a check of TS-0003 */
    OPENMAF_ENOMEM = 9,
    OPENMAF_EINTERNAL = 10 /* a defect of this library or of one below it */
};

/* One failure. The text is one line: what failed, where, and where possible what to do about it; no secrets.
 */
struct openmaf_error {
    int code; /* enum openmaf_code */
    int rsc;  /* Response Status Code of the MAF (TS-0004 clause 6.6), or 0 when the MAF did not answer */
    char text[512]; /* NUL-terminated */
};

/* A client: an open home with its token. */
struct openmaf;

/* Octets that wipe themselves. Made by the library, freed by openmaf_secret_free. */
struct openmaf_secret {
    uint8_t *octets;
    size_t len;
};

/* ---- Library and process --------------------------------------------------------------------------------
 */

/* Version of the library in use, "MAJOR.MINOR.PATCH". Static; any thread. */
OPENMAF_API const char *openmaf_version(void);

/* Makes OpenSSL, libevent and jansson wipe all memory that they free, in the whole process. Without it this
 * library still wipes what it owns; with it, copies that those libraries made of a key value in transit are
 * wiped too. Call it first in main(), before any other use of the three, and before threads start.
 * OPENMAF_EINTERNAL when it is too late for one of them. */
OPENMAF_API int openmaf_wipe_library_memory(struct openmaf_error *error);

/* Wipes and frees; NULL is allowed. Any thread. */
OPENMAF_API void openmaf_secret_free(struct openmaf_secret *secret);

/* The first (half 0) or second (half 1) half of a distributed key, for the security features that use halves
 * (TS-0003 clause 8.8.1, ESData). SAEF and ESPrim use the whole value. *octets points into the secret.
 * OPENMAF_EINPUT when half is neither 0 nor 1 or the length is odd. */
OPENMAF_API int openmaf_secret_half(const struct openmaf_secret *secret, int half, const uint8_t **octets,
                                    size_t *len, struct openmaf_error *error);

/* Reads a point in time: an m2m:timestamp (20300101T000000), an ISO 8601 date or date and time in UTC
 * (2030-01-01, 2030-01-01T12:00:00Z), an xs:duration without years and months from `now` (PT1H, P90D), or a
 * number with one of the units s m h d w (90d, 12h). OPENMAF_EINPUT when it is none of these or lies outside
 * 1970..9999. Any thread. */
OPENMAF_API int openmaf_time_parse(const char *text, int64_t now, int64_t *t, struct openmaf_error *error);

/* Writes t as m2m:timestamp, 15 characters and a NUL (TS-0004 clause 6.3.3). Any thread. */
OPENMAF_API void openmaf_time_format(int64_t t, char out[16]);

/* ---- Home -----------------------------------------------------------------------------------------------
 */

/* The servers of a home. Registrations, keys and discovery are the same at both (TS-0003 8.3.5.2 says of a
 * MEF what 8.8.2 says of a MAF); a home without a MEF answers OPENMAF_ECONFIG where one is meant. */
enum openmaf_server { OPENMAF_MAF = 0, OPENMAF_MEF = 1 };

struct openmaf_home {
    size_t size;
    const char *id;       /* Absolute AE-ID or CSE-ID of this client (//sp.example/cse1/Cae7) */
    const char *maf_fqdn; /* MAF-FQDN */
    /* Where the MAF is, and by which binding to talk to it: at most one of the four. Each is HOST, HOST:PORT
     * or a URI of its scheme (coaps://HOST:PORT). All NULL: at MAF-FQDN, by DNS, with the binding and
     * port of a registration configuration, else HTTPS at port 443. */
    const char *https;      /* HTTP over TLS; default port 443 */
    const char *wss;        /* WebSocket over TLS; 443 */
    const char *coaps;      /* CoAP over DTLS; 5684 */
    const char *coaps_tcp;  /* CoAP over TLS (scheme coaps+tcp); 5684 */
    const char *format;     /* of what is exchanged: "json" (NULL means this) or "cbor" */
    const char *token_uri;  /* pkcs11:... (RFC 7512); where the keys of this client live */
    const char *pin_source; /* file:PATH or credential:NAME; NULL: pin-source of the URI, else no PIN */
    const char *custody;    /* "session" (NULL means this) or "psk": see maf.conf in maf(1) */
    const char *plugin_dir; /* where to look for token plug-ins; NULL: the installed place */
    const char *tls_max;    /* "1.2" (NULL means this) or "1.3": the newest TLS to offer; DTLS is 1.2 */
    /* The MEF that provisions keys to this client (TS-0003 8.3); all NULL: there is none. The addresses are
     * as those of the MAF: at most one of the four. */
    const char *mef_fqdn; /* MEF-FQDN */
    const char *mef_https, *mef_wss, *mef_coaps, *mef_coaps_tcp;
    const char *enrolment_expiry; /* how long an enrolment key lives, as the MEF has it: "30d" (NULL means
                                     this), "P90D" */
};

/* Makes dir (its parent must exist), a configuration file and what the token needs: its root keys are made
 * when missing. Refuses a directory that is a home already (OPENMAF_ECONFLICT). Does not talk to the MAF. */
OPENMAF_API int openmaf_home_init(const char *dir, const struct openmaf_home *home,
                                  struct openmaf_error *error);

/* Opens a home: reads its configuration and logs in to its token. Free with openmaf_close. OPENMAF_ECONFIG
 * names file, line and key, or the PIN; OPENMAF_ENOTFOUND: there is no home. */
OPENMAF_API int openmaf_open(const char *dir, struct openmaf **out, struct openmaf_error *error);

/* Frees all keys loaded in the token and logs out. NULL is allowed. */
OPENMAF_API void openmaf_close(struct openmaf *maf);

/* This client's ID, its MAF, and its MEF (NULL: none). Valid until openmaf_close. */
OPENMAF_API const char *openmaf_id(const struct openmaf *maf);
OPENMAF_API const char *openmaf_fqdn(const struct openmaf *maf);
OPENMAF_API const char *openmaf_mef_fqdn(const struct openmaf *maf);

/* What is known of the token. Texts point into the structure. */
struct openmaf_token {
    char plugin[16];
    char manufacturer[48];
    char model[48];
    char serial[48];
    char label[48];
    char firmware[24];
    char module[256];
    char quirks[256];
    char algorithms[128]; /* that are used in the token */
    char state[128];    /* what an operator should know about it now, such as a TPM's lockout; "" when well */
    int derives_inside; /* 1: TLS keys are derived in the token; 0: it has HMAC only, so the master secret and
                           an exported Kc cross host memory once, when they are made (docs/custody.md) */
    int test_only;      /* 1: copies keys out or ignores templates; not for production */
    char root_id[17];   /* identifies the root keys: 16 hex digits */
};

/* Describes the token and checks that it answers. OPENMAF_ETEMPORARY when it does not. */
OPENMAF_API int openmaf_token_status(struct openmaf *maf, struct openmaf_token *out,
                                     struct openmaf_error *error);

/* ---- Credentials (TS-0003 8.8.3.1, kind PPSK; 8.3.7) ------------------------------------------------------
 */

/* Puts Km (16..64 octets) with its KmID (relative@MAF-FQDN) into the token's care; or Kpm with its KpmID
 * (relative@MEF-FQDN): the FQDN, which must be that of a server of this home, tells which it is. The caller
 * wipes its copy. From then on the newest credential for a server is used for handshakes with it unless a
 * registration configuration or maf.conf names another. OPENMAF_ECONFLICT: that KmID is there already. */
OPENMAF_API int openmaf_credential_import(struct openmaf *maf, const char *kmid, const void *km, size_t len,
                                          struct openmaf_error *error);

enum openmaf_file_format {
    OPENMAF_FILE_HEX = 0, /* hex digits of either case, one newline allowed at the end */
    OPENMAF_FILE_RAW = 1  /* the octets themselves */
};

/* The same with Km in a file that only its owner can reach (mode 0600). The file is left alone: the caller
 * removes it. */
OPENMAF_API int openmaf_credential_import_file(struct openmaf *maf, const char *kmid, const char *path,
                                               enum openmaf_file_format format, struct openmaf_error *error);

enum openmaf_credential_kind { OPENMAF_PSK = 1, OPENMAF_CERTIFICATE = 2 };

struct openmaf_credential {
    enum openmaf_credential_kind kind;
    const char *id;   /* Credential-ID (TS-0003 10.4): 11-KmID, 10-KpmID, or 31- to 34- and the name in a
                         certificate */
    const char *kmid; /* KmID or KpmID of a PSK; NULL for a certificate */
    int64_t imported; /* when; 0: a certificate was asked for (openmaf_csr_make) and is not here yet */
    int64_t expires;  /* of a certificate, or a remotely provisioned PSK; 0: not known to this home */
    const char *mef;  /* MEF-FQDN, when that MEF gave the certificate by EST; else NULL */
    int current; /* 1: the one used for handshakes with a server, where no registration configuration says
                    otherwise */
    const char *
        problem; /* NULL, or why this record is refused; then only kind and id (as the file has it) are set */
};

/* All credentials, as an array of *n pointers. Records that fail authentication are in it, with their
 * problem. Free with openmaf_credential_list_free. */
OPENMAF_API int openmaf_credential_list(struct openmaf *maf, struct openmaf_credential ***list, size_t *n,
                                        struct openmaf_error *error);
OPENMAF_API void openmaf_credential_list_free(struct openmaf_credential **list, size_t n);

/* Destroys the wrapped Km of one KmID in this home, with the enrolment that it came from, if any; an
 * enrolment can be named by its KeID as well. Or, for the Credential-ID of a certificate, all its
 * certificates and requests here and their keys in the token. */
OPENMAF_API int openmaf_credential_forget(struct openmaf *maf, const char *id, struct openmaf_error *error);

/* ---- Certificates (TS-0003 8.8.3.1, 10.1) ----------------------------------------------------------------
 */

struct openmaf_csr {
    size_t size;
    const char *flavour; /* "ae", "cse", "node" or "device" */
    const char *name;    /* NULL for ae (this client's ID) and cse (the domain name made of it); else the
                            domain name of a CSE, a Node-ID (URN), or a hardware ID (URN, or TYPE-ID:ARCS) */
};

/* A signing request (PKCS#10) for a key that is made in the token and never leaves it, in PEM; *pem is freed
 * with openmaf_text_free. Until its certificate is here, the same request is made again; after that, a new
 * key for the renewal. */
OPENMAF_API int openmaf_csr_make(struct openmaf *maf, const struct openmaf_csr *request, char **pem,
                                 struct openmaf_error *error);
OPENMAF_API void openmaf_text_free(char *text);

/* Takes in a client bundle (`mafadm bundle`, docs/formats.md): a registration configuration with what it says
 * of the credential to use, and, if there is one in it, the certificate for a key of this home. Can be
 * repeated. OPENMAF_EDENIED: the certificate is for another key, or is not what it must be; the text says
 * what. From then on procedures under that stakeholder use the credential that the configuration names. One
 * for the home's MEF (`mefadm bundle`) brings a certificate for handshakes there and nothing else. */
OPENMAF_API int openmaf_bundle_import(struct openmaf *maf, const char *path, struct openmaf_error *error);

/* A certificate from the home's MEF, by EST (RFC 7030, TS-0003 8.3.6). */
struct openmaf_certificate_wish {
    size_t size;
    const char *flavour; /* as in struct openmaf_csr */
    const char *name;    /* likewise */
    const char *uri;     /* https: base URI of the MEF's EST; NULL: where the home finds its MEF */
    int renew;           /* not 0: even when the certificate that is there is far from its end */
};

/* Gets it in a session with Kpm, or with the certificate that the MEF gave before, for a key that is made in
 * the token and never leaves it, and uses it with the MEF from then on. One that is there is renewed when
 * less than a third of its time is left. Can be repeated after an interruption at any step. *expires (may be
 * NULL) is its end, *unchanged (may be NULL) tells that nothing had to be done. OPENMAF_EDENIED: the MEF
 * refuses, the text says why; OPENMAF_EINTEGRITY: what it answered is not what was asked for. Blocks while it
 * talks to the MEF. */
OPENMAF_API int openmaf_certificate_enrol(struct openmaf *maf, const struct openmaf_certificate_wish *wish,
                                          int64_t *expires, int *unchanged, struct openmaf_error *error);

/* A registration configuration (mafClientRegCfg, 8.8.3.2) that a bundle brought. */
struct openmaf_configuration {
    const char *stakeholder; /* adminFQDN */
    const char *credential;  /* Credential-ID to use under that stakeholder; NULL: as the home chooses */
    int remote;              /* 1: the key that openmaf_enrol brings (rpsk) */
    int64_t expires;         /* when it lapses; 0: not said */
    const char *problem;     /* NULL, or why this record is refused; then only stakeholder is set */
};

/* All of them, as openmaf_credential_list does it. */
OPENMAF_API int openmaf_configuration_list(struct openmaf *maf, struct openmaf_configuration ***list,
                                           size_t *n, struct openmaf_error *error);
OPENMAF_API void openmaf_configuration_list_free(struct openmaf_configuration **list, size_t n);

/* ---- MAF Client Registration (TS-0003 8.8.2.3 to 8.8.2.6) -------------------------------------------------
 */

struct openmaf_registration {
    const char *stakeholder;     /* adminFQDN */
    const char *registration_id; /* mafClientRegID */
    const char *client_id;       /* MAF Client ID */
    int64_t expires;
    const char *const *labels;
    size_t n_labels;
    const char *configuration; /* last mafClientCfg retrieved, as JSON text; NULL when none was */
    const char *problem;       /* in lists: NULL, or why this record is refused */
    enum openmaf_server server;
};
OPENMAF_API void openmaf_registration_free(struct openmaf_registration *registration);

struct openmaf_registration_request {
    size_t size;
    const char *stakeholder;     /* adminFQDN */
    const char *registration_id; /* update, configuration, de-registration: use this mafClientRegID instead of
                                    the one that the home remembers for the stakeholder; NULL normally */
    int64_t expires; /* proposed end; 0: that of the registration configuration, else 365 days from now
                        (register); unchanged (update) */
    const char *const *labels; /* labels of the record; none: those of the registration configuration
                                  (register); an update replaces all of them */
    size_t n_labels;
    int remove_labels; /* update: 1 removes all labels */
    enum openmaf_server server;
};

/* MAF Client Registration (8.8.2.3), MEF Client Registration (8.3.5.2.3). At the MAF, under a registration
 * configuration that wants a remotely provisioned key (rpsk) and without one, this is openmaf_enrol.
 * OPENMAF_EDENIED also when the registration configuration has lapsed. Answers are checked (expirationTime,
 * own identity, adminFQDN) before they count; a registration that fails a check is ended at the server and
 * OPENMAF_EINTEGRITY returned. *out (may be NULL) is freed by openmaf_registration_free. OPENMAF_ECONFLICT
 * with rsc 4117: registered already.
 */
OPENMAF_API int openmaf_register(struct openmaf *maf, const struct openmaf_registration_request *request,
                                 struct openmaf_registration **out, struct openmaf_error *error);

/* MAF Client Configuration Retrieval (8.8.2.4). The configuration is kept with the registration, and its key
 * registration entries fill in what a later openmaf_key_register leaves open. OPENMAF_ENOTFOUND: there is
 * none. */
OPENMAF_API int openmaf_config(struct openmaf *maf, const struct openmaf_registration_request *request,
                               struct openmaf_registration **out, struct openmaf_error *error);

/* MAF Client Registration Update (8.8.2.5): at least one of expires, labels, remove_labels. */
OPENMAF_API int openmaf_update(struct openmaf *maf, const struct openmaf_registration_request *request,
                               struct openmaf_registration **out, struct openmaf_error *error);

/* MAF Client De-Registration (8.8.2.6). By default the MAF also ends the keys that this client registered
 * under the stakeholder; the home keeps its own copies until openmaf_key_forget. A
 * remotely provisioned key goes with the registration, here and there. */
OPENMAF_API int openmaf_deregister(struct openmaf *maf, const struct openmaf_registration_request *request,
                                   struct openmaf_error *error);

/* Local records of registrations, at the MAF and then at the MEF, as openmaf_credential_list does it. */
OPENMAF_API int openmaf_registration_list(struct openmaf *maf, struct openmaf_registration ***list, size_t *n,
                                          struct openmaf_error *error);
OPENMAF_API void openmaf_registration_list_free(struct openmaf_registration **list, size_t n);

/* ---- Remote provisioning (TS-0003 8.3.2, 8.8.2.3) ---------------------------------------------------------
 *
 * A client that shares a key (Kpm), or a certificate, with a MEF only, gets its Km from there: a session with
 * the MEF leaves an enrolment key Ke in both tokens, Km for this MAF follows from it, and the MAF fetches the
 * same Km from the MEF when the client names the KeID in its first handshake. With the registration that it
 * then makes the MAF assigns a KmID, by which the client goes from then on. */

struct openmaf_enrolment {
    const char *stakeholder; /* adminFQDN under whom the client registered with it */
    const char *keid;        /* RelativeKeID@MEF-FQDN */
    const char *kmid;        /* KmID@MAF-FQDN, the credential in use under this stakeholder; NULL: none yet */
    int64_t made;
    int64_t expires; /* when Ke ends, or the registration at the MAF, whichever comes first */
    int64_t renew; /* openmaf_enrol renews it from then on: the last tenth of its life, and at least a day (of
                      a life below two days, its second half) */
    int pending;   /* 1: the way was interrupted; openmaf_enrol goes on from there */
    int changed;   /* of openmaf_enrol: 1 when there is another KmID than before */
    const char *problem; /* in lists: NULL, or why this record is refused */
};
OPENMAF_API void openmaf_enrolment_free(struct openmaf_enrolment *enrolment);

struct openmaf_enrol_request {
    size_t size;
    const char *stakeholder; /* adminFQDN */
    int renew;               /* 1: also when the end is not near */
    int64_t expires; /* proposed end of the registration; 0: as in openmaf_registration_request. The MAF ends
                        it with Ke at the latest */
    const char *const *labels; /* of a registration that is made; one that is there keeps its own */
    size_t n_labels;
};

/* Brings this client from its credential at the MEF to a registration at the MAF under a stakeholder, with a
 * Km and a KmID of its own: steps 1 to 12 of the walk, MEF Handshake, MAF Handshake by KeID, Registration or
 * its Update, MAF Handshake by KmID. What each step brought is on disk before the next, so a call after an
 * interruption or a failure at any step goes on from there, also when an answer of the MAF was lost. Under an
 * enrolment that is good and not near its end the MAF is asked by the KmID whether it knows it, and nothing
 * is changed; where it does not, there is a new one. While a renewal is under way the KmID before is in use;
 * it ends with the first use of the new one. *out (may be NULL) is freed with openmaf_enrolment_free.
 * OPENMAF_ECONFIG: the home has no MEF. OPENMAF_EDENIED: MEF or MAF refused; the text says which and what.
 * OPENMAF_ETEMPORARY: one of them did not answer; try again. */
OPENMAF_API int openmaf_enrol(struct openmaf *maf, const struct openmaf_enrol_request *request,
                              struct openmaf_enrolment **out, struct openmaf_error *error);

/* The enrolments of this home, as openmaf_credential_list does it. */
OPENMAF_API int openmaf_enrolment_list(struct openmaf *maf, struct openmaf_enrolment ***list, size_t *n,
                                       struct openmaf_error *error);
OPENMAF_API void openmaf_enrolment_list_free(struct openmaf_enrolment **list, size_t n);

/* ---- Keys (TS-0003 8.8.2.7 to 8.8.2.10)
 * -------------------------------------------------------------------- */

enum openmaf_role { OPENMAF_SOURCE = 1, OPENMAF_TARGET = 2 };

struct openmaf_key {
    const char *key_id;     /* RelativeKeyID@MAF-FQDN */
    enum openmaf_role role; /* what this client is to the key */
    unsigned suid;      /* permitted use: 32 SAEF, 33 ESPrim, 34 and 35 ESData (TS-0004 m2m:suid); 22 to 25
                           the same of a key that a MEF keeps, 21 at a MAF */
    int64_t expires;    /* not to be used at or after this time */
    const char *source; /* Source MAF Client ID */
    const char *stakeholder; /* adminFQDN */
    const char *const *labels;
    size_t n_labels;
    const char *const *targets; /* targetIDs as the MAF stored them; Sources only */
    size_t n_targets;
    int targets_changed; /* after a registration or update: 1 when they are not the ones asked for */
    int generated;     /* 1: the Source made the value (--generate); 0: TLS exporter, or not known (Target) */
    const char *check; /* key check value: 16 hex digits, the first 8 octets of HMAC-SHA-256(Kc, "openmaf key
                          check value"). Equal at both ends if and only if they hold the same Kc; tells
                          nothing else about it */
    const char *problem; /* in lists: NULL, or why this record is refused */
};
OPENMAF_API void openmaf_key_free(struct openmaf_key *key);

struct openmaf_key_request {
    size_t size;
    const char *stakeholder;   /* register: adminFQDN */
    const char *key_id;        /* update: RelativeKeyID@MAF-FQDN */
    unsigned suid;             /* register: 32..35 at a MAF, 21..25 at a MEF */
    int64_t expires;           /* proposed end; 0: 365 days from now (register), unchanged (update) */
    const char *const *labels; /* an update replaces all of them */
    size_t n_labels;
    int remove_labels;          /* update: 1 removes all labels */
    const char *const *targets; /* Absolute AE-IDs or CSE-IDs, for SUID 21 the MAF-FQDN; none: the
                                   stakeholder's configuration or policy decides */
    size_t n_targets;
    int generate; /* register: 0 both ends derive Kc with the TLS exporter; 1 this client makes it in its
                     token */
    int strict; /* 1: fail when the MAF stores other targetIDs (8.3.9.9.5); 0: accept and set targets_changed
                 */
    enum openmaf_server server; /* register; the FQDN in key_id says it elsewhere */
};

/* MAF Key Registration (8.8.2.7) in a TLS session of its own. The answer is checked: RelativeKeyID against
 * the octets that this end derived, expirationTime, own identity, adminFQDN, SUID, and with `strict`
 * targetIDs; on a mismatch the key is discarded, its registration is ended at the MAF, and OPENMAF_EINTEGRITY
 * returned. *out may be NULL. */
OPENMAF_API int openmaf_key_register(struct openmaf *maf, const struct openmaf_key_request *request,
                                     struct openmaf_key **out, struct openmaf_error *error);

/* MAF Key Retrieval (8.8.2.8): fetches the key into the token. key_id is RelativeKeyID@MAF-FQDN as the
 * security feature passed it. *value, if value is not NULL, is a copy of Kc for callers that must have it;
 * free with openmaf_secret_free. */
OPENMAF_API int openmaf_key_retrieve(struct openmaf *maf, const char *key_id, struct openmaf_key **out,
                                     struct openmaf_secret **value, struct openmaf_error *error);

/* MAF Key Registration Update (8.8.2.9), Source only: at least one of expires, labels, remove_labels,
 * targets. */
OPENMAF_API int openmaf_key_update(struct openmaf *maf, const struct openmaf_key_request *request,
                                   struct openmaf_key **out, struct openmaf_error *error);

/* MAF Key De-Registration (8.8.2.10), Source only; on success the key is also removed from the home. */
OPENMAF_API int openmaf_key_deregister(struct openmaf *maf, const char *key_id, struct openmaf_error *error);

/* Local records of keys, as openmaf_credential_list does it. Expired ones are in it. */
OPENMAF_API int openmaf_key_list(struct openmaf *maf, struct openmaf_key ***list, size_t *n,
                                 struct openmaf_error *error);
OPENMAF_API void openmaf_key_list_free(struct openmaf_key **list, size_t n);

/* Removes a key from the home only. */
OPENMAF_API int openmaf_key_forget(struct openmaf *maf, const char *key_id, struct openmaf_error *error);

/* HMAC-SHA-256 with the whole Kc over len octets (at most 1 MiB), in the token. `suid` says for which
 * feature; OPENMAF_EDENIED when the key was registered for another or has expired (8.8.2.8). */
OPENMAF_API int openmaf_key_hmac(struct openmaf *maf, const char *key_id, unsigned suid, const void *data,
                                 size_t len, uint8_t out[32], struct openmaf_error *error);

/* The same with the first (half 0) or second (half 1) half of a key for ESData, suid 34 or 35, which uses the
 * halves of Kc as its keys (TS-0003 8.8.1). OPENMAF_EUNSUPPORTED: the home has the key without its halves
 * (taken in by an older version). A half that is to encrypt, and not to authenticate, has to leave the token:
 * openmaf_key_retrieve with a value, and openmaf_secret_half. */
OPENMAF_API int openmaf_key_hmac_half(struct openmaf *maf, const char *key_id, unsigned suid, int half,
                                      const void *data, size_t len, uint8_t out[32],
                                      struct openmaf_error *error);

#define OPENMAF_ESPRIM_RAND_SIZE 16 /* octets of an esprimRandValue */

/* sessionESPrimKey (TS-0003 10.3.8.2) of a key for ESPrim (SUID 33, the pairwiseESPrimKey, which stays in the
 * token) and the random values that receiver and originator gave: 32 octets in *out, for the application to
 * protect primitives with; free with openmaf_secret_free. Errors as openmaf_key_hmac. */
OPENMAF_API int openmaf_esprim_session_key(struct openmaf *maf, const char *key_id,
                                           const uint8_t receiver_rand[OPENMAF_ESPRIM_RAND_SIZE],
                                           const uint8_t originator_rand[OPENMAF_ESPRIM_RAND_SIZE],
                                           struct openmaf_secret **out, struct openmaf_error *error);

/* ---- Sessions with other entities (SAEF, TS-0003 8.2.2.3) ------------------------------------------------
 *
 * TLS or DTLS whose pre-shared key is a Kc of SUID 32 in the token: psk_identity is the key identifier, psk
 * is Kc (the whole value, or as [saef] psk in maf.conf says). Both ends, Source and Target, may be client or
 * server. The library gives an SSL_CTX; the application makes its SSL objects of it and does with them what
 * it does with any other: sockets, handshake, SSL_read, SSL_write are its own. The key schedule is computed
 * in the token (maf.conf: custody). Include <openssl/ssl.h> for SSL and SSL_CTX, which are named by their
 * tags here.
 *
 *     SSL_CTX *ctx;
 *     struct openmaf_saef what = {.size = sizeof what, .end = OPENMAF_CLIENT};
 *     if (openmaf_saef_ctx(maf, &what, &ctx, &error) == OPENMAF_OK && (ssl = SSL_new(ctx)) != NULL &&
 *         openmaf_saef_use_key(maf, ssl, key_id, &error) == OPENMAF_OK && SSL_set_fd(ssl, fd) == 1 &&
 *         SSL_connect(ssl) == 1)
 *         ...
 *
 * SSL objects belong to the thread of their struct openmaf, and they and the SSL_CTX are freed before it is
 * closed. */

struct ssl_st;     /* SSL */
struct ssl_ctx_st; /* SSL_CTX */

enum openmaf_end { OPENMAF_CLIENT = 1, OPENMAF_SERVER = 2 };

struct openmaf_saef {
    size_t size;
    enum openmaf_end end;
    int dtls; /* 1: DTLS 1.2; 0: TLS 1.2, and 1.3 where [saef] tls-max says so */
    /* Server: asked when a peer names a key of this home that may be used now; answers 1, or 0 to refuse it.
     * NULL: every such key is good. */
    int (*allow)(void *arg, const struct openmaf_key *key);
    /* Server: told that the identity which a peer named will not get a session, and why; for logs. The
     * identity has no control octets; it is "" when it was malformed. NULL: nobody is told. */
    void (*refused)(void *arg, const char *identity, const char *why);
    void *arg; /* of both; they must not use the struct openmaf */
};

/* Makes a context with the suites of TS-0003 10.2.2, without tickets, cache, renegotiation or compression. It
 * may be changed further, but for the PSK, SNI, message, info and cookie callbacks, cipher suites and
 * versions. Free with SSL_CTX_free.
 *
 * A server finds the key that its peer names in the home, anew for each handshake, so keys that come, expire
 * or are forgotten meanwhile are as they are then. To the peer an unknown, expired or refused identity looks
 * like a wrong key (MAF-HS-6). A DTLS server has cookies of its own (RFC 6347 4.2.1) over the address of the
 * SSL's datagram BIO: DTLSv1_listen can be used at once. */
OPENMAF_API int openmaf_saef_ctx(struct openmaf *maf, const struct openmaf_saef *what,
                                 struct ssl_ctx_st **out, struct openmaf_error *error);

/* Client: gives ssl, made of a context of this client, its key, before the handshake. OPENMAF_EDENIED: the
 * key's SUID is not 32, or it has expired; OPENMAF_EUNSUPPORTED: the home has it not in the form that is
 * needed (taken in by an older version, or with another [saef] psk): retrieve or register again. */
OPENMAF_API int openmaf_saef_use_key(struct openmaf *maf, struct ssl_st *ssl, const char *key_id,
                                     struct openmaf_error *error);

/* The key of an ssl whose handshake is over, which by then both ends have proved to hold; else NULL. Valid as
 * long as the ssl. It is the application that ends the session at key->expires (crypto 10.7). */
OPENMAF_API const struct openmaf_key *openmaf_saef_key(const struct ssl_st *ssl);

/* The entity at the other end, as the MAF names it: the key's Source, or for the Source its only Target; NULL
 * as above. */
OPENMAF_API const char *openmaf_saef_peer(const struct ssl_st *ssl);

/* ---- Management objects and MEF Client Commands (TS-0003 8.3.8, 8.3.9) ------------------------------------
 *
 * Who manages the device (its management client, or its operator) puts management objects into the home: JSON
 * in the form of docs/formats.md, in a tree by their paths. A MEF then commands this client to execute one.
 */

struct openmaf_object {
    const char *path;
    const char *type;    /* "authenticationProfile" and so on */
    const char *json;    /* the object as it was put, compact and sorted */
    const char *key_id;  /* of an authenticationProfile: the key that a command registered by it; or NULL */
    const char *problem; /* NULL, or why this record is refused; then only path may be set */
};

/* Puts an object at a path (/NAME/NAME; at most 255 octets), in place of the one that is there.
 * OPENMAF_EINPUT: it is not what its type may hold, has the value of a key or a certificate of this client,
 * or is for another MAF or MEF. Nothing is sent: openmaf_mef_commands registers by a MEFClientRegCfg that is
 * new. */
OPENMAF_API int openmaf_object_set(struct openmaf *maf, const char *path, const char *json,
                                   struct openmaf_error *error);

/* Removes the object at a path. OPENMAF_ECONFLICT: there are others below it. For the last MEFClientRegCfg of
 * an administrator this ends the registration at the MEF first, and takes the keys that it keeps for this
 * client under that administrator out of the home; when the MEF does not answer, the object stays. */
OPENMAF_API int openmaf_object_remove(struct openmaf *maf, const char *path, struct openmaf_error *error);

/* All objects, sorted by path, as openmaf_credential_list does it. */
OPENMAF_API int openmaf_object_list(struct openmaf *maf, struct openmaf_object ***list, size_t *n,
                                    struct openmaf_error *error);
OPENMAF_API void openmaf_object_list_free(struct openmaf_object **list, size_t n);

struct openmaf_command {
    const char *stakeholder;
    int64_t id;        /* cmdID */
    int command_class; /* cmdClassID: 1 CERT_PROV, 2 DEV_CFG, 3 MO_NODE; -1: not one that could be read */
    int status;        /* cmdStatusCode reported, or to be reported; 0: not executed yet */
    const char *status_name; /* "OK", "MO_NODE_NOT_FOUND" ...; NULL with 0 */
    int reported;            /* 1: the MEF has the status */
    const char *why;         /* for people: what failed; NULL when nothing did */
    int64_t again;           /* in lists: when to ask again (NO_MORE_COMMANDS); 0: now */
    const char *problem;     /* in lists: NULL, or why this record is refused */
};

struct openmaf_commands {
    size_t size;
    const char *stakeholder; /* adminFQDN whose commands are asked for; NULL: of every one under whom this
                                client is registered at the MEF, or has a MEFClientRegCfg */
    /* Told of each command when the MEF has its status; NULL: nobody is. It must not use the struct openmaf,
     * and what it is given ends with it. */
    void (*reported)(void *arg, const struct openmaf_command *command);
    void *arg;
};

/* Executes what the MEF has for this client until there is nothing more (TS-0003 8.3.9.3): registers by a
 * MEFClientRegCfg where there is no registration, or its end is near; retrieves a command, executes it,
 * reports its status, and so on. Then renews keys that a profile registered and whose end is near. A command
 * is on disk before it is executed, and its status before it is reported: after an interruption, a later call
 * goes on there and executes nothing again whose status is there. A command that fails is reported as failed
 * and is no failure of this call. *again (may be NULL) is when there is something to do again. One process at
 * a time: others wait as long as [maf] timeout. OPENMAF_ENOTFOUND: there is no registration, and nothing to
 * make one by. */
OPENMAF_API int openmaf_mef_commands(struct openmaf *maf, const struct openmaf_commands *request,
                                     int64_t *again, struct openmaf_error *error);

/* What this home knows of its last command, one for each administrator, as openmaf_credential_list does it.
 */
OPENMAF_API int openmaf_command_list(struct openmaf *maf, struct openmaf_command ***list, size_t *n,
                                     struct openmaf_error *error);
OPENMAF_API void openmaf_command_list_free(struct openmaf_command **list, size_t n);

/* ---- Discovery (TS-0004 7.3.3.14)
 * --------------------------------------------------------------------------- */

enum openmaf_resource_type {
    OPENMAF_ANY = 0,
    OPENMAF_REGISTRATIONS = 1, /* own registrations */
    OPENMAF_KEYS = 2           /* own keys, and keys that list this client as Target */
};

struct openmaf_discovery {
    size_t size;
    enum openmaf_resource_type type;
    const char *const *labels; /* a record matches when it has any of them; none: all records */
    size_t n_labels;
    uint32_t limit;  /* 0: the MAF's own */
    uint32_t offset; /* skip as many */
    enum openmaf_server server;
};

/* Asks the MAF which records this client may see. *ids is an array of *n mafClientRegIDs and RelativeKeyIDs,
 * freed by openmaf_ids_free; it may be empty. A label must not hold '+', which HTTP and CoAP use to join
 * labels. */
OPENMAF_API int openmaf_discover(struct openmaf *maf, const struct openmaf_discovery *filter, char ***ids,
                                 size_t *n, struct openmaf_error *error);
OPENMAF_API void openmaf_ids_free(char **ids, size_t n);

#ifdef __cplusplus
}
#endif

#endif
