/* The daemon's command line: mafd(8). Which daemon it is, is in the constant of its own file (program.h). */
#include "daemon/harden.h"
#include "daemon/mem_hooks.h"
#include "daemon/program.h"
#include "daemon/rundir.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "util/log.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "usage: %s --dir DIR [-t]\n"
    "\n"
    "  --dir DIR      directory that `%s init` made\n"
    "  -t, --test     check the configuration, the token and the database, and end\n"
    "  --help         this text\n"
    "  --version      version\n"
    "\n"
    "Runs in the foreground. SIGTERM drains and ends, SIGHUP reloads, SIGUSR1 logs counters.\n";

static void print_usage(FILE *out)
{
    (void)fprintf(out, usage, daemon_program.kind->program, daemon_program.kind->admin);
}

struct arguments {
    const char *dir;
    bool test;
};

/* True when the program goes on; else *status is its exit status. */
static bool parse(int argc, char **argv, struct arguments *a, int *status)
{
    static const struct option options[] = {
        {"dir", required_argument, NULL, 'd'},
        {"test", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    *status = 0;
    for (int c = getopt_long(argc, argv, "t", options, NULL); c != -1;
         c = getopt_long(argc, argv, "t", options, NULL)) {
        switch (c) {
        case 'd':
            a->dir = optarg;
            break;
        case 't':
            a->test = true;
            break;
        case 'h':
            print_usage(stdout);
            return false;
        case 'V':
            (void)printf("%s " OPENMAF_VERSION "\n", daemon_program.kind->program);
            return false;
        default:
            *status = 2;
            return false;
        }
    }
    if (a->dir != NULL && optind == argc)
        return true;
    print_usage(stderr);
    *status = 2;
    return false;
}

/* As a worker would start, without sockets. */
static om_rc check(const struct config *cfg, struct om_error *err)
{
    struct service service;
    OM_TRY(service_open(cfg, &service, err));
    service_close(&service);
    (void)puts("configuration ok");
    return OM_OK;
}

static om_rc prepare(const struct arguments *a, struct config *cfg, struct om_error *err)
{
    OM_TRY(mem_hooks_install(err));
    OM_TRY(harden_process(err));
    OM_TRY(config_load(daemon_program.kind, a->dir, cfg, err));
    om_log_set_level((enum om_log_level)cfg->log_level);
    /* One descriptor a connection, and some for token, database and sockets. */
    size_t n = config_count(cfg, CONFIG_HTTPS) * cfg->https_max_connections +
               config_count(cfg, CONFIG_COAPS_TCP) * cfg->coaps_tcp.max_sessions + 256;
    return harden_descriptors((unsigned)n, err);
}

int main(int argc, char **argv)
{
    static struct config cfg;
    struct arguments a = {0};
    struct om_error err = {0};
    int status;
    int lock = -1;
    if (!parse(argc, argv, &a, &status))
        return status;
    om_log_set_name(daemon_program.kind->program);
    om_rc rc = prepare(&a, &cfg, &err);
    if (rc == OM_OK && a.test)
        rc = check(&cfg, &err);
    else if (rc == OM_OK)
        rc = rundir_lock(&cfg, &lock, &err);
    if (rc != OM_OK) {
        om_log(OM_LOG_ERROR, "%s", om_error_text(&err, rc));
        return 1;
    }
    return a.test ? 0 : supervisor_run(&cfg, lock);
}
