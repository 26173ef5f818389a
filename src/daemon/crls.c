/* Files of CRLs: see crls.h. */
#include "daemon/crls.h"
#include "pki/parse.h"
#include "util/file.h"

#include <errno.h>
#include <string.h>

#define CRL_FILE_MAX (8 * 1024 * 1024)
#define CRLS_MAX     64

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static om_rc look_at_files(const struct crl_files *c, struct stat now[], struct om_error *err)
{
    for (size_t i = 0; i < c->of->n; i++)
        if (stat(c->of->files[i], &now[i]) != 0)
            return om_fail(err, OM_ECONFIG, "%s: %s: %s", c->name, c->of->files[i], strerror(errno));
    return OM_OK;
}

static om_rc read_file(const char *name, const char *path, STACK_OF(X509_CRL) * all, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    STACK_OF(X509_CRL) *some = NULL;
    om_rc rc = om_file_read_trusted(path, CRL_FILE_MAX, &text, err);
    if (rc == OM_OK)
        rc = pki_parse_crls(text.octets, text.len, CRLS_MAX, &some, err);
    om_secret_free(&text);
    while (rc == OM_OK && sk_X509_CRL_num(some) > 0) {
        if (sk_X509_CRL_push(all, sk_X509_CRL_value(some, 0)) <= 0)
            rc = om_fail(err, OM_ENOMEM, "no memory for CRLs");
        else
            (void)sk_X509_CRL_shift(some);
    }
    sk_X509_CRL_pop_free(some, X509_CRL_free);
    return rc == OM_OK ? OM_OK : om_context(err, OM_ECONFIG, "%s: %s", name, path);
}

om_rc crl_files_read(struct crl_files *c, bool *changed, STACK_OF(X509_CRL) * *crls, struct om_error *err)
{
    struct stat now[CONFIG_CRLS_MAX];
    bool same = true;
    *changed = false;
    *crls = NULL;
    OM_TRY(look_at_files(c, now, err));
    for (size_t i = 0; i < c->of->n; i++)
        same = same && same_file(&now[i], &c->seen[i]);
    if (same)
        return OM_OK;
    STACK_OF(X509_CRL) *all = sk_X509_CRL_new_null();
    om_rc rc = all != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for CRLs");
    for (size_t i = 0; i < c->of->n && rc == OM_OK; i++)
        rc = read_file(c->name, c->of->files[i], all, err);
    if (rc != OM_OK) {
        sk_X509_CRL_pop_free(all, X509_CRL_free);
        return rc;
    }
    memcpy(c->seen, now, c->of->n * sizeof now[0]);
    *crls = all;
    *changed = true;
    return OM_OK;
}
