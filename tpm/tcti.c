/* TCTIs of tpm2-tss: see tcti.h. */
#include "tpm/tcti.h"
#include "tpm/socket.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#define DEVICE_PAUSE_NS 3000000 /* 3 ms: a command of a TPM takes longer */
#define FREED_MAX       2       /* times that a device fails though nobody else has it */

/* The TCTI libraries are loaded by tctildr when it connects and dropped when it disconnects. */
om_rc tpm_tcti_keep(const struct tpm_uri *uri, struct om_error *err)
{
    static const char *const libraries[] = {
        [TPM_VIA_DEVICE] = "libtss2-tcti-device.so.0",
        [TPM_VIA_TABRMD] = "libtss2-tcti-tabrmd.so.0",
    };
    if (uri->via == TPM_VIA_SWTPM)
        return OM_OK;
    if (dlopen(libraries[uri->via], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == NULL)
        return om_fail(err, OM_ECONFIG, "tcti=%s needs a library that does not load: %s", uri->tcti,
                       dlerror());
    return OM_OK;
}

/* errno of opening a device that its TCTI did not open; 0: it opens now. */
static int device_trouble(const struct tpm_uri *uri)
{
    int fd = open(strchr(uri->tcti, ':') + 1, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    (void)close(fd);
    return 0;
}

/* A TPM without resource manager is one process's at a time (EBUSY), and ours let it go after each group of
 * commands: so we ask again. */
om_rc tpm_tcti_connect(const struct tpm_uri *uri, int64_t deadline, TSS2_TCTI_CONTEXT **out,
                       struct om_error *err)
{
    for (int freed = 0;;) {
        TSS2_RC r = Tss2_TctiLdr_Initialize(uri->tcti, out);
        if (r == TSS2_RC_SUCCESS)
            return OM_OK;
        *out = NULL;
        if (uri->via != TPM_VIA_DEVICE)
            return om_fail(err, OM_ETRANSIENT,
                           "%s does not open (0x%x); is it running, may this user use it?", uri->tcti, r);
        int trouble = device_trouble(uri);
        bool late = tpm_now_ms() >= deadline;
        if (trouble == EBUSY && late)
            return om_fail(err, OM_ETRANSIENT,
                           "%s is in use by another process; is there a resource manager?", uri->tcti);
        if (trouble == 0 && (late || ++freed == FREED_MAX))
            return om_fail(err, OM_ETRANSIENT, "%s does not answer as a TPM (0x%x)", uri->tcti, r);
        if (trouble != 0 && trouble != EBUSY)
            return om_fail(err, OM_ETRANSIENT, "%s does not open: %s", uri->tcti, strerror(trouble));
        (void)nanosleep(&(struct timespec){.tv_nsec = DEVICE_PAUSE_NS}, NULL);
    }
}
