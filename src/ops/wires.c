/* What leaves the machine leaves it under TLS, or inside a network that encrypts: in production the
 * programs do not start otherwise. Redis is asked over a socket of the machine only. */
#include "io/io.h"
#include "ops/ops.h"
#include "web/web.h"

static bool is_here(str at)
{
    static const char *const here[] = { "/", "unix:", "127.0.0.1:", "localhost:", "[::1]:" };
    for (size_t i = 0; i < COUNT(here); i++)
        if (str_starts(at, str_of(here[i])))
            return true;
    return false;
}

static void look_at_nodes(const struct app *app, const char *key, struct buf *errors)
{
    str rest = conf_str(app->conf, key, str_none), at;
    while (rest.n && str_cut(&rest, ' ', &at)) {
        at = str_trim(str_ends(at, S(",")) ? str_upto(at, at.n - 1) : at);
        if (at.n && !is_here(at))
            buf_fmt(errors,
                "%s: %.*s: what nodes tell each other is not under TLS; put the machines into a "
                "network that encrypts (WireGuard, IPsec), then say inner_network = encrypted\n",
                key, STR(at));
    }
}

void wires_check(const struct app *app, struct buf *errors)
{
    static const char *const databases[] = { "pg", "pg_owner" }, *const nodes[] = { "other_nodes",
        "inner_listen" };
    if (!app->production)
        return;
    for (size_t i = 0; i < COUNT(databases); i++)
        if (!pg_is_private(conf_str(app->conf, databases[i], str_none)))
            buf_fmt(errors,
                "%s: over a network PostgreSQL is asked under TLS only: sslmode=verify-full "
                "sslrootcert=FILE, or a socket's folder as host\n",
                databases[i]);
    for (size_t i = 0; i < COUNT(nodes); i++)
        if (!str_is(conf_str(app->conf, "inner_network", str_none), "encrypted"))
            look_at_nodes(app, nodes[i], errors);
}
