/* ClientHellos by hand: see hello.h. RFC 6347 §4.2, RFC 5246 §7.4.1.2. */
#include "hello.h"
#include "util/buf.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int hello_socket(struct server *s, uint16_t port)
{
    const struct timeval hang = {.tv_sec = 30};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof hang), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    a.sin_port = htons(server_port(s));
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void write_hello(struct om_writer *w, uint8_t random, const uint8_t *cookie, size_t cookie_len)
{
    static const uint8_t extensions[] = {0x00, 0x17, 0x00, 0x00}; /* extended master secret */
    uint8_t octets[32];
    memset(octets, random, sizeof octets);
    om_write_u16(w, 0xfefd);
    om_write_octets(w, octets, sizeof octets);
    om_write_u8(w, 0); /* session */
    om_write_u8(w, (uint8_t)cookie_len);
    om_write_octets(w, cookie, cookie_len);
    om_write_u16(w, 2);
    om_write_u16(w, 0xc0a8); /* PSK-AES128-CCM8 */
    om_write_u16(w, 0x0100); /* no compression */
    om_write_vector16(w, extensions, sizeof extensions);
}

void hello_send(int fd, uint8_t random, const uint8_t *cookie, size_t cookie_len)
{
    uint8_t body[512];
    uint8_t datagram[600];
    struct om_writer b, w;
    uint16_t seq = cookie_len > 0 ? 1 : 0;
    om_writer_init(&b, body, sizeof body);
    write_hello(&b, random, cookie, cookie_len);
    assert_true(om_writer_ok(&b));
    om_writer_init(&w, datagram, sizeof datagram);
    om_write_u8(&w, 22);
    om_write_u16(&w, 0xfefd);
    om_write_u16(&w, 0); /* epoch */
    om_write_u16(&w, 0);
    om_write_u32(&w, seq);
    om_write_u16(&w, (uint16_t)(b.len + 12));
    om_write_u8(&w, 1); /* ClientHello */
    om_write_u8(&w, 0);
    om_write_u16(&w, (uint16_t)b.len);
    om_write_u16(&w, seq);
    om_write_u8(&w, 0);
    om_write_u16(&w, 0); /* fragment offset */
    om_write_u8(&w, 0);
    om_write_u16(&w, (uint16_t)b.len);
    om_write_octets(&w, body, b.len);
    assert_true(om_writer_ok(&w));
    assert_int_equal(send(fd, datagram, w.len, 0), (ssize_t)w.len);
}

/* The next handshake message of that type; others, of flights before, are passed over. */
static size_t receive(int fd, uint8_t type, uint8_t *octets, size_t cap)
{
    for (;;) {
        ssize_t n = recv(fd, octets, cap, 0);
        assert_true(n > 0);
        if (n > 13 && octets[0] == 22 && octets[13] == type)
            return (size_t)n;
    }
}

size_t hello_cookie(int fd, uint8_t cookie[HELLO_COOKIE_MAX])
{
    uint8_t octets[2048];
    size_t n = receive(fd, 3, octets, sizeof octets);
    assert_true(n > 28);
    size_t len = octets[27];
    assert_true(n == 28 + len);
    memcpy(cookie, octets + 28, len);
    return len;
}

void hello_accepted(int fd)
{
    uint8_t octets[2048];
    (void)receive(fd, 2, octets, sizeof octets);
}
