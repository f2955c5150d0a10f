/* The shop's categories, as the back office makes, names, orders, moves and removes them. */
#include "catalog/catalog_in.h"
#include "t/shop.h"
#include "web/web.h"

#define CATS "/admin/settings/categories"

static void as_admin(void)
{
    t_open();
    t_login("admin@example.test");
}

static void makes(const char *slug, const char *parent)
{
    t_post_f(CATS, "slug=%s&name_en=%s&parent=%s", slug, slug, parent);
    t_status(303);
}

/* Of one: "parent place names". */
static str stands(const char *slug)
{
    return t_str("select coalesce(p.slug, '-') || ' ' || (select count(*) from catalog.category s where"
                 " s.parent_id is not distinct from c.parent_id and (s.position, s.id) <= (c.position,"
                 " c.id)) as s from catalog.category c left join catalog.category p on p.id ="
                 " c.parent_id where c.slug = '%s'",
        slug);
}

static str siblings(const char *parent)
{
    return t_str("select string_agg(c.slug, ' ' order by c.position, c.id) as s from catalog.category c"
                 " join catalog.category p on p.id = c.parent_id where p.slug = '%s'",
        parent);
}

static i64 there(const char *slug)
{
    return t_int("select count(*) as n from catalog.category where slug = '%s'", slug);
}

/* Where the napkins, which are for sale, are on the shelf: of the test's own. */
static str shelves(void)
{
    return t_str("select coalesce(string_agg(c.slug, ' ' order by c.slug), '') as s from catalog.shelf s"
                 " join catalog.sheet h on h.product_id = s.product_id join catalog.category c on"
                 " c.id = s.category_id where h.slug = 'linen-napkins' and c.slug like 'zz%%'");
}

static void holds_napkins(const char *slug)
{
    t_sql("insert into catalog.product_category (product_id, category_id, organisation_id) select p.id,"
          " c.id, p.organisation_id from catalog.product p, catalog.category c where p.slug ="
          " 'linen-napkins' and c.slug = '%s'; select catalog.reshelve(p.id) from catalog.product p"
          " where p.slug = 'linen-napkins'",
        slug);
}

static i64 version_of_napkins(void)
{
    return t_int("select version as n from catalog.product where slug = 'linen-napkins'");
}

static str seen(const char *slug)
{
    t_get(str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, CATS "/%s.json", slug)));
    t_status(200);
    return str_dup(t_ctx()->mem, node_str(node_get(t_document(), S("category")), "seen"));
}

/* How often pages of it were told of, since then. */
static i64 told(const char *slug, i64 since)
{
    return t_int("select count(*) as n from work.outbox where kind = 'category.changed' and"
                 " data ->> 'slug' = '%s' and id > %" PRId64, slug, since);
}
static i64 last_told(void) { return t_int("select coalesce(max(id), 0) as n from work.outbox"); }

