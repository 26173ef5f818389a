/* The TPM as a device of the kernel, without a resource manager (/dev/tpm0) and with one (/dev/tpmrm0). */
#include "device.h"
#include "work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

static void begin(const char *name)
{
    char path[512], tcti[600];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_token->dir, name);
    (void)snprintf(tcti, sizeof tcti, "device:%s", path);
    device_start(path, fixture_port());
    fixture_via(tcti);
}

static void all_operations(struct work *w)
{
    for (enum operation op = 0; op < N_OPERATIONS; op++)
        SUCCEEDS(work_do(w, op));
}

static void each_operation_gives_the_device_back(void **state)
{
    (void)state;
    struct work w;
    begin("tpm0");
    work_begin(&w, "");
    for (enum operation op = 0; op < N_OPERATIONS; op++) {
        SUCCEEDS(work_do(&w, op));
        raw_expect_clean();
    }
    work_end(&w);
    device_stop();
}

/* Keys and the session stay loaded between operations; a TPM that was reset has lost them. */
static void what_is_kept_is_made_anew(void **state)
{
    (void)state;
    struct work w;
    begin("tpmrm0");
    work_begin(&w, "");
    all_operations(&w);
    assert_true(raw_count(TPM2_LOADED_SESSION_FIRST) == 1 && raw_count(TPM_TRANSIENT_FIRST) <= 2);
    for (enum operation op = 0; op < N_OPERATIONS; op++) {
        SUCCEEDS(work_do(&w, OP_HMAC));
        test_token_away(fixture_token);
        test_token_back(fixture_token);
        SUCCEEDS(work_do(&w, op));
    }
    all_operations(&w);
    work_end(&w);
    raw_expect_clean();
    device_stop();
}

/* --- a device that is busy --- */

/* This thread is no administrator any more, to whom exclusive use does not apply. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    assert_int_equal(syscall(SYS_capget, &header, data), 0);
    data[0].effective &= ~(1u << CAP_SYS_ADMIN);
    assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

struct busy_work {
    struct work w;
    atomic_int tid;
    atomic_bool done;
    om_rc rc;
};

static void *work_in_thread(void *arg)
{
    struct busy_work *b = arg;
    drop_capabilities();
    atomic_store(&b->tid, (int)gettid());
    b->rc = work_do(&b->w, OP_ROW);
    atomic_store(&b->done, true);
    return NULL;
}

/* True when the thread waits for something, or has ended. */
static bool sleeps(struct busy_work *b)
{
    char path[64], line[256] = "";
    if (atomic_load(&b->done))
        return true;
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&b->tid));
    FILE *f = atomic_load(&b->tid) != 0 ? fopen(path, "re") : NULL;
    if (f == NULL)
        return false;
    bool read = fgets(line, sizeof line, f) != NULL;
    (void)fclose(f);
    const char *state = read ? strrchr(line, ')') : NULL;
    return state != NULL && state[2] == 'S';
}

static void a_busy_device_is_waited_for(void **state)
{
    (void)state;
    struct busy_work b = {.rc = OM_EINTERNAL};
    pthread_t thread;
    begin("tpm0");
    work_begin(&b.w, "");
    device_busy(true);
    assert_int_equal(pthread_create(&thread, NULL, work_in_thread, &b), 0);
    while (!sleeps(&b))
        ;
    assert_false(atomic_load(&b.done));
    device_busy(false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    SUCCEEDS(b.rc);
    work_end(&b.w);
    device_stop();
}

static void *fail_in_thread(void *arg)
{
    struct busy_work *b = arg;
    drop_capabilities();
    b->rc = work_do(&b->w, OP_ROW);
    return NULL;
}

static void not_for_ever(void **state)
{
    (void)state;
    struct busy_work b = {.rc = OM_OK};
    struct se_token *tok = NULL;
    pthread_t thread;
    begin("tpm0");
    work_begin(&b.w, ";timeout=1");
    device_busy(true);
    assert_int_equal(pthread_create(&thread, NULL, fail_in_thread, &b), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    FAILS(OM_ETRANSIENT, b.rc);
    SAYS("in use by another process");
    device_busy(false);
    SUCCEEDS(work_do(&b.w, OP_HEALTH));
    work_end(&b.w);
    test_token_away(fixture_token);
    FAILS(OM_ETRANSIENT, fixture_try(fixture_uri(";timeout=1"), fixture_token->pin_source, &tok));
    SAYS("does not answer as a TPM");
    device_stop();
    FAILS(OM_ETRANSIENT, fixture_try(fixture_uri(";timeout=1"), fixture_token->pin_source, &tok));
    SAYS("No such file");
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(each_operation_gives_the_device_back),
        CASE(what_is_kept_is_made_anew),
        CASE(a_busy_device_is_waited_for),
        CASE(not_for_ever),
    };
    return cmocka_run_group_tests_name("tpm device", tests, NULL, NULL);
}
