/* Response Status Codes and what they become in HTTP and CoAP (TS-0009 6.3.2, TS-0008 6.3.2, spec/wire §8).
 */
#include "onem2m/types.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const struct status {
    int rsc;
    int http;
    int coap; /* class * 100 + detail */
    const char *name;
} statuses[] = {
    {M2M_OK, 200, 205, "OK"},
    {M2M_CREATED, 201, 201, "CREATED"},
    {M2M_DELETED, 200, 202, "DELETED"},
    {M2M_UPDATED, 200, 204, "UPDATED"},
    {M2M_BAD_REQUEST, 400, 400, "BAD_REQUEST"},
    {M2M_RELEASE_VERSION_NOT_SUPPORTED, 501, 501, "RELEASE_VERSION_NOT_SUPPORTED"},
    {M2M_NOT_FOUND, 404, 404, "NOT_FOUND"},
    {M2M_OPERATION_NOT_ALLOWED, 405, 405, "OPERATION_NOT_ALLOWED"},
    {M2M_REQUEST_TIMEOUT, 504, 504, "REQUEST_TIMEOUT"},
    {M2M_UNSUPPORTED_MEDIA_TYPE, 415, 415, "UNSUPPORTED_MEDIA_TYPE"},
    {M2M_CONTENTS_UNACCEPTABLE, 400, 400, "CONTENTS_UNACCEPTABLE"},
    {M2M_ORIGINATOR_HAS_NO_PRIVILEGE, 403, 403, "ORIGINATOR_HAS_NO_PRIVILEGE"},
    {M2M_CONFLICT, 409, 403, "CONFLICT"},
    {M2M_ORIGINATOR_NOT_AUTHENTICATED, 403, 403, "ORIGINATOR_NOT_AUTHENTICATED"},
    {M2M_SECURITY_ASSOCIATION_REQUIRED, 403, 403, "SECURITY_ASSOCIATION_REQUIRED"},
    {M2M_INVALID_CHILD_RESOURCE_TYPE, 403, 403, "INVALID_CHILD_RESOURCE_TYPE"},
    {M2M_ORIGINATOR_HAS_ALREADY_REGISTERED, 403, 403, "ORIGINATOR_HAS_ALREADY_REGISTERED"},
    {M2M_INTERNAL_SERVER_ERROR, 500, 500, "INTERNAL_SERVER_ERROR"},
    {M2M_NOT_IMPLEMENTED, 501, 501, "NOT_IMPLEMENTED"},
    {M2M_RECEIVER_HAS_NO_PRIVILEGE, 403, 403, "RECEIVER_HAS_NO_PRIVILEGE"},
    {M2M_REMOTE_ENTITY_NOT_REACHABLE, 404, 404, "REMOTE_ENTITY_NOT_REACHABLE"},
    {M2M_NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED, 501, 501, "NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED"},
    {M2M_NOT_ACCEPTABLE, 406, 406, "NOT_ACCEPTABLE"},
};

static const struct status *find(int rsc)
{
    static const struct status unknown = {0, 500, 500, "unknown status"};
    for (size_t i = 0; i < LENGTH(statuses); i++)
        if (statuses[i].rsc == rsc)
            return &statuses[i];
    return &unknown;
}

int m2m_rsc_http(int rsc)
{
    return find(rsc)->http;
}

int m2m_rsc_coap(int rsc)
{
    return find(rsc)->coap;
}

const char *m2m_rsc_name(int rsc)
{
    return find(rsc)->name;
}
