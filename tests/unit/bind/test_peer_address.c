/* What counts as one address: peers of one IPv4 address, of one IPv6 /64, and each link-local address. */
#include "bind/peer_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union address address(const char *text, uint16_t port)
{
    union address a;
    memset(&a, 0, sizeof a);
    a.v4.sin_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    a.v4.sin_port = htons(port);
    void *to = a.any.sa_family == AF_INET6 ? (void *)&a.v6.sin6_addr : (void *)&a.v4.sin_addr;
    assert_int_equal(inet_pton(a.any.sa_family, text, to), 1);
    return a;
}

static void test_places(void **state)
{
    (void)state;
    static const uint8_t key[PEER_ADDRESS_KEY] = {1, 2, 3};
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::ffff:0:1", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"fe80::1", "fe80::1", true},
        {"fe80::1", "fe80::2", false},
        {"::", "0.0.0.0", false},
        {"::ffff:192.0.2.1", "192.0.2.1", false},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        union address a = address(pairs[i].a, 1), b = address(pairs[i].b, 2);
        if (peer_address_same(&a.any, &b.any) != pairs[i].same)
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
        if (pairs[i].same)
            assert_int_equal(peer_address_hash(key, &a.any), peer_address_hash(key, &b.any));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