T(a_category_is_made_named_and_removed_in_the_back_office_CA_02)
{
    as_admin();
    t_get(CATS);
    t_status(200);
    t_text("Lamps and light");
    t_get(CATS "/-/new?parent=home");
    t_status(200);
    t_html("option[value=home][selected]");
    t_post(CATS, "name_en=Zz%20Boats%20%26%20Oars&name_th=%E0%B9%80%E0%B8%A3%E0%B8%B7%E0%B8%AD"
                 "&description_en=For%20a%20lake.&parent=home&slug=");
    t_status(303);
    t_header("Location", CATS "?done=made");
    t_get(CATS "?done=made");
    t_text("The category is made.");
    t_html("a[href='" CATS "/zz-boats-oars']");
    eq_str(stands("zz-boats-oars"), "home 7");
    eq_str(t_str("select names::text || descriptions::text || o.slug as s from catalog.category c join"
                 " auth.organisation o on o.id = c.organisation_id where c.slug = 'zz-boats-oars'"),
        "{\"en\": \"Zz Boats & Oars\", \"th\": \"เรือ\"}{\"en\": \"For a lake.\"}house");
    eq_str(t_str("select person_id || ' ' || action || ' ' || kind as s from audit.entry"
                 " where thing = 'catalog.category' order by id desc limit 1"),
        "1 insert content");
    t_get(CATS "/zz-boats-oars.json");
    t_json("category.texts.1.name", "เรือ");
    t_json("category.place", "7");
    t_json("category.parent", "home");
    t_json("category.products", "0");
    t_get("/categories/zz-boats-oars");
    t_status(200);
    i64 since = last_told();
    t_post(CATS "/zz-boats-oars", "name_en=Boats&parent=home&place=7");
    t_status(303);
    eq_str(t_str("select names::text || descriptions::text as s from catalog.category where slug ="
                 " 'zz-boats-oars'"),
        "{\"en\": \"Boats\"}{}");
    eq_int(told("zz-boats-oars", since), 1);
    eq_int(told("home", since), 1);
    since = last_told();
    t_post(CATS "/zz-boats-oars", "name_en=Boats&parent=home&place=7"); /* the same again */
    t_status(303);
    eq_int(last_told(), since);
    t_post(CATS "/zz-boats-oars/remove", "to=");
    t_status(303);
    t_header("Location", CATS "?done=gone");
    eq_int(there("zz-boats-oars"), 0);
    t_post(CATS "/zz-boats-oars/remove", "to="); /* twice */
    t_status(303);
    t_get("/categories/zz-boats-oars");
    t_status(404);
    t_post(CATS "/zz-boats-oars", "name_en=Boats"); /* somebody else has removed it meanwhile */
    t_status(404);
    t_post(CATS "/zz-boats-oars/place", "go=up");
    t_status(404);
}

T(the_trail_leads_to_a_category_that_was_changed)
{
    as_admin();
    makes("zz-a", "home");
    t_clock(when_now()); /* entries have the database's time */
    t_get("/admin/audit?thing=catalog.category");
    t_status(200);
    t_html("a[href='" CATS "/zz-a']");
    t_post(CATS "/zz-a/remove", "");
    t_get("/admin/audit?thing=catalog.category");
    t_no_html("a[href='" CATS "/zz-a']");
}

T(a_category_that_is_wrong_comes_back_as_it_was_typed)
{
    static const struct {
        const char *form, *text;
    } wrongs[] = {
        { "name_th=Zz&slug=", "English name" },
        { "name_en=Zz&slug=lamps", "Another category has this address already." },
        { "name_en=Lamps", "Another category has this address already." },
        { "name_en=Zz&slug=Not an address", "small letters a to z" },
        { "name_en=Zz&slug=-", "small letters a to z" },
        { "name_en=%21%21&slug=", "an address in letters a to z" },
        { "name_en=Zz&parent=zz-none", "not there any more" },
        { "name_en=Zz&place=first", "whole number" },
        { "name_en=Zz&place=0", "1 or more" },
    };
    char form[400] = "slug=zz-long&name_en=";
    as_admin();
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        t_post(CATS, wrongs[i].form);
        if (t_last_status() != 422)
            ck_abort_msg("%s: %d", wrongs[i].form, t_last_status());
        t_html(".problem");
        t_text(wrongs[i].text);
        t_html("input[name=slug]");
    }
    t_post(CATS, "slug=zz-twice&name_en=Twice");
    t_status(303);
    t_post(CATS, "slug=zz-twice&name_en=Twice&description_en=Much&parent=home&place=3");
    t_status(422);
    t_html("input[name=slug][value=zz-twice][aria-invalid=true]");
    t_html("input[name=name_en][value=Twice]");
    t_html("input[name=place][value='3']");
    t_html("option[value=home][selected]");
    t_text("Much</textarea>");
    for (size_t i = 0; i < 121; i++)
        form[21 + i] = 'x';
    t_post(CATS, form);
    t_status(422);
    t_html("input[name=name_en][aria-invalid=true]");
    t_text("at most 120 characters");
    t_text(form + 21); /* and it is still there */
    eq_int(t_int("select count(*) as n from catalog.category where slug like 'zz%%'"), 1);
}

