/* What a worker tells its supervisor, one SEQPACKET message each, between two processes of one program. */
#ifndef OPENMAF_DAEMON_REPORT_H
#define OPENMAF_DAEMON_REPORT_H

#include "bind/coaps.h"
#include "bind/https.h"
#include "daemon/mef_ahead.h"

#define REPORT_SECONDS 10 /* between two reports of a living worker */

enum report_kind {
    REPORT_READY = 1, /* it serves */
    REPORT_FAILED,    /* it could not start; rc and text say why */
    REPORT_STATUS,    /* it lives; rc is OM_OK when token and store answer */
};

struct report {
    enum report_kind kind;
    om_rc rc;
    char text[512];
    struct maf_stats maf;
    struct https_stats https;            /* of all listeners */
    struct coaps_stats coaps, coaps_tcp; /* likewise */
    struct omtls_stats tls;
    size_t certificate_not_after; /* seconds since 1970; 0: none */
    struct mef_ahead_stats mefs;
};

#endif
