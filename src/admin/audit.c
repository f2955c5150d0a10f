/* Who changed what: the audit trail, the lives of orders and the moves of stock as one list. */
#include "admin/admin_in.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "watch/watch.h"
#include "web/web.h"

enum { PAGE = 50, MOST_EXPORTED = 5000, MOST_PEOPLE = 2 * MOST_EXPORTED };
#define MOST_CSV ((size_t)8 << 20)

static const char kinds[] = "rights|settings|content|money|stock|orders|keys|account|event";
static const struct input to_look[] = {
    { "kind", CHOICE, .choices = "rights|settings|content|money|stock|orders|keys|account|event" },
    { "who", LINE, 0, 254 },
    { "thing", LINE, 0, 120 }, /* a table, or a number as in `number` */
    { "number", LINE, 0, 120 },
    { "action", LINE, 0, 60 },
    { "from", WORD, 10, 10 },
    { "to", WORD, 10, 10 },
    { "everywhere", BOOL },
    { "before", WORD, 0, 60 },
    { 0 },
};

struct wish {
    i64 organisation, person, *person_at, n;
    str kind, program, thing, number, action, zone;
    when since, until, at;
    bool everywhere;
};

/* The beginning of that day where the organisation is, or of so many after it; a wrong one is none. */
static bool day_of(struct req *r, const char *name, int days, str zone, when *out)
{
    when noon;
    str text = str_fmt(r->c.mem, "%.*sT12:00:00Z", STR(in_str(r, name)));
    if (!in_has(r, name))
        return true;
    if (!when_parse(text, &noon))
        return fail_field(&r->c, name, "Please write the day as 2026-11-20."), false;
    *out = locale_date_start(noon + days * DAY, zone);
    return true;
}

/* By e-mail; or the program: web, job, talatctl, import, psql. */
static int whose(struct req *r, struct wish *w)
{
    struct node *row;
    str who = locale_lower(r->c.mem, in_str(r, "who"));
    if (!who.n)
        return E_OK;
    if (str_find(who, S("@")) < 0) {
        w->program = who;
        return E_OK;
    }
    TRY(q_story_person(&r->c, &row, r->c.scope.organisation, who));
    w->person = row ? node_int(row, "person_id") : -1;
    w->person_at = &w->person;
    return E_OK;
}

/* "<microseconds>.<number>" of the last row seen. */
static bool cursor_of(struct req *r, struct wish *w)
{
    str rest = in_str(r, "before"), at;
    return !rest.n || (str_cut(&rest, '.', &at) && str_int(at, &w->at) && str_int(rest, &w->n));
}

static int read_wish(struct req *r, struct wish *w)
{
    struct ctx *c = &r->c;
    struct node *house;
    TRY(as_staff(r));
    TRY(auth_organisation(c, c->scope.organisation, &house));
    *w = (struct wish){ .organisation = c->scope.organisation,
        .kind = in_str(r, "kind"),
        .thing = in_str(r, "thing"),
        .number = in_str(r, "number"),
        .action = in_str(r, "action"),
        .zone = node_str(house, "zone"),
        .until = c->now + DAY,
        .at = c->now + DAY,
        .n = INT64_MAX };
    if (in_bool(r, "everywhere")) { /* the whole house's: for who works for it */
        TRY(as_role(r, ROLE(ADMIN) | ROLE(SUPER_ADMIN)));
        c->scope.platform = w->everywhere = true;
        w->organisation = 0;
    }
    if (!admin_is_thing(w->thing) && w->thing.n && !w->number.n) {
        w->number = w->thing;
        w->thing = str_none;
    }
    if (!day_of(r, "from", 0, w->zone, &w->since) || !day_of(r, "to", 1, w->zone, &w->until))
        return E_INPUT;
    if (!cursor_of(r, w))
        return fail(c, E_MISSING, "audit.page", "There is no such page.");
    return whose(r, w);
}

static int read_rows(struct req *r, const struct wish *w, i64 most, struct node **rows)
{
    return q_story_rows(&r->c, rows, w->organisation, w->kind, w->person_at, w->program, w->thing,
        w->number, w->action, w->since, w->until, w->at, w->n, most);
}

/* ---- as a page ------------------------------------------------------------------------------- */

