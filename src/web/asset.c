/* asset: static files by the names that carry their hash, so that browsers may keep them. */
#include "web/web.h"

enum { MANIFEST_CEILING = 1 << 20 };

struct assets {
    struct node *names; /* logical -> hashed */
};

struct assets *assets_load(struct arena *mem, str manifest)
{
    bool ok;
    struct assets *assets = NEW(mem, struct assets);
    assets->names = node_map(mem);
    str rest = file_read(mem, str_c(mem, manifest), MANIFEST_CEILING, &ok), line, logical;
    while (ok && rest.n && str_cut(&rest, '\n', &line))
        if (str_cut(&line, ' ', &logical) && line.n)
            node_set_str(mem, assets->names, logical, str_trim(line));
    return assets;
}

str asset_path(const struct app *app, struct arena *mem, str logical)
{
    const struct node *hashed = app && app->assets ? node_get(app->assets->names, logical) : NULL;
    return str_fmt(mem, "/static/%.*s", STR(hashed ? hashed->as.text : logical));
}
