/* country.c: a MaxMind database, as several publish them: GeoLite2, DB-IP, IPinfo. It is mapped, not
 * read: all workers share what the system keeps of it. Whoever puts a new one in its place, by a
 * rename, is noticed within a minute; and what is written into instead is let go before it is
 * asked again, as behind the end of a file that became shorter there is a SIGBUS. */
#include "io/io.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_AGAIN MINUTE
enum { TREE_DEPTH = 129, NODES_TRIED = 5000 };

/* Which file it was; none: all noughts. */
struct edition {
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec written;
};
struct countries {
    const char *path;
    when looked_at;    /* 0: never */
    struct edition of; /* what the path led to then */
    bool is_open;
    int fd; /* of what is mapped */
    MMDB_s map;
};

static struct edition edition_of(const struct stat *st)
{
    return (struct edition){ st->st_dev, st->st_ino, st->st_size, st->st_mtim };
}

static bool is_same(const struct edition *a, const struct edition *b)
{
    return a->device == b->device && a->number == b->number && a->size == b->size &&
        a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec;
}

/* ---- the file ---------------------------------------------------------------------------------- */

static void let_go(struct countries *k)
{
    if (!k->is_open)
        return;
    MMDB_close(&k->map);
    close(k->fd);
    k->is_open = false;
}

static int no_map(struct ctx *c, const struct countries *k, const char *why)
{
    return fail_detail(c, E_INTERNAL, "country.file", "%s: %s", k->path, why);
}

/* By the open file, not by its name once more: that may be another's by now. */
static int map_file(struct ctx *c, struct countries *k)
{
    struct stat st;
    char name[40];
    if (fstat(k->fd, &st))
        return no_map(c, k, strerror(errno));
    if (!S_ISREG(st.st_mode) || !st.st_size)
        return no_map(c, k, "it is no file, or an empty one");
    k->of = edition_of(&st);
    snprintf(name, sizeof name, "/proc/self/fd/%d", k->fd);
    int status = MMDB_open(name, MMDB_MODE_MMAP, &k->map);
    if (status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR)
        return no_map(c, k, strerror(errno));
    return status ? no_map(c, k, MMDB_strerror(status)) : E_OK;
}

static int open_map(struct ctx *c, struct countries *k)
{
    k->fd = open(k->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (k->fd < 0)
        return no_map(c, k, strerror(errno));
    int err = map_file(c, k);
    if (err)
        close(k->fd);
    k->is_open = !err;
    return err;
}

/* What is wrong with a file is said once, not at each login. */
static void look(struct ctx *c, struct countries *k)
{
    struct stat st;
    struct edition there = { 0 };
    bool is_first = !k->looked_at;
    k->looked_at = c->now;
    if (!stat(k->path, &st))
        there = edition_of(&st);
    if (!is_first && is_same(&there, &k->of))
        return;
    let_go(k);
    k->of = there;
    struct fault told = c->fault;
    if (open_map(c, k))
        log_line(c, LOG_ERROR, "country_file", "detail", c->fault.detail, NULL);
    c->fault = told;
}

static bool is_due(const struct ctx *c, const struct countries *k)
{
    struct stat st;
    if (!k->looked_at || c->now < k->looked_at || c->now - k->looked_at >= LOOK_AGAIN)
        return true;
    if (!k->is_open)
        return false;
    if (fstat(k->fd, &st))
        return true;
    struct edition now_is = edition_of(&st);
    return !is_same(&now_is, &k->of);
}

struct countries *countries_new(struct arena *mem, str path)
{
    if (!path.n)
        return NULL;
    struct countries *k = NEW(mem, struct countries);
    k->path = str_c(mem, path);
    DEFER(mem, let_go, k);
    return k;
}

/* ---- an address -------------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* This machine, houses and offices, providers' own, many at once: wherever they are. */
static bool is_local(uint32_t ip)
{
    static const struct {
        uint32_t net;
        int bits;
    } local[] = { { 0x00000000, 8 }, { 0x0a000000, 8 }, { 0x64400000, 10 }, { 0x7f000000, 8 },
        { 0xa9fe0000, 16 }, { 0xac100000, 12 }, { 0xc0a80000, 16 }, { 0xe0000000, 3 } };
    for (size_t i = 0; i < COUNT(local); i++)
        if (((ip ^ local[i].net) >> (32 - local[i].bits)) == 0)
            return true;
    return false;
}

/* False: it is none, or one that is nowhere in the world. */
static bool read_address(struct arena *mem, str text, union address *out)
{
    struct in6_addr v6;
    *out = (union address){ .v4 = { .sin_family = AF_INET } };
    if (text.n > INET6_ADDRSTRLEN)
        return false;
    const char *address = str_c(mem, text);
    if (inet_pton(AF_INET, address, &out->v4.sin_addr) == 1)
        return !is_local(ntohl(out->v4.sin_addr.s_addr));
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        memcpy(&out->v4.sin_addr, v6.s6_addr + 12, 4);
        return !is_local(ntohl(out->v4.sin_addr.s_addr));
    }
    *out = (union address){ .v6 = { .sin6_family = AF_INET6, .sin6_addr = v6 } };
    return (v6.s6_addr[0] & 0xe0) == 0x20; /* global unicast */
}

