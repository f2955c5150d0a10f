#include "t/mmdb.h"
#include "io/io.h"
#include "t/t.h"
#include "web/web.h"
#include <arpa/inet.h>

enum { NODES_MOST = 2000, ROOM = 64 << 10, GAP = 16 };
enum { KIND_TEXT = 2, KIND_16 = 5, KIND_32 = 6, KIND_MAP = 7, KIND_64 = 9, KIND_LIST = 11 };
#define EMPTY UINT32_MAX
#define DATA  (UINT32_C(1) << 31) /* | row */

struct tree {
    uint32_t side[NODES_MOST][2];
    uint32_t n;
};

/* ---- data -------------------------------------------------------------------------------------- */

/* A value's first byte: kinds above 7 stand in a second one. */
static void begin(struct buf *out, int kind, size_t size)
{
    is_true(size < 29);
    buf_char(out, (char)((kind > 7 ? 0 : kind << 5) | (int)size));
    if (kind > 7)
        buf_char(out, (char)(kind - 7));
}

static void add_text(struct buf *out, const char *text)
{
    begin(out, KIND_TEXT, strlen(text));
    buf_add(out, str_of(text));
}

static void add_number(struct buf *out, const char *name, int kind, uint64_t n)
{
    size_t bytes = 0;
    while (bytes < 8 && n >> (8 * bytes))
        bytes++;
    add_text(out, name);
    begin(out, kind, bytes);
    while (bytes--)
        buf_char(out, (char)(n >> (8 * bytes)));
}

static void add_pair(struct buf *out, const char *name, const char *text)
{
    add_text(out, name);
    add_text(out, text);
}

static void add_row(struct buf *out, enum mmdb_way way, const char *says)
{
    begin(out, KIND_MAP, way == MMDB_CODE ? 2 : 1);
    if (way == MMDB_COUNTRY || way == MMDB_REGISTERED) {
        add_text(out, way == MMDB_COUNTRY ? "country" : "registered_country");
        begin(out, KIND_MAP, 1);
        add_pair(out, "iso_code", says);
    } else if (way == MMDB_CODE) {
        add_pair(out, "country", "Somewhere");
        add_pair(out, "country_code", says);
    } else
        add_pair(out, way == MMDB_PLAIN ? "country" : "asn", says);
}

/* ---- the tree ---------------------------------------------------------------------------------- */

/* Its 128 bits; the older ones stand below ::/96. */
static int bits_of(const struct mmdb_row *row, unsigned char ip[16])
{
    memset(ip, 0, 16);
    if (inet_pton(AF_INET, row->network, ip + 12) == 1)
        return row->bits + 96;
    is_true(inet_pton(AF_INET6, row->network, ip) == 1);
    return row->bits;
}

static uint32_t new_node(struct tree *tree)
{
    is_true(tree->n < NODES_MOST);
    tree->side[tree->n][0] = tree->side[tree->n][1] = EMPTY;
    return tree->n++;
}

static void put(struct tree *tree, const struct mmdb_row *row, uint32_t number)
{
    unsigned char ip[16];
    uint32_t at = 0;
    int bits = bits_of(row, ip);
    for (int i = 0; i < bits; i++) {
        int side = ip[i / 8] >> (7 - i % 8) & 1;
        if (i == bits - 1)
            tree->side[at][side] = DATA | number;
        else if (tree->side[at][side] == EMPTY) {
            uint32_t next = new_node(tree);
            tree->side[at][side] = next;
            at = next;
        } else
            at = tree->side[at][side];
    }
}

static void add_record(struct buf *out, const struct tree *tree, uint32_t record, const uint32_t *at)
{
    uint32_t n = record == EMPTY ? tree->n
        : record & DATA          ? tree->n + GAP + at[record & ~DATA]
                                 : record;
    for (int byte = 2; byte >= 0; byte--)
        buf_char(out, (char)(n >> (8 * byte)));
}

str mmdb_of(struct arena *mem, enum mmdb_way way, const struct mmdb_row *rows, size_t n, when built)
{
    struct buf out = buf_new(mem, ROOM), data = buf_new(mem, ROOM);
    struct tree *tree = NEW(mem, struct tree);
    uint32_t *at = NEWS(mem, uint32_t, n + 1);
    new_node(tree);
    for (size_t i = 0; i < n; i++) {
        at[i] = (uint32_t)data.n;
        add_row(&data, way, rows[i].says);
        put(tree, rows + i, (uint32_t)i);
    }
    for (uint32_t i = 0; i < tree->n; i++)
        for (int side = 0; side < 2; side++)
            add_record(&out, tree, tree->side[i][side], at);
    for (int i = 0; i < GAP; i++)
        buf_char(&out, 0);
    buf_add(&out, buf_str(&data));
    buf_add(&out, S("\xab\xcd\xef" "MaxMind.com"));
    begin(&out, KIND_MAP, 9);
    add_number(&out, "node_count", KIND_32, tree->n);
    add_number(&out, "record_size", KIND_16, 24);
    add_number(&out, "ip_version", KIND_16, 6);
    add_pair(&out, "database_type", "Test-Country");
    add_text(&out, "languages");
    begin(&out, KIND_LIST, 0);
    add_number(&out, "binary_format_major_version", KIND_16, 2);
    add_number(&out, "binary_format_minor_version", KIND_16, 0);
    add_number(&out, "build_epoch", KIND_64, (uint64_t)(built / SECOND));
    add_text(&out, "description");
    begin(&out, KIND_MAP, 0);
    is_true(!out.full && !data.full);
    return buf_str(&out);
}

str mmdb_usual(struct arena *mem)
{
    static const struct mmdb_row rows[] = { { "203.0.113.0", 24, "TH" },
        { "198.51.100.0", 24, "VN" }, { "2001:db8::", 32, "SG" } };
    return mmdb_of(mem, MMDB_COUNTRY, rows, COUNT(rows), when_now());
}

void mmdb_use(const char *path)
{
    t_ctx()->app->countries = countries_new(t_ctx()->mem, path ? str_of(path) : str_none);
}
