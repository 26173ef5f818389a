/* A worker's system-call filter: see sandbox.h.
 *
 * An allow-list. What is not on it fails with EPERM and is logged by the kernel (audit type SECCOMP): a
 * token's library that wants something unforeseen then reports an error instead of taking the worker down.
 * What no library of ours has any business with, and an intruder would want first, kills. New code cannot be
 * mapped: all libraries are loaded before. The list comes from strace over the test suites with SoftHSM and
 * NSS softokn; sockets are on it for tokens that are reached through one (pcscd, network HSMs). */
#include "daemon/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)

/* clang-format off */

static const int allowed[] = {
    /* sockets */
    CALL(accept), CALL(accept4), CALL(connect), CALL(getpeername), CALL(getsockname), CALL(getsockopt),
    CALL(recvfrom), CALL(recvmsg), CALL(sendmsg), CALL(sendto), CALL(setsockopt), CALL(shutdown),
    /* waiting */
    CALL(clock_nanosleep), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait), CALL(epoll_wait),
    CALL(eventfd2), CALL(nanosleep), CALL(poll), CALL(ppoll), CALL(pselect6), CALL(select),
    /* files: the database, the token's, random sources */
    CALL(access), CALL(close), CALL(close_range), CALL(dup), CALL(dup2), CALL(dup3), CALL(faccessat),
    CALL(faccessat2), CALL(fallocate), CALL(fchmod), CALL(fchown), CALL(fcntl), CALL(fdatasync), CALL(flock),
    CALL(fstat), CALL(fstatfs), CALL(fsync), CALL(ftruncate), CALL(getcwd), CALL(getdents64), CALL(lseek),
    CALL(lstat), CALL(mkdir), CALL(mkdirat), CALL(newfstatat), CALL(open), CALL(openat), CALL(pipe2),
    CALL(pread64), CALL(pwrite64), CALL(read), CALL(readlink), CALL(readlinkat), CALL(readv), CALL(rename),
    CALL(renameat), CALL(renameat2), CALL(rmdir), CALL(stat), CALL(statfs), CALL(statx), CALL(umask),
    CALL(unlink), CALL(unlinkat), CALL(utimensat), CALL(write), CALL(writev),
    /* memory and threads; mmap, mprotect and clone are below */
    CALL(brk), CALL(futex), CALL(madvise), CALL(mlock), CALL(mlock2), CALL(mremap), CALL(msync), CALL(munlock),
    CALL(munmap), CALL(rseq), CALL(sched_getaffinity), CALL(sched_yield), CALL(set_robust_list),
    /* signals and end */
    CALL(exit), CALL(exit_group), CALL(restart_syscall), CALL(rt_sigaction), CALL(rt_sigprocmask),
    CALL(rt_sigreturn), CALL(sigaltstack),
    /* who, when, how much */
    CALL(clock_getres), CALL(clock_gettime), CALL(getegid), CALL(geteuid), CALL(getgid), CALL(getpid),
    CALL(getppid), CALL(getrandom), CALL(getrlimit), CALL(getrusage), CALL(gettid), CALL(gettimeofday),
    CALL(getuid), CALL(sysinfo), CALL(time), CALL(times), CALL(uname),
};

static const int deadly[] = {
    CALL(add_key),       CALL(bpf),          CALL(execve),           CALL(execveat),          CALL(finit_module),
    CALL(init_module),   CALL(io_uring_setup), CALL(kexec_load),     CALL(keyctl),            CALL(memfd_create),
    CALL(mount),         CALL(perf_event_open), CALL(pivot_root),    CALL(process_vm_readv),  CALL(process_vm_writev),
    CALL(ptrace),        CALL(setns),        CALL(unshare),          CALL(userfaultfd),
};

/* clang-format on */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int add_list(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int rc = seccomp_rule_add(ctx, action, calls[i], 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Calls of which only some uses are allowed. */
static int add_conditions(scmp_filter_ctx ctx)
{
    static const struct {
        int call;
        unsigned arg;
        enum scmp_compare op;
        scmp_datum_t a, b;
    } rules[] = {
        {CALL(mmap), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
        {CALL(mprotect), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
        {CALL(clone), 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD},
        {CALL(socket), 0, SCMP_CMP_EQ, AF_UNIX, 0},
        {CALL(socket), 0, SCMP_CMP_EQ, AF_INET, 0},
        {CALL(socket), 0, SCMP_CMP_EQ, AF_INET6, 0},
        {CALL(ioctl), 1, SCMP_CMP_EQ, FIONBIO, 0},
        {CALL(ioctl), 1, SCMP_CMP_EQ, FIONREAD, 0},
        {CALL(ioctl), 1, SCMP_CMP_EQ, TCGETS, 0},
        {CALL(prlimit64), 2, SCMP_CMP_EQ, 0, 0}, /* reading */
    };
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct scmp_arg_cmp cmp = {rules[i].arg, rules[i].op, rules[i].a, rules[i].b};
        int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, rules[i].call, 1, &cmp);
        if (rc < 0)
            return rc;
    }
    static const int signals[] = {CALL(kill), CALL(tgkill)}; /* to itself, as abort does */
    for (size_t i = 0; i < COUNT(signals); i++) {
        struct scmp_arg_cmp self = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
        int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, signals[i], 1, &self);
        if (rc < 0)
            return rc;
    }
    /* Its flags are in memory, where a filter cannot look: libc falls back to clone. */
    return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
}

om_rc sandbox_enter(struct om_error *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (ctx == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for the sandbox");
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: each call passes the filter */
    if (rc == 0)
        rc = add_list(ctx, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
    if (rc == 0)
        rc = add_list(ctx, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
    if (rc == 0)
        rc = add_conditions(ctx);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc != 0)
        return om_fail(err, OM_ECONFIG,
                       "[daemon] sandbox: the kernel does not take the filter (%s); set it to no",
                       strerror(-rc));
    return OM_OK;
}
