/* The folder <MAF directory>/ca: what the authorities publish, as files for mafd, for operators, and for
 * whoever serves CRLs. All of it can be made again from the database. */
#ifndef OPENMAF_PROVISIONING_CA_FILES_H
#define OPENMAF_PROVISIONING_CA_FILES_H

#include "provisioning/ca.h"

/* Makes the folder if needed and writes NAME.pem, the certificate of each authority that there is. Of several
 * processes, one at a time. */
OM_MUST_USE om_rc ca_files_certificates(const struct ca *ca, const char *dir, struct om_error *err);

/* Makes the authority's next CRL and writes it to NAME.crl (DER, what crl_uri points at) and NAME.crl.pem,
 * which mafd reads. Of several processes, one at a time: a file never holds an older list than before. */
OM_MUST_USE om_rc ca_files_crl(const struct ca *ca, const char *dir, const char *authority, int64_t until,
                               struct om_error *err);

#endif
