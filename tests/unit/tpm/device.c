/* A device that is a TPM: see device.h. */
#include "device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define MESSAGE_MAX 4096
#define HEADER      10

static struct {
    pthread_t thread;
    int master, slave, stop[2];
    unsigned port;
    char path[128];
} device;

static void die(const char *what)
{
    (void)fprintf(stderr, "device: %s: %s\n", what, strerror(errno));
    abort();
}

static bool read_all(int fd, uint8_t *out, size_t n)
{
    while (n > 0) {
        struct pollfd p[] = {{fd, POLLIN, 0}, {device.stop[0], POLLIN, 0}};
        if (poll(p, 2, -1) < 0 || p[1].revents != 0)
            return false;
        ssize_t got = read(fd, out, n);
        if (got <= 0)
            return false;
        out += got;
        n -= (size_t)got;
    }
    return true;
}

static size_t read_message(int fd, uint8_t out[MESSAGE_MAX])
{
    uint32_t n = 0;
    if (!read_all(fd, out, HEADER))
        return 0;
    memcpy(&n, out + 2, sizeof n);
    n = ntohl(n);
    return n >= HEADER && n <= MESSAGE_MAX && read_all(fd, out + HEADER, n - HEADER) ? n : 0;
}

/* A TPM that is not there says nothing. */
static size_t ask_swtpm(uint8_t message[MESSAGE_MAX], size_t n)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)device.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t got = 0;
    if (connect(s, (struct sockaddr *)&to, sizeof to) == 0 && send(s, message, n, MSG_NOSIGNAL) == (ssize_t)n)
        got = read_message(s, message);
    (void)close(s);
    return got;
}

static void *run(void *arg)
{
    uint8_t message[MESSAGE_MAX];
    size_t n = 0;
    (void)arg;
    while ((n = read_message(device.master, message)) > 0) {
        n = ask_swtpm(message, n);
        if (n > 0 && write(device.master, message, n) != (ssize_t)n)
            die("write");
    }
    return NULL;
}

void device_start(const char *path, unsigned port)
{
    struct termios raw;
    device.port = port;
    (void)snprintf(device.path, sizeof device.path, "%s", path);
    device.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (device.master < 0 || grantpt(device.master) != 0 || unlockpt(device.master) != 0)
        die("pseudo-terminal");
    device.slave = open(ptsname(device.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (device.slave < 0 || tcgetattr(device.slave, &raw) != 0)
        die("pseudo-terminal");
    cfmakeraw(&raw);
    if (tcsetattr(device.slave, TCSANOW, &raw) != 0 || symlink(ptsname(device.master), path) != 0 ||
        pipe2(device.stop, O_CLOEXEC) != 0 || pthread_create(&device.thread, NULL, run, NULL) != 0)
        die("start");
}

void device_stop(void)
{
    if (write(device.stop[1], "", 1) != 1)
        die("stop");
    (void)pthread_join(device.thread, NULL);
    (void)close(device.stop[0]);
    (void)close(device.stop[1]);
    (void)close(device.slave);
    (void)close(device.master);
    (void)unlink(device.path);
}

void device_busy(bool busy)
{
    if (ioctl(device.slave, busy ? TIOCEXCL : TIOCNXCL) != 0)
        die("exclusive use");
}
