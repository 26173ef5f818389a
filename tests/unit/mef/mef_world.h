/* The world of tests/unit/maf as a MEF. */
#ifndef OPENMAF_TESTS_MEF_WORLD_H
#define OPENMAF_TESTS_MEF_WORLD_H

#include "../maf/world.h"
#include "mef/admin.h"
#include "onem2m/fetch.h"

#define MEF_RUN(argc, argv, tests) (world_role = &maf_role_mef, WORLD_RUN(argc, argv, tests))

/* RelativeKeID of the session that a device has, as the device's own exporter gives it. */
static inline void keid_of(const struct device *d, char out[33])
{
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    struct se_key *ke = NULL;
    SUCCEEDS(omtls_export(d->client, OMTLS_LABEL_BOOTSTRAP, id, &ke, ERR));
    se_key_unref(ke);
    m2m_relative_key_id(out, id);
}

/* A fetch by d of what e's session made. */
#define FETCH(rsc, d, keid, suid)                                                                            \
    RSC(rsc, d, "{'op':2,'to':'fetchCredentials/%s@" FQDN "/%u'}", keid, (unsigned)(suid))

#endif