static str value_of(struct ctx *c, const struct node *n)
{
    struct buf out = buf_new(c->mem, 4000);
    if (!n || n->kind == N_NULL)
        return str_none;
    if (n->kind == N_STR)
        return n->as.text;
    json_store(&out, n);
    return buf_str(&out);
}

/* {field, before, after} for each field that either side names. */
static struct node *differences(struct ctx *c, const struct node *before, const struct node *after)
{
    struct node *list = node_list(c->mem);
    const struct node *sides[] = { before, after };
    for (int i = 0; i < 2; i++)
        EACH(item, sides[i]) {
            if (i == 1 && node_get(before, item->key))
                continue;
            struct node *one = node_add_map(c->mem, list);
            node_set_str(c->mem, one, S("field"), item->key);
            node_set_str(c->mem, one, S("before"), value_of(c, node_get(before, item->key)));
            node_set_str(c->mem, one, S("after"), value_of(c, node_get(after, item->key)));
        }
    return list;
}

static const struct node *person_of(const struct node *people, i64 person)
{
    EACH(item, people)
        if (node_int(&item->node, "person_id") == person)
            return &item->node;
    return NULL;
}

/* Who is not of the team, or erased since, is somebody without a name. */
static str name_of(struct ctx *c, const struct node *people, i64 person)
{
    const struct node *p = person ? person_of(people, person) : NULL;
    str email = p ? node_str(p, "email") : str_none;
    if (!person)
        return str_none;
    return email.n ? email : say(c, "somebody else");
}

static int dress(struct req *r, const struct wish *w, struct node *rows)
{
    struct ctx *c = &r->c;
    static i64 ids[MOST_PEOPLE];
    size_t n = 0;
    struct node *people;
    EACH(item, rows) {
        if (node_int(&item->node, "person_id") && n < MOST_PEOPLE)
            ids[n++] = node_int(&item->node, "person_id");
        if (node_int(&item->node, "as_person_id") && n < MOST_PEOPLE)
            ids[n++] = node_int(&item->node, "as_person_id");
    }
    TRY(q_story_people(c, &people, w->organisation, ids, n));
    EACH(item, rows) {
        struct node *row = (struct node *)&item->node;
        node_set_str(c->mem, row, S("who"), name_of(c, people, node_int(row, "person_id")));
        node_set_str(c->mem, row, S("as_whom"), name_of(c, people, node_int(row, "as_person_id")));
    }
    return E_OK;
}

static const char *const kept[] = { "kind", "who", "thing", "number", "action", "from", "to" };

static bool is_narrowed(struct req *r)
{
    for (size_t i = 0; i < COUNT(kept); i++)
        if (in_has(r, kept[i]))
            return true;
    return in_bool(r, "everywhere");
}

static void add_next(struct req *r, struct node *document, const struct node *last)
{
    struct ctx *c = &r->c;
    struct buf url = buf_new(c->mem, 2048);
    if (!last) {
        node_set_null(c->mem, document, S("next"));
        return;
    }
    buf_add(&url, S("/admin/audit?"));
    for (size_t i = 0; i < COUNT(kept); i++) {
        buf_fmt(&url, "%s=", kept[i]);
        escape_url_part(&url, in_str(r, kept[i]));
        buf_char(&url, '&');
    }
    when at = 0;
    when_parse(node_str(last, "at"), &at);
    buf_fmt(&url, "%sbefore=%" PRId64 ".%" PRId64, in_bool(r, "everywhere") ? "everywhere=1&" : "",
        at, node_int(last, "n"));
    node_set_str(c->mem, node_set_map(c->mem, document, S("next")), S("url"), buf_str(&url));
}

static void add_kinds(struct req *r, struct node *document)
{
    str rest = str_of(kinds), kind;
    struct node *list = node_hide(node_set_list(r->c.mem, document, S("kinds")));
    while (rest.n && str_cut(&rest, '|', &kind)) {
        struct node *one = node_add_map(r->c.mem, list);
        node_set_str(r->c.mem, one, S("code"), kind);
        node_set_str(r->c.mem, one, S("words"), admin_kind_words(&r->c, kind));
        node_set_bool(r->c.mem, one, S("is_chosen"), str_eq(kind, in_str(r, "kind")));
    }
}

