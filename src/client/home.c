/* The directory of a home and its lock: see home.h. */
#include "client/home.h"
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

om_rc home_make_dirs(const char *dir, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, dir, HOME_CONFIG_FILE, err));
    if (access(path, F_OK) == 0)
        return om_fail(err, OM_ECONFLICT, "%s is a home already: %s exists", dir, path);
    OM_TRY(om_dir_make(dir, err));
    OM_TRY(om_path_join(path, sizeof path, dir, HOME_STATE_DIR, err));
    return om_dir_make(path, err);
}

/* flock, not fcntl: it also orders threads of one process, each with a descriptor of its own. */
static om_rc try_lock(int fd, const char *path, bool *got, struct om_error *err)
{
    *got = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (*got || errno == EWOULDBLOCK || errno == EINTR)
        return OM_OK;
    return om_fail(err, OM_ETRANSIENT, "cannot lock %s: %s", path, strerror(errno));
}

om_rc home_lock(const struct home *home, unsigned seconds, int *fd, struct om_error *err)
{
    return home_lock_file(home, HOME_LOCK_FILE, seconds, fd, err);
}

om_rc home_lock_file(const struct home *home, const char *name, unsigned seconds, int *fd,
                     struct om_error *err)
{
    char state[PATH_MAX];
    char path[PATH_MAX];
    OM_TRY(om_path_join(state, sizeof state, home->dir, HOME_STATE_DIR, err));
    OM_TRY(om_path_join(path, sizeof path, state, name, err));
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return om_fail(err, OM_ETRANSIENT, "cannot open %s: %s", path, strerror(errno));
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    bool got = false;
    om_rc rc = try_lock(lock, path, &got, err);
    for (unsigned i = 0; rc == OM_OK && !got && i < seconds * 50; i++) {
        (void)nanosleep(&pause, NULL);
        rc = try_lock(lock, path, &got, err);
    }
    if (rc == OM_OK && !got)
        rc = om_fail(err, OM_ETRANSIENT, "another process has used %s for %u seconds; try again", home->dir,
                     seconds);
    if (rc != OM_OK) {
        (void)close(lock);
        return rc;
    }
    *fd = lock;
    return OM_OK;
}

void home_unlock(int fd)
{
    if (fd < 0)
        return;
    (void)flock(fd, LOCK_UN); /* closing it does not, where a program that was started has it too */
    (void)close(fd);
}
