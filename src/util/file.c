/* Whole small files: see file.h. */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static om_rc errno_fail(struct om_error *err, const char *what, const char *path)
{
    int e = errno;
    om_rc rc = e == ENOENT ? OM_ENOTFOUND : e == EEXIST ? OM_ECONFLICT : OM_ETRANSIENT;
    return om_fail(err, rc, "cannot %s %s: %s", what, path, strerror(e));
}

/* What a file must be to be read. */
enum demand { ANY, PRIVATE, TRUSTED };

/* Whoever can write it, or make it another one, could say what it says. */
static om_rc check_writers(const struct stat *st, const char *path, struct om_error *err)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return om_fail(
            err, OM_ECONFIG,
            "%s belongs to user %u, neither to root nor to the one who runs this: run it as that user", path,
            (unsigned)st->st_uid);
    bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0; /* who may write may not replace */
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky)
        return om_fail(err, OM_ECONFIG, "%s can be written by others (mode %04o); chmod go-w it", path,
                       (unsigned)(st->st_mode & 07777));
    return OM_OK;
}

static om_rc check_directory(const char *path, struct om_error *err)
{
    char copy[PATH_MAX];
    struct stat st;
    if (strlen(path) >= sizeof copy)
        return om_fail(err, OM_EINPUT, "path too long");
    memcpy(copy, path, strlen(path) + 1);
    const char *dir = dirname(copy);
    if (stat(dir, &st) != 0)
        return errno_fail(err, "examine", dir);
    return check_writers(&st, dir, err);
}

static om_rc check_file(int fd, const char *path, enum demand demand, struct stat *st, struct om_error *err)
{
    if (fstat(fd, st) != 0)
        return errno_fail(err, "examine", path);
    if (!S_ISREG(st->st_mode))
        return om_fail(err, OM_EINPUT, "%s is not a regular file", path);
    if (demand == TRUSTED) {
        OM_TRY(check_writers(st, path, err));
        OM_TRY(check_directory(path, err));
    }
    if (demand == PRIVATE && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return om_fail(err, OM_ECONFIG, "%s can be reached by others (mode %04o); chmod 600 it", path,
                       (unsigned)(st->st_mode & 07777));
    return OM_OK;
}

static om_rc read_fd(int fd, const char *path, size_t max, enum demand demand, struct om_secret *out,
                     struct om_error *err)
{
    struct stat st;
    OM_TRY(check_file(fd, path, demand, &st, err));
    if (st.st_size < 0 || (uintmax_t)st.st_size > max)
        return om_fail(err, OM_EINPUT, "%s is longer than %zu octets", path, max);
    struct om_secret buf = OM_SECRET_INIT;
    OM_TRY(om_secret_alloc(&buf, (size_t)st.st_size, err));
    size_t got = 0;
    while (got < buf.len) {
        ssize_t n = read(fd, buf.octets + got, buf.len - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            om_rc rc = n < 0 ? errno_fail(err, "read", path) : om_fail(err, OM_ETRANSIENT, "%s shrank", path);
            om_secret_free(&buf);
            return rc;
        }
        got += (size_t)n;
    }
    om_secret_free(out);
    *out = buf;
    return OM_OK;
}

static om_rc read_path(const char *path, size_t max, enum demand demand, struct om_secret *out,
                       struct om_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno_fail(err, "open", path);
    om_rc rc = read_fd(fd, path, max, demand, out, err);
    (void)close(fd);
    return rc;
}

om_rc om_file_read(const char *path, size_t max, struct om_secret *out, struct om_error *err)
{
    return read_path(path, max, ANY, out, err);
}

om_rc om_file_read_private(const char *path, size_t max, struct om_secret *out, struct om_error *err)
{
    return read_path(path, max, PRIVATE, out, err);
}

om_rc om_file_read_trusted(const char *path, size_t max, struct om_secret *out, struct om_error *err)
{
    return read_path(path, max, TRUSTED, out, err);
}

om_rc om_file_open_private(const char *path, int *fd, struct om_error *err)
{
    struct stat st;
    int f = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (f < 0)
        return errno_fail(err, "open", path);
    om_rc rc = check_file(f, path, PRIVATE, &st, err);
    if (rc != OM_OK) {
        (void)close(f);
        return rc;
    }
    *fd = f;
    return OM_OK;
}

static om_rc sync_dir_of(const char *path, struct om_error *err)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof copy)
        return om_fail(err, OM_EINPUT, "path too long");
    memcpy(copy, path, strlen(path) + 1);
    const char *dir = dirname(copy);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno_fail(err, "open", dir);
    int bad = fsync(fd);
    (void)close(fd);
    return bad == 0 ? OM_OK : errno_fail(err, "sync", dir);
}

static om_rc write_new(const char *path, const void *p, size_t n, unsigned mode, int flags,
                       struct om_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, (mode_t)mode);
    if (fd < 0)
        return errno_fail(err, "create", path);
    const uint8_t *at = p;
    size_t left = n;
    while (left > 0) {
        ssize_t w = write(fd, at, left);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            break;
        at += w;
        left -= (size_t)w;
    }
    bool good = left == 0 && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    om_rc rc = good ? OM_OK : errno_fail(err, "write", path);
    if (close(fd) != 0 && rc == OM_OK)
        rc = errno_fail(err, "close", path);
    if (rc != OM_OK)
        (void)unlink(path);
    return rc;
}

om_rc om_file_write(const char *path, const void *p, size_t n, unsigned mode, struct om_error *err)
{
    char tmp[PATH_MAX];
    int len = snprintf(tmp, sizeof tmp, "%s.tmp", path);
    if (len < 0 || (size_t)len >= sizeof tmp)
        return om_fail(err, OM_EINPUT, "path too long");
    OM_TRY(write_new(tmp, p, n, mode, O_TRUNC, err));
    if (rename(tmp, path) != 0) {
        om_rc rc = errno_fail(err, "replace", path);
        (void)unlink(tmp);
        return rc;
    }
    return sync_dir_of(path, err);
}

om_rc om_file_create(const char *path, const void *p, size_t n, unsigned mode, struct om_error *err)
{
    OM_TRY(write_new(path, p, n, mode, O_EXCL, err));
    return sync_dir_of(path, err);
}

om_rc om_dir_make(const char *path, struct om_error *err)
{
    if (mkdir(path, 0700) == 0)
        return sync_dir_of(path, err);
    struct stat st;
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return OM_OK;
    return errno_fail(err, "make directory", path);
}

om_rc om_path_join(char *out, size_t cap, const char *dir, const char *name, struct om_error *err)
{
    int n = snprintf(out, cap, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= cap)
        return om_fail(err, OM_EINPUT, "path %s/%s is too long", dir, name);
    return OM_OK;
}
