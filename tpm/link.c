/* The way to the TPM: see link.h. */
#include "tpm/link.h"
#include "tpm/socket.h"
#include "tpm/tcti.h"
#include "util/buf.h"
#include "util/secret.h"

#include <stddef.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_tctildr.h>
#include <tss2/tss2_tpm2_types.h>
#include <unistd.h>

#define LINK_MAGIC   UINT64_C(0x6f70656e6d616602)
#define HEADER       10 /* octets of tag, size and code */
#define PAUSE_MAX_MS 64

/* --- connecting --- */

static om_rc connect_link(struct tpm_link *link, int64_t deadline, struct om_error *err)
{
    if (link->uri->via == TPM_VIA_SWTPM)
        return link->fd >= 0 ? OM_OK : tpm_socket_connect(link->uri, deadline, &link->fd, err);
    return link->loaded != NULL ? OM_OK : tpm_tcti_connect(link->uri, deadline, &link->loaded, err);
}

void tpm_link_disconnect(struct tpm_link *link)
{
    if (link->fd >= 0)
        (void)close(link->fd);
    link->fd = -1;
    if (link->loaded != NULL)
        Tss2_TctiLdr_Finalize(&link->loaded);
    link->loaded = NULL;
}

/* --- one command --- */

static uint32_t field(const uint8_t *message, size_t offset)
{
    struct om_reader r;
    om_reader_init(&r, message + offset, 4);
    return om_read_u32(&r);
}

static uint32_t size_field(const uint8_t *message)
{
    return field(message, 2);
}

static uint32_t code_field(const uint8_t *message)
{
    return field(message, 6);
}

static om_rc exchange_socket(struct tpm_link *link, const uint8_t *command, size_t n, int64_t deadline,
                             struct om_error *err)
{
    OM_TRY(tpm_socket_send(link->fd, command, n, deadline, err));
    OM_TRY(tpm_socket_receive(link->fd, link->response, HEADER, deadline, err));
    link->response_len = size_field(link->response);
    if (link->response_len < HEADER || link->response_len > sizeof link->response)
        return om_fail(err, OM_ETRANSIENT, "the TPM sent a response of %zu octets", link->response_len);
    return tpm_socket_receive(link->fd, link->response + HEADER, link->response_len - HEADER, deadline, err);
}

/* A TCTI that can be polled is not let wait by itself, which would be for ever. */
static om_rc wait_tcti(struct tpm_link *link, int64_t deadline, struct om_error *err)
{
    TSS2_TCTI_POLL_HANDLE handle;
    size_t n = 1;
    if (Tss2_Tcti_GetPollHandles(link->loaded, &handle, &n) != TSS2_RC_SUCCESS || n != 1)
        return OM_OK;
    return tpm_socket_wait(handle.fd, deadline, err);
}

static om_rc exchange_tcti(struct tpm_link *link, const uint8_t *command, size_t n, int64_t deadline,
                           struct om_error *err)
{
    link->response_len = sizeof link->response;
    TSS2_RC r = Tss2_Tcti_Transmit(link->loaded, n, command);
    if (r == TSS2_RC_SUCCESS) {
        OM_TRY(wait_tcti(link, deadline, err));
        r = Tss2_Tcti_Receive(link->loaded, &link->response_len, link->response, TSS2_TCTI_TIMEOUT_BLOCK);
    }
    if (r != TSS2_RC_SUCCESS)
        return om_fail(err, OM_ETRANSIENT, "the connection with %s broke (0x%x)", link->uri->tcti, r);
    if (link->response_len < HEADER || link->response_len != size_field(link->response))
        return om_fail(err, OM_ETRANSIENT, "the TPM sent a malformed response");
    return OM_OK;
}

static om_rc send_once(struct tpm_link *link, const uint8_t *command, size_t n, int64_t deadline,
                       struct om_error *err)
{
    OM_TRY(connect_link(link, deadline, err));
    link->commands++;
    om_rc rc = link->uri->via == TPM_VIA_SWTPM ? exchange_socket(link, command, n, deadline, err)
                                               : exchange_tcti(link, command, n, deadline, err);
    if (rc != OM_OK)
        tpm_link_disconnect(link); /* a late response must not be taken for that of another command */
    return rc;
}

