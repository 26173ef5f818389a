/* Hardening: see harden.h. */
#include "daemon/harden.h"
#include "util/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

om_rc harden_process(struct om_error *err)
{
    const struct rlimit none = {0, 0};
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets whose peer may be gone */
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return om_fail(err, OM_EINTERNAL, "cannot harden the process: %s", strerror(errno));
    return OM_OK;
}

om_rc harden_descriptors(unsigned needed, struct om_error *err)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return om_fail(err, OM_EINTERNAL, "cannot read the limit of open files: %s", strerror(errno));
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
    if (r.rlim_max < needed)
        return om_fail(err, OM_ECONFIG,
                       "[https] max-connections, [coaps+tcp] max-sessions: %u open files are needed, the "
                       "limit is %llu; lower them or raise LimitNOFILE",
                       needed, (unsigned long long)r.rlim_max);
    return OM_OK;
}

void harden_memory(bool tell)
{
    struct rlimit r;
    /* Under a limit a later allocation would fail: then rather swap. On fault, because locking all that might
     * be touched would cost memory for nothing. */
    if (getrlimit(RLIMIT_MEMLOCK, &r) == 0 && r.rlim_cur == RLIM_INFINITY &&
        mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return;
    om_log(tell ? OM_LOG_INFO : OM_LOG_DEBUG,
           "memory is not locked: encrypt swap, or set LimitMEMLOCK=infinity");
}
