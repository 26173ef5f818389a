/* See fixture.h. */
#include "fixture.h"

#include <dlfcn.h>
#include <p11-kit/uri.h>
#include <unistd.h>

struct test_token *fixture_token;
const struct se_plugin *plugin;
struct om_error fixture_err;

static const char *kind;
static char troubled_uri[4096];

void fixture_kind(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s softhsm|softokn\n", argv[0]);
        exit(2);
    }
    kind = argv[1];
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/openmaf-se-pkcs11.so", test_plugin_dir());
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    plugin = library != NULL ? dlsym(library, SE_PLUGIN_SYMBOL) : NULL;
    if (plugin == NULL) {
        (void)fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
}

bool fixture_is(const char *name)
{
    return strcmp(kind, name) == 0;
}

struct trouble *trouble(void)
{
    void *library = dlopen(TROUBLE_MODULE, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    struct trouble *(*get)(void) = NULL;
    void *symbol = dlsym(library, "trouble_controls");
    memcpy(&get, &symbol, sizeof get);
    assert_non_null(get);
    return get();
}

int fixture_setup(void **state)
{
    (void)state;
    fixture_token = test_token_new(kind);
    memset(&fixture_err, 0, sizeof fixture_err);
    memset(trouble(), 0, sizeof *trouble());
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    test_token_free(fixture_token);
    fixture_token = NULL;
    return 0;
}

void fixture_expect(om_rc want, om_rc got, const char *expr, const char *file, int line)
{
    if (got == want)
        return;
    (void)fprintf(stderr, "%s:%d: %s\n  answered \"%s\" instead of \"%s\": %s\n", file, line, expr,
                  om_rc_name(got), om_rc_name(want), om_error_text(&fixture_err, got));
    _fail(file, line);
}

void fixture_says(const char *part, const char *file, int line)
{
    if (strstr(fixture_err.text, part) != NULL)
        return;
    (void)fprintf(stderr, "%s:%d: \"%s\" is not in: %s\n", file, line, part, fixture_err.text);
    _fail(file, line);
}

om_rc fixture_try(const char *uri, const char *pin_source, struct se_token **out)
{
    return plugin->open(uri, pin_source, out, ERR);
}

struct se_token *fixture_open(void)
{
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(fixture_token->uri, fixture_token->pin_source, &tok));
    return tok;
}

struct se_token *fixture_open_provisioned(void)
{
    struct se_token *tok = fixture_open();
    SUCCEEDS(plugin->provision(tok, ERR));
    return tok;
}

/* The same URI with another module, which finds the first one in the environment. */
const char *fixture_troubled_uri(void)
{
    P11KitUri *uri = p11_kit_uri_new();
    assert_int_equal(p11_kit_uri_parse(fixture_token->uri, P11_KIT_URI_FOR_ANY, uri), P11_KIT_URI_OK);
    assert_int_equal(setenv(TROUBLE_MODULE_VARIABLE, p11_kit_uri_get_module_path(uri), 1), 0);
    p11_kit_uri_free(uri);
    const char *path = strstr(fixture_token->uri, "module-path=");
    assert_non_null(path);
    const char *rest = strchr(path, '&');
    (void)snprintf(troubled_uri, sizeof troubled_uri, "%.*smodule-path=%s%s",
                   (int)(path - fixture_token->uri), fixture_token->uri, TROUBLE_MODULE,
                   rest != NULL ? rest : "");
    return troubled_uri;
}