T(a_category_moves_with_what_stands_in_it_and_never_below_itself)
{
    as_admin();
    makes("zz-a", "");
    makes("zz-b", "zz-a");
    makes("zz-c", "zz-b");
    makes("zz-d", "");
    holds_napkins("zz-c");
    eq_str(shelves(), "zz-a zz-b zz-c");
    t_get(CATS "/zz-a");
    t_no_html("option[value=zz-b]"); /* nothing to choose that could not be */
    t_html("option[value=zz-d]");
    t_post(CATS "/zz-a", "name_en=A&parent=zz-c");
    t_status(422);
    t_text("A category cannot stand under itself.");
    t_post(CATS "/zz-a", "name_en=A&parent=zz-a");
    t_status(422);
    i64 since = last_told();
    t_post(CATS "/zz-b", "name_en=zz-b&parent=zz-d");
    t_status(303);
    eq_str(stands("zz-b"), "zz-d 1");
    eq_str(shelves(), "zz-b zz-c zz-d");
    is_true(told("zz-a", since) && told("zz-b", since) && told("zz-d", since));
    eq_int(told("zz-c", since), 0);
    t_get("/categories/zz-d.json");
    t_json("products.0.slug", "linen-napkins");
    t_get("/categories/zz-c");
    t_html("a[href='/categories/zz-d']");
    t_post(CATS "/zz-b", "name_en=zz-b&parent=");
    t_status(303);
    eq_str(shelves(), "zz-b zz-c");
    /* What catalog.reshelve would have made of it. */
    holds_napkins("zz-d");
    eq_str(shelves(), "zz-b zz-c zz-d");
}

T(categories_stand_at_most_ten_deep)
{
    as_admin();
    makes("zz-1", "");
    for (char at = '2', up[] = "zz-1", down[] = "zz-2"; at <= '9'; at++) {
        up[3] = (char)(at - 1);
        down[3] = at;
        makes(down, up);
    }
    makes("zz-ten", "zz-9");
    t_post(CATS, "slug=zz-eleven&name_en=Eleven&parent=zz-ten");
    t_status(422);
    t_text("That is too deep");
    t_get(CATS "/-/new");
    t_no_html("option[value=zz-ten]");
    makes("zz-top", "");
    t_post(CATS "/zz-1", "name_en=One&parent=zz-top");
    t_status(422);
    t_text("That is too deep");
    t_get("/categories/zz-ten");
    t_status(200);
}

T(categories_are_put_in_order_without_a_script)
{
    as_admin();
    makes("zz-up", "");
    makes("zz-a", "zz-up");
    makes("zz-b", "zz-up");
    makes("zz-c", "zz-up");
    t_get(CATS);
    t_html("form[action='" CATS "/zz-b/place']");
    t_post(CATS "/zz-c/place", "go=up");
    t_status(303);
    eq_str(siblings("zz-up"), "zz-a zz-c zz-b");
    t_post(CATS "/zz-a/place", "go=down");
    eq_str(siblings("zz-up"), "zz-c zz-a zz-b");
    i64 since = last_told();
    t_post(CATS "/zz-c/place", "go=up"); /* it is the first */
    t_status(303);
    t_post(CATS "/zz-b/place", "go=down");
    t_status(303);
    eq_str(siblings("zz-up"), "zz-c zz-a zz-b");
    eq_int(last_told(), since);
    t_post(CATS "/zz-b", "name_en=B&parent=zz-up&place=1");
    t_status(303);
    eq_str(siblings("zz-up"), "zz-b zz-c zz-a");
    t_post(CATS, "slug=zz-d&name_en=D&parent=zz-up&place=2");
    eq_str(siblings("zz-up"), "zz-b zz-d zz-c zz-a");
    t_post(CATS "/zz-b", "name_en=B&parent=zz-up&place=99");
    eq_str(siblings("zz-up"), "zz-d zz-c zz-a zz-b");
    t_post(CATS "/zz-b/place", "go=sideways");
    t_status(422);
}

