#include "catalog/catalog.h"
#include "auth/auth.h"
#include "catalog/catalog_in.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "inventory/inventory.h"

extern const struct job_kind catalog_jobs[], work_jobs[];

static i64 house;

static struct ctx *begin(void)
{
    t_open();
    struct ctx *c = t_ctx();
    c->scope = (struct scope){ .platform = true };
    must(auth_organisation_add(c, S("shelf-test"), S("Shelf test"), &house));
    c->scope = (struct scope){ .organisation = house };
    return c;
}

static struct node *read_doc(const char *json)
{
    struct node *doc;
    must(json_read(t_ctx(), str_of(json), &doc));
    return doc;
}

static struct catalog_report save(const char *json)
{
    struct catalog_report report;
    t_ctx()->scope = (struct scope){ .organisation = house };
    must(catalog_save(t_ctx(), house, read_doc(json), &report));
    return report;
}

static int save_err(const char *json)
{
    struct catalog_report report;
    struct ctx *c = t_ctx();
    c->scope = (struct scope){ .organisation = house };
    fault_clear(c);
    must(pg_begin(c));
    return pg_end(c, catalog_save(c, house, read_doc(json), &report));
}

static void category(const char *json)
{
    i64 id;
    must(catalog_save_category(t_ctx(), house, read_doc(json), &id));
}

#define LAMP(status, stock)                                                                                 \
    "{\"slug\":\"zz-lamp\",\"status\":\"" status "\",\"name\":{\"en\":\"Zzyzx lamp\","                      \
    "\"th\":\"โคมไฟทดสอบซิกซ์\"},"                                            \
    "\"description\":{\"en\":\"One.\\n\\nTwo.\"},\"brand\":\"Qwyjibo\",\"categories\":[\"zz-inner\"],"      \
    "\"specs\":[{\"name\":{\"en\":\"Height\"},\"value\":{\"en\":\"30 cm\"}}],"                              \
    "\"options\":[{\"code\":\"zzcolour\",\"name\":{\"en\":\"Colour\"},\"values\":["                         \
    "{\"code\":\"black\",\"name\":{\"en\":\"Black\"}},{\"code\":\"white\",\"name\":{\"en\":\"White\"}}]}]," \
    "\"variants\":[{\"sku\":\"ZZ-B\",\"options\":{\"zzcolour\":\"black\"},\"prices\":{\"THB\":100000,"      \
    "\"USD\":3000},\"compare_at\":{\"THB\":120000},\"stock\":" stock "},"                                   \
    "{\"sku\":\"ZZ-W\",\"options\":{\"zzcolour\":\"white\"},\"prices\":{\"THB\":90000},\"stock\":0}],"      \
    "\"stock_cause\":\"t\"}"

static void with_lamp(void)
{
    begin();
    category("{\"slug\":\"zz-outer\",\"name\":{\"en\":\"Outer\"}}");
    category(
        "{\"slug\":\"zz-inner\",\"parent\":\"zz-outer\",\"name\":{\"en\":\"Inner\",\"th\":\"ข้างใน\"}}");
    save(LAMP("published", "3"));
}

static i64 version(void)
{
    return t_int("select version as n from catalog.product where slug = 'zz-lamp'");
}

/* ---- saving -------------------------------------------------------------------------------- */

T(saving_the_same_again_changes_nothing)
{
    with_lamp();
    str updated = t_str("select updated_at::text as s from catalog.product where slug = 'zz-lamp'");
    i64 events = t_int("select count(*) as n from work.outbox");
    struct catalog_report again = save(LAMP("published", "3"));
    is_false(again.made);
    is_false(again.changed);
    eq_int(version(), 1);
    eq_str(
        t_str("select updated_at::text as s from catalog.product where slug = 'zz-lamp'"), updated);
    eq_int(t_int("select count(*) as n from work.outbox"), events);
}

T(a_change_raises_the_version_and_is_told)
{
    with_lamp();
    i64 told = t_int("select count(*) as n from work.outbox where kind = 'product.changed'");
    is_true(save(LAMP("draft", "3")).changed);
    eq_int(version(), 2);
    eq_int(t_int("select count(*) as n from work.outbox where kind = 'product.changed'"), told + 1);
    eq_int(t_int("select count(*) as n from catalog.card where slug = 'zz-lamp'"), 0);
}

T(the_second_of_two_editors_is_told)
{
    with_lamp();
    eq_err(save_err("{\"slug\":\"zz-lamp\",\"version\":7,\"name\":{\"en\":\"Mine\"}}"), E_CONFLICT);
    eq_str(t_ctx()->fault.key, "catalog.version");
}

T(a_part_that_is_not_named_stays)
{
    with_lamp();
    save("{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"Renamed\"}}");
    eq_int(t_int("select count(*) as n from catalog.variant v join catalog.product p "
                 "on p.id = v.product_id where p.slug = 'zz-lamp' and v.active"),
        2);
    eq_str(t_str("select brand as s from catalog.product where slug = 'zz-lamp'"), "Qwyjibo");
}

T(a_variant_no_longer_named_leaves_the_shop_but_not_the_books)
{
    with_lamp();
    save(
        "{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"L\"},\"options\":[{\"code\":\"zzcolour\",\"name\":"
        "{\"en\":\"Colour\"},\"values\":[{\"code\":\"black\",\"name\":{\"en\":\"Black\"}}]}],"
        "\"variants\":[{\"sku\":\"ZZ-B\",\"options\":{\"zzcolour\":\"black\"}}]}");
    eq_int(t_int("select active::int as n from catalog.variant where sku = 'ZZ-W'"), 0);
    save(LAMP("published", "3"));
    eq_int(t_int("select count(*) as n from catalog.variant where sku = 'ZZ-W' and active"), 1);
    t_get("/products/zz-lamp.json?zzcolour=white");
    t_json("product.chosen.sku", "ZZ-W");
}

T(a_renamed_sku_keeps_its_stock)
{
    with_lamp();
    save(
        "{\"slug\":\"zz-lamp\",\"keep_others\":true,\"name\":{\"en\":\"L\"},\"options\":[{\"code\":"
        "\"zzcolour\",\"name\":{\"en\":\"Colour\"},\"values\":[{\"code\":\"black\",\"name\":{\"en\":"
        "\"Black\"}}]}],\"variants\":[{\"sku\":\"ZZ-NEW\",\"options\":{\"zzcolour\":\"black\"}}]}");
    eq_int(t_int("select s.on_hand as n from inventory.item i join inventory.stock s "
                 "on s.item_id = i.id where i.sku = 'ZZ-NEW'"),
        3);
}

static void skus_become(const char *of_black, const char *of_white)
{
    save(str_fmt(t_ctx()->mem,
        "{\"slug\":\"zz-lamp\",\"keep_others\":true,\"name\":{\"en\":\"L\"},\"options\":[{\"code\":"
        "\"zzcolour\",\"name\":{\"en\":\"Colour\"},\"values\":[{\"code\":\"black\",\"name\":{\"en\":"
        "\"Black\"}},{\"code\":\"white\",\"name\":{\"en\":\"White\"}}]}],\"variants\":["
        "{\"sku\":\"%s\",\"options\":{\"zzcolour\":\"black\"}},"
        "{\"sku\":\"%s\",\"options\":{\"zzcolour\":\"white\"}}]}", of_black, of_white).p);
}

static i64 stock_of(const char *sku)
{
    return t_int("select s.on_hand as n from inventory.item i join inventory.stock s on s.item_id = "
                 "i.id join catalog.variant v on v.item_id = i.id and v.sku = i.sku where i.sku = "
                 "'%s'", sku);
}

T(variants_take_each_others_skus_in_one_save_and_keep_their_stock)
{
    with_lamp();
    skus_become("ZZ-W", "ZZ-B");
    eq_int(stock_of("ZZ-W"), 3);
    eq_int(stock_of("ZZ-B"), 0);
    skus_become("ZZ-B", "ZZ-NEW"); /* the second makes room for the first */
    eq_int(stock_of("ZZ-B"), 3);
    eq_int(stock_of("ZZ-NEW"), 0);
    eq_int(t_int("select count(*) as n from catalog.variant where sku like '~%%'"), 0);
}

T(another_shops_address_is_refused)
{
    with_lamp();
    i64 mine = house;
    t_ctx()->scope = (struct scope){ .platform = true };
    must(auth_organisation_add(t_ctx(), S("shelf-other"), S("Other"), &house));
    is_true(house != mine);
    eq_err(save_err("{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"Theirs\"}}"), E_CONFLICT);
    eq_str(t_ctx()->fault.key, "catalog.slug");
}

T(bad_documents_are_refused_with_a_reason)
{
    with_lamp();
    eq_err(save_err("{\"slug\":\"No Good\",\"name\":{\"en\":\"x\"}}"), E_INPUT);
    eq_err(save_err("{\"slug\":\"zz-x\",\"name\":{\"en\":\"x\"},\"variants\":[]}"), E_INPUT);
    eq_err(save_err("{\"slug\":\"zz-x\",\"name\":{\"en\":\"x\"},\"categories\":[\"nowhere\"]}"),
        E_INPUT);
    eq_err(
        save_err(
            "{\"slug\":\"zz-x\",\"name\":{\"en\":\"x\"},\"variants\":[{\"prices\":{\"XXY\":1}}]}"),
        E_INPUT);
    eq_err(save_err("{\"slug\":\"zz-x\",\"name\":{\"en\":\"x\"},\"variants\":[{\"sku\":\"A\"},"
                    "{\"sku\":\"A\"}]}"),
        E_INPUT);
    eq_int(t_int("select count(*) as n from catalog.product where slug = 'zz-x'"), 0);
}

/* ---- who sees what --------------------------------------------------------------------------- */

T(without_a_tenant_only_published_rows_are_seen)
{
    with_lamp();
    struct scope nobody = { 0 }, other = { .organisation = house + 1000 };
    const char *variants = "select count(*) as n from catalog.variant where sku like 'ZZ-%'";
    eq_int(t_int_as(nobody, variants), 2);
    save(LAMP("draft", "3"));
    eq_int(t_int_as(nobody, variants), 0);
    eq_int(t_int_as(nobody, "select count(*) as n from catalog.product where slug = 'zz-lamp'"), 0);
    eq_int(
        t_int_as(nobody, "select count(*) as n from catalog.product_text where name like 'Zzyzx%'"),
        0);
    eq_int(t_int_as(other, variants), 0);
    eq_int(t_int_as((struct scope){ .organisation = house }, variants), 2);
    t_get("/products/zz-lamp.json");
    t_status(404);
    t_get("/search.json?q=zzyzx");
    t_json("total", "0");
}

T(another_organisation_cannot_change_a_draft)
{
    with_lamp();
    save(LAMP("draft", "3"));
    eq_int(
        t_int_as((struct scope){ .organisation = house + 1000 },
            "with u as (update catalog.product set brand = 'stolen' where slug = 'zz-lamp' returning 1 as x)"
            " select count(*) as n from u"),
        0);
    eq_int(
        t_int_as((struct scope){ 0 },
            "with u as (update catalog.product set brand = 'stolen' where slug = 'zz-lamp' returning 1 as x)"
            " select count(*) as n from u"),
        0);
}

/* ---- pages ------------------------------------------------------------------------------------
 */

T(a_product_page_says_what_can_be_bought)
{
    with_lamp();
    t_get("/products/zz-lamp.json");
    t_status(200);
    t_json("product.name", "Zzyzx lamp");
    t_json("product.descriptionParagraphs.1.text", "Two.");
    t_json("product.specs.0.value", "30 cm");
    t_json("product.chosen.sku", "ZZ-B");
    t_json("product.chosen.left", "3");
    t_json("product.chosen.compareAt", "120000");
    t_json("product.options.0.values.1.isAvailable", "false");
    t_get("/products/zz-lamp.json?zzcolour=white");
    t_json("product.chosen.sku", "ZZ-W");
    t_json("product.chosen.forSale", "false");
    t_json("product.chosen.left", "0");
    t_get("/products/zz-lamp.json?zzcolour=mauve&utm_source=x");
    t_json("product.chosen.sku", "ZZ-B");
}

/* The page's own script finds the variant by them. */
/* Red in small, blue in large, and nothing between. */
T(a_choice_that_is_not_made_shows_what_comes_nearest)
{
    begin();
    save("{\"slug\":\"zz-pair\",\"status\":\"published\",\"name\":{\"en\":\"Zz pair\"},\"options\":["
         "{\"code\":\"zzcolour\",\"name\":{\"en\":\"Colour\"},\"values\":["
         "{\"code\":\"red\",\"name\":{\"en\":\"Red\"}},{\"code\":\"blue\",\"name\":{\"en\":\"Blue\"}}]},"
         "{\"code\":\"zzsize\",\"name\":{\"en\":\"Size\"},\"values\":["
         "{\"code\":\"s\",\"name\":{\"en\":\"S\"}},{\"code\":\"l\",\"name\":{\"en\":\"L\"}}]}],"
         "\"variants\":[{\"sku\":\"ZZ-RS\",\"options\":{\"zzcolour\":\"red\",\"zzsize\":\"s\"},"
         "\"prices\":{\"THB\":1000},\"stock\":5},"
         "{\"sku\":\"ZZ-BL\",\"options\":{\"zzcolour\":\"blue\",\"zzsize\":\"l\"},"
         "\"prices\":{\"THB\":1000},\"stock\":5}],\"stock_cause\":\"t\"}");
    t_get("/products/zz-pair.json?zzcolour=blue&zzsize=s");
    t_json("product.chosen.sku", "ZZ-BL");
    t_json("product.options.1.values.1.isChosen", "true");
    t_get("/products/zz-pair?zzcolour=blue&zzsize=s");
    t_html("input[name=sku][value=ZZ-BL]");
}

T(variants_are_told_apart_where_two_options_have_a_value_of_the_same_code)
{
    begin();
    save("{\"slug\":\"zz-jeans\",\"name\":{\"en\":\"Zz jeans\"},\"options\":["
         "{\"code\":\"waist\",\"name\":{\"en\":\"Waist\"},\"values\":["
         "{\"code\":\"30\",\"name\":{\"en\":\"30\"}},{\"code\":\"32\",\"name\":{\"en\":\"32\"}}]},"
         "{\"code\":\"length\",\"name\":{\"en\":\"Length\"},\"values\":["
         "{\"code\":\"30\",\"name\":{\"en\":\"30\"}},{\"code\":\"32\",\"name\":{\"en\":\"32\"}}]}],"
         "\"variants\":["
         "{\"sku\":\"ZJ-A\",\"options\":{\"waist\":\"30\",\"length\":\"32\"},\"prices\":{\"THB\":100}},"
         "{\"sku\":\"ZJ-B\",\"options\":{\"waist\":\"32\",\"length\":\"30\"},\"prices\":{\"THB\":100}}]}");
    t_get("/products/zz-jeans");
    t_text("data-variant=\"ZJ-A\" data-values=\"length=32 waist=30 \"");
    t_text("data-variant=\"ZJ-B\" data-values=\"length=30 waist=32 \"");
}

