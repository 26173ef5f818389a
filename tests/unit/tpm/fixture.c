/* See fixture.h. */
#include "fixture.h"

#include "util/file.h"

#include <dlfcn.h>
#include <limits.h>

struct test_token *fixture_token;
const struct se_plugin *plugin;
struct om_error fixture_err;

static unsigned bus_port;
static char tcti[256];

void fixture_begin(void)
{
    char path[PATH_MAX];
    (void)setenv("TSS2_LOG", "all+none", 0);
    (void)snprintf(path, sizeof path, "%s/openmaf-se-tpm2.so", test_plugin_dir());
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    plugin = module != NULL ? dlsym(module, SE_PLUGIN_SYMBOL) : NULL;
    if (plugin == NULL) {
        (void)fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
}

/* "...port=N" of the token's URI. */
unsigned fixture_port(void)
{
    const char *at = strstr(fixture_token->uri, "port=");
    assert_non_null(at);
    return (unsigned)strtoul(at + 5, NULL, 10);
}

int fixture_setup(void **state)
{
    (void)state;
    fixture_token = test_token_new("swtpm");
    bus_port = bus_start(fixture_port());
    (void)snprintf(tcti, sizeof tcti, "swtpm:host=127.0.0.1,port=%u", bus_port);
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    bus_stop();
    test_token_free(fixture_token);
    fixture_token = NULL;
    return 0;
}

void fixture_expect(om_rc want, om_rc got, const char *expr, const char *file, int line)
{
    if (want == got)
        return;
    print_error("%s:%d: %s\n  answered \"%s\" instead of \"%s\": %s\n", file, line, expr, om_rc_name(got),
                om_rc_name(want), om_error_text(&fixture_err, got));
    _fail(file, line);
}

void fixture_says(const char *part, const char *file, int line)
{
    if (strstr(fixture_err.text, part) != NULL)
        return;
    print_error("%s:%d: \"%s\" does not say \"%s\"\n", file, line, fixture_err.text, part);
    _fail(file, line);
}

const char *fixture_uri(const char *attributes)
{
    static char uri[512];
    (void)snprintf(uri, sizeof uri, "tpm2:tcti=%s%s", tcti, attributes);
    return uri;
}

void fixture_via(const char *other)
{
    (void)snprintf(tcti, sizeof tcti, "%s", other);
}

om_rc fixture_try(const char *uri, const char *pin_source, struct se_token **out)
{
    *out = NULL;
    om_rc rc = plugin->open(uri, pin_source, out, ERR);
    assert_true((rc == OM_OK) == (*out != NULL));
    return rc;
}

struct se_token *fixture_open(const char *attributes)
{
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(fixture_uri(attributes), fixture_token->pin_source, &tok));
    return tok;
}

struct se_token *fixture_open_provisioned(const char *attributes)
{
    struct se_token *tok = fixture_open(attributes);
    SUCCEEDS(plugin->provision(tok, ERR));
    return tok;
}

const char *fixture_pin(const char *name, const char *pin)
{
    static char source[PATH_MAX];
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_token->dir, name);
    SUCCEEDS(om_file_write(path, pin, strlen(pin), 0600, ERR));
    (void)snprintf(source, sizeof source, "file:%s", path);
    return source;
}

void fill(uint8_t *out, size_t n, unsigned start)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(start + i);
}
