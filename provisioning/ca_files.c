/* Files of the authorities: see ca_files.h. */
#include "provisioning/ca_files.h"
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FOLDER    "ca"
#define LOCK_FILE "lock"
#define MODE      0644 /* nothing here is secret */

static om_rc path_of(char out[PATH_MAX], const char *dir, const char *name, const char *suffix,
                     struct om_error *err)
{
    int n = snprintf(out, PATH_MAX, "%s/" FOLDER "/%s%s", dir, name, suffix);
    return n > 0 && n < PATH_MAX ? OM_OK : om_fail(err, OM_EINPUT, "the path of %s is too long", dir);
}

static om_rc make_folder(const char *dir, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, dir, FOLDER, err));
    return om_dir_make(path, err);
}

static om_rc write_bio(BIO *bio, bool good, const char *dir, const char *name, const char *suffix,
                       struct om_error *err)
{
    char path[PATH_MAX];
    char *text = NULL;
    long n = good ? BIO_get_mem_data(bio, &text) : 0;
    if (n <= 0)
        return pki_fail(err, "cannot write a file of an authority");
    OM_TRY(path_of(path, dir, name, suffix, err));
    return om_file_write(path, text, (size_t)n, MODE, err);
}

static om_rc lock(const char *dir, int *fd, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(path_of(path, dir, LOCK_FILE, "", err));
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd >= 0 && flock(*fd, LOCK_EX) == 0)
        return OM_OK;
    om_rc rc = om_fail(err, OM_ETRANSIENT, "cannot lock %s: %s", path, strerror(errno));
    if (*fd >= 0)
        (void)close(*fd);
    return rc;
}

static om_rc write_certificate(const struct ca *ca, const char *dir, const char *authority,
                               struct om_error *err)
{
    X509 *cert = NULL;
    om_rc rc = ca_certificate(ca, authority, &cert, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio != NULL && PEM_write_bio_X509(bio, cert) == 1;
    rc = write_bio(bio, good, dir, authority, ".pem", err);
    BIO_free(bio);
    X509_free(cert);
    return rc;
}

om_rc ca_files_certificates(const struct ca *ca, const char *dir, struct om_error *err)
{
    int fd = -1;
    OM_TRY(make_folder(dir, err));
    OM_TRY(lock(dir, &fd, err));
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < CA_AUTHORITIES; i++)
        rc = write_certificate(ca, dir, ca_authority_names[i], err);
    (void)close(fd); /* releases the lock */
    return rc;
}

static om_rc write_crl(X509_CRL *crl, const char *dir, const char *authority, struct om_error *err)
{
    BIO *der = BIO_new(BIO_s_mem());
    BIO *pem = BIO_new(BIO_s_mem());
    om_rc rc =
        write_bio(pem, pem != NULL && PEM_write_bio_X509_CRL(pem, crl) == 1, dir, authority, ".crl.pem", err);
    if (rc == OM_OK)
        rc = write_bio(der, der != NULL && i2d_X509_CRL_bio(der, crl) == 1, dir, authority, ".crl", err);
    BIO_free(pem);
    BIO_free(der);
    return rc;
}

om_rc ca_files_crl(const struct ca *ca, const char *dir, const char *authority, int64_t until,
                   struct om_error *err)
{
    int fd = -1;
    X509_CRL *crl = NULL;
    OM_TRY(make_folder(dir, err));
    OM_TRY(lock(dir, &fd, err));
    om_rc rc = ca_crl(ca, authority, until, &crl, err);
    if (rc == OM_OK)
        rc = write_crl(crl, dir, authority, err);
    X509_CRL_free(crl);
    (void)close(fd); /* releases the lock */
    return rc;
}