/* Whatever a worker keeps of it, or does not. */
T(a_product_of_any_size_has_a_page)
{
    static const int more[] = { 5000, 40000, 1100000 };
    with_lamp();
    for (size_t i = 0; i < COUNT(more); i++) {
        t_sql("update catalog.sheet set document = document::jsonb || jsonb_build_object('more', "
              "repeat('x', %d)) where slug = 'zz-lamp'",
            more[i]);
        t_get("/th/products/zz-lamp.json");
        t_status(200);
        t_json("product.name", "โคมไฟทดสอบซิกซ์");
        t_json("product.specs.0.value", "30 cm");
    }
}

T(a_variant_without_a_price_in_the_currency_is_shown_but_not_for_sale)
{
    with_lamp();
    t_cookie_set("__Host-currency", "USD");
    t_get("/products/zz-lamp.json?zzcolour=white");
    t_json("product.chosen.price", "null");
    t_json("product.chosen.forSale", "false");
    t_json("product.variants.0.price", "3000");
}

T(texts_fall_back_to_english)
{
    with_lamp();
    t_get("/th/products/zz-lamp.json");
    t_json("product.name", "โคมไฟทดสอบซิกซ์");
    t_json("product.categories.0.name", "ข้างใน");
    t_get("/vi/products/zz-lamp.json");
    t_json("product.name", "Zzyzx lamp");
}

T(what_a_language_does_not_say_is_said_in_english)
{
    with_lamp();
    save("{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"Lamp\",\"th\":\"โคม\"},\"summary\":"
         "{\"en\":\"It shines.\"},\"description\":{\"en\":\"Well.\"}}");
    t_get("/th/products/zz-lamp.json");
    t_json("product.name", "โคม");
    t_json("product.summary", "It shines.");
    t_json("product.descriptionParagraphs.0.text", "Well.");
    eq_str(t_str("select name || ': ' || summary as s from catalog.card where slug = 'zz-lamp' and "
                 "lang = 'th'"), "โคม: It shines.");
}

T(a_picture_of_which_nothing_is_said_is_called_as_the_product)
{
    with_lamp();
    t_sql("insert into media.picture (organisation_id, stem, width, height, widths) values "
          "(%" PRId64 ", repeat('a', 16), 800, 600, '{200,800}')", house);
    t_sql("insert into catalog.product_picture (product_id, picture_id, organisation_id, position, "
          "alts) select p.id, m.id, p.organisation_id, 1, '{\"en\": \"\", \"th\": \"\"}' from "
          "catalog.product p, media.picture m where p.slug = 'zz-lamp' and m.stem = repeat('a', 16)");
    save("{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"Lamp\"}}");
    t_get("/products/zz-lamp.json");
    t_json("product.pictures.0.alt", "Lamp");
    t_sql("update catalog.product_picture set alts = '{\"en\": \"From above\", \"th\": \"\"}' "
          "where position = 1 and picture_id = (select id from media.picture where stem = "
          "repeat('a', 16))");
    save("{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"A lamp\"}}");
    t_get("/th/products/zz-lamp.json");
    t_json("product.pictures.0.alt", "From above");
}

T(categories_count_what_was_chosen)
{
    static const char count[] =
        "select coalesce(max(f.n), 0) as n from catalog.facets((select id from catalog.category "
        "where slug = 'zz-outer'), 'en', 'THB', '{zzcolour=%s}', null, null, true, '', '') f "
        "where f.kind = 'category'";
    with_lamp();
    eq_int(t_int(count, "black"), 1);
    eq_int(t_int(count, "white"), 0); /* none is left */
}

/* As where there are more than fifty thousand. */
T(of_a_very_long_list_the_newest_are_counted)
{
    begin();
    category("{\"slug\":\"zz-long\",\"name\":{\"en\":\"Long\"}}");
    category("{\"slug\":\"zz-part\",\"parent\":\"zz-long\",\"name\":{\"en\":\"Part\"}}");
    for (int i = 0; i < 6; i++)
        save(str_fmt(t_ctx()->mem,
            "{\"slug\":\"zz-l%d\",\"status\":\"published\",\"name\":{\"en\":\"L %d\"},\"categories\":"
            "[\"zz-part\"],\"options\":[{\"code\":\"zztone\",\"name\":{\"en\":\"Tone\"},\"values\":["
            "{\"code\":\"dim\",\"name\":{\"en\":\"Dim\"}}]}],\"variants\":[{\"sku\":\"ZZ-L%d\","
            "\"options\":{\"zztone\":\"dim\"},\"prices\":{\"THB\":1000},\"stock\":5}],"
            "\"stock_cause\":\"t\"}", i, i, i).p);
    t_get("/categories/zz-long.json");
    t_json("totalIsLeast", "false");
    t_json("countsAreLeast", "false");
    t_sql("set local app.most_counted = 4");
    t_get("/categories/zz-long.json?sort=name"); /* another key: what was counted is kept */
    t_json("total", "6");
    t_json("totalIsLeast", "false");
    t_json("countsAreLeast", "true");
    t_get("/categories/zz-long?sort=name");
    has_text(t_body(), "Part <span class=\"count\">6</span>");
    has_text(t_body(), "Dim <span class=\"count\">4+</span>");
    t_get("/categories/zz-long.json?zztone=dim");
    t_json("total", "4");
    t_json("totalIsLeast", "true");
    is_true(node_path(t_document(), S("products.5")) != NULL); /* all the same */
    t_get("/th/categories/zz-long?zztone=dim");
    has_text(t_body(), "สินค้า 4 รายการขึ้นไป");
}

/* Three hundred authors, of whom one has two books, and more options than anybody reads. */
T(of_very_many_values_those_that_most_products_have_are_offered)
{
    begin();
    category("{\"slug\":\"zz-many\",\"name\":{\"en\":\"Many\"}}");
    for (int i = 0; i < 300; i++)
        save(str_fmt(t_ctx()->mem,
            "{\"slug\":\"zz-m%d\",\"status\":\"published\",\"name\":{\"en\":\"M %d\"},\"categories\":"
            "[\"zz-many\"],\"options\":[{\"code\":\"zzauthor\",\"name\":{\"en\":\"Author\"},"
            "\"values\":[{\"code\":\"a%d\",\"name\":{\"en\":\"Author %d\"}}]},{\"code\":\"zzo%d\","
            "\"name\":{\"en\":\"Trait\"},\"values\":[{\"code\":\"x\",\"name\":{\"en\":\"X\"}}]}],"
            "\"variants\":[{\"sku\":\"ZZ-M%d\",\"options\":{\"zzauthor\":\"a%d\",\"zzo%d\":\"x\"},"
            "\"prices\":{\"THB\":1000},\"stock\":5}],\"stock_cause\":\"t\"}",
            i, i, i == 299 ? 7 : i, i, i % 20, i, i == 299 ? 7 : i, i % 20).p);
    t_get("/categories/zz-many");
    t_status(200);
    is_true(t_body().n < 50 * 1000);
    has_text(t_body(), "Author 7 ");
    has_text(t_body(), "And 269 more.");
    has_text(t_body(), "There are more filters");
    t_get("/categories/zz-many.json");
    t_json("filters.0.code", "zzauthor");
    t_json("filters.0.more", "269");
    eq_int((i64)node_count(node_get(t_document(), S("filters"))), 13); /* and what is in stock */
    t_json("hasMoreFilters", "true");
    t_get("/categories/zz-many?zzauthor=a250&sort=name");
    has_text(t_body(), "Author 250 ");
    t_html("a[aria-current=true][href='/categories/zz-many?sort=name']");
    is_true(t_body().n < 50 * 1000);
    t_get("/categories/zz-many.json?zzo3=x"); /* chosen, it is offered */
    t_json("chips.0.name", "Trait: X");
    t_json("total", "15");
    t_json("filters.0.more", "0");
    t_json("hasMoreFilters", "false");
}

T(a_category_shows_what_stands_in_its_children)
{
    with_lamp();
    t_get("/categories/zz-outer.json");
    t_status(200);
    t_json("products.0.slug", "zz-lamp");
    t_json("products.0.price", "90000");
    t_json("products.0.priceMax", "100000");
    t_json("total", "1");
    t_get("/categories/zz-inner.json");
    t_json("crumbs.0.slug", "zz-outer");
    t_get("/categories/nowhere.json");
    t_status(404);
}

/* The newest of what is featured, unless the merchant has chosen another picture. */
T(the_first_page_is_headed_by_the_first_featured_products_picture)
{
    with_lamp();
    t_ctx()->scope = (struct scope){ .platform = true };
    t_sql("delete from catalog.front");
    t_sql("update catalog.card set featured = true, newness = -9000000000000000, stem = 'zzlamp', "
          "width = 1600, height = 900, widths = '{400,1200}' where slug = 'zz-lamp'");
    t_get("/.json");
    t_json("featured.0.slug", "zz-lamp");
    t_json("featured.0.name", "Zzyzx lamp");
    t_json("featured.0.price", "90000");
    t_json("featured.0.picture.src", "/media/zzlamp-400.webp");
    t_json("hero.picture.src", "/media/zzlamp-1200.webp");
}

T(filters_ask_one_variant_for_all_of_it)
{
    with_lamp();
    t_get("/categories/zz-outer.json?zzcolour=white");
    t_json("total", "1");
    t_json("chips.0.name", "Colour: White");
    t_json("chips.0.url", "/categories/zz-outer.json");
    t_get("/categories/zz-outer.json?zzcolour=white&available=1");
    t_json("total", "0");
    t_json("isEmpty", "true");
    t_get("/categories/zz-outer.json?available=1");
    t_json("total", "1");
    t_get("/categories/zz-outer.json?price_max=950");
    t_json("total", "1");
    t_get("/categories/zz-outer.json?price_max=950&zzcolour=black");
    t_json("total", "0");
    t_get("/categories/zz-outer.json?utm_source=newsletter");
    t_json("total", "1");
}

/* As a filter, not as what is said of a product whose variants begin at a price. */
T(chosen_filters_are_named_in_the_buyers_language)
{
    with_lamp();
    t_get("/th/categories/zz-outer.json?price_min=500");
    t_json("chips.0.name", "ตั้งแต่ ฿500.00");
    t_get("/th/categories/zz-outer.json?price_max=950");
    t_json("chips.0.name", "ไม่เกิน ฿950.00");
    t_get("/vi/categories/zz-outer.json?price_min=500");
    has_text(node_str(node_path(t_document(), S("chips.0")), "name"), "Từ ");
    t_get("/search.json?q=zzyzx&category=zz-inner");
    t_json("chips.0.name", "Inner");
    t_get("/th/search.json?q=zzyzx&category=zz-inner");
    t_json("chips.0.name", "ข้างใน");
    t_json("chips.0.url", "/th/search.json?q=zzyzx");
}

/* ฿1.290,50 is what such a page shows of ฿1,290.50. */
T(a_price_is_read_as_the_language_writes_it)
{
    with_lamp();
    t_get("/vi/categories/zz-outer.json?price_min=999,50");
    t_json("total", "1");
    t_get("/vi/categories/zz-outer.json?price_min=1.000,50");
    t_json("total", "0");
    t_get("/vi/categories/zz-outer.json?price_min=1.000");
    t_json("total", "1");
    t_get("/categories/zz-outer.json?price_min=1,000.50");
    t_json("total", "0");
}

T(a_price_that_is_none_stays_in_its_field_with_a_word_beside_it)
{
    with_lamp();
    t_get("/categories/zz-outer?price_min=cheap&price_max=2000");
    t_status(200);
    t_html("input[name=price_min][value=cheap][aria-invalid=true]");
    t_html("input[name=price_max][value='2000']");
    t_no_html("input[name=price_max][aria-invalid]");
    t_text("This is not an amount.");
    t_html("details.filters[open]");
    t_get("/categories/zz-outer?price_min=1");
    t_no_html("details.filters[open]");
}

/* It would take all products for those of that price. */
T(a_price_that_is_none_is_refused_to_a_program)
{
    with_lamp();
    t_get("/categories/zz-outer.json?price_min=cheap");
    t_status(422);
    t_json("fields.priceMin", "This is not an amount. Write it like 1290 or 12.50.");
    t_get("/products.json?price_max=-5");
    t_status(422);
    t_get("/categories/zz-outer.json?price_min=&price_max=");
    t_status(200);
}

T(an_example_of_a_price_is_one_of_the_currency_asked_in)
{
    with_lamp();
    t_cookie_set(COOKIE_CURRENCY, "VND");
    t_get("/categories/zz-outer?price_min=9.99");
    t_status(200);
    t_text("This is not an amount. Write it like 1290.");
    t_no_text("12.50");
    t_get("/categories/zz-outer.json?price_min=9.99");
    t_status(422);
    t_json("fields.priceMin", "This is not an amount. Write it like 1290.");
}

T(a_lowest_price_above_the_highest_is_taken_for_the_highest)
{
    with_lamp();
    t_get("/categories/zz-outer?price_min=2,000&price_max=500");
    t_status(200);
    t_html("input[name=price_min][value='500']");
    t_html("input[name=price_max][value='2,000']");
    t_text("Zzyzx lamp");
    t_get("/categories/zz-outer.json?price_min=2000&price_max=500&available=1");
    t_status(200);
    t_json("total", "1");
    t_json("chips.0.url", "/categories/zz-outer.json?price_min=500&price_max=2000");
    t_json("chips.1.name", "฿500.00 – ฿2,000.00");
    t_get("/categories/zz-outer?price_min=2000&price_max=cheap"); /* one bound alone has no order */
    t_html("input[name=price_min][value='2000']");
    t_html("input[name=price_max][value=cheap][aria-invalid=true]");
}

T(a_program_that_follows_an_address_of_a_list_gets_JSON_again)
{
    with_lamp();
    t_get("/products.json");
    is_true(str_starts(node_str(node_path(t_document(), S("next")), "url"), S("/products.json?after=")));
    t_get("/th/categories/zz-outer.json?sort=name");
    is_true(str_starts(node_str(node_path(t_document(), S("sorts.1")), "url"),
        S("/th/categories/zz-outer.json")));
    t_get("/categories/zz-outer?sort=name");
    t_no_text("/categories/zz-outer.json?");
}

