/* What an Enrolee's enrolments may be used for (MEF-EK-3). */
#include "mef/mef_internal.h"

#include <stdio.h>

void mef_right(char out[MEF_RIGHT_SIZE], unsigned suid, const char *target)
{
    (void)snprintf(out, MEF_RIGHT_SIZE, "%02u %s", suid % 100, target);
}