T(who_saves_the_words_of_a_category_leaves_it_where_it_was_put_meanwhile)
{
    as_admin();
    makes("zz-up", "");
    makes("zz-a", "zz-up");
    makes("zz-b", "zz-up");
    t_get(CATS "/zz-b");
    t_html("input[name=shown][value='2']");
    t_post(CATS "/zz-b/place", "go=up"); /* in another tab */
    t_post(CATS "/zz-b", "name_en=B&parent=zz-up&place=2&shown=2");
    t_status(303);
    eq_str(siblings("zz-up"), "zz-b zz-a");
    t_post(CATS "/zz-b", "name_en=&parent=zz-up&place=2&shown=1");
    t_status(422);
    t_html("input[name=shown][value='1']");
    t_post(CATS "/zz-b", "name_en=B&parent=zz-up&place=2&shown=1");
    t_status(303);
    eq_str(siblings("zz-up"), "zz-a zz-b");
}

T(a_parent_that_is_no_choice_is_not_lost_on_the_way)
{
    as_admin();
    makes("zz-a", "");
    makes("zz-b", "zz-a");
    t_get(CATS "/-/new?parent=zz-b");
    t_html("option[value=zz-b][selected]");
    t_sql("delete from catalog.category where slug = 'zz-b'");
    t_get(CATS "/-/new?parent=zz-b");
    t_html("option[value=zz-b][selected]");
    t_post(CATS, "name_en=Zz&parent=zz-b");
    t_status(422);
    t_text("not there any more");
}

T(a_category_with_products_goes_only_with_a_word_about_them)
{
    as_admin();
    makes("zz-a", "");
    makes("zz-b", "zz-a");
    makes("zz-c", "");
    holds_napkins("zz-b");
    t_post(CATS "/zz-a/remove", "to=-");
    t_status(409);
    t_text("Other categories stand under it.");
    t_get(CATS "/zz-b");
    t_text("1 product stands in it.");
    t_post(CATS "/zz-b/remove", "");
    t_status(422);
    t_text("Please say where its products go.");
    t_post(CATS "/zz-b/remove", "to=zz-b");
    t_status(422);
    t_post(CATS "/zz-b/remove", "to=zz-none");
    t_status(422);
    eq_int(there("zz-b"), 1);
    i64 before = t_int("select edition as n from catalog.offer o join catalog.sheet h using (product_id)"
                       " where h.slug = 'linen-napkins'");
    t_sql("update catalog.offer o set edition = 1 from catalog.sheet h where h.product_id ="
          " o.product_id and h.slug = 'linen-napkins'");
    i64 since = last_told(), version = version_of_napkins();
    t_post(CATS "/zz-b/remove", "to=zz-c");
    t_status(303);
    eq_int(version_of_napkins(), version + 1); /* a form of before does not know of zz-c */
    eq_int(there("zz-b"), 0);
    eq_str(shelves(), "zz-c");
    is_true(told("zz-a", since) && told("zz-b", since) && told("zz-c", since));
    eq_int(t_int("select count(*) as n from catalog.sheet h join catalog.category c on c.id ="
                 " any(h.category_ids) where h.slug = 'linen-napkins' and c.slug = 'zz-c'"),
        1);
    eq_int(t_int("select edition as n from catalog.offer o join catalog.sheet h using (product_id)"
                 " where h.slug = 'linen-napkins'"),
        before); /* who has read its sheet reads it again */
    t_post(CATS "/zz-c/remove", "to=-");
    t_status(303);
    eq_str(shelves(), "");
    t_get("/products/linen-napkins");
    t_status(200);
}