T(every_sort_pages_through_everything_once)
{
    static const char *const sorts[] = { "new", "price_up", "price_down", "name" };
    begin();
    category("{\"slug\":\"zz-many\",\"name\":{\"en\":\"Many\"}}");
    for (int i = 0; i < 60; i++) {
        char json[1000];
        snprintf(json, sizeof json,
            "{\"slug\":\"zz-many-%d\",\"name\":{\"en\":\"%s %d\"},\"categories\":"
            "[\"zz-many\"],\"created\":\"2026-0%d-01\",\"variants\":[{\"prices\":{%s}}]}",
            i, i % 3 ? "Äpfel" : "apple", i % 7, 1 + i % 9,
            i % 5 ? "\"THB\":50000" : "\"USD\":700");
        save(json);
    }
    for (size_t k = 0; k < COUNT(sorts); k++) {
        struct node *seen = node_map(t_ctx()->mem);
        str url = str_fmt(t_ctx()->mem, "/categories/zz-many.json?sort=%s", sorts[k]);
        int pages = 0;
        while (url.n && pages++ < 10) {
            t_get(str_c(t_ctx()->mem, url));
            t_status(200);
            EACH(it, node_get(t_document(), S("products"))) {
                str slug = str_dup(t_ctx()->mem, node_str(&it->node, "slug"));
                is_false(node_get(seen, slug) != NULL);
                node_set_bool(t_ctx()->mem, seen, slug, true);
            }
            str next = node_str(node_get(t_document(), S("next")), "url");
            i64 at = str_find(next, S("?"));
            url = next.n ? str_fmt(t_ctx()->mem, "/categories/zz-many.json%.*s",
                               STR(str_from(next, (size_t)at)))
                         : str_none;
        }
        eq_int(pages, 3);
        eq_int((i64)node_count(seen), 60);
    }
}

/* What search engines are told of a list. */
T(a_later_page_of_a_list_is_a_page_of_its_own)
{
    t_get("/th/products");
    str url = t_ctx()->app->base_url;
    const char *at = str_fmt(t_ctx()->mem, "link[rel=canonical][href='%.*s/th/products']", STR(url)).p;
    t_html(at);
    t_html(str_fmt(t_ctx()->mem, "link[hreflang=vi][href='%.*s/vi/products']", STR(url)).p);
    t_html(str_fmt(t_ctx()->mem, "link[hreflang=x-default][href='%.*s/products']", STR(url)).p);
    t_get("/th/products.json");
    str next = node_str(node_get(t_document(), S("next")), "url");
    is_true(str_starts(next, S("/th/products.json?after=")));
    next = str_fmt(t_ctx()->mem, "/products%.*s", STR(str_from(next, (size_t)str_find(next, S("?")))));
    t_get(str_fmt(t_ctx()->mem, "/th%.*s", STR(next)).p);
    t_status(200);
    t_no_html(at);
    t_html(str_fmt(t_ctx()->mem, "link[rel=canonical][href='%.*s/th%.*s']", STR(url), STR(next)).p);
    t_no_html("link[rel=alternate]");
    t_no_html("meta[name=robots]");
    t_html("a[hreflang=vi]"); /* for people */
    t_get("/search?q=lamp");
    t_html("meta[name=robots][content=noindex]");
    t_get("/search");
    t_no_html("meta[name=robots]");
}

/* The block of data in a page; one that would end it early is not read to its end. */
static const struct node *thing(void)
{
    struct node *doc;
    str rest = t_body();
    i64 at = str_find(rest, S("<script type=\"application/ld+json\">"));
    is_true(at > 0);
    rest = str_from(rest, (size_t)at + sizeof "<script type=\"application/ld+json\">" - 1);
    must(json_read(t_ctx(), str_upto(rest, (size_t)str_find(rest, S("</script>"))), &doc));
    return doc;
}

T(CO_04_search_engines_read_what_a_product_is_and_costs)
{
    with_lamp();
    t_get("/products/zz-lamp");
    const struct node *it = thing();
    eq_str(node_str(it, "@type"), "Product");
    eq_str(node_str(it, "name"), "Zzyzx lamp");
    eq_str(node_str(it, "description"), "One.");
    eq_str(node_str(node_get(it, S("brand")), "name"), "Qwyjibo");
    const struct node *offer = node_get(it, S("offers"));
    eq_str(node_str(offer, "@type"), "AggregateOffer");
    eq_str(node_str(offer, "lowPrice"), "900.00");
    eq_str(node_str(offer, "highPrice"), "1000.00");
    eq_str(node_str(offer, "priceCurrency"), "THB");
    eq_str(node_str(offer, "availability"), "https://schema.org/InStock");
    t_html("meta[name=description][content='One.']");
    save("{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"</script><b>& \\\"\"},\"description\":{\"en\":"
         "\"" "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhhhhhh iiiiiiiii "
         "jjjjjjjjj kkkkkkkkk lllllllll mmmmmmmmm nnnnnnnnn ooooooooo ppppppppp qqqqqqqqq rrrrrrrrr "
         "sssssssss ttttttttt uuuuuuuuu\"},\"options\":[{\"code\":\"zzcolour\",\"name\":{\"en\":\"Colour\"},"
         "\"values\":[{\"code\":\"black\",\"name\":{\"en\":\"Black\"}}]}],\"variants\":[{\"sku\":\"ZZ-B\",\"options\":{\"zzcolour\":"
         "\"black\"},\"prices\":{\"THB\":100000,\"VND\":790000}}]}");
    t_get("/vi/products/zz-lamp");
    it = thing();
    eq_str(node_str(it, "name"), "</script><b>& \"");
    eq_str(node_str(it, "sku"), "ZZ-B");
    is_true(str_ends(node_str(it, "description"), S("ttttttttt…")));
    offer = node_get(it, S("offers"));
    eq_str(node_str(offer, "@type"), "Offer");
    eq_str(node_str(offer, "price"), "1000.00");
    eq_str(node_str(offer, "url"),
        str_fmt(t_ctx()->mem, "%.*s/vi/products/zz-lamp", STR(t_ctx()->app->base_url)).p);
    t_sql("update inventory.stock set on_hand = 0 where item_id = (select item_id from catalog.variant "
          "where sku = 'ZZ-B')");
    t_moved();
    t_get("/products/zz-lamp");
    eq_str(node_str(node_get(thing(), S("offers")), "availability"), "https://schema.org/OutOfStock");
    t_get("/products/zz-lamp.json");
    is_true(!node_get(t_document(), S("thing")));
}

T(CO_04_search_engines_read_what_a_category_says_of_itself)
{
    with_lamp();
    category("{\"slug\":\"zz-inner\",\"name\":{\"en\":\"Inner\"},\"description\":{\"en\":\"For a table.\"}}");
    t_get("/categories/zz-inner");
    t_html("meta[name=description][content='For a table.']");
    t_get("/products");
    t_no_html("meta[name=description]");
}

static void map(const char *query)
{
    t_get(str_fmt(t_ctx()->mem, "/sitemap.xml%s", query).p);
    t_status(200);
    t_header("Content-Type", "application/xml; charset=utf-8");
    is_true(str_starts(t_body(), S("<?xml ")));
}

T(CO_04_search_engines_are_given_a_map_of_what_is_for_sale)
{
    with_lamp();
    i64 id = t_int("select id as n from catalog.product where slug = 'zz-lamp'");
    const char *part = str_fmt(t_ctx()->mem, "?lang=th&part=%" PRId64, id / 5000).p;
    const char *url = str_c(t_ctx()->mem, t_ctx()->app->base_url);
    map("");
    has_text(t_body(), str_fmt(t_ctx()->mem, "<loc>%s/sitemap.xml?lang=vi</loc>", url).p);
    has_text(t_body(), str_fmt(t_ctx()->mem, "<loc>%s/sitemap.xml?lang=th&amp;part=%" PRId64 "</loc>", url,
        id / 5000).p);
    map("?lang=en");
    has_text(t_body(), str_fmt(t_ctx()->mem, "<loc>%s/</loc>", url).p);
    has_text(t_body(), str_fmt(t_ctx()->mem, "<loc>%s/categories/zz-inner</loc>", url).p);
    map("?lang=vi");
    has_text(t_body(), str_fmt(t_ctx()->mem, "<loc>%s/vi</loc>", url).p);
    map(part);
    has_text(t_body(), str_fmt(t_ctx()->mem, "<url><loc>%s/th/products/zz-lamp</loc><lastmod>20", url).p);
    save(LAMP("draft", "3"));
    map(part);
    no_text(t_body(), "zz-lamp");
    static const char *const none[] = { "?part=0", "?lang=en&part=1000000" };
    for (size_t i = 0; i < COUNT(none); i++) {
        t_get(str_fmt(t_ctx()->mem, "/sitemap.xml%s", none[i]).p);
        t_status(404);
    }
    t_get("/sitemap.xml?lang=xx");
    t_status(422);
    t_get("/th/sitemap.xml");
    t_status(404);
}

T(a_page_without_languages_offers_none)
{
    t_get("/api/docs");
    t_status(200);
    t_no_html("link[rel=alternate]");
    t_no_html("a[hreflang]");
    t_no_text("foot-languages");
    t_html("form[action='/currency']");
}

T(a_broken_cursor_is_refused)
{
    t_get("/products.json?after=1~nonsense~");
    t_status(400);
    t_json("code", "catalog.cursor");
}

T(search_finds_thai_accents_typing_errors_and_skus)
{
    with_lamp();
    t_get("/search.json?q=zzyzx");
    t_json("products.0.slug", "zz-lamp");
    t_get("/search.json?q=Zzyz");
    t_json("products.0.slug", "zz-lamp");
    t_get("/search.json?q=qwyjibo+lamp");
    t_json("products.0.slug", "zz-lamp");
    t_get("/search.json?q=zzyzz+lamp");
    t_json("products.0.slug", "zz-lamp");
    t_get("/search.json?q=qwyjbio+zyzzx"); /* two letters the other way round */
    t_json("products.0.slug", "zz-lamp");
    t_get("/search.json?q=zzyz+x");
    t_json("products.0.slug", "zz-lamp");
    eq_str(t_str("select catalog.swapped('s c abc')::text as s"),
        "'s' & 'c' & 'abc':* | 'scabc':*"); /* too many words begin with a letter or two */
    t_get("/search.json?q=o%27clokc+%5C%27");
    t_status(200);
    t_get(
        "/th/search.json?q=%E0%B8%97%E0%B8%94%E0%B8%AA%E0%B8%AD%E0%B8%9A%E0%B8%8B%E0%B8%B4%E0%B8%81%E0%B8%8B%E0%B9%8C");
    t_json("products.0.slug", "zz-lamp");
    t_get("/search.json?q=ZZ-B");
    t_json("products.0.slug", "zz-lamp");
    t_get("/search.json?q=%27%3A%2A%26%7C%21%28");
    t_status(200);
    t_get("/search.json?q=");
    t_status(200);
    t_json("isEmpty", "true");
}

T(carts_learn_what_they_need_of_variants)
{
    with_lamp();
    struct ctx *c = t_ctx();
    struct node *rows;
    i64 ids[2];
    c->scope = (struct scope){ 0 };
    must(catalog_variant_by_sku(c, S("ZZ-B"), str_none, &ids[0]));
    must(catalog_variant_by_sku(c, S("no such"), str_none, &ids[1]));
    is_true(ids[0] > 0);
    eq_int(ids[1], 0);
    must(catalog_variants(c, ids, 2, &rows));
    eq_int((i64)node_count(rows), 1);
    const struct node *row = &node_first(rows)->node;
    eq_str(node_str(row, "options"), "Black");
    eq_int(node_int(row, "price"), 100000);
    eq_int(node_int(row, "left"), 3);
    is_true(node_bool(row, "for_sale"));
}

/* ---- the back office ---------------------------------------------------------------------------
 */

static void as_staff_of(i64 organisation, enum member place)
{
    struct who who = { .person = 77,
        .organisation = organisation,
        .role = USER,
        .member = place,
        .name = S("Mali"),
        .email = S("mali@example.test") };
    t_as(&who);
}

#define FORM_TAIL "&status=published&brand=Q&tax_class=standard&category=zz-inner&first=0"

T(staff_edit_a_product_and_the_second_is_told)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_get("/admin/products/zz-lamp");
    t_status(200);
    t_html("input[name=price_0_THB]");
    t_text("value=\"1000.00\"");
    i64 stock = str_find(t_body(), S("id=\"on_hand_0\"")), /* what changes daily comes first */
        price = str_find(t_body(), S("id=\"price_0_THB\"")),
        words = str_find(t_body(), S("id=\"name_en\""));
    is_true(stock > 0 && stock < price && price < words);
    t_get("/admin/products/new");
    is_true(str_find(t_body(), S("id=\"name_en\"")) < str_find(t_body(), S("id=\"sku_0\"")));
    t_post("/admin/products/zz-lamp",
        "version=1&name_en=Better+lamp&sku_0=ZZ-B&price_0_THB=1100.50"
        "&was_0_THB=1200&price_0_USD=30&sku_1=ZZ-W&price_1_THB=900" FORM_TAIL);
    t_status(303);
    eq_int(
        t_int(
            "select amount as n from catalog.price r join catalog.variant v on v.id = r.variant_id "
            "where v.sku = 'ZZ-B' and r.currency = 'THB'"),
        110050);
    t_post("/admin/products/zz-lamp", "version=1&name_en=My+lamp" FORM_TAIL);
    t_status(409);
    t_text("My lamp");
    t_text("Somebody else has changed");
    eq_int(version(), 2);
}

T(wrong_figures_come_back_with_a_word_beside_them)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp", "version=1&name_en=&price_0_THB=1e3&was_1_THB=1" FORM_TAIL);
    t_status(422);
    t_text("value=\"1e3\"");
    t_text("This is not an amount");
    t_text("Please give it an English name");
    t_text("must be higher");
    eq_int(version(), 1);
}

T(an_example_beside_a_wrong_price_is_one_of_its_currency)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&price_0_VND=9.99" FORM_TAIL);
    t_status(422);
    t_text("This is not an amount. Write it like 1290.");
    t_no_text("12.50");
}

T(staff_make_a_product_and_its_variants)
{
    begin();
    as_staff_of(house, MEMBER);
    t_post("/admin/products",
        "name_en=Ceramic+Vase+Zz&status=draft&tax_class=standard&price_0_THB=250");
    t_status(303);
    t_header("Location", "/admin/products/ceramic-vase-zz?done=made");
    t_get("/th/admin/products/ceramic-vase-zz?done=made");
    has_text(t_body(), "สร้างสินค้าแล้ว"); /* said in the reader's language */
    t_post("/admin/products", "name_en=Ceramic+Vase+Zz&status=draft&price_0_THB=250");
    t_status(422);
    t_text("Another product has this address already.");
    t_post("/admin/products/ceramic-vase-zz/options",
        "option=&option_name=Size+%7C+%E0%B8%82%E0%B8%99%E0%B8%B2%E0%B8%94&values=Small%0D%0ALarge");
    t_status(303);
    t_post("/admin/products/ceramic-vase-zz/options",
        "option=&option_name=Glaze&values=Blue%0AGreen%0ARed");
    t_status(303);
    eq_int(t_int("select count(*) as n from catalog.variant v join catalog.product p "
                 "on p.id = v.product_id where p.slug = 'ceramic-vase-zz' and v.active"),
        6);
    eq_int(t_int("select count(*) as n from catalog.price r join catalog.product p "
                 "on p.id = r.product_id where p.slug = 'ceramic-vase-zz' and amount = 25000"),
        6);
    t_get("/admin/products.json?q=vase+zz&status=draft");
    t_json("products.0.slug", "ceramic-vase-zz");
}

