/* Credentials of both kinds, continued: listing and removal. */
#include "client/enrolment.h"
#include "client/list.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One entry of the list. */
struct entry {
    struct openmaf_credential pub; /* first; points into this structure */
    char id[RECORD_NAME_SIZE +
            3]; /* Credential-ID, or what stands in its place for a record that is refused */
    char kmid[M2M_KEY_ID_SIZE];
    char mef[M2M_FQDN_SIZE];
    char problem[sizeof((struct om_error *)0)->text];
    int64_t order;
};

static struct entry *refused(enum openmaf_credential_kind kind, const char *name, om_rc rc,
                             const struct om_error *err)
{
    struct entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    (void)snprintf(e->id, sizeof e->id, "%s", record_text(name));
    (void)snprintf(e->problem, sizeof e->problem, "%s", om_error_text(err, rc));
    e->pub = (struct openmaf_credential){.kind = kind, .id = e->id, .problem = e->problem};
    return e;
}

static void *make_psk(struct openmaf *maf, const char *name)
{
    struct credential c = {.order = 0};
    struct om_error err = {0};
    om_rc rc = credential_read(maf, name, &c, &err);
    if (rc != OM_OK)
        return refused(OPENMAF_PSK, name, rc, &err);
    struct entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    const struct home_server *server = credential_server(maf, &c);
    (void)snprintf(e->id, sizeof e->id, "%u-%s",
                   (server != NULL ? server->role : &server_role_maf)->credential_type, c.kmid);
    (void)snprintf(e->kmid, sizeof e->kmid, "%s", c.kmid);
    e->order = c.order;
    e->pub = (struct openmaf_credential){
        .kind = OPENMAF_PSK, .id = e->id, .kmid = e->kmid, .imported = c.imported, .expires = c.expires};
    return e;
}

static void *make_certificate(struct openmaf *maf, const char *name)
{
    struct certificate c;
    struct om_error err = {0};
    om_rc rc = certificate_read(maf, name, &c, &err);
    if (rc != OM_OK)
        return refused(OPENMAF_CERTIFICATE, name, rc, &err);
    struct entry *e = calloc(1, sizeof *e);
    if (e != NULL) {
        (void)snprintf(e->id, sizeof e->id, "%s", c.id);
        (void)snprintf(e->mef, sizeof e->mef, "%s", c.mef);
        e->order = c.order;
        e->pub = (struct openmaf_credential){
            .kind = OPENMAF_CERTIFICATE, .id = e->id, .imported = c.imported, .expires = c.until};
        e->pub.mef = e->mef[0] != '\0' ? e->mef : NULL;
    }
    certificate_free(&c);
    return e;
}

/* Marks what handshakes with a server use where no registration configuration says otherwise. */
static void mark_current(struct openmaf *maf, const struct home_server *server, void **items, size_t n)
{
    struct credential_choice choice;
    if (items == NULL || server->fqdn[0] == '\0')
        return;
    om_rc rc = credential_choose(maf, server, NULL, &choice, NULL); /* none: then nothing is marked */
    int64_t order = choice.is_certificate ? choice.certificate.order : choice.psk.order;
    for (size_t i = 0; rc == OM_OK && i < n; i++) {
        struct entry *e = items[i];
        e->pub.current |= e->pub.problem == NULL && e->order == order && order > 0;
    }
    credential_choice_free(&choice);
}

/* Takes both lists over. */
static om_rc join(void **a, size_t n, void **b, size_t m, void ***items, struct om_error *err)
{
    *items = NULL;
    if (n + m == 0)
        return OM_OK;
    void **all = calloc(n + m, sizeof *all);
    if (all == NULL) {
        list_free(a, n, free);
        list_free(b, m, free);
        return om_fail(err, OM_ENOMEM, "no memory for a list");
    }
    for (size_t i = 0; i < n; i++)
        all[i] = a[i];
    for (size_t i = 0; i < m; i++)
        all[n + i] = b[i];
    *items = all;
    free(a);
    free(b);
    return OM_OK;
}

static om_rc list(struct openmaf *maf, void ***items, size_t *n, struct om_error *err)
{
    void **psks = NULL;
    void **certificates = NULL;
    size_t n_psks = 0;
    size_t n_certificates = 0;
    OM_TRY(list_records(maf, RECORD_CREDENTIAL, make_psk, free, &psks, &n_psks, err));
    om_rc rc =
        list_records(maf, RECORD_CERTIFICATE, make_certificate, free, &certificates, &n_certificates, err);
    if (rc != OM_OK) {
        list_free(psks, n_psks, free);
        return rc;
    }
    OM_TRY(join(psks, n_psks, certificates, n_certificates, items, err));
    *n = n_psks + n_certificates;
    mark_current(maf, &maf->home.maf, *items, *n);
    mark_current(maf, &maf->home.mef, *items, *n);
    return OM_OK;
}

int openmaf_credential_list(struct openmaf *maf, struct openmaf_credential ***out, size_t *n,
                            struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list(maf, &items, n, &err);
    if (rc == OM_OK)
        *out = (struct openmaf_credential **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_credential_list_free(struct openmaf_credential **credentials, size_t n)
{
    list_free((void **)credentials, n, free);
}

/* KmIDs and the Credential-IDs of certificates have no text in common: only the former have one '@'. */
static om_rc forget(struct openmaf *maf, const char *id, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    struct pki_name certificate;
    if (id == NULL)
        return om_fail(err, OM_EINPUT, "no credential given");
    if (pki_name_from_credential_id(&certificate, id, NULL) == OM_OK)
        return certificate_remove_all(maf, id, 0, err);
    OM_TRY(record_name(name, RECORD_CREDENTIAL, id, err));
    om_rc rc = record_remove(&maf->home, name, err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    bool found = false; /* or the next renewal would build on it (MEF-RP-7) */
    om_rc discarded = enrolment_discard_named(maf, id, &found, err);
    return discarded == OM_OK && !found ? rc : discarded;
}

int openmaf_credential_forget(struct openmaf *maf, const char *id, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = forget(maf, id, &err);
    return client_end(maf, rc, &err, error);
}
