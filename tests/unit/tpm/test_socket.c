/* Connecting with a swtpm whose queue is full: of many processes each has its turn. */
#include "fixture.h"
#include "tpm/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_MAX 8
#define DEADLINE_MS 60000

struct attempt {
    struct tpm_uri uri;
    int fd;
    om_rc rc;
};

static void *connect_in_thread(void *arg)
{
    struct attempt *a = arg;
    struct om_error err = {0};
    a->rc = tpm_socket_connect(&a->uri, tpm_now_ms() + DEADLINE_MS, &a->fd, &err);
    return NULL;
}

static int listener(unsigned *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s, 1), 0); /* as swtpm does */
    assert_int_equal(getsockname(s, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return s;
}

/* True while the kernel has a socket that waits for the answer to its SYN to this port. */
static bool somebody_waits(unsigned port)
{
    char line[512], wanted[32];
    bool found = false;
    FILE *f = fopen("/proc/net/tcp", "re");
    assert_non_null(f);
    (void)snprintf(wanted, sizeof wanted, ":%04X %02X ", port, (unsigned)TCP_SYN_SENT);
    while (!found && fgets(line, sizeof line, f) != NULL)
        found = strstr(line, wanted) != NULL;
    (void)fclose(f);
    return found;
}

/* Connects until the queue takes no more; the last one waits. */
static size_t fill_queue(unsigned port, int fds[WAITING_MAX])
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t n = 0; n < WAITING_MAX; n++) {
        struct tcp_info info;
        socklen_t len = sizeof info;
        fds[n] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fds[n], (struct sockaddr *)&to, sizeof to);
        assert_int_equal(getsockopt(fds[n], IPPROTO_TCP, TCP_INFO, &info, &len), 0);
        if (info.tcpi_state == TCP_SYN_SENT) {
            (void)close(fds[n]);
            return n;
        }
    }
    fail();
    return 0;
}

/* TCP by itself would come again after a second, then after two more: too late, if others come meanwhile. */
static void comes_again_soon(void **state)
{
    (void)state;
    int queued[WAITING_MAX], place = -1;
    unsigned port = 0;
    pthread_t thread;
    int s = listener(&port);
    size_t n = fill_queue(port, queued);
    struct attempt a = {.fd = -1, .uri.via = TPM_VIA_SWTPM, .uri.address = "127.0.0.1"};
    a.uri.port = (uint16_t)port;
    assert_int_equal(pthread_create(&thread, NULL, connect_in_thread, &a), 0);
    while (!somebody_waits(port))
        ;
    for (size_t i = 0; i < n; i++) {
        place = accept4(s, NULL, NULL, SOCK_CLOEXEC);
        assert_true(place >= 0);
        (void)close(place);
        (void)close(queued[i]);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(a.rc, OM_OK);
    struct tcp_info info;
    socklen_t len = sizeof info;
    assert_int_equal(getsockopt(a.fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    assert_int_equal(info.tcpi_total_retrans, 0);
    (void)close(a.fd);
    (void)close(s);
}

static void gives_up(void **state)
{
    (void)state;
    int queued[WAITING_MAX], fd = -1;
    unsigned port = 0;
    int s = listener(&port);
    size_t n = fill_queue(port, queued);
    struct tpm_uri uri = {.via = TPM_VIA_SWTPM, .address = "127.0.0.1", .port = (uint16_t)port};
    FAILS(OM_ETRANSIENT, tpm_socket_connect(&uri, tpm_now_ms() + 50, &fd, ERR));
    SAYS("busy with others");
    (void)close(s);
    FAILS(OM_ETRANSIENT, tpm_socket_connect(&uri, tpm_now_ms() + DEADLINE_MS, &fd, ERR));
    SAYS("refused");
    for (size_t i = 0; i < n; i++)
        (void)close(queued[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_again_soon),
        cmocka_unit_test(gives_up),
    };
    return cmocka_run_group_tests_name("tpm socket", tests, NULL, NULL);
}