T(an_option_called_like_a_part_of_the_address_can_be_chosen)
{
    static const char *const names[] = { "Format", "Quantity", "Sort" };
    static const char *const codes[] = { "format", "quantity", "sort-2" };
    begin();
    as_staff_of(house, MEMBER);
    t_post("/admin/products",
        "name_en=Zz+Print&address=zz-print&status=published&tax_class=standard&price_0_THB=250");
    for (size_t i = 0; i < COUNT(names); i++) {
        t_post_f("/admin/products/zz-print/options", "option=&option_name=%s&values=One%%0ATwo",
            names[i]);
        t_status(303);
        t_get(str_fmt(t_ctx()->mem, "/products/zz-print.json?%s=two", codes[i]).p);
        t_json(str_fmt(t_ctx()->mem, "product.options.%zu.code", i).p, codes[i]);
        t_json(str_fmt(t_ctx()->mem, "product.options.%zu.values.1.isChosen", i).p, "true");
        t_get(str_fmt(t_ctx()->mem, "/products.json?%s=two", codes[i]).p);
        t_json("total", "1");
    }
    eq_err(save_err("{\"slug\":\"zz-x\",\"name\":{\"en\":\"x\"},\"options\":[{\"code\":\"sort\","
                    "\"name\":{\"en\":\"Sort\"},\"values\":[]}]}"),
        E_INPUT);
}

T(values_of_the_same_letters_are_not_the_same)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp/options",
        "option=&option_name=Grade&values=C%0AC%2B%2B%0Ac%0AC%23%0ARose%0ARos%C3%A9");
    t_status(303);
    eq_str(t_str("select string_agg(v.code || ' ' || (v.names ->> 'en'), ', ' order by v.position) "
                 "as s from catalog.option_value v join catalog.option o on o.id = v.option_id "
                 "where o.code = 'grade'"),
        "c C, c-2 C++, c-3 C#, rose Rose, rose-2 Rosé");
    t_post("/admin/products/zz-lamp/options", "option=grade&values=C%2B%2B");
    t_status(422); /* there already */
}

/* What a form does not show it takes away. */
T(a_product_stays_in_a_category_behind_hundreds_of_others)
{
    with_lamp();
    t_sql("insert into catalog.category (organisation_id, slug, position, names) select "
          "organisation_id, 'zz-many-' || n, -n, '{\"en\": \"Many\"}' from catalog.category, "
          "generate_series(1, 1020) n where slug = 'zz-inner'");
    as_staff_of(house, MEMBER);
    t_get("/admin/products/zz-lamp");
    t_html("input[name=category][value=zz-inner][checked]");
    t_html("input[name=category][value=zz-many-1020]"); /* of the others those that come first */
    t_no_html("input[name=category][value=zz-many-20]");
}

T(words_in_a_language_want_a_name_in_it)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&summary_vi=Sang" FORM_TAIL);
    t_status(422);
    t_html("input[name=name_vi][aria-invalid=true]");
    t_html("input[name=summary_vi][value=Sang]");
    eq_int(version(), 1);
}

/* A form has at most 200 fields. */
T(a_page_of_the_grid_can_be_saved_in_any_number_of_currencies)
{
    struct ctx *c = t_ctx();
    with_lamp();
    struct node *was = c->app->currencies, *more = node_list(c->mem);
    static const char *const codes[] = { "THB", "VND", "USD", "EUR", "SGD", "JPY" };
    for (size_t i = 0; i < COUNT(codes); i++)
        node_add_str(c->mem, more, str_of(codes[i]));
    as_staff_of(house, MEMBER);
    struct buf values = buf_new(c->mem, 1000), form = buf_new(c->mem, 20000);
    for (int i = 0; i < 20; i++)
        buf_fmt(&values, "v%d%%0A", i);
    t_post_f("/admin/products/zz-lamp/options", "option=&option_name=Zz+Tone&values=%.*s",
        STR(buf_str(&values)));
    t_status(303);
    c->app->currencies = more;
    t_get("/admin/products/zz-lamp");
    t_html("input[name=was_9_JPY]");
    t_no_html("input[name=sku_10]");
    t_html("a[href='/admin/products/zz-lamp?first=10']");
    for (int row = 0; row < 10; row++) {
        buf_fmt(&form, "&of_%d=x&sku_%d=ZZ-S%d&weight_%d=5", row, row, row, row);
        for (size_t i = 0; i < COUNT(codes); i++)
            buf_fmt(&form, "&price_%d_%s=7&was_%d_%s=9", row, codes[i], row, codes[i]);
    }
    t_post_f("/admin/products/zz-lamp", "version=2&name_en=Lamp%.*s" FORM_TAIL, STR(buf_str(&form)));
    c->app->currencies = was;
    t_status(303);
}

T(what_has_no_price_is_not_published)
{
    begin();
    as_staff_of(house, MEMBER);
    t_post("/admin/products", "name_en=Zz+Free&address=zz-free&status=published&price_0_THB=");
    t_status(422);
    t_text("Give it a price before you publish it");
    t_post("/admin/products", "name_en=Zz+Free&address=zz-free&status=draft&price_0_THB=");
    t_status(303);
    t_post("/admin/products/zz-free", "version=1&name_en=Zz+Free&status=published&price_0_VND=1000");
    t_status(303);
    t_post("/admin/products/zz-free", "version=2&name_en=Zz+Free&status=published&price_0_VND=");
    t_status(422);
    t_sql("delete from catalog.price r using catalog.variant v, catalog.product p where v.id = "
          "r.variant_id and p.id = v.product_id and p.slug = 'zz-free'");
    t_post("/admin/products/zz-free", "version=2&name_en=Zz+Fee&status=published&price_0_VND=");
    t_status(303); /* it is there already: what is wrong with its name can be mended */
}

static void finds(const char *q, bool it)
{
    t_get(str_fmt(t_ctx()->mem, "/admin/products.json?q=%s", q).p);
    t_status(200);
    eq_int(str_find(t_body(), S("\"zz-coffee\"")) >= 0, it);
}

/* As buyers are found it: without accents, and by any of its words. */
T(staff_find_a_product_by_its_words_or_the_begin_of_its_sku)
{
    begin();
    save("{\"slug\":\"zz-coffee\",\"status\":\"draft\",\"name\":{\"en\":\"Zzq\\u00e0 ph\\u00ea-bean\",\"th\":\"โคมไฟ\"},"
         "\"brand\":\"Qwyjibo\",\"options\":[],\"variants\":[{\"sku\":\"Zz_q7-10\",\"options\":{}}]}");
    as_staff_of(house, VIEWER);
    finds("zzqa%20phe", true);
    finds("ph%C3%AA-b", true); /* a piece of it */
    finds("bean%20ZZQ", true);
    finds("zzq", true);
    finds("zz_Q7-1", true);
    finds("zz_q7&status=draft", true);
    finds("zz_q7&status=published", false);
    finds("z%25-10", false);
    finds("qwyjibo", true);
    finds("%E0%B9%82%E0%B8%84%E0%B8%A1%E0%B9%84&status=draft", true); /* half typed */
    finds("zzqa%20tea", false);
    finds("%25%25", false);
    as_staff_of(house + 1000, OWNER);
    finds("zzqa", false);
}

T(stock_is_counted_against_what_the_form_showed)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp/stock", "item_0=ZZ-B&seen_0=3&on_hand_0=8");
    t_status(303);
    t_post("/admin/products/zz-lamp/stock", "item_0=ZZ-B&seen_0=3&on_hand_0=5");
    t_status(409);
    t_post("/admin/products/zz-lamp/stock", "item_0=ZZ-B&seen_0=8&on_hand_0=-1");
    t_status(422);
    eq_int(t_int("select s.on_hand as n from inventory.item i join inventory.stock s "
                 "on s.item_id = i.id where i.sku = 'ZZ-B'"),
        8);
}

/* Who empties it may mean that there is none left: "counted anew" would be no answer. */
T(an_emptied_count_is_asked_for_again)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp/stock", "item_0=ZZ-B&seen_0=3&on_hand_0=");
    t_status(422);
    t_html("input[name=on_hand_0][value=''][aria-invalid]");
    t_text("Stock is a whole number from 0 up.");
    t_post("/admin/products/zz-lamp/stock", "item_0=ZZ-B&seen_0=3"); /* of which nothing is said */
    t_status(303);
}

T(a_count_of_nothing_is_none)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp/stock", "first=0&sku_0=ZZ-B&stock_0=7");
    t_status(422);
    t_text("item_0, seen_0 and on_hand_0");
}

static void as_program(const char *path, const char *json)
{
    t_with("Accept", "application/json");
    t_post_json(path, json);
}

static i64 shelves(const char *slug)
{
    return t_int("select count(*) as n from catalog.product p join catalog.product_category k on"
                 " k.product_id = p.id where p.slug = '%s'",
        slug);
}

T(a_program_makes_and_changes_a_product_in_JSON_and_leaves_out_what_stays)
{
    begin();
    as_staff_of(house, MEMBER);
    as_program("/admin/products",
        "{\"name_en\":\"Zz Json\",\"address\":\"zz-json\",\"status\":\"draft\",\"price_0_THB\":1250}");
    t_status(422);
    t_text("as text, like");
    as_program("/admin/products",
        "{\"name_en\":\"Zz Json\",\"name_th\":\"แจกัน\",\"summary_th\":\"สวย\",\"address\":\"zz-json\","
        "\"status\":\"draft\",\"brand\":\"Kiln\",\"featured\":true,\"sku_0\":\"ZZ-J\",\"weight_0\":300,"
        "\"category\":[\"home\"],\"price_0_THB\":\"12.50\"}");
    t_status(200);
    as_program("/admin/products/zz-json", "{\"version\":1,\"status\":\"published\",\"summary_en\":\"Good\"}");
    t_status(200);
    eq_int(t_int("select count(*) as n from catalog.product p join catalog.product_text x on "
                 "x.product_id = p.id where p.slug = 'zz-json' and p.featured and p.brand = 'Kiln' and "
                 "p.status = 'published' and x.lang = 'th' "
                 "and x.name = 'แจกัน' and x.summary = 'สวย'"),
        1);
    eq_int(t_int("select r.amount as n from catalog.price r join catalog.variant v on v.id = "
                 "r.variant_id where v.sku = 'ZZ-J' and r.currency = 'THB'"),
        1250);
    eq_int(shelves("zz-json"), 1);
    as_program("/admin/products/zz-json", "{\"version\":2,\"featured\":false,\"brand\":\"\",\"name_en\":[]}");
    t_status(422);
    as_program("/admin/products/zz-json", "{\"version\":2,\"drop_0\":0}");
    t_status(422);
    as_program("/admin/products/zz-json", "{\"version\":2,\"featured\":0}");
    t_status(422);
    as_program("/admin/products/zz-json", "{\"version\":2,\"featured\":false,\"brand\":\"\"}");
    t_status(200);
    eq_int(t_int("select count(*) as n from catalog.product where slug = 'zz-json' and not featured "
                 "and brand = ''"),
        1);
    as_program("/admin/products/zz-json", "{\"version\":3,\"category\":[]}");
    t_status(200);
    eq_int(shelves("zz-json"), 0);
    as_program("/admin/products/zz-json/stock", "{\"item_0\":\"ZZ-J\",\"seen_0\":0,\"on_hand_0\":7}");
    t_status(200);
    as_program("/admin/products/zz-json/stock", "{}");
    t_status(422);
    eq_int(t_int("select s.on_hand as n from inventory.item i join inventory.stock s on s.item_id = "
                 "i.id where i.sku = 'ZZ-J'"),
        7);
}

/* It would believe that it is done. */
T(a_program_that_misspells_a_field_is_told_and_nothing_is_saved)
{
    static const struct {
        const char *body;
    } wrong[] = {
        { "{\"version\":1,\"stauts\":\"draft\"}" },
        { "{\"version\":1,\"price_0_thb\":\"9\"}" },
        { "{\"version\":1,\"price_0_EUR\":\"9\"}" },
        { "{\"version\":1,\"price_2_THB\":\"9\"}" },
        { "{\"version\":1,\"sku_-1\":\"X\"}" },
        { "{\"status\":\"draft\"}" },
        { "{\"version\":\"abc\",\"status\":\"draft\"}" },
    };
    with_lamp();
    as_staff_of(house, MEMBER);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        as_program("/admin/products/zz-lamp", wrong[i].body);
        t_status(422);
        eq_int(node_count(node_path(t_document(), S("fields"))), 1);
    }
    as_program("/admin/products/zz-lamp", "{\"version\":1,\"price0THB\":\"987.50\",\"nameEn\":\"Zz Light\"}");
    t_status(200);
    eq_int(t_int("select r.amount as n from catalog.price r join catalog.variant v on v.id = "
                 "r.variant_id where v.sku = 'ZZ-B' and r.currency = 'THB'"),
        98750);
    eq_int(t_int("select count(*) as n from catalog.product p join catalog.product_text x on "
                 "x.product_id = p.id where p.slug = 'zz-lamp' and x.name = 'Zz Light'"),
        1);
}

T(a_program_that_counts_what_is_not_there_is_told_which)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    as_program("/admin/products/zz-lamp/stock", "{\"item_0\":\"ZZ-NONE\",\"seen_0\":3,\"on_hand_0\":7}");
    t_status(422);
    t_json("fields.item0", "No variant of this product has this SKU.");
    as_program("/admin/products/zz-lamp/stock", "{\"item_0\":\"ZZ-B\",\"on_hand_0\":7}");
    t_status(422);
    t_json("fields.seen0", "Please send the stock that was seen before it was counted.");
    as_program("/admin/products/zz-lamp/stock", "{\"item_0\":\"ZZ-B\",\"seen_0\":3,\"on_hand_0\":7}");
    t_status(200);
}

static i64 free_prices(void)
{
    return t_int("select count(*) as n from catalog.price r join catalog.product p on p.id = r.product_id "
                 "where p.slug in ('zz-lamp', 'zz-gift') and r.amount = 0");
}

