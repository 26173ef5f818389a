/* Gives every file of a directory to a libFuzzer target, without libFuzzer. */
#include "fuzz/target.h"
#include "util/file.h"

#include <dirent.h>
#include <stdio.h>

static int replay(const char *dir, const char *name)
{
    char path[4096];
    struct om_secret input = OM_SECRET_INIT;
    struct om_error err;
    om_rc rc = om_path_join(path, sizeof path, dir, name, &err);
    if (rc == OM_OK)
        rc = om_file_read(path, (size_t)1 << 20, &input, &err);
    if (rc != OM_OK) {
        (void)fprintf(stderr, "%s: %s\n", name, om_error_text(&err, rc));
        return 1;
    }
    int result = LLVMFuzzerTestOneInput(input.octets, input.len);
    om_secret_free(&input);
    return result;
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (dir == NULL) {
        (void)fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    int failed = 0;
    size_t n = 0;
    for (struct dirent *e; failed == 0 && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.') {
            failed = replay(argv[1], e->d_name);
            n++;
        }
    (void)closedir(dir);
    (void)printf("%zu inputs\n", n);
    return failed != 0 || n == 0 ? 1 : 0;
}
