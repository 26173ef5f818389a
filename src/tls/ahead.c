/* The place between socket and SSL: see ahead.h.
 *
 * A filter BIO that is pushed when the handshake starts and popped when it is over. It reads ahead of OpenSSL
 * into a buffer of its own, a record at a time, and hands on whole records; after ChangeCipherSpec, or when a
 * record is longer than it cares for, everything. While a record is held it still takes what the peer sends,
 * up to the buffer's end, so that an event loop does not spin over a socket that stays readable. */
#include "tls/ahead.h"
#include "tls/error_queue.h"

#include <openssl/bio.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 4096
#define HEAD_SIZE   5

struct watch {
    omtls_ahead *ahead;
    void *arg;
    BIO *bio;        /* while in place; the SSL owns it */
    size_t len;      /* octets in buffer... */
    size_t released; /* ...of which the SSL may have these */
    bool held;
    bool passing;  /* nothing is looked at any more */
    bool answered; /* the record at the front was asked for */
    uint8_t buffer[BUFFER_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ex_index = -1;
static BIO_METHOD *method;

/* ---- records ---- */

/* Of the record at the front, once its head is there. */
static size_t record_size(const struct watch *w)
{
    return HEAD_SIZE + ((size_t)w->buffer[3] << 8) + w->buffer[4];
}

/* True when there is something for the SSL. */
static bool look(struct watch *w)
{
    char identity[OMTLS_IDENTITY_MAX + 1];
    if (w->len < HEAD_SIZE)
        return false;
    size_t n = record_size(w);
    w->passing = w->buffer[0] != SSL3_RT_HANDSHAKE || n > sizeof w->buffer;
    if (w->passing) {
        w->released = w->len;
        return true;
    }
    if (w->len < n)
        return false;
    if (!w->answered && omtls_ahead_identity(w->buffer, n, false, identity)) {
        w->answered = true;
        w->held = !w->ahead(w->arg, identity);
    }
    if (w->held)
        return false;
    w->answered = false;
    w->released = n;
    return true;
}

static int hand_over(struct watch *w, char *out, int max)
{
    size_t n = w->released < (size_t)max ? w->released : (size_t)max;
    memcpy(out, w->buffer, n);
    memmove(w->buffer, w->buffer + n, w->len - n);
    w->len -= n;
    w->released -= n;
    return (int)n;
}

/* More of what the peer sends, not beyond the record at the front: what follows the handshake, as a request
 * does in TLS 1.3 that comes with the client's Finished, has to stay in the socket, or nothing says that it
 * is there. As BIO_read. */
static int fill(BIO *bio, struct watch *w)
{
    size_t want = sizeof w->buffer - w->len;
    if (!w->held)
        want = (w->len < HEAD_SIZE ? HEAD_SIZE : record_size(w)) - w->len;
    if (want == 0) /* only while held: nobody needs that much to wait */
        return -1;
    int n = BIO_read(BIO_next(bio), w->buffer + w->len, (int)want);
    if (n > 0)
        w->len += (size_t)n;
    else
        BIO_copy_next_retry(bio);
    return n;
}

static int filter_read(BIO *bio, char *out, int max)
{
    struct watch *w = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (w == NULL || max <= 0)
        return -1;
    while (w->released == 0) {
        if (w->passing && w->len == 0) {
            int n = BIO_read(BIO_next(bio), out, max);
            BIO_copy_next_retry(bio);
            return n;
        }
        if (w->passing)
            w->released = w->len;
        else if (w->held || !look(w)) {
            int n = fill(bio, w);
            if (n <= 0)
                return n;
        }
    }
    return hand_over(w, out, max);
}

static int filter_write(BIO *bio, const char *octets, int n)
{
    int done = BIO_write(BIO_next(bio), octets, n);
    BIO_clear_retry_flags(bio);
    BIO_copy_next_retry(bio);
    return done;
}

static long filter_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    return BIO_next(bio) != NULL ? BIO_ctrl(BIO_next(bio), cmd, num, ptr) : 0;
}

static int filter_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static int filter_destroy(BIO *bio)
{
    struct watch *w = BIO_get_data(bio);
    if (w != NULL)
        w->bio = NULL;
    return 1;
}

/* ---- life ---- */

static void ex_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    struct watch *w = ptr;
    if (w == NULL)
        return;
    if (w->bio != NULL)
        BIO_set_data(w->bio, NULL);
    free(w);
}

static void init_once(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "psk_identity ahead");
    if (method == NULL || BIO_meth_set_read(method, filter_read) != 1 ||
        BIO_meth_set_write(method, filter_write) != 1 || BIO_meth_set_ctrl(method, filter_ctrl) != 1 ||
        BIO_meth_set_create(method, filter_create) != 1 || BIO_meth_set_destroy(method, filter_destroy) != 1)
        return;
    ex_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, ex_free);
}

static struct watch *watch_of(const SSL *ssl)
{
    return ex_index < 0 ? NULL : SSL_get_ex_data(ssl, ex_index);
}

om_rc omtls_ahead_watch(SSL *ssl, omtls_ahead *ahead, void *arg, struct om_error *err)
{
    if (pthread_once(&once, init_once) != 0 || ex_index < 0)
        return om_fail(err, OM_ENOMEM, "cannot watch TLS handshakes");
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL || SSL_set_ex_data(ssl, ex_index, w) != 1) {
        free(w);
        return om_fail(err, OM_ENOMEM, "no memory to watch a TLS handshake");
    }
    w->ahead = ahead;
    w->arg = arg;
    return OM_OK;
}

void omtls_ahead_go(SSL *ssl)
{
    struct watch *w = watch_of(ssl);
    if (w != NULL)
        w->held = false;
}

void omtls_ahead_begin(SSL *ssl)
{
    struct watch *w = watch_of(ssl);
    BIO *socket = SSL_get_rbio(ssl);
    if (w == NULL || w->bio != NULL || socket == NULL)
        return;
    BIO *bio = BIO_new(method);
    if (bio == NULL || BIO_up_ref(socket) != 1) { /* then nothing is held, and what is unknown is refused */
        BIO_free(bio);
        return;
    }
    BIO_set_data(bio, w);
    (void)BIO_push(bio, socket);
    SSL_set0_rbio(ssl, bio);
    w->bio = bio;
}

/* What was read ahead beyond the handshake keeps it in place until it has been read. */
void omtls_ahead_end(SSL *ssl)
{
    struct watch *w = watch_of(ssl);
    if (w == NULL || w->bio == NULL)
        return;
    w->passing = true;
    if (w->len > 0)
        return;
    BIO *bio = w->bio;
    w->bio = NULL;
    BIO_set_data(bio, NULL);
    BIO *socket = BIO_pop(bio);
    SSL_set0_rbio(ssl, socket); /* frees the filter */
    (void)SSL_set_ex_data(ssl, ex_index, NULL);
    free(w);
}