/* A slip of a finger gives goods away. */
T(a_price_of_nothing_is_asked_about_before_it_is_for_sale)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&price_0_THB=0&price_1_THB=900" FORM_TAIL);
    t_status(422);
    t_text("With a price of 0 it is given away to everybody.");
    t_html("input[name=free_0]");
    t_no_html("input[name=free_1]");
    t_html("input[name=price_0_THB][value='0']");
    eq_int(free_prices(), 0);
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&price_0_THB=0&was_0_THB=x&free_0=1" FORM_TAIL);
    t_status(422);
    t_html("input[name=free_0][checked]"); /* what was ticked stays */
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&price_0_THB=0&free_0=1" FORM_TAIL);
    t_status(303);
    eq_int(free_prices(), 1);
    t_post("/admin/products/zz-lamp", "version=2&name_en=Light&price_0_THB=0.00" FORM_TAIL); /* known */
    t_status(303);
    t_post("/admin/products/zz-lamp", "version=3&name_en=Light&price_0_USD=0" FORM_TAIL); /* another */
    t_status(422);
}

T(a_draft_may_cost_nothing_until_it_is_published)
{
    begin();
    as_staff_of(house, MEMBER);
    t_post("/admin/products", "name_en=Zz+Gift&status=published&price_0_THB=0");
    t_status(422);
    t_html("input[name=free_0]");
    t_post("/admin/products", "name_en=Zz+Gift&status=draft&price_0_THB=0");
    t_status(303);
    as_program("/admin/products/zz-gift", "{\"version\":1,\"status\":\"published\"}");
    t_status(422);
    t_json("fields.free0", "With a price of 0 it is given away to everybody. Is that meant? Then tick this.");
    as_program("/admin/products/zz-gift", "{\"version\":1,\"status\":\"published\",\"free_0\":1}");
    t_status(422);
    as_program("/admin/products/zz-gift", "{\"version\":1,\"status\":\"published\",\"free0\":true}");
    t_status(200);
    as_program("/admin/products/zz-gift", "{\"version\":2,\"brand\":\"Q\"}");
    t_status(200);
    eq_int(free_prices(), 1);
}

T(what_costs_nothing_on_another_page_of_the_grid_is_asked_about_too)
{
    struct buf values = buf_new(t_ctx()->mem, 1000);
    with_lamp();
    as_staff_of(house, MEMBER);
    for (int i = 0; i < 20; i++)
        buf_fmt(&values, "v%d%%0A", i);
    t_post_f("/admin/products/zz-lamp/options", "option=&option_name=Zz+Tone&values=%.*s",
        STR(buf_str(&values)));
    t_status(303);
    t_sql("update catalog.product set status = 'draft' where slug = 'zz-lamp'");
    t_sql("update catalog.price r set amount = 0, compare_at = null from catalog.variant v, catalog.product p "
          "where v.id = r.variant_id and p.id = v.product_id and p.slug = 'zz-lamp' and v.position = 30");
    t_post("/admin/products/zz-lamp", "version=2&name_en=Lamp" FORM_TAIL);
    t_status(422);
    t_html("input[name=free_others]");
    t_post("/admin/products/zz-lamp", "version=2&name_en=Lamp&free_others=1" FORM_TAIL);
    t_status(303);
}

/* A count of a whole shelf is an hour's work. */
T(a_count_with_one_wrong_figure_comes_back_whole)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp/stock",
        "item_0=ZZ-B&seen_0=3&on_hand_0=71&item_1=ZZ-W&seen_1=0&on_hand_1=1%2C5");
    t_status(422);
    t_html("input[name=on_hand_0][value=71]");
    t_html("input[name=on_hand_1][value='1,5'][aria-invalid]");
    t_text("Stock is a whole number from 0 up.");
    eq_int(t_int("select s.on_hand as n from inventory.item i join inventory.stock s "
                 "on s.item_id = i.id where i.sku = 'ZZ-B'"),
        3);
    /* One was sold meanwhile: only that one is to be counted again. */
    t_post("/admin/products/zz-lamp/stock",
        "item_0=ZZ-B&seen_0=4&on_hand_0=72&item_1=ZZ-W&seen_1=0&on_hand_1=15");
    t_status(409);
    t_html("input[name=on_hand_0][value=3][aria-invalid]");
    t_html("input[name=seen_0][value=3]");
    t_html("input[name=on_hand_1][value=15]");
    t_text("You counted 72, but 3 are booked now and not 4: count it again.");
}

static str pictures_of_lamp(void)
{
    return t_str("select coalesce(string_agg(left(m.stem, 1) || coalesce(x.alts ->> 'en', ''), ' '"
                 " order by x.position), '') as s from catalog.product p join catalog.product_picture x"
                 " on x.product_id = p.id join media.picture m on m.id = x.picture_id"
                 " where p.slug = 'zz-lamp'");
}

static void hang_pictures(int n)
{
    for (int i = 0; i < n; i++) {
        t_sql("insert into media.picture (organisation_id, stem, width, height, widths) values "
              "(%" PRId64 ", repeat('%c', 16), 800, 600, '{400,800}')", house, 'a' + i);
        t_sql("insert into catalog.product_picture (product_id, picture_id, organisation_id, position)"
              " select p.id, m.id, p.organisation_id, %d from catalog.product p, media.picture m where"
              " p.slug = 'zz-lamp' and m.stem = repeat('%c', 16)", i + 1, 'a' + i);
    }
}

/* How many variants a cart shows otherwise than the catalogue has them, in any language and currency. */
static i64 mislabelled(void)
{
    return t_int(
        "with ways as (select * from unnest('{en,th,vi}'::text[]) l(lang), unnest('{THB,USD,VND}'::text[])"
        " m(code)), shown as ("
        " select lang, code, row(f.id, f.product_id, f.organisation_id, f.item_id, f.sku, f.slug, f.name,"
        "  f.tax_class, f.weight_g, f.price, f.compare_at, f.tracked, f.active, f.options, f.stem, f.width,"
        "  f.height, f.widths, f.alt)::text from ways"
        "  cross join catalog.for_cart(array(select id from catalog.variant), lang, code) f"
        "), meant as ("
        " select lang, code, row(v.id, p.id, v.organisation_id, v.item_id, v.sku, p.slug, t.name,"
        "  p.tax_class, v.weight_g, r.amount, r.compare_at, i.tracked, v.active, coalesce(("
        "   select string_agg(base.said(o.names, lang), ', ' order by u.place)"
        "     from unnest(v.value_ids) with ordinality u(id, place)"
        "     join catalog.option_value o on o.id = u.id), ''), m.stem, m.width, m.height, m.widths,"
        "  coalesce(nullif(base.said(pp.alts, lang), ''), t.name))::text"
        "  from ways cross join catalog.variant v"
        "  join catalog.product p on p.id = v.product_id and p.status = 'published'"
        "  join inventory.item i on i.id = v.item_id"
        "  cross join lateral (select x.name from catalog.product_text x where x.product_id = p.id"
        "   order by x.lang = ways.lang desc, x.lang = 'en' desc, x.lang limit 1) t"
        "  left join catalog.price r on r.variant_id = v.id and r.currency = code"
        "  left join lateral (select y.picture_id, y.alts from catalog.product_picture y"
        "   where y.product_id = p.id order by y.value_id is not null and y.value_id = any(v.value_ids)"
        "   desc, y.position limit 1) pp on true"
        "  left join media.picture m on m.id = pp.picture_id"
        ") select (select count(*) from (table shown except table meant) a)"
        "       + (select count(*) from (table meant except table shown) b) as n");
}

static str shown(const char *sku, const char *lang)
{
    return t_str("select concat_ws('|', f.name, f.options, f.price, f.weight_g, f.active, left(f.stem, 1),"
                 " f.alt) as s from catalog.variant v, catalog.for_cart(array[v.id], '%s', 'THB') f"
                 " where v.sku = '%s'", lang, sku);
}

T(a_cart_shows_what_the_catalogue_says)
{
    with_lamp();
    eq_int(mislabelled(), 0);
    eq_str(shown("ZZ-B", "en"), "Zzyzx lamp|Black|100000|0|t|Zzyzx lamp");
    eq_str(shown("ZZ-W", "th"), "โคมไฟทดสอบซิกซ์|White|90000|0|t|โคมไฟทดสอบซิกซ์");
    hang_pictures(2);
    t_sql("update catalog.product_picture x set alts = '{\"en\": \"On white\", \"th\": \"ขาว\"}',"
          " value_id = o.id from catalog.option_value o where o.code = 'white' and x.position = 2"
          " and o.product_id = x.product_id and x.product_id = (select id from catalog.product where"
          " slug = 'zz-lamp')");
    save("{\"slug\":\"zz-lamp\",\"keep_others\":true,\"tax_class\":\"reduced\",\"name\":{\"en\":"
         "\"Lamp\",\"vi\":\"Đèn\"},\"options\":[{\"code\":\"zzcolour\",\"name\":{\"en\":\"Colour\"},"
         "\"values\":[{\"code\":\"black\",\"name\":{\"en\":\"Black\",\"vi\":\"Đen\"}},{\"code\":\"white\","
         "\"name\":{\"en\":\"White\"}}]}],\"variants\":[{\"sku\":\"ZZ-B\",\"weight_g\":700,\"options\":"
         "{\"zzcolour\":\"black\"},\"prices\":{\"THB\":80000}}]}");
    eq_int(mislabelled(), 0);
    eq_str(shown("ZZ-B", "vi"), "Đèn|Đen|80000|700|t|a|Đèn");
    eq_str(shown("ZZ-W", "en"), "Lamp|White|90000|0|t|b|On white");
    save("{\"slug\":\"zz-lamp\",\"name\":{\"en\":\"L\"},\"options\":[{\"code\":\"zzcolour\",\"name\":"
         "{\"en\":\"Colour\"},\"values\":[{\"code\":\"black\",\"name\":{\"en\":\"Black\"}}]}],"
         "\"variants\":[{\"sku\":\"ZZ-B\",\"options\":{\"zzcolour\":\"black\"}}]}");
    eq_int(mislabelled(), 0);
    eq_int(t_int("select active::int as n from catalog.label where sku = 'ZZ-W'"), 0);
    save(LAMP("draft", "3"));
    eq_int(mislabelled(), 0);
    eq_int(t_int("select count(*) as n from catalog.label where sku like 'ZZ-_'"), 0);
}

/* A button pressed twice means the same picture, wherever it stands by then. */
T(a_picture_is_meant_and_not_its_place)
{
    with_lamp();
    hang_pictures(4);
    as_staff_of(house, MEMBER);
    t_get("/admin/products/zz-lamp");
    t_html("input[name=stem][value=aaaaaaaaaaaaaaaa]");
    for (int i = 0; i < 2; i++) {
        t_post("/admin/products/zz-lamp/pictures/1/delete", "stem=aaaaaaaaaaaaaaaa");
        t_status(303);
        eq_str(pictures_of_lamp(), "b c d");
    }
    for (int i = 0; i < 2; i++) {
        t_post("/admin/products/zz-lamp/pictures/3", "stem=dddddddddddddddd&alt_en=Last&to_front=1");
        t_status(303);
        eq_str(pictures_of_lamp(), "dLast b c");
    }
    t_post("/admin/products/zz-lamp/pictures/2/delete", ""); /* as programs ask for it */
    eq_str(pictures_of_lamp(), "dLast c");
}

/* ---- two at once: committed, by connections of their own, in a shop of their own and as a draft;
 * the check's stack is thrown away ---------------------------------------------------------------- */

static struct ctx apart(void)
{
    struct ctx c = *t_ctx();
    c.pg = app_pg(c.app, c.mem);
    c.fault = (struct fault){ 0 };
    c.scope = (struct scope){ .platform = true };
    return c;
}

/* zz-both: THB 1,000, three of them there. */
static struct ctx with_both(void)
{
    struct catalog_report report;
    begin();
    struct ctx c = apart();
    must(auth_organisation_add(&c, S("t-both"), S("Both"), &house));
    must(pg_begin(&c));
    must(pg_end(&c, catalog_save(&c, house,
        read_doc("{\"slug\":\"zz-both\",\"status\":\"draft\",\"name\":{\"en\":\"Both\"},"
                 "\"options\":[],\"variants\":[{\"sku\":\"ZZ-BOTH\",\"options\":{},"
                 "\"prices\":{\"THB\":100000}}],\"pictures\":[]}"), &report)));
    must(inventory_set(&c, house, t_item(&c, house, S("ZZ-BOTH")), 3, S("corrected"),
        str_fmt(c.mem, "t:%" PRId64, when_now())));
    as_staff_of(house, MEMBER);
    return c;
}

#define PICTURE "\x89PNG\r\n\x1a\n 24 bytes, or none is looked at"
#define PART_OF_UPLOAD                                                                             \
    "--x\r\nContent-Disposition: form-data; name=\"pictures\"; filename=\"a.png\"\r\n"              \
    "Content-Type: image/png\r\n\r\n" PICTURE "\r\n"
#define UPLOAD PART_OF_UPLOAD "--x--\r\n"
#define PICTURES_OF_LAMP                                                                           \
    "select count(*) as n from catalog.product_picture x join catalog.product p"                   \
    " on p.id = x.product_id where p.slug = 'zz-lamp'"

/* Instead of talat-image, while which somebody else changes the price. */
static const char *slow_pictures(struct ctx *c)
{
    const char *path = t_file(str_fmt(c->mem,
        "#!/bin/sh\nfile=$1 dir=$2 stem=$3; shift 3\n"
        "for width; do echo x > \"$dir/$stem-$width.webp\"; done\n"
        "psql -Xqt \"%.*s\" -c \"set app.platform = 'on'\" -c \"update catalog.price r set amount = 125000"
        " from catalog.variant v where v.id = r.variant_id and v.sku = 'ZZ-BOTH'\" || exit 9\n"
        "echo 1 1\n",
        STR(conf_str(c->app->conf, "pg", str_none))));
    chmod(path, 0755);
    return path;
}

T(a_price_that_was_changed_while_pictures_were_made_stays)
{
    struct ctx c = with_both();
    str program = c.app->image_program;
    c.app->image_program = str_of(slow_pictures(&c));
    t_send("POST", "/admin/products/zz-both/pictures", "multipart/form-data; boundary=x",
        S(UPLOAD));
    c.app->image_program = program;
    t_status(303);
    eq_int(t_int("select count(*) as n from catalog.product_picture pp join catalog.product p "
                 "on p.id = pp.product_id where p.slug = 'zz-both'"), 1);
    eq_int(t_int("select r.amount as n from catalog.price r join catalog.variant v "
                 "on v.id = r.variant_id where v.sku = 'ZZ-BOTH'"), 125000);
    pg_close(c.pg);
}

