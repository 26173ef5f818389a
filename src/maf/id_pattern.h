/* Patterns of identities: for the Targets that a policy permits, and for the clients that a MEF may vouch
 * for. */
#ifndef OPENMAF_MAF_ID_PATTERN_H
#define OPENMAF_MAF_ID_PATTERN_H

#include "onem2m/types.h"

/* An Absolute AE-ID or CSE-ID, or "//.../..." for all below. */
bool maf_is_id_pattern(const char *pattern);
bool maf_id_matches(const char *pattern, const char *id);
/* Any pattern of the list matches. */
bool maf_id_matches_any(const struct m2m_list *patterns, const char *id);

#endif
