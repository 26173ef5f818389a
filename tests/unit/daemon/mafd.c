/* See mafd.h. */
#include "mafd.h"

#include "maf/admin.h"
#include "provisioning/maf_init.h"
#include "token.h"
#include "util/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS   20000000
#define STEPS_MAX 3000

void wait_a_little(struct patience *p, const char *what)
{
    const struct timespec step = {.tv_nsec = STEP_NS};
    if (p->steps++ > STEPS_MAX)
        fail_msg("%s: waited too long", what);
    (void)nanosleep(&step, NULL);
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

const struct peer_credential *server_credential(const struct server *s)
{
    return &s->credential;
}

static void must(om_rc rc, const struct om_error *err)
{
    if (rc != OM_OK)
        fail_msg("%s", om_error_text(err, rc));
}

static void add_client(struct server *s, const char *uri)
{
    struct om_error err = {0};
    struct om_secret km = OM_SECRET_INIT;
    struct se *se = NULL;
    struct store *store = NULL;
    char database[PATH_MAX];
    must(om_path_join(database, sizeof database, s->dir, "maf.db", &err), &err);
    must(se_open(uri, NULL, test_plugin_dir(), &se, &err), &err);
    struct store_auth auth;
    must(store_auth_token(se, &auth, &err), &err);
    must(store_open(database, &auth, &store, &err), &err);
    must(maf_admin_stakeholder_add(store, ADMIN, &err), &err);
    memset(s->credential.km, 0x3c, sizeof s->credential.km);
    must(om_secret_set(&km, s->credential.km, sizeof s->credential.km, &err), &err);
    const struct maf_admin_client client = {.id = CLIENT, .admin_fqdn = ADMIN};
    must(maf_admin_client_add(store, se, FQDN, &client, &km, NULL, s->credential.kmid, &err), &err);
    om_secret_free(&km);
    store_close(store);
    se_close(se);
}

void mafd_make(struct server *s)
{
    struct om_error err = {0};
    char uri[PATH_MAX + 32];
    const char *tmp = getenv("TMPDIR");
    (void)signal(SIGPIPE, SIG_IGN);
    memset(s, 0, sizeof *s);
    (void)snprintf(s->base, sizeof s->base, "%s/openmaf-mafd-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(s->base));
    must(om_path_join(s->dir, sizeof s->dir, s->base, "maf", &err), &err);
    must(om_path_join(s->log, sizeof s->log, s->base, "log", &err), &err);
    (void)snprintf(uri, sizeof uri, "ram:file=%s/roots", s->base);
    const struct config_init init = {
        .kind = &config_maf, .dir = s->dir, .fqdn = FQDN, .token_uri = uri, .https_listen = "127.0.0.1:0"};
    must(maf_init_directory(&init, &err), &err);
    add_client(s, uri);
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    if (d == NULL) {
        (void)unlink(path);
        return;
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char child[PATH_MAX];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (om_path_join(child, sizeof child, path, e->d_name, NULL) == OM_OK)
            remove_tree(child);
    }
    (void)closedir(d);
    (void)rmdir(path);
}

void mafd_remove(struct server *s)
{
    if (s->pid > 0)
        (void)mafd_stop(s, SIGKILL);
    remove_tree(s->base);
}

void mafd_set(const struct server *s, const char *section, const char *key, const char *value)
{
    struct om_error err = {0};
    struct om_secret file = OM_SECRET_INIT;
    char path[PATH_MAX];
    char head[64];
    char text[16384];
    must(om_path_join(path, sizeof path, s->dir, config_maf.file, &err), &err);
    must(om_file_read(path, 8192, &file, &err), &err);
    char *old = strndup((const char *)file.octets, file.len);
    assert_non_null(old);
    om_secret_free(&file);
    (void)snprintf(head, sizeof head, "[%s]\n", section);
    char *at = strstr(old, head);
    assert_non_null(at);
    at += strlen(head);
    char *listen = strcmp(key, "listen") == 0 ? strstr(at, "\nlisten = ") : NULL;
    if (listen != NULL) /* out of the way */
        listen[1] = '#';
    int n = snprintf(text, sizeof text, "%.*s%s = %s\n%s", (int)(at - old), old, key, value, at);
    assert_true(n > 0 && (size_t)n < sizeof text);
    must(om_file_write(path, text, (size_t)n, 0600, &err), &err);
    free(old);
}

static void spawn(struct server *s, const char *argument)
{
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid > 0)
        return;
    int fd = open(s->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
        _exit(126);
    (void)execl(OPENMAF_TEST_MAFD, "mafd", "--dir", s->dir, argument, (char *)NULL);
    _exit(127);
}

static int wait_end(struct server *s)
{
    int status;
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    s->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int mafd_run(struct server *s, const char *argument)
{
    spawn(s, argument);
    return wait_end(s);
}

void mafd_start(struct server *s)
{
    struct om_error err = {0};
    struct om_secret file = OM_SECRET_INIT;
    char path[PATH_MAX];
    long from = mafd_log_size(s);
    spawn(s, NULL);
    mafd_wait_log(s, from, "mafd: ready: ");
    must(om_path_join(path, sizeof path, s->dir, "run/https.port", &err), &err);
    must(om_file_read(path, 16, &file, &err), &err);
    char text[17] = "";
    memcpy(text, file.octets, file.len);
    om_secret_free(&file);
    s->port = (uint16_t)strtoul(text, NULL, 10);
}

int mafd_stop(struct server *s, int sig)
{
    assert_int_equal(kill(s->pid, sig), 0);
    return wait_end(s);
}

long mafd_log_size(const struct server *s)
{
    struct stat st;
    return stat(s->log, &st) == 0 ? (long)st.st_size : 0;
}

const char *mafd_log(const struct server *s, long from)
{
    static char text[65536];
    FILE *f = fopen(s->log, "r");
    assert_non_null(f);
    assert_int_equal(fseek(f, from, SEEK_SET), 0);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    return text;
}

void mafd_wait_log(const struct server *s, long from, const char *text)
{
    struct patience p = {0};
    while (mafd_log_size(s) <= from || strstr(mafd_log(s, from), text) == NULL) {
        int status;
        if (s->pid > 0 && waitpid(s->pid, &status, WNOHANG) == s->pid)
            fail_msg("mafd ended: %s", mafd_log(s, from));
        wait_a_little(&p, text);
    }
}

size_t mafd_workers(const struct server *s, pid_t *pids, size_t cap)
{
    char path[64];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)s->pid, (int)s->pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char text[256] = "";
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    char *at = text;
    for (long pid = strtol(at, &at, 10); pid > 0 && n < cap; pid = strtol(at, &at, 10))
        pids[n++] = (pid_t)pid;
    (void)fclose(f);
    return n;
}
