/* Management objects (TS-0022) as far as MEF Client Commands need them (TS-0003 8.3.8, 8.3.9.8): what each
 * may hold, and their place in a tree whose paths are objectPaths. The form is docs/formats.md's. Pure. */
#ifndef OPENMAF_ONEM2M_OBJECT_H
#define OPENMAF_ONEM2M_OBJECT_H

#include "onem2m/command.h"

/* Beside those that a command can name (M2M_MO_...). */
enum { M2M_MO_MEF_CLIENT_REG_CFG = 101, M2M_MO_REGISTRATION = 102, M2M_MO_DATA_COLLECTION = 103 };

#define M2M_FINGERPRINT_SIZE 65 /* SHA-256 in lower-case hex digits, and the NUL */

/* Bits of TLSCiphersuites: what clause 10.2.2 and 10.2.3 make mandatory, for TLS and for DTLS. */
enum {
    M2M_SUITE_PSK_TLS = 1,
    M2M_SUITE_PSK_DTLS = 2,
    M2M_SUITE_CERTIFICATE_TLS = 4,
    M2M_SUITE_CERTIFICATE_DTLS = 8,
};
#define M2M_SUITES_PSK         (M2M_SUITE_PSK_TLS | M2M_SUITE_PSK_DTLS)
#define M2M_SUITES_CERTIFICATE (M2M_SUITE_CERTIFICATE_TLS | M2M_SUITE_CERTIFICATE_DTLS)

/* Zeroed where the object says nothing. Free with m2m_object_free. */
struct m2m_object {
    int type;
    int64_t et;             /* expirationTime */
    struct m2m_list labels; /* of what is registered by it */
    /* authenticationProfile */
    unsigned suid;
    unsigned suites;
    char key_id[M2M_ID_SIZE]; /* symmKeyID */
    int64_t duration;         /* keyRegDuration, seconds */
    /* authenticationProfile: of this client's certificate; trustAnchorCred: of the anchor */
    char fingerprint[M2M_FINGERPRINT_SIZE];
    char uri[M2M_URI_SIZE]; /* trustAnchorCred */
    /* MAFClientRegCfg, MEFClientRegCfg */
    char fqdn[M2M_FQDN_SIZE];
    char admin_fqdn[M2M_FQDN_SIZE];
    int http_port, coap_port, websocket_port;
    char path[M2M_URI_SIZE]; /* registration: CSEBase; dataCollection: containerPath */
};
void m2m_object_free(struct m2m_object *o);

/* Strict: an unknown member, a wrong JSON type or a missing member is OM_EINPUT and named; so are the values
 * of keys and certificates, which are never configured this way (8.3.8). */
OM_MUST_USE om_rc m2m_object_parse(const json_t *json, struct m2m_object *out, struct om_error *err);

/* "authenticationProfile" and so on; NULL for a number that is no type. */
const char *m2m_object_type_name(int type);

/* A path: /NAME/NAME, or ./NAME/NAME, of at most 255 octets. Compared as it is written. */
bool m2m_is_object_path(const char *path);
/* The path above it into out; false at the root. */
bool m2m_object_parent(const char *path, char out[M2M_URI_SIZE]);

/* The CSE-ID with which a path //SP/CSE/... or /CSE/... begins, absolute; `own`, an Absolute AE-ID or CSE-ID,
 * gives the service provider of the second form. OM_EINPUT. */
OM_MUST_USE om_rc m2m_cse_of_path(const char *path, const char *own, char out[M2M_ID_SIZE],
                                  struct om_error *err);

#endif