static int show(struct req *r)
{
    struct ctx *c = &r->c;
    struct wish w;
    struct node *rows, *list, *names, *document = node_map(c->mem);
    const struct node *last = NULL;
    i64 n = 0;
    TRY(read_wish(r, &w));
    TRY(read_rows(r, &w, PAGE + 1, &rows));
    TRY(dress(r, &w, rows));
    list = node_set_list(c->mem, document, S("entries"));
    EACH(item, rows) {
        if (n++ == PAGE)
            break;
        struct node *row = node_add(c->mem, list, (struct node *)&item->node);
        node_set(c->mem, row, S("changes"),
            differences(c, node_get(row, S("before")), node_get(row, S("after"))));
        last = row;
    }
    TRY(admin_find_names(c, w.organisation, list, &names));
    EACH(item, list) {
        admin_name_thing(r, names, (struct node *)&item->node);
        admin_put_into_words(c, names, (struct node *)&item->node, w.zone);
    }
    add_next(r, document, n > PAGE ? last : NULL);
    add_kinds(r, document);
    admin_add_choices(c, document, w.thing, w.action);
    static const char *const said[] = { "kind", "who", "from", "to" };
    for (size_t i = 0; i < COUNT(said); i++)
        node_set_str(c->mem, document, str_of(said[i]), in_str(r, said[i]));
    node_set_str(c->mem, document, S("thing"), w.thing);
    node_set_str(c->mem, document, S("number"), w.number);
    node_set_str(c->mem, document, S("action"), w.action);
    node_hide(node_set_str(c->mem, document, S("zone"), w.zone));
    node_set_bool(c->mem, document, S("everywhere"), w.everywhere);
    node_hide(node_set_bool(c->mem, document, S("is_narrowed"), is_narrowed(r)));
    node_hide(node_set_bool(c->mem, document, S("may_everywhere"), r->who.role >= ADMIN));
    return reply_with(r, document);
}

/* ---- as a file ------------------------------------------------------------------------------- */

/* A cell that a spreadsheet would take for a formula begins with an apostrophe. */
static void cell(struct buf *out, str text, bool last)
{
    bool formula = text.n && strchr("=+-@\t\r", text.p[0]);
    buf_char(out, '"');
    if (formula)
        buf_char(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_char(out, '"');
        buf_char(out, text.p[i]);
    }
    buf_add(out, last ? S("\"\r\n") : S("\","));
}

static int too_much(struct ctx *c)
{
    return fail(c, E_TOO_LARGE, "audit.export", "Please choose fewer days for one file.");
}

static int export(struct req *r)
{
    struct ctx *c = &r->c;
    struct wish w;
    struct node *rows, *told = node_map(c->mem);
    struct buf out = buf_new(c->mem, MOST_CSV);
    TRY(read_wish(r, &w));
    TRY(read_rows(r, &w, MOST_EXPORTED + 1, &rows));
    if (node_count(rows) > MOST_EXPORTED)
        return too_much(c);
    TRY(dress(r, &w, rows));
    buf_add(&out, S("\xEF\xBB\xBF")); /* or Excel reads it in the letters of its machine */
    buf_add(&out, S("at,who,as,source,kind,action,thing,id,before,after\r\n"));
    EACH(item, rows) {
        const struct node *row = &item->node;
        static const char *const cells[] = { "at", "who", "as_whom", "source", "kind", "action",
            "thing", "thing_id" };
        for (size_t i = 0; i < COUNT(cells); i++)
            cell(&out, node_str(row, cells[i]), false);
        cell(&out, value_of(c, node_get(row, S("before"))), false);
        cell(&out, value_of(c, node_get(row, S("after"))), true);
    }
    if (out.full)
        return too_much(c);
    watch_taken(r, (i64)node_count(rows));
    node_set_int(c->mem, told, S("rows"), (i64)node_count(rows));
    TRY(audit_tell(c, "event", "export", "audit.entry", str_none, told));
    set_header(r, "Content-Disposition", S("attachment; filename=\"audit.csv\""));
    return reply_raw(r, 200, S("text/csv; charset=utf-8"), buf_str(&out));
}

ROUTES(admin_audit){
    ROUTE(GET, "/admin/audit", AUDIT_READ, to_look, show, "admin/audit", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/admin/audit/export", AUDIT_READ, to_look, export, NULL, RATE_FORM, NOINDEX),
    END_OF_ROUTES,
};