/* "Upload" pressed twice, or once more after a lost answer; and the same file chosen twice. */
T(the_same_picture_is_not_hung_twice_unless_for_another_choice)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    struct ctx *c = t_ctx();
    str program = c->app->image_program;
    c->app->image_program = str_of(slow_pictures(c));
    for (int i = 0; i < 2; i++) {
        t_send("POST", "/admin/products/zz-lamp/pictures", "multipart/form-data; boundary=x",
            S(PART_OF_UPLOAD UPLOAD));
        t_status(303);
        eq_int(t_int(PICTURES_OF_LAMP), 1);
    }
    t_send("POST", "/admin/products/zz-lamp/pictures", "multipart/form-data; boundary=x",
        S("--x\r\nContent-Disposition: form-data; name=\"tag\"\r\n\r\nzzcolour=white\r\n" UPLOAD));
    t_status(303);
    eq_int(t_int(PICTURES_OF_LAMP), 2);
    c->app->image_program = program;
}

/* Sells one, slowly. */
static int sell_one(int ready)
{
    struct ctx c = apart();
    if (pg_begin(&c) ||
        inventory_set(&c, house, t_item(&c, house, S("ZZ-BOTH")), 2, S("corrected"),
            str_fmt(c.mem, "t:%" PRId64, when_now())))
        return 1;
    if (write(ready, "", 1) != 1)
        return 2;
    usleep(500 * 1000);
    return pg_end(&c, E_OK) ? 3 : 0;
}

T(what_is_booked_while_a_count_is_put_in_is_not_undone_by_it)
{
    struct ctx c = with_both();
    int ready[2], status, pid;
    char byte;
    eq_int(pipe(ready), 0);
    if (!(pid = fork()))
        _exit(sell_one(ready[1]));
    eq_int(read(ready[0], &byte, 1), 1);
    t_post("/admin/products/zz-both/stock", "item_0=ZZ-BOTH&seen_0=3&on_hand_0=10");
    eq_int(waitpid(pid, &status, 0), pid);
    eq_int(status, 0);
    t_status(409);
    t_text("You counted 10, but 2 are booked now and not 3: count it again.");
    close(ready[0]);
    close(ready[1]);
    pg_close(c.pg);
}

/* Marks it down from 1,500, slowly. */
static int mark_down(int ready)
{
    struct catalog_report done;
    struct ctx c = apart();
    if (pg_begin(&c) ||
        catalog_save(&c, house,
            read_doc("{\"slug\":\"zz-both\",\"name\":{\"en\":\"Both\"},\"keep_others\":true,"
                     "\"options\":[],\"variants\":[{\"sku\":\"ZZ-BOTH\",\"options\":{},"
                     "\"prices\":{\"THB\":100000},\"compare_at\":{\"THB\":150000}}]}"), &done))
        return 1;
    if (write(ready, "", 1) != 1)
        return 2;
    usleep(500 * 1000);
    return pg_end(&c, E_OK) ? 3 : 0;
}

T(what_is_saved_while_a_file_comes_in_is_kept_by_it)
{
    struct ctx c = with_both();
    struct buf report = buf_new(c.mem, 10000);
    struct import_totals totals;
    int ready[2], status, pid;
    char byte;
    eq_int(pipe(ready), 0);
    if (!(pid = fork()))
        _exit(mark_down(ready[1]));
    eq_int(read(ready[0], &byte, 1), 1);
    must(catalog_import(t_ctx(),
        &(struct import_wish){ .organisation = house, .format = S("vendure"), .currency = S("THB") },
        S("name,slug,price,sku\nBoth,zz-both,900,ZZ-BOTH\n"), &report, &totals));
    eq_int(waitpid(pid, &status, 0), pid);
    eq_int(status, 0);
    eq_int(totals.changed, 1);
    eq_str(t_str("select r.amount || ' ' || coalesce(r.compare_at, 0) as s from catalog.price r join "
                 "catalog.variant v on v.id = r.variant_id where v.sku = 'ZZ-BOTH'"), "90000 150000");
    close(ready[0]);
    close(ready[1]);
    pg_close(c.pg);
}

#define PAIR(first, second)                                                                        \
    "{\"slug\":\"zz-pair\",\"status\":\"draft\",\"name\":{\"en\":\"Pair\"},\"keep_others\":true,\"options\":[{"     \
    "\"code\":\"n\",\"name\":{\"en\":\"N\"},\"values\":[{\"code\":\"a\",\"name\":{\"en\":\"A\"}},{\"code\":\"b\","     \
    "\"name\":{\"en\":\"B\"}}]}],\"variants\":[" first "," second "]}"
#define ONE_OF_PAIR(sku, value, stock)                                                             \
    "{\"sku\":\"" sku "\",\"options\":{\"n\":\"" value "\"},\"prices\":{\"THB\":100},\"stock\":" stock "}"

/* zz-pair: ZZ-PAIR-A is an item before ZZ-PAIR-B, nine of each. */
static struct ctx with_pair(i64 items[2])
{
    struct ctx c = with_both();
    struct catalog_report report;
    must(pg_begin(&c));
    must(pg_end(&c, catalog_save(&c, house, read_doc(PAIR(ONE_OF_PAIR("ZZ-PAIR-A", "a", "9"),
        ONE_OF_PAIR("ZZ-PAIR-B", "b", "9"))), &report)));
    items[0] = t_item(&c, house, S("ZZ-PAIR-A"));
    items[1] = t_item(&c, house, S("ZZ-PAIR-B"));
    is_true(items[0] < items[1]);
    return c;
}

/* Until somebody waits for what this transaction has taken. */
static int until_waited_for(struct ctx *c)
{
    return pg_script(c, S("do $$ begin for n in 1..400 loop exit when exists (select from pg_locks l"
        " where not l.granted and l.transactionid = pg_current_xact_id()::xid);"
        " perform pg_sleep(0.01); end loop; end $$"));
}

static int hold_one(struct ctx *c, i64 order, i64 item)
{
    struct inventory_want want = { item, 1, S("pair") };
    return inventory_hold(c, order, &want, 1, when_now() + MINUTE);
}

/* An order of both, in the order of the items, slowly. */
static int buy_both(const i64 *items, int ready)
{
    struct ctx c = apart();
    i64 order = when_now();
    if (pg_begin(&c) || hold_one(&c, order, items[0]))
        return 1;
    if (write(ready, "", 1) != 1)
        return 2;
    if (until_waited_for(&c) || hold_one(&c, order, items[1]))
        return 3;
    return pg_end(&c, E_MISSING) == E_MISSING ? 0 : 4;
}

T(who_saves_a_product_and_who_buys_it_do_not_wait_for_each_other)
{
    i64 items[2];
    struct ctx c = with_pair(items);
    struct catalog_report report;
    int ready[2], status, pid;
    char byte;
    eq_int(pipe(ready), 0);
    if (!(pid = fork()))
        _exit(buy_both(items, ready[1]));
    eq_int(read(ready[0], &byte, 1), 1);
    must(pg_begin(&c));
    must(pg_end(&c, catalog_save(&c, house, read_doc(PAIR(ONE_OF_PAIR("ZZ-PAIR-B", "b", "8"),
        ONE_OF_PAIR("ZZ-PAIR-A", "a", "8"))), &report)));
    eq_int(waitpid(pid, &status, 0), pid);
    eq_int(status, 0);
    close(ready[0]);
    close(ready[1]);
    pg_close(c.pg);
}

/* Books one of it, and then asks for the product that the import holds: of the two the import, which
 * waits for longer, is mostly the one that is told to begin anew. */
static int stand_in_the_way(i64 item, int ready)
{
    struct ctx c = apart();
    struct node *row;
    if (pg_begin(&c) || hold_one(&c, when_now(), item))
        return 1;
    if (write(ready, "", 1) != 1)
        return 2;
    c.scope.organisation = house;
    if (until_waited_for(&c) || q_catalog_find(&c, &row, S("zz-pair")))
        return 3;
    return pg_end(&c, E_MISSING) == E_MISSING ? 0 : 4;
}

T(an_import_that_somebody_stood_in_the_way_of_goes_on)
{
    i64 items[2];
    struct ctx c = with_pair(items);
    struct import_totals totals;
    int ready[2], status = -1, pid, stock = 2;
    char byte;
    eq_int(pipe(ready), 0);
    for (; status && stock < 8; stock++) { /* 3: it was told so itself, which proves nothing */
        struct buf report = buf_new(c.mem, 10000);
        if (!(pid = fork()))
            _exit(stand_in_the_way(items[1], ready[1]));
        eq_int(read(ready[0], &byte, 1), 1);
        c.scope = (struct scope){ .organisation = house };
        must(catalog_import(&c,
            &(struct import_wish){ .organisation = house, .format = S("vendure"), .currency = S("THB") },
            str_fmt(c.mem, "name,slug,optionGroups,optionValues,price,sku,stockOnHand\n"
                           "Pair,zz-pair,N,A,2,ZZ-PAIR-A,%d\n,,,B,2,ZZ-PAIR-B,%d\n", stock, stock),
            &report, &totals));
        eq_int(waitpid(pid, &status, 0), pid);
        eq_int(totals.failed, 0);
        is_true(!status || WEXITSTATUS(status) == 3);
    }
    eq_int(status, 0);
    eq_int(t_int("select sum(on_hand)::bigint as n from inventory.stock where item_id in (%" PRId64
                 ", %" PRId64 ")", items[0], items[1]), 2 * stock - 2);
    close(ready[0]);
    close(ready[1]);
    pg_close(c.pg);
}

T(what_was_typed_of_an_option_comes_back)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_get("/th/admin/products/zz-lamp/options"); /* the address of a page that answered a form */
    t_status(405);
    t_html("a[href='/th/admin/products/zz-lamp']");
    t_post("/admin/products/zz-lamp/options", "option=&option_name=&values=Tall%0AWide");
    t_status(422);
    t_text("Tall\nWide</textarea>");
    has_text(t_body(), "<option value=\"\" selected>");
    t_post("/admin/products/zz-lamp/options", "option=&option_name=Size+%7C+x&values=");
    t_status(422);
    t_html("input[name=option_name][value='Size | x']");
}

/* ---- names of options and of their values
 * --------------------------------------------------------------- */

#define NAMES "/admin/products/zz-lamp/options/zzcolour"

static str variants_there_are(void)
{
    return t_str("select string_agg(concat_ws(' ', v.id, v.sku, v.item_id, v.active, v.value_ids, v.tags, "
                 "k.on_hand, k.reserved, r.amount), ', ' order by v.id) as s from catalog.product p "
                 "join catalog.variant v on v.product_id = p.id "
                 "left join inventory.stock k on k.item_id = v.item_id "
                 "left join catalog.price r on r.variant_id = v.id and r.currency = 'THB' "
                 "where p.slug = 'zz-lamp'");
}

static bool body_says(const char *what) { return str_find(t_body(), str_of(what)) >= 0; }

/* Who has a variant in the cart, or a filter's address, keeps it. */
T(a_misspelt_option_and_its_values_are_called_anew_and_stay_what_they_are)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    str before = variants_there_are();
    i64 told = t_int("select count(*) as n from work.outbox where kind = 'product.changed'");
    t_get("/admin/products/zz-lamp?option=zzcolour");
    t_html("form[action='" NAMES "'][data-keep]");
    t_html("input[name=value_en][value=Black]");
    t_post(NAMES, "version=1&option_name_en=Zz+Tint&option_name_th=%E0%B8%AA%E0%B8%B5&option_name_vi=&value=black&value_en=Zzebony"
                  "&value_th=%E0%B8%94%E0%B8%B3&value_vi=&value=white&value_en=White&value_th=&value_vi=Zztrang");
    t_status(303);
    t_header("Location", "/admin/products/zz-lamp?done=names");
    eq_str(variants_there_are(), before);
    eq_int(version(), 2);
    eq_int(t_int("select count(*) as n from work.outbox where kind = 'product.changed'"), told + 1);
    t_get("/products/zz-lamp.json");
    t_json("product.options.0.code", "zzcolour");
    t_json("product.options.0.name", "Zz Tint");
    t_json("product.options.0.values.0.code", "black");
    t_json("product.options.0.values.0.name", "Zzebony");
    t_get("/vi/products/zz-lamp.json");
    t_json("product.options.0.name", "Zz Tint"); /* none of its own */
    t_json("product.options.0.values.1.name", "Zztrang");
    t_get("/products.json?zzcolour=black");
    t_json("total", "1");
    is_true(body_says("\"Zzebony\""));
    is_false(body_says("\"Black\""));
    t_get("/search.json?q=zzebony");
    t_json("total", "1");
    i64 variant = t_int("select id as n from catalog.variant where sku = 'ZZ-B'");
    struct node *rows;
    must(catalog_variants(t_ctx(), &variant, 1, &rows));
    eq_str(node_str(&node_first(rows)->node, "options"), "Zzebony");
    t_post(NAMES, "version=2&option_name_en=Zz+Tint"); /* as it is */
    t_status(303);
    eq_int(version(), 2);
}

T(names_typed_over_somebody_elses_are_told_and_kept)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    is_true(save(LAMP("draft", "3")).changed);
    t_post(NAMES, "version=1&option_name_en=Hue&value=black&value_en=Ebony&value_th=&value_vi=");
    t_status(409);
    t_text("Somebody else has changed this product meanwhile.");
    t_html("input[name=option_name_en][value=Hue]");
    t_html("input[name=value_en][value=Ebony]");
    t_html("input[name=version][value='2']");
    eq_int(version(), 2);
    t_post(NAMES, "version=1&option_name_en=&value=black&value_en=Ebony&value_th=&value_vi=");
    t_status(409);
    t_post(NAMES, "version=2&option_name_en=Hue&value=black&value_en=Ebony&value_th=&value_vi=");
    t_status(303);
}

T(a_name_that_cannot_be_comes_back_with_a_word_beside_it)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post(NAMES, "version=1&option_name_en=&option_name_th=x&value=black&value_en=WHITE&value=white&value_en=White");
    t_status(422);
    t_html("details.names[open]");
    t_html("input[name=option_name_en][aria-invalid=true]");
    t_html("input[name=option_name_th][value=x]");
    t_html("input[name=value_en][value=WHITE][aria-invalid=true]");
    t_no_html("input[name=value_en][value=White][aria-invalid=true]");
    t_text("Another one is called so already.");
    t_post(NAMES, "version=1&value=black&value_en=&value_th=x");
    t_status(422);
    t_html("input[name=value_en][value=''][aria-invalid=true]");
    t_post(NAMES, "version=1&option_name_en=Hue&value=black&value_en=White&value=white&value_en=Black");
    t_status(303); /* they take each other's */
    t_post(NAMES, "version=2&option_name_en=Hue&value=grey&value_en=Grey");
    t_status(422);
    t_post("/admin/products/zz-lamp/options/none", "version=2&option_name_en=Hue");
    t_status(404);
    as_staff_of(house, VIEWER);
    t_post(NAMES, "version=2&option_name_en=Hue");
    t_status(403);
    as_staff_of(house + 1000, OWNER);
    t_post(NAMES, "version=2&option_name_en=Hue");
    t_status(404);
}