/* Where its user is; else where whoever holds it is at home. Two letters, or empty. */
static str code_of(struct arena *mem, MMDB_entry_s *entry)
{
    static const char *const ways[][3] = { { "country", "iso_code" },
        { "registered_country", "iso_code" }, { "country_code" }, { "country" } };
    for (size_t i = 0; i < COUNT(ways); i++) {
        MMDB_entry_data_s found;
        if (MMDB_aget_value(entry, &found, ways[i]) || !found.has_data ||
            found.type != MMDB_DATA_TYPE_UTF8_STRING || found.data_size != 2)
            continue;
        const char *code = found.utf8_string;
        bool is_code = code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z';
        if (is_code && memcmp(code, "ZZ", 2)) /* some say so of what they do not know */
            return str_fmt(mem, "%c%c", code[0], code[1]);
    }
    return str_none;
}

str country_of(struct ctx *c, struct countries *k, str address)
{
    union address at;
    int status;
    if (!k || !read_address(c->mem, address, &at))
        return str_none;
    if (is_due(c, k))
        look(c, k);
    if (!k->is_open)
        return str_none;
    MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&k->map, &at.any, &status);
    return !status && found.found_entry ? code_of(c->mem, &found.entry) : str_none;
}

/* ---- for the doctor ---------------------------------------------------------------------------- */

static bool names_some(struct arena *mem, const MMDB_s *map, uint32_t number, int depth, int *left)
{
    MMDB_search_node_s node;
    if (!depth || --*left < 0 || MMDB_read_node(map, number, &node))
        return false;
    struct {
        uint64_t record;
        uint8_t type;
        MMDB_entry_s *entry;
    } sides[] = { { node.left_record, node.left_record_type, &node.left_record_entry },
        { node.right_record, node.right_record_type, &node.right_record_entry } };
    for (size_t i = 0; i < COUNT(sides); i++)
        if ((sides[i].type == MMDB_RECORD_TYPE_DATA && code_of(mem, sides[i].entry).n) ||
            (sides[i].type == MMDB_RECORD_TYPE_SEARCH_NODE &&
                names_some(mem, map, (uint32_t)sides[i].record, depth - 1, left)))
            return true;
    return false;
}

int country_try(struct ctx *c, str path, when *built)
{
    struct countries k = { .path = str_c(c->mem, path) };
    int left = NODES_TRIED;
    TRY(open_map(c, &k));
    *built = (when)k.map.metadata.build_epoch * SECOND;
    int err = names_some(c->mem, &k.map, 0, TREE_DEPTH, &left)
        ? E_OK
        : no_map(c, &k, "it tells no country of an address");
    let_go(&k);
    return err;
}