static bool wants_repetition(uint32_t code)
{
    return code == TPM2_RC_RETRY || code == TPM2_RC_YIELDED || code == TPM2_RC_TESTING ||
           code == TPM2_RC_NV_RATE;
}

/* A simulator that was switched off and on has nobody else to start it; a real TPM has its firmware, and a
 * program that started it in its place would spoil what the firmware measures. */
static om_rc start_simulator(struct tpm_link *link, int64_t deadline, struct om_error *err)
{
    static const uint8_t startup_clear[] = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0};
    return send_once(link, startup_clear, sizeof startup_clear, deadline, err);
}

static om_rc exchange(struct tpm_link *link, struct om_error *err)
{
    int64_t deadline = tpm_now_ms() + link->uri->timeout_ms;
    bool started = link->uri->via != TPM_VIA_SWTPM;
    for (unsigned pause = 1;;) {
        OM_TRY(send_once(link, link->command, link->command_len, deadline, err));
        uint32_t code = code_field(link->response);
        if (code == TPM2_RC_INITIALIZE && !started) {
            OM_TRY(start_simulator(link, deadline, err));
            started = true;
            continue;
        }
        if (!wants_repetition(code))
            return OM_OK;
        if (tpm_now_ms() + pause >= deadline)
            return om_fail(err, OM_ETRANSIENT, "the TPM is busy (0x%x) for %u s", code,
                           link->uri->timeout_ms / 1000);
        (void)nanosleep(&(struct timespec){.tv_nsec = (long)pause * 1000000}, NULL);
        pause = pause < PAUSE_MAX_MS ? 2 * pause : pause;
    }
}

/* --- as ESYS calls it --- */

static struct tpm_link *of(TSS2_TCTI_CONTEXT *tcti)
{
    return (struct tpm_link *)tcti; /* its first member */
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *tcti, size_t n, const uint8_t *command)
{
    struct tpm_link *link = of(tcti);
    if (n < HEADER || n > sizeof link->command)
        return TSS2_TCTI_RC_BAD_VALUE;
    memcpy(link->command, command, n);
    link->command_len = n;
    link->response_len = 0;
    return TSS2_RC_SUCCESS;
}

/* Asked twice: for the length, and for the octets. The command is sent when the length is asked for. */
static TSS2_RC receive(TSS2_TCTI_CONTEXT *tcti, size_t *n, uint8_t *response, int32_t timeout)
{
    struct tpm_link *link = of(tcti);
    (void)timeout; /* the URI's holds */
    if (link->command_len == 0)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (link->response_len == 0 && exchange(link, &link->failure) != OM_OK) {
        om_wipe(link->command, link->command_len);
        link->command_len = link->response_len = 0;
        return TSS2_TCTI_RC_IO_ERROR;
    }
    size_t room = *n;
    *n = link->response_len;
    if (response == NULL)
        return TSS2_RC_SUCCESS;
    if (room < link->response_len)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(response, link->response, link->response_len);
    om_wipe(link->response, link->response_len);
    om_wipe(link->command, link->command_len);
    link->command_len = link->response_len = 0;
    return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *tcti)
{
    tpm_link_disconnect(of(tcti));
}

static TSS2_RC cancel(TSS2_TCTI_CONTEXT *tcti)
{
    (void)tcti;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC poll_handles(TSS2_TCTI_CONTEXT *tcti, TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
    (void)tcti, (void)handles, (void)n;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *tcti, uint8_t locality)
{
    (void)tcti, (void)locality;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC make_sticky(TSS2_TCTI_CONTEXT *tcti, TPM2_HANDLE *handle, uint8_t sticky)
{
    (void)tcti, (void)handle, (void)sticky;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

om_rc tpm_link_init(struct tpm_link *link, const struct tpm_uri *uri, struct om_error *err)
{
    memset(link, 0, sizeof *link);
    link->uri = uri;
    link->fd = -1;
    link->tcti.v1.magic = LINK_MAGIC;
    link->tcti.v1.version = 2;
    link->tcti.v1.transmit = transmit;
    link->tcti.v1.receive = receive;
    link->tcti.v1.finalize = finalize;
    link->tcti.v1.cancel = cancel;
    link->tcti.v1.getPollHandles = poll_handles;
    link->tcti.v1.setLocality = set_locality;
    link->tcti.makeSticky = make_sticky;
    return tpm_tcti_keep(uri, err);
}