/* The form that is wrong was read before; saved once more it must not undo what it has not seen. */
T(a_form_that_comes_back_as_wrong_is_as_old_as_it_was)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    is_true(save(LAMP("draft", "3")).changed);
    t_post("/admin/products/zz-lamp", "version=1&name_en=" FORM_TAIL);
    t_status(422);
    t_html("input[name=version][value='1']");
    t_post("/admin/products/zz-lamp", "version=1&name_en=My+lamp" FORM_TAIL);
    t_status(409);
    t_html("input[name=version][value='2']");
}

T(a_value_no_variant_has_is_taken_away_and_another_is_not)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_sql("insert into catalog.option_value (option_id, product_id, organisation_id, code, position, names) "
          "select id, product_id, organisation_id, 'zzgrey', 3, '{\"en\": \"Grey\"}' from catalog.option "
          "where code = 'zzcolour'");
    t_get("/admin/products/zz-lamp?option=zzcolour");
    t_html("input[name=drop][value=zzgrey]");
    t_no_html("input[name=drop][value=black]");
    t_post(NAMES, "version=1&drop=black");
    t_status(422);
    t_text("A value that a variant has goes with its last variant.");
    t_post(NAMES, "version=1&drop=zzgrey");
    t_status(303);
    eq_str(t_str("select string_agg(v.code, ' ' order by v.position) as s from catalog.option_value v "
                 "join catalog.option o on o.id = v.option_id where o.code = 'zzcolour'"),
        "black white");
}

T(an_option_goes_when_no_two_variants_differ_by_it)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post(NAMES "/delete", "version=1");
    t_status(409);
    t_text("Variants differ by this option.");
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&of_1=ZZ-W&drop_1=1" FORM_TAIL);
    t_status(303);
    i64 variant = t_int("select id as n from catalog.variant where sku = 'ZZ-B' and active");
    t_post(NAMES "/delete", "version=1");
    t_status(409);
    t_text("Somebody else has changed this product meanwhile.");
    t_post(NAMES "/delete", "version=2");
    t_status(303);
    eq_int(t_int("select count(*) as n from catalog.option where code = 'zzcolour'"), 0);
    eq_int(t_int("select id as n from catalog.variant where sku = 'ZZ-B' and active and tags = '{}' and "
                 "value_ids = '{}'"), variant);
    eq_int(t_int("select s.on_hand as n from inventory.item i join inventory.stock s on s.item_id = i.id "
                 "where i.sku = 'ZZ-B'"), 3);
    t_get("/products/zz-lamp.json");
    eq_int(node_count(node_path(t_document(), S("product.options"))), 0);
}

T(a_program_calls_values_anew_and_what_it_leaves_out_stays)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    as_program(NAMES, "{\"option_name_en\":\"Hue\"}");
    t_status(422);
    t_json("fields.version", "Please send the version that was read with the product.");
    as_program(NAMES, "{\"version\":1,\"value\":[\"white\"],\"valueTh\":[\"ขาว\"]}");
    t_status(200);
    t_get("/admin/products/zz-lamp.json");
    t_json("product.options.0.names.en", "Colour");
    t_json("product.options.0.mayGo", "false");
    t_json("product.options.0.values.1.names.en", "White");
    t_json("product.options.0.values.1.names.th", "ขาว");
    as_program(NAMES, "{\"version\":2,\"value\":[\"white\",\"black\"],\"valueVi\":[\"Trang\"]}");
    t_status(422);
    t_json("fields.valueVi", "Please send these for each row, and in the same order.");
    as_program(NAMES, "{\"version\":2,\"value\":[\"white\",\"grey\"],\"valueEn\":[\"Ivory\",\"Grey\"]}");
    t_status(422);
    is_true(body_says("\"value.1\":\"This option has no such value.\""));
}

/* "red" may be what "Crimson" is called inside. */
T(a_value_called_anew_is_not_made_a_second_time)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post(NAMES, "version=1&value=black&value_en=Ebony");
    t_status(303);
    t_post("/admin/products/zz-lamp/options", "option=zzcolour&option_name=&values=ebony");
    t_status(422);
    t_post("/admin/products/zz-lamp/options", "option=zzcolour&option_name=&values=Black");
    t_status(303);
    eq_str(t_str("select string_agg(v.code || ' ' || (v.names ->> 'en'), ', ' order by v.position) as s "
                 "from catalog.option_value v join catalog.option o on o.id = v.option_id "
                 "where o.code = 'zzcolour'"),
        "black Ebony, white White, black-2 Black");
}

/* A form has at most 200 fields. */
T(names_of_many_values_stand_on_several_pages)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_sql("insert into catalog.option_value (option_id, product_id, organisation_id, code, position, names) "
          "select id, product_id, organisation_id, 'v' || n, n + 2, jsonb_build_object('en', 'Zzv' || n) "
          "from catalog.option, generate_series(1, 60) n where code = 'zzcolour'");
    t_get("/admin/products/zz-lamp");
    t_no_html("input[name=value_en]");
    t_html("a[href='/admin/products/zz-lamp?option=zzcolour#names-zzcolour']");
    t_get("/admin/products/zz-lamp?option=zzcolour");
    t_html("input[name=value_en][value=Zzv34]");
    t_no_html("input[name=value_en][value=Zzv35]");
    t_html("a[href='/admin/products/zz-lamp?option=zzcolour&amp;from=36#names-zzcolour']");
    t_get("/admin/products/zz-lamp?option=zzcolour&from=36");
    t_html("details.names[open]");
    t_html("input[name=value_en][value=Zzv35]");
    t_no_html("input[name=value_en][value=Zzv34]");
    struct buf form = buf_new(t_ctx()->mem, 10000);
    buf_add(&form, S("version=1&from=36&option_name_en=&option_name_th=&option_name_vi="));
    for (int n = 35; n < 61; n++)
        buf_fmt(&form, "&value=v%d&value_en=Zzw%d&value_th=&value_vi=&drop=v%d", n, n, n);
    t_post(NAMES, str_c(t_ctx()->mem, buf_str(&form)));
    t_status(422);
    t_html("input[name=value_en][value=Zzw35]");
    t_html("input[name=drop][value=v60][checked]");
}

/* ---- details
 * ---------------------------------------------------------------------------------------------- */

#define DETAILS "/admin/products/zz-lamp/details"

static str details_of_lamp(void)
{
    return t_str("select string_agg(concat_ws('|', d -> 'name' ->> 'en', d -> 'name' ->> 'th', d -> 'value' ->> "
                 "'en', d -> 'value' ->> 'vi'), ', ' order by n) as s from catalog.product p "
                 "cross join lateral jsonb_array_elements(p.specs) with ordinality as x(d, n) "
                 "where p.slug = 'zz-lamp'");
}

static const char *detail_key(int n)
{
    t_get("/admin/products/zz-lamp.json");
    str at = str_fmt(t_ctx()->mem, "product.details.%d.key", n);
    return str_c(t_ctx()->mem, node_path(t_document(), at)->as.text);
}

T(details_of_a_product_are_changed_made_and_taken_away)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    const char *height = detail_key(0);
    t_get("/admin/products/zz-lamp");
    t_no_html("form[action='" DETAILS "']");
    t_html("a[href='/admin/products/zz-lamp?details=0#details']");
    t_get("/admin/products/zz-lamp?details=0");
    t_html("form[action='" DETAILS "'][data-keep]");
    t_html("input[name=value_en][value='30 cm']");
    t_post_f(DETAILS, "version=1&detail=%s&name_en=Tallness&name_th=%%E0%%B8%%AA&name_vi=&value_en=31+cm&value_th=&"
        "value_vi=31+phan&detail=&name_en=Material&name_th=&name_vi=&value_en=Teak&value_th=&value_vi=&detail=&"
        "name_en=&name_th=&name_vi=&value_en=&value_th=&value_vi=", height);
    t_status(303);
    t_header("Location", "/admin/products/zz-lamp?done=details");
    eq_str(details_of_lamp(), "Tallness|ส|31 cm|31 phan, Material|Teak");
    eq_int(version(), 2);
    t_get("/vi/products/zz-lamp.json");
    t_json("product.specs.0.name", "Tallness");
    t_json("product.specs.0.value", "31 phan");
    t_json("product.specs.1.value", "Teak");
    t_post_f(DETAILS, "version=2&detail=%s&name_en=&name_th=&name_vi=&value_en=&value_th=&value_vi=", detail_key(0));
    t_status(303);
    eq_str(details_of_lamp(), "Material|Teak"); /* what is not named stays */
    as_staff_of(house, VIEWER);
    t_get("/admin/products/zz-lamp");
    t_text("Teak");
    t_no_html("form[action='" DETAILS "']");
    t_post(DETAILS, "version=3&detail=&name_en=A&value_en=B");
    t_status(403);
}

T(details_that_are_wrong_or_stale_come_back_as_they_were_typed)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    const char *height = detail_key(0);
    t_post_f(DETAILS, "version=1&detail=%s&name_en=Height&name_th=&name_vi=&value_en=&value_th=x&value_vi=&"
        "detail=&name_en=&name_th=&name_vi=Vo&value_en=Teak&value_th=&value_vi=", height);
    t_status(422);
    t_html("input[name=value_en][value=''][aria-invalid=true]");
    t_html("input[name=name_en][value=''][aria-invalid=true]");
    t_html("input[name=value_en][value=Teak]");
    t_html("input[name=name_vi][value=Vo]");
    t_text("Please say it in English too");
    eq_int(version(), 1);
    t_sql("update catalog.product set version = 2, specs = '[{\"name\": {\"en\": \"Width\"}, \"value\": "
          "{\"en\": \"9 cm\"}}]' where slug = 'zz-lamp'");
    t_post_f(DETAILS, "version=1&detail=%s&name_en=Height&name_th=&name_vi=&value_en=33&value_th=&value_vi=", height);
    t_status(409);
    t_text("Somebody else has changed this product meanwhile.");
    t_html("input[name=name_en][value=Width]");  /* what is there now */
    t_html("input[name=value_en][value='33']"); /* what was typed of what was there */
    t_post_f(DETAILS, "version=2&detail=%s&name_en=Height&value_en=33", height);
    t_status(422);
    eq_str(details_of_lamp(), "Width|9 cm");
}

T(a_program_changes_details_and_what_it_leaves_out_stays)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    const char *height = detail_key(0);
    as_program(DETAILS, "{\"detail\":[\"\"],\"nameEn\":[\"A\"],\"valueEn\":[\"B\"]}");
    t_status(422);
    as_program(DETAILS, str_c(t_ctx()->mem, str_fmt(t_ctx()->mem,
        "{\"version\":1,\"detail\":[\"%s\",\"\"],\"nameTh\":[\"ส\",\"\"]}", height)));
    t_status(200);
    eq_str(details_of_lamp(), "Height|ส|30 cm");
    as_program(DETAILS, "{\"version\":2,\"detail\":[\"\"],\"nameEn\":[\"A\",\"B\"],\"valueEn\":[\"B\"]}");
    t_status(422);
    t_json("fields.nameEn", "Please send these for each row, and in the same order.");
}

T(a_product_has_so_many_details_and_no_more)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_sql("update catalog.product set specs = (select jsonb_agg(jsonb_build_object('name', "
          "jsonb_build_object('en', 'Zzn' || n), 'value', jsonb_build_object('en', n::text)) order by n) "
          "from generate_series(1, 100) n) where slug = 'zz-lamp'");
    t_get("/admin/products/zz-lamp?details=0");
    t_html("input[name=name_en][value=Zzn20]");
    t_no_html("input[name=name_en][value=Zzn21]");
    t_get("/admin/products/zz-lamp?details=20");
    t_html("input[name=name_en][value=Zzn21]");
    t_no_html("input[name=name_en][value=Zzn20]");
    t_post(DETAILS, "version=1&details=80&detail=&name_en=A&value_en=B");
    t_status(422);
    t_text("A product has at most 100 details.");
    t_html("input[name=name_en][value=A]");
}

/* The list of options begins with the first there is. */
T(a_new_options_values_are_not_added_to_another_one)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp/options", "option=zzcolour&option_name=Size&values=S%0AM");
    t_status(422);
    t_html("input[name=option_name][value=Size][aria-invalid=true]");
    t_text("S\nM</textarea>");
    eq_int(version(), 1);
    t_post("/admin/products/zz-lamp/options", "option=zzcolour&option_name=&values=Grey");
    t_status(303);
}

T(a_weight_is_taken_away_again)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&weight_0=350" FORM_TAIL);
    t_status(303);
    eq_int(t_int("select weight_g as n from catalog.variant where sku = 'ZZ-B'"), 350);
    t_post("/admin/products/zz-lamp", "version=2&name_en=Lamp" FORM_TAIL); /* not sent */
    t_status(303);
    eq_int(t_int("select weight_g as n from catalog.variant where sku = 'ZZ-B'"), 350);
    t_post("/admin/products/zz-lamp", "version=2&name_en=Lamp&weight_0=" FORM_TAIL);
    t_status(303);
    eq_int(t_int("select weight_g as n from catalog.variant where sku = 'ZZ-B'"), 0);
}

T(a_page_of_the_grid_that_is_gone_shows_the_last_there_is)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_get("/admin/products/zz-lamp?first=30");
    t_html("input[name=of_0][value=ZZ-B]");
    t_html("input[name=first][value='0']");
}

T(words_of_a_picture_that_are_too_long_come_back)
{
    struct ctx *c = t_ctx();
    struct buf words = buf_new(c->mem, 2000);
    with_lamp();
    hang_pictures(1);
    as_staff_of(house, MEMBER);
    for (int i = 0; i < 513; i++)
        buf_char(&words, 'w');
    t_post_f("/admin/products/zz-lamp/pictures/1", "stem=aaaaaaaaaaaaaaaa&alt_en=%.*s&alt_th=y",
        STR(buf_str(&words)));
    t_status(422);
    t_text("Please look at this again");
    t_html(
        str_fmt(c->mem, "input[name=alt_en][aria-invalid=true][value=%.*s]", STR(buf_str(&words))).p);
    t_html("input[name=alt_th][value=y]");
    t_post_f("/admin/products/zz-lamp/pictures/1", "stem=aaaaaaaaaaaaaaaa&alt_en=%.512s&alt_th=y",
        buf_str(&words).p);
    t_status(303);
}