/* One who came first, and one whose page is of before. */
T(of_two_who_change_a_category_the_second_is_told)
{
    as_admin();
    makes("zz-a", "");
    str first = seen("zz-a");
    t_post(CATS "/zz-a", "name_en=Theirs&place=1");
    t_status(303);
    t_post_f(CATS "/zz-a", "seen=%.*s&name_en=Mine&name_th=Yes&description_en=Long", STR(first));
    t_status(409);
    t_text("Somebody else has changed this category meanwhile.");
    t_html("input[name=name_en][value=Mine]");
    t_html("input[name=name_th][value=Yes]");
    t_text("Long</textarea>");
    eq_str(t_str("select names ->> 'en' as s from catalog.category where slug = 'zz-a'"), "Theirs");
    /* What comes back as wrong is as old as it was. */
    t_post_f(CATS "/zz-a", "seen=%.*s&name_en=", STR(first));
    t_status(422);
    t_html(str_fmt(t_ctx()->mem, "input[name=seen][value='%.*s']", STR(first)).p);
    str now = seen("zz-a");
    t_post(CATS "/zz-a/place", "go=up"); /* its place is no word of it */
    eq_str(seen("zz-a"), now);
    t_post_f(CATS "/zz-a", "seen=%.*s&name_en=Mine", STR(now));
    t_status(303);
    eq_str(t_str("select names ->> 'en' as s from catalog.category where slug = 'zz-a'"), "Mine");
}

T(programs_make_and_remove_categories_as_pages_do)
{
    as_admin();
    t_post_json(CATS ".json", "{\"slug\":\"zz-a\",\"name_en\":\"A\",\"parent\":\"home\",\"place\":1}");
    t_status(200);
    eq_str(stands("zz-a"), "home 1");
    t_get(CATS ".json");
    t_status(200);
    t_json("categories.0.slug", "listening");
    t_json("categories.0.level", "1");
    t_json("categories.1.parent", "listening");
    t_post_json(CATS "/zz-a.json", "{\"seen\":\"old\",\"name_en\":\"B\"}");
    t_status(409);
    t_post_json(CATS "/zz-a.json", "{\"name_en\":\"\"}");
    t_status(422);
    t_post_json(CATS "/zz-a/remove.json", "{}");
    t_status(200);
    eq_int(there("zz-a"), 0);
}

T(viewers_look_at_categories_and_only_who_runs_the_house_changes_them)
{
    static const char *const posts[] = { CATS, CATS "/lamps", CATS "/lamps/place",
        CATS "/lamps/remove" };
    t_open();
    i64 house = t_int("select id as n from auth.organisation where slug = 'house'");
    struct who who = { .person = 77, .organisation = house, .role = USER, .member = VIEWER };
    for (int seller = 0; seller < 2; seller++) {
        who.member = seller ? OWNER : VIEWER;
        who.organisation = seller ? house + 1000 : house;
        t_as(&who);
        t_get(CATS);
        t_status(200);
        t_text("Lamps and light");
        t_no_html("a[href='" CATS "/lamps']");
        t_no_html("form[action='" CATS "/lamps/place']");
        t_no_html("a[href='" CATS "/-/new']");
        t_get(CATS "/lamps");
        t_status(403);
        for (size_t i = 0; i < COUNT(posts); i++) {
            t_post(posts[i], "name_en=Mine&to=-&go=up");
            t_status(403);
        }
    }
    t_as(NULL);
    t_browser();
    t_get(CATS);
    t_status(303);
    for (size_t i = 0; i < COUNT(posts); i++) {
        t_post(posts[i], "name_en=Mine&to=-&go=up");
        is_true(t_last_status() == 303 || t_last_status() == 403);
    }
    eq_int(t_int("select count(*) as n from catalog.category where names ->> 'en' = 'Mine'"), 0);
}
