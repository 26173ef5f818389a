/* A MEF (TS-0003 8.3): what it does beside the client registrations and key registrations that it has in
 * common with a MAF. Made by maf_new with this role; everything in maf/maf.h then holds for it, with
 * MEF-FQDN, KpmID and Kpm for MAF-FQDN, KmID and Km. */
#ifndef OPENMAF_MEF_MEF_H
#define OPENMAF_MEF_MEF_H

#include "maf/role.h"

extern const struct maf_role maf_role_mef;

#endif