T(a_name_is_as_long_in_thai_as_in_english)
{
    struct ctx *c = t_ctx();
    struct buf name = buf_new(c->mem, 4000), value = buf_new(c->mem, 4000);
    with_lamp();
    as_staff_of(house, MEMBER);
    for (int i = 0; i < 200; i++)
        buf_add(&name, S("%E0%B8%81"));
    t_post("/admin/products/zz-lamp",
        str_fmt(c->mem, "version=1&name_en=Lamp&name_th=%.*s" FORM_TAIL, STR(buf_str(&name))).p);
    t_status(303);
    t_post("/admin/products/zz-lamp",
        str_fmt(c->mem, "version=2&name_en=Lamp&name_th=%.*sx" FORM_TAIL, STR(buf_str(&name))).p);
    t_status(422);
    t_text("This is too long.");
    /* "Red | x" and 60 letters of three bytes: none is cut in two. */
    for (int i = 0; i < 60; i++)
        buf_add(&value, S("%E0%B8%81"));
    t_post("/admin/products/zz-lamp/options",
        str_fmt(c->mem, "option=&option_name=Zz+Tone&values=Red+%%7C+x%.*s", STR(buf_str(&value))).p);
    t_status(303);
    eq_int(t_int("select length(names ->> 'th') as n from catalog.option_value v join "
                 "catalog.product p on p.id = v.product_id where p.slug = 'zz-lamp' and v.code = 'red'"),
        61);
}

/* Somebody else has taken the first variant out meanwhile: what was typed goes with its own. */
T(what_was_typed_stands_beside_its_own_variant)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp&of_0=ZZ-B&drop_0=1" FORM_TAIL);
    t_status(303);
    t_post("/admin/products/zz-lamp",
        "version=1&name_en=Lamp&of_0=ZZ-B&sku_0=ZZ-B&price_0_THB=111&of_1=ZZ-W&sku_1=ZZ-W&price_1_"
        "THB=222&drop_1=1" FORM_TAIL);
    t_status(409);
    t_html("input[name=sku_0][value=ZZ-W]");
    t_html("input[name=price_0_THB][value='222']");
    no_text(t_body(), "value=\"111\"");
}

T(a_sku_that_is_taken_is_marked_where_it_was_typed)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_post("/admin/products", "name_en=Zz+Other&address=zz-other&status=draft&sku_0=ZZ-W");
    t_status(422);
    t_text("This SKU is taken already.");
    t_html("input[name=sku_0][value=ZZ-W][aria-invalid=true]");
    t_html("input[name=name_en][value='Zz Other']"); /* what was typed stays */
    t_post("/admin/products", "name_en=Zz+Other&address=zz-other&status=draft&sku_0=ZZ-O");
    t_status(303);
    t_post("/admin/products/zz-lamp", "version=1&name_en=Lamp+two&of_0=ZZ-B&sku_0=ZZ-B&of_1=ZZ-W&"
        "sku_1=+ZZ-O+&price_1_THB=222" FORM_TAIL);
    t_status(422);
    t_text("This SKU is taken already.");
    t_html("input[name=sku_1][aria-invalid=true]");
    t_no_html("input[name=sku_0][aria-invalid=true]");
    t_html("input[name=price_1_THB][value='222']");
    t_html("input[name=name_en][value='Lamp two']");
    t_post("/admin/products/zz-lamp",
        "version=1&name_en=Lamp&of_0=ZZ-B&sku_0=ZZ-N&of_1=ZZ-W&sku_1=ZZ-N" FORM_TAIL);
    t_status(422);
    t_text("This SKU is there twice.");
    t_html("input[name=sku_0][aria-invalid=true]");
    t_html("input[name=sku_1][aria-invalid=true]");
    eq_int(version(), 1);
}

/* A file may bring more than the form takes: who mends a price does not shorten the words. */
T(a_text_that_is_too_long_stands_until_it_is_changed)
{
    with_lamp();
    t_sql("update catalog.product_text set description = repeat('Light. ', 3333) || E'\n.' "
          "where lang = 'en' and product_id = (select id from catalog.product where slug = 'zz-lamp')");
    struct buf form = buf_new(t_ctx()->mem, 30000);
    buf_add(&form, S("version=1&name_en=Zz+Lump" FORM_TAIL "&description_en="));
    for (int i = 0; i < 3333; i++)
        buf_add(&form, S("Light.+"));
    buf_add(&form, S("%0D%0A."));
    as_staff_of(house, MEMBER);
    t_get("/admin/products/zz-lamp");
    t_html("textarea[name=description_en][maxlength='20000']");
    t_html("input[name=summary_en][maxlength='1000']");
    t_post("/admin/products/zz-lamp", str_c(t_ctx()->mem, buf_str(&form)));
    t_status(303);
    buf_add(&form, S("more"));
    str again = buf_str(&form);
    t_post("/admin/products/zz-lamp",
        str_fmt(t_ctx()->mem, "version=2%.*s", STR(str_from(again, 9))).p);
    t_status(422);
    t_text("This is too long.");
}

/* Also one that is not seen from here: another house's draft. */
T(an_address_that_cannot_be_is_marked_where_it_was_typed)
{
    with_lamp();
    t_sql("update catalog.product set status = 'draft' where slug = 'zz-lamp'");
    as_staff_of(house + 1000, OWNER);
    t_post("/admin/products", "name_en=Zz+Mine&address=zz-lamp&status=draft");
    t_status(422);
    t_text("Another product has this address already.");
    t_html("input[name=address][value=zz-lamp][aria-invalid=true]");
    t_post("/admin/products", "name_en=Zz+Mine&address=Zz+Lamp!&status=draft");
    t_status(422);
    t_html("input[name=address][value='Zz Lamp!'][aria-invalid=true]");
}

T(a_tax_class_is_one_that_has_a_rate)
{
    with_lamp();
    as_staff_of(house, MEMBER);
    t_get("/admin/products/zz-lamp");
    t_html("option[value=standard][selected]");
    t_sql("update catalog.product set tax_class = 'zz-none' where slug = 'zz-lamp'");
    t_get("/admin/products/zz-lamp");
    t_html("option[value=zz-none][selected]");
    t_text("zz-none (no rate of its own: standard)");
}

/* Who counts the shelf changes no price, and the other way round. */
T(a_form_is_shown_to_who_may_send_it)
{
    struct who who = { .person = 77, .organisation = 0, .role = USER,
        .allowed = permission_bit(CATALOG_READ) | permission_bit(INVENTORY_WRITE) };
    with_lamp();
    who.organisation = house;
    t_as(&who);
    t_get("/admin/products/zz-lamp");
    t_html("form[action='/admin/products/zz-lamp/stock']");
    t_no_html("form[action='/admin/products/zz-lamp']");
    t_no_html("input[type=file]");
    who.allowed = permission_bit(CATALOG_READ) | permission_bit(CATALOG_WRITE);
    t_as(&who);
    t_get("/admin/products/zz-lamp");
    t_no_html("form[action='/admin/products/zz-lamp/stock']");
    t_html("form[action='/admin/products/zz-lamp']");
    t_html("input[type=file]");
}

T(viewers_look_and_strangers_do_not)
{
    with_lamp();
    as_staff_of(house, VIEWER);
    t_get("/admin/products/zz-lamp");
    t_status(200);
    t_no_html("form[action='/admin/products/zz-lamp']"); /* what they typed would be lost */
    t_no_html("form[action='/admin/products/zz-lamp/stock']");
    t_no_html("form[action='/admin/products/zz-lamp/options']");
    t_no_html("form[action='/admin/products/zz-lamp/pictures']");
    t_no_html("input[name=on_hand_0]");
    t_text("Zzyzx lamp");
    t_text("ZZ-B");
    t_text("1000.00");
    t_get("/admin/products");
    t_status(200);
    t_no_html("a[href='/admin/products/new']");
    t_post("/admin/products/zz-lamp", "version=1&name_en=x" FORM_TAIL);
    t_status(403);
    t_post("/admin/products/zz-lamp/stock", "item_0=ZZ-B&seen_0=3&on_hand_0=8");
    t_status(403);
    as_staff_of(house + 1000, OWNER);
    t_get("/admin/products/zz-lamp");
    t_status(404);
    t_post("/admin/products/zz-lamp", "version=1&name_en=x" FORM_TAIL);
    t_status(404);
    eq_int(version(), 1);
}

static const struct job_kind *job_of(const struct job_kind *kind, const char *name)
{
    while (!str_is(str_of(kind->name), name))
        kind++;
    return kind;
}

static bool is_among(const char *set, str path)
{
    struct node *pages;
    is_true(redis_smembers(t_ctx(), str_of(set), &pages));
    EACH(it, pages)
        if (str_ends(it->node.as.text, path))
            return true;
    return false;
}

/* Of any product, whatever it is in: the menu is on all pages. */
T(all_kept_pages_are_made_anew_when_the_menu_has_changed)
{
    struct ctx *c = begin();
    i64 shop = t_int("select organisation_id as n from catalog.sheet where category_ids <> '{}' limit 1");
    str slug = t_str("select slug as s from catalog.sheet where organisation_id = %" PRId64 " limit 1", shop);
    str path = str_fmt(c->mem, "/products/%.*s", STR(slug));
    t_get(path.p);
    t_status(200);
    is_true(redis_del(c, S("refresh.rest")));
    c->scope = (struct scope){ .platform = true };
    must(job_of(catalog_jobs, "catalog.menu")->run(c, &(struct job){ .key = S("t-menu") }));
    str told = t_str("select data::text as s from work.job where kind = 'refresh.slowly' and run_at > "
                     "clock_timestamp() + interval '10 seconds'");
    must(job_of(work_jobs, "refresh.slowly")->run(c, &(struct job){ .key = S("t-slow"), .data = read_doc(told.p) }));
    is_true(is_among("refresh.rest", path));
    const struct job_kind *part = job_of(work_jobs, "refresh.part");
    for (int i = 0; i < 500 && is_among("refresh.rest", path); i++)
        must(part->run(c, &(struct job){ .key = S("t-part") }));
    is_false(is_among("refresh.rest", path));
    is_true(t_int("select count(*) as n from work.job where kind = 'refresh.part'") > 0);
    is_true(redis_del(c, S("refresh.rest")));
    t_sql("delete from work.job where kind = 'refresh.part'");
    must(part->run(c, &(struct job){ .key = S("t-part") }));
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.part'"), 0);
}

T(only_what_the_menu_shows_makes_all_pages_anew)
{
    static const char told[] = "select coalesce(data ->> 'keepsMenu', '-') as s from work.outbox "
                               "where kind = 'category.changed' order by id desc limit 1";
    static const struct { const char *document, *keeps; } changes[] = {
        { "{\"slug\":\"zz-menu\",\"name\":{\"en\":\"Menu\"}}", "-" },
        { "{\"slug\":\"zz-menu\",\"name\":{\"en\":\"Menu\"},\"description\":{\"en\":\"More\"}}", "true" },
        { "{\"slug\":\"zz-menu\",\"name\":{\"en\":\"Other\"}}", "-" },
        { "{\"slug\":\"zz-menu\",\"name\":{\"en\":\"Other\"},\"position\":7}", "-" },
    };
    struct ctx *c = begin();
    i64 shop = t_int("select organisation_id as n from catalog.category limit 1"), id;
    c->scope = (struct scope){ .platform = true };
    for (size_t i = 0; i < COUNT(changes); i++) {
        must(catalog_save_category(c, shop, read_doc(changes[i].document), &id));
        eq_str(t_str("%s", told), changes[i].keeps);
    }
}

static i64 told_of_menu(const char *slug)
{
    return t_int("select count(*) as n from work.outbox o join catalog.category c on c.id = o.subject_id "
                 "where o.kind = 'category.changed' and not o.data ? 'keepsMenu' and c.slug = '%s'", slug);
}

T(a_category_comes_into_the_menu_with_its_first_product_and_leaves_with_its_last)
{
    static const char thing[] = "{\"slug\":\"zz-thing-%s\",\"status\":\"%s\",\"name\":{\"en\":\"Thing\"},"
                                "\"categories\":[\"%s\"],\"variants\":[{\"sku\":\"ZZ-%s\",\"options\":{}}]}";
    static const struct { const char *what, *status, *in; i64 outer, inner, other; } steps[] = {
        { "1", "draft", "zz-inner", 0, 0, 0 },
        { "1", "published", "zz-inner", 1, 1, 0 }, /* both are empty but for it */
        { "2", "published", "zz-inner", 0, 0, 0 },
        { "2", "draft", "zz-inner", 0, 0, 0 },
        { "1", "published", "zz-other", 0, 1, 1 }, /* below the same outer one */
        { "1", "draft", "zz-other", 1, 0, 1 },
    };
    begin();
    category("{\"slug\":\"zz-outer\",\"name\":{\"en\":\"Outer\"}}");
    category("{\"slug\":\"zz-inner\",\"parent\":\"zz-outer\",\"name\":{\"en\":\"Inner\"}}");
    category("{\"slug\":\"zz-other\",\"parent\":\"zz-outer\",\"name\":{\"en\":\"Other\"}}");
    for (size_t i = 0; i < COUNT(steps); i++) {
        i64 outer = told_of_menu("zz-outer"), inner = told_of_menu("zz-inner"), other = told_of_menu("zz-other");
        save(str_fmt(t_ctx()->mem, thing, steps[i].what, steps[i].status, steps[i].in, steps[i].what).p);
        eq_int(told_of_menu("zz-outer") - outer, steps[i].outer);
        eq_int(told_of_menu("zz-inner") - inner, steps[i].inner);
        eq_int(told_of_menu("zz-other") - other, steps[i].other);
    }
}

T(a_products_page_is_made_anew_under_the_new_name_of_its_category)
{
    struct ctx *c = begin();
    str slug = t_str("select slug as s from catalog.sheet where category_ids <> '{}' limit 1");
    i64 category =
        t_int("select category_ids[1] as n from catalog.sheet where slug = '%.*s'", STR(slug));
    str tag = str_fmt(c->mem, "named:%" PRId64, category);
    str path = str_fmt(c->mem, "/products/%.*s", STR(slug));
    t_get(path.p);
    t_status(200);
    is_true(is_among(str_fmt(c->mem, "tag:%.*s", STR(tag)).p, path));
    c->scope = (struct scope){ .platform = true };
    must(job_of(catalog_jobs, "catalog.category")->run(c, &(struct job){ .key = S("t-renamed"), .subject = category }));
    eq_int(t_int("select count(*) as n from work.job where kind = 'refresh.pages' and "
                 "data -> 'tags' @> '[\"%.*s\"]' and run_at > clock_timestamp() + interval '9 seconds'", STR(tag)), 1);
}
