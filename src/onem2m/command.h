/* MEF Client Commands (TS-0003 8.3.9): what a cmdDescription says, and the codes of cmdStatusCode. Pure. */
#ifndef OPENMAF_ONEM2M_COMMAND_H
#define OPENMAF_ONEM2M_COMMAND_H

#include "onem2m/resource.h"

enum m2m_command_class {
    M2M_CMD_NO_MORE_COMMANDS = 0,
    M2M_CMD_CERT_PROV = 1,
    M2M_CMD_DEV_CFG = 2,
    M2M_CMD_MO_NODE = 3,
};

/* cmdStatusCode, all prefixed MEF_CLIENT_CMD_ in the standard. */
enum m2m_command_status {
    M2M_CMD_ISSUED = 10,
    M2M_CMD_REISSUED = 11,
    M2M_CMD_OK = 20,
    M2M_CMD_REPEATED_CMD_ID = 40,
    M2M_CMD_CLASS_NOT_SUPPORTED = 41,
    M2M_CMD_BAD_ARGUMENTS = 42,
    M2M_CMD_UNACCEPTABLE_ARGUMENTS = 43,
    M2M_CMD_CERT_PROV_SERVER_ERROR = 100,
    M2M_CMD_CERT_PROV_CLIENT_ERROR = 101,
    M2M_CMD_DEV_CFG_SERVER_ERROR = 201,
    M2M_CMD_DEV_CFG_CLIENT_ERROR = 202,
    M2M_CMD_MO_NODE_NOT_FOUND = 300,
    M2M_CMD_MO_NODE_TYPE_CONFLICT = 301,
    M2M_CMD_MO_NODE_BAD_ARGS = 302,
    M2M_CMD_MO_NODE_UNACCEPTABLE_ARGS = 303,
    M2M_CMD_MO_NODE_INCONSISTENT_CONFIG = 304,
    M2M_CMD_MO_NODE_EXECUTION_ERROR = 305,
};
/* "MO_NODE_NOT_FOUND", or NULL for a number that is no cmdStatusCode. */
const char *m2m_command_status_name(int status);
/* One that a client may report: all but the two that the MEF sets. */
bool m2m_command_status_reportable(int status);

enum { M2M_CERT_PROV_EST = 1, M2M_CERT_PROV_SCEP = 2 };
enum { M2M_CERT_NODE_ID = 1, M2M_CERT_CSE_ID = 2, M2M_CERT_AE_ID = 3 };
enum { M2M_MO_AUTHENTICATION_PROFILE = 1, M2M_MO_TRUST_ANCHOR_CRED = 2, M2M_MO_MAF_CLIENT_REG_CFG = 3 };
enum { M2M_DEV_OMA_DM_1_3 = 1, M2M_DEV_OMA_DM_2_0 = 2, M2M_DEV_LWM2M = 3, M2M_DEV_TR_069 = 4 };

/* A cmdDescription. Of the members after target, those of its class count. */
struct m2m_command {
    int command_class;         /* cmdClassID */
    char target[M2M_ID_SIZE];  /* targetID; "" when absent */
    int64_t retry;             /* NO_MORE_COMMANDS: retryDuration, seconds */
    int protocol;              /* CERT_PROV: certProvProtocolID */
    int subject_type;          /* CERT_PROV: certSubjectType */
    char subject[M2M_ID_SIZE]; /* CERT_PROV: certSubjectID */
    char uri[M2M_URI_SIZE];    /* CERT_PROV: URI; DEV_CFG: the URI in deviceConfigURI */
    int management;            /* DEV_CFG: devMgmtID in deviceConfigURI */
    char path[M2M_URI_SIZE];   /* MO_NODE: objectPath */
    int object_type;           /* MO_NODE: objectTypeID */
    unsigned suid;             /* MO_NODE: SUID of authProfileMONodeArgs; 0: absent */
};

/* Strict. On failure (OM_EINPUT) *status is what a client reports: CLASS_NOT_SUPPORTED for a class that is
 * none, else BAD_ARGUMENTS (MEF-CMD-4). Errors name the member and do not quote it. */
OM_MUST_USE om_rc m2m_command_parse(const json_t *description, struct m2m_command *out, int *status,
                                    struct om_error *err);

/* The cmdDescription of NO_MORE_COMMANDS: a new reference, or NULL without memory. */
json_t *m2m_command_no_more(int64_t retry);

/* The host of an https or coaps URI, in lower case. OM_EINPUT. */
OM_MUST_USE om_rc m2m_uri_host(const char *uri, char out[M2M_FQDN_SIZE], struct om_error *err);

#endif
