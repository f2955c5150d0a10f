#include "auth/auth.h"
#include "catalog/catalog.h"
#include "catalog/import_in.h"
#include "inventory/inventory.h"
#include "t/shop.h"
#include "web/web.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- reading CSV -------------------------------------------------------------------------------
 */

static int read_all(str text, str cells[CSV_COLUMNS], struct csv *csv)
{
    csv_open(csv, text);
    return csv_next(csv, t_ctx()->mem, cells);
}

T(csv_cells_may_be_quoted_padded_and_broken_over_lines)
{
    str cells[CSV_COLUMNS];
    struct csv csv;
    eq_int(read_all(S("\xef\xbb\xbf"
                      "a , \"b \"\"c\"\",\r\nd\" ,,e\r\nf"),
               cells, &csv),
        4);
    eq_str(cells[0], "a");
    eq_str(cells[1], "b \"c\",\r\nd");
    eq_str(cells[2], "");
    eq_str(cells[3], "e");
    eq_int(csv.line, 1);
    eq_int(csv_next(&csv, t_ctx()->mem, cells), 1);
    eq_str(cells[0], "f");
    eq_int(csv.line, 3);
    eq_int(csv_next(&csv, t_ctx()->mem, cells), 0);
}

T(csv_says_what_is_broken_and_goes_on)
{
    str cells[CSV_COLUMNS];
    struct csv csv;
    eq_int(read_all(S("\"a\"b,c\nd,e\n"), cells, &csv), -1);
    has_text(csv.problem, "follows a closing quotation mark");
    eq_int(csv_next(&csv, t_ctx()->mem, cells), 2);
    eq_str(cells[0], "d");
    eq_int(read_all(S("a,\"never closed\nb,c\n"), cells, &csv), -1);
    has_text(csv.problem, "never closed");
    eq_int(csv_next(&csv, t_ctx()->mem, cells), 0);
}

T(csv_counts_columns)
{
    str cells[CSV_COLUMNS];
    struct csv csv;
    struct buf b = buf_new(t_ctx()->mem, 1000);
    for (int i = 0; i < 260; i++)
        buf_add(&b, S("x,"));
    eq_int(read_all(buf_str(&b), cells, &csv), -1);
    has_text(csv.problem, "256 columns");
}

/* ---- the import
 * ----------------------------------------------------------------------------------- */

static i64 house;
static struct buf report;
static struct import_totals totals;
static str format;
static bool rehearse;

static void begin(void)
{
    t_open();
    struct ctx *c = t_ctx();
    c->scope = (struct scope){ .platform = true };
    must(auth_organisation_add(c, S("import-test"), S("Import test"), &house));
    c->scope = (struct scope){ .organisation = house };
    report = buf_new(c->mem, 1 << 20);
    format = S("vendure");
    rehearse = false;
}

static void import(str text, str images)
{
    report.n = 0;
    fault_clear(t_ctx());
    must(catalog_import(t_ctx(),
        &(struct import_wish){ .organisation = house,
            .format = format,
            .images_dir = images,
            .currency = S("USD"),
            .rehearse = rehearse },
        text, &report, &totals));
}

static const char PRODUCTS[] =
    "name ,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets\n"
    "Zz Cup,zz-cup,\"A \"\"good\"\" cup, blue\",dot.png,category:Zz Wares|category:Zz Cups|brand:Kiln|color:blue|color:grey,size,Small,ZC-1,10.00,standard,5,,,\n"
    ",,,,,,Large,,12.50,standard,7,false,,\n"
    ",,,,,,Large,ZC-3,13,standard,7,,,\n"
    ",,,,,,Huge,ZC-4,1e3,standard,7,,,\n"
    "Zz Plate,,,missing.png,category:Zz Wares,,,DUP,8,standard,,,,\n"
    "Zz Bowl,zz-bowl,,,category:Zz Wares,,,DUP,9,standard,1,,,\n"
    ",zz-nameless,,,,,,N-1,9,standard,1,,,\n"
    "Zz Short,zz-short,,,\n"
    "Zz Last,zz-last,,,category:Zz Wares,,,ZL-1,7,standard,-2,,,\n"
    "Zz Good,zz-good,,,category:Zz Wares,,,ZG-1,7,standard,2,,,\n";

/* 320 x 240, black and white stripes. */
static const char PNG[] =
    "\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x01\x40"
    "\x00\x00\x00\xf0\x01\x00\x00\x00\x00\x59\x56\x80\xc6\x00\x00\x00\x38\x49\x44\x41"
    "\x54\x78\xda\xed\xca\x31\x01\x00\x00\x0c\x02\x20\xfb\x47\x31\xa5\x15\xf6\x0f\x6e"
    "\xd2\xa3\x88\xa2\x28\x8a\xa2\x28\x8a\xa2\x28\x8a\xa2\x28\x8a\xa2\x28\x8a\xa2\x28"
    "\x8a\xa2\x28\x8a\xa2\x28\x8a\xa2\x28\x8a\x9f\xe3\x00\xba\xed\xe8\x69\xd4\xe6\x67"
    "\x69\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

T(good_rows_go_in_and_bad_ones_are_named)
{
    begin();
    import(str_of(PRODUCTS), str_none);
    eq_int(totals.rows, 10);
    eq_int(totals.made, 5);
    eq_int(totals.failed, 5);
    str said = buf_str(&report);
    has_text(said, "line 2: made zz-cup [Small]");
    has_text(said, "line 3: made zz-cup [Large]");
    has_text(said, "line 3: warning zz-cup [Large] (no SKU; made ZZ-CUP-LARGE)");
    has_text(said, "line 4: failed zz-cup [Large] (the same option values as a row above)");
    has_text(said, "line 5: failed zz-cup [Huge] (price \"1e3\" is not an amount of USD, as 12 or 12.50)");
    has_text(said, "line 6: made zz-plate");
    has_text(said, "line 6: warning zz-plate (SKU DUP occurs 2 times; made ZZ-PLATE)");
    has_text(said, "line 7: warning zz-bowl (SKU DUP occurs 2 times; made ZZ-BOWL)");
    has_text(said, "line 8: failed zz-nameless (there is no name)");
    has_text(said, "line 9: failed zz-short (fewer cells than the header has)");
    has_text(said, "line 10: failed zz-last (stockOnHand \"-2\" is not a whole number from 0 up)");
    has_text(said, "line 11: made zz-good");
    t_get("/products/zz-cup.json");
    t_json("product.specs.1.value", "blue, grey");
    t_json("product.brand", "Kiln");
    t_json("product.categories.0.slug", "zz-wares");
}

T(a_second_import_changes_nothing)
{
    begin();
    str text = str_of(PRODUCTS);
    import(text, str_none);
    i64 item = t_int("select id as n from inventory.item where sku = 'ZC-1'");
    must(inventory_set(t_ctx(), house, item, 4, S("corrected"), S("test")));
    i64 events = t_int("select count(*) as n from work.outbox");
    i64 moves = t_int("select count(*) as n from inventory.movement");
    import(text, str_none);
    eq_int(totals.same, 5);
    eq_int(totals.made + totals.changed, 0);
    has_text(buf_str(&report), "(stock of ZC-1 stays 4: this very file has set it to 5 before)");
    no_text(buf_str(&report), "stock of ZG-1");
    eq_int(t_int("select count(*) as n from work.outbox"), events);
    eq_int(t_int("select count(*) as n from inventory.movement"), moves);
    eq_int(t_int("select max(version) as n from catalog.product where organisation_id = %" PRId64,
               house),
        1);
}

/* The first time it said what stood there: goods made with none, or a figure that was right. */
T(a_second_import_puts_back_no_stock_that_it_found_right)
{
    begin();
    str text = S("name,slug,sku,price,stockOnHand\nZz A,zz-a,ZA-1,1,0\nZz B,zz-b,ZB-1,1,5\n");
    str again = S("name,slug,sku,price,stockOnHand\nZz A,zz-a,ZA-1,1,0\nZz B,zz-b,ZB-1,2,5\n");
    static const char counts[] = "select string_agg(s.on_hand::text, ' ' order by i.sku) as s from "
                                 "inventory.stock s join inventory.item i on i.id = s.item_id "
                                 "where i.sku in ('ZA-1', 'ZB-1')";
    import(text, str_none);
    must(inventory_set(t_ctx(), house, t_item(t_ctx(), house, S("ZA-1")), 20, S("corrected"), S("t")));
    import(text, str_none);
    eq_int(totals.same, 2);
    eq_str(t_str(counts), "20 5");
    has_text(buf_str(&report), "(stock of ZA-1 stays 20: this very file has set it to 0 before)");
    must(inventory_set(t_ctx(), house, t_item(t_ctx(), house, S("ZA-1")), 0, S("corrected"), S("u")));
    import(again, str_none);
    must(inventory_set(t_ctx(), house, t_item(t_ctx(), house, S("ZB-1")), 2, S("corrected"), S("v")));
    import(again, str_none);
    eq_str(t_str(counts), "0 2");
    import(S("name,slug,sku,price,stockOnHand\nZz B,zz-b,ZB-1,2,6\n"), str_none);
    eq_str(t_str(counts), "0 6"); /* another file is another count */
}

T(a_file_of_counts_says_which_it_changed)
{
    static const char head[] = "name,slug,sku,price,stockOnHand\nZz A,zz-a,ZA-1,1,%d\nZz B,zz-b,ZB-1,1,2\n";
    begin();
    import(str_fmt(t_ctx()->mem, head, 5), str_none);
    eq_int(totals.made, 2);
    i64 news = t_int("select count(*) as n from work.outbox where kind = 'product.changed'");
    import(str_fmt(t_ctx()->mem, head, 7), str_none);
    eq_int(totals.changed, 1);
    eq_int(totals.same, 1);
    has_text(buf_str(&report), "changed zz-a (variants.ZA-1.stock 5 -> 7)");
    has_text(buf_str(&report), "same zz-b");
    eq_int(t_int("select count(*) as n from work.outbox where kind = 'product.changed'"), news);
    eq_int(t_int("select version as n from catalog.product where slug = 'zz-a'"), 1);
}

T(an_import_takes_nothing_away)
{
    begin();
    import(
        S("name,slug,optionGroups,optionValues,sku,price\nZz A,zz-a,size,S,ZA-S,1\n,,,M,ZA-M,2\n"),
        str_none);
    import(S("name,slug,optionGroups,optionValues,sku,price\nZz A,zz-a,size,S,ZA-S,3\n"), str_none);
    eq_int(totals.changed, 1);
    eq_int(t_int("select count(*) as n from catalog.variant where sku like 'ZA-%%' and active"), 2);
}

static const char *const MUG = /* what a file of prices does not name */
    "select concat_ws('/', p.status, x.description, p.specs #>> '{0,value,en}', r.amount, "
    "r.compare_at, v.tags::text) as s from catalog.product p join catalog.product_text x on "
    "x.product_id = p.id and x.lang = 'en' join catalog.variant v on v.product_id = p.id join "
    "catalog.price r on r.variant_id = v.id where v.sku = 'ZMU-L' and v.active";

static void with_mug(void)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Body (HTML),Tags,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
             "Variant Compare At Price,Status\n"
             "zz-mug,Zz Mug,It holds.,blue,Size,S,ZMU-S,1,5,draft\n"
             "zz-mug,,,,,L,ZMU-L,2,6,\n"),
        str_none);
    eq_int(totals.made, 2);
    eq_str(t_str(MUG), "draft/It holds./blue/200/600/{size=l}");
}

T(a_column_that_is_not_in_the_file_says_nothing)
{
    with_mug();
    import(S("Handle,Title,Variant SKU,Variant Price\nzz-mug,Zz Mug,ZMU-L,3\n,,,\n"), str_none);
    eq_int(totals.changed, 1);
    eq_str(t_str(MUG), "draft/It holds./blue/300/600/{size=l}");
    eq_int(t_int("select count(*) as n from catalog.variant where sku in ('ZMU-S', 'ZMU-L') and "
                 "active and cardinality(value_ids) = 1"), 2);
    import(S("Handle,Title,Variant SKU,Variant Price\nzz-mug,Zz Mug,ZMU-XL,3\n"), str_none);
    eq_int(totals.failed, 1);
    has_text(buf_str(&report), "no variant of the product has this SKU");
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant Price\nzz-mug,Zz Mug,Size,L,4\n"),
        str_none);
    eq_int(totals.changed, 1);
    eq_str(t_str(MUG), "draft/It holds./blue/400/600/{size=l}");
    format = S("vendure");
    import(S("name,slug,price,sku\nZz Mug,zz-mug,5,ZMU-L\n"), str_none);
    eq_str(t_str(MUG), "draft/It holds./blue/500/600/{size=l}");
}

/* By its handle, or by its SKU wherever that stands in the file. */
T(a_file_of_prices_without_titles_changes_what_is_here_and_makes_nothing)
{
    with_mug();
    import(S("Handle,Variant SKU,Variant Price\nzz-mug,ZMU-L,3\nzz-jug,ZJU-1,9\nzz-mug,ZMU-S,2\n"),
        str_none);
    has_text(buf_str(&report), "there is no column \"Title\": products that are here are changed");
    has_text(buf_str(&report), "line 2: changed zz-mug (variants.ZMU-L.prices.USD 200 -> 300)");
    has_text(buf_str(&report), "line 3: failed zz-jug (no product here has this handle or SKU");
    has_text(buf_str(&report), "line 4: changed zz-mug");
    eq_int(totals.changed, 2);
    eq_str(t_str(MUG), "draft/It holds./blue/300/600/{size=l}");
    eq_str(t_str("select name as s from catalog.product_text x join catalog.product p on p.id = "
                 "x.product_id where p.slug = 'zz-mug'"),
        "Zz Mug");
    import(S("Handle,Variant SKU,Variant Price,Status\nzz-mug,ZMU-L,3,archived\nzz-mug,ZMU-S,2,\n"),
        str_none);
    has_text(buf_str(&report), "Status is passed over, as there is no column \"Title\"");
    import(S("SKU,Price,Compare-at price\nZMU-L,4,7\nZMU-XL,1,\nZMU-S,3,\n"), str_none);
    eq_int(totals.changed, 2);
    has_text(buf_str(&report), "line 3: failed ZMU-XL (no product here has this handle or SKU");
    eq_str(t_str(MUG), "draft/It holds./blue/400/700/{size=l}");
    import(S("SKU,Price\nZMU-L,8\nZMU-L,9\n"), str_none); /* which of them? */
    eq_int(totals.failed, 2);
    has_text(buf_str(&report), "line 3: failed zz-mug (SKU ZMU-L occurs 2 times)");
    eq_str(t_str(MUG), "draft/It holds./blue/400/700/{size=l}");
    import(S("Handle,Variant SKU,Variant Price\nthe-mug,ZMU-L,5\n"), str_none); /* theirs is another */
    eq_int(totals.changed, 1);
    import(S("Handle,Option1 Name,Option1 Value,Variant SKU,Variant Price\nzz-mug,,,ZMU-L,3\n"),
        str_none);
    eq_str(t_str(MUG), "draft/It holds./blue/300/700/{size=l}");
    import(S("Handle,Option1 Value,Variant Price\nzz-mug,L,4\n"), str_none);
    eq_str(t_str(MUG), "draft/It holds./blue/400/700/{size=l}");
    import(S("Handle,Variant SKU,Variant Price\nzz-mug,ZMU-XL,5\n"), str_none);
    eq_int(totals.failed, 1);
    has_text(buf_str(&report), "no variant of the product has this SKU");
    import(S("Handle,Title,Tags,Talat Particulars,Variant SKU,Variant Price\nzz-mug,,,,ZMU-L,6\n"),
        str_none);
    eq_str(t_str(MUG), "draft/It holds./blue/600/700/{size=l}");
    eq_int(t_int("select count(*) as n from catalog.variant where organisation_id = %" PRId64, house),
        2);
}

T(a_row_without_a_title_gives_a_product_without_options_no_other_sku)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Variant SKU,Variant Price\nzz-bowl,Zz Bowl,ZBW-1,1\n"), str_none);
    import(S("Handle,Variant SKU,Variant Price\nzz-bowl,ZBW-2,5\n"), str_none);
    eq_int(totals.failed, 1);
    import(S("Handle,Variant Price\nzz-bowl,2\n"), str_none);
    eq_int(totals.changed, 1);
    eq_int(t_int("select amount as n from catalog.price r join catalog.variant v on v.id = r.variant_id "
                 "where v.sku = 'ZBW-1'"), 200);
}

T(an_empty_cell_says_that_there_is_nothing)
{
    with_mug();
    import(S("Handle,Title,Body (HTML),Tags,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
             "Variant Compare At Price,Status\n"
             "zz-mug,Zz Mug,,,Size,L,ZMU-L,2,,active\n"),
        str_none);
    eq_str(t_str(MUG), "published//200/{size=l}");
}

/* A file of tags takes away no other particulars. */
T(particulars_the_format_has_no_place_for_stay)
{
    with_mug();
    t_sql("update catalog.product set specs = '[{\"name\": {\"en\": \"Height\"}, \"value\": {\"en\": "
          "\"9 cm\"}}]' || specs where slug = 'zz-mug'");
    import(S("Handle,Title,Tags,Variant SKU,Variant Price\nzz-mug,Zz Mug,\"blue, new\",ZMU-L,2\n"),
        str_none);
    eq_str(t_str("select specs #>> '{0,value,en}' || '/' || (specs #>> '{1,value,en}') as s from "
                 "catalog.product where slug = 'zz-mug'"),
        "9 cm/blue, new");
}

T(untaxed_goods_are_not_taxed_and_a_class_without_a_rate_is_named)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Variant SKU,Variant Price,Variant Taxable,Variant Tax Code\n"
             "zz-rice,Zz Rice,ZRI-1,1,FALSE,\nzz-book,Zz Book,ZBO-1,1,TRUE,zz_books\n"),
        str_none);
    eq_int(totals.made, 2);
    eq_int(totals.warned, 1);
    has_text(buf_str(&report), "(tax class zz_books has no rate: taxed as standard)");
    eq_int(t_int("select count(*) as n from pricing.tax_rate r join catalog.product p on p.tax_class "
                 "= r.tax_class where p.slug = 'zz-rice' and r.rate_bp = 0"),
        t_int("select count(*) as n from pricing.tax_rate where tax_class = 'standard'"));
}

/* Untaxed by mistake, and mended there. A class that staff gave is one of taxed goods as well. */
T(goods_that_a_file_taxes_again_are_taxed)
{
    static const char class[] = "select tax_class as s from catalog.product where slug = 'zz-rice'";
    begin();
    format = S("shopify");
    import(S("Handle,Title,Variant SKU,Variant Price,Variant Taxable\nzz-rice,Zz Rice,ZRI-1,1,FALSE\n"),
        str_none);
    eq_str(t_str(class), "zero");
    import(S("Handle,Title,Variant SKU,Variant Price\nzz-rice,Zz Rice,ZRI-1,1\n"), str_none);
    eq_str(t_str(class), "zero"); /* of which the file says nothing */
    str taxed =
        S("Handle,Title,Variant SKU,Variant Price,Variant Taxable\nzz-rice,Zz Rice,ZRI-1,1,TRUE\n");
    import(taxed, str_none);
    eq_int(totals.changed, 1);
    eq_str(t_str(class), "standard");
    t_sql("update catalog.product set tax_class = 'reduced' where slug = 'zz-rice'");
    import(taxed, str_none);
    eq_str(t_str(class), "reduced");
}

/* The file still has none, or the same one twice. */
T(a_sku_that_staff_gave_stays_where_the_file_has_none_of_its_own)
{
    begin();
    format = S("shopify");
    static const char skus[] = "select string_agg(v.sku, ' ' order by v.position) as s from "
                               "catalog.variant v join catalog.product p on p.id = v.product_id "
                               "where p.slug = 'zz-jar'";
    str file = S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
                 "zz-jar,Zz Jar,Size,S,,1\nzz-jar,,,L,,2\n");
    import(file, str_none);
    eq_str(t_str(skus), "ZZ-JAR-S ZZ-JAR-L");
    t_sql("update inventory.item set sku = 'ZJA-1' where sku = 'ZZ-JAR-S'; "
          "update catalog.variant set sku = 'ZJA-1' where sku = 'ZZ-JAR-S'");
    import(file, str_none);
    eq_int(totals.made + totals.failed, 0);
    has_text(buf_str(&report), "(no SKU; kept ZJA-1)");
    eq_str(t_str(skus), "ZJA-1 ZZ-JAR-L");
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
             "zz-jar,Zz Jar,Size,S,ZJA-1,1\nzz-jar,,,L,ZJA-1,3\n"),
        str_none);
    eq_int(totals.changed, 2);
    has_text(buf_str(&report), "(SKU ZJA-1 occurs 2 times; kept ZJA-1)");
    eq_str(t_str(skus), "ZJA-1 ZZ-JAR-L");
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
             "zz-jar,Zz Jar,Size,S,,1\nzz-jar,,,L,ZJA-1,3\n"),
        str_none); /* it has moved */
    eq_str(t_str(skus), "ZZ-JAR-S ZJA-1");
}

T(a_row_that_does_not_go_in_takes_no_sku_from_another)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Variant SKU,Variant Price\nzz-pan,Zz Pan,ZPA-1,1\nzz-lid,Zz Lid,ZLD-1,1\n"
             "zz-pan,Zz Pan,ZPA-1,1\n"),
        str_none);
    eq_int(totals.made, 2);
    eq_int(totals.failed, 1);
    eq_str(t_str("select v.sku as s from catalog.variant v join catalog.product p on p.id = "
                 "v.product_id where p.slug = 'zz-pan'"),
        "ZPA-1");
}

T(values_of_the_same_letters_come_in_apart_and_stay_so)
{
    begin();
    format = S("shopify");
    str file = S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
                 "zz-wine,Zz Wine,Sort,Rose,ZWI-1,1\nzz-wine,,,Rosé,ZWI-2,2\n"
                 "zz-wine,,,M+,ZWI-3,3\nzz-wine,,,M,ZWI-4,4\n");
    import(file, str_none);
    eq_int(totals.made, 4);
    eq_str(t_str("select string_agg(v.sku || ' ' || v.tags::text, ' ' order by v.sku) as s from "
                 "catalog.variant v where v.sku like 'ZWI-%%'"),
        "ZWI-1 {sort-2=rose} ZWI-2 {sort-2=rose-2} ZWI-3 {sort-2=m} ZWI-4 {sort-2=m-2}");
    import(file, str_none);
    eq_int(totals.same, 4);
    /* Called something else since, it is still the one of that code. */
    t_sql("update catalog.option_value v set names = '{\"en\": \"Pink\"}' from catalog.product p where "
          "p.id = v.product_id and p.slug = 'zz-wine' and v.code = 'rose'");
    import(file, str_none);
    eq_int(t_int("select count(*) as n from catalog.option_value v join catalog.product p on p.id = "
                 "v.product_id where p.slug = 'zz-wine'"), 4);
}

static str mat_choices(void)
{
    return t_str("select coalesce(string_agg(o.code || '=' || v.code, ' ' order by o.position, "
                 "v.position), '') as s from catalog.option o join catalog.option_value v on "
                 "v.option_id = o.id join catalog.product p on p.id = o.product_id where p.slug = "
                 "'zz-mat'");
}

static void save_mat_anew(void) /* as staff do */
{
    struct product_rows rows;
    struct catalog_report done;
    must(product_read(t_ctx(), house, S("zz-mat"), &rows));
    must(catalog_save(t_ctx(), house, product_document(t_ctx(), &rows), &done));
}

T(a_choice_that_no_variant_has_any_more_is_none)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
             "zz-mat,Zz Mat,Color,Red,ZMA-1,1\nzz-mat,,,Blue,ZMA-2,2\n"),
        str_none);
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
             "zz-mat,Zz Mat,Color,Crimson,ZMA-1,1\n"),
        str_none);
    eq_int(totals.changed, 1);
    eq_str(mat_choices(), "color=blue color=crimson");
    import(S("Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,"
             "Variant Price\nzz-mat,Zz Mat,Colour,Crimson,Size,L,ZMA-1,1\nzz-mat,,,Blue,,L,ZMA-2,2\n"),
        str_none);
    eq_int(totals.changed, 2);
    eq_str(mat_choices(), "colour=crimson colour=blue size=l");
    eq_int(t_int("select count(*) as n from catalog.variant where sku like 'ZMA-%%' and active and "
                 "cardinality(value_ids) = 2"), 2);
    save_mat_anew();
}

T(a_file_with_other_options_that_forgets_a_variant_is_refused)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
             "zz-mat,Zz Mat,Colour,Red,ZMA-1,1\nzz-mat,,,Blue,ZMA-2,2\n"),
        str_none);
    import(S("Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,"
             "Variant Price\nzz-mat,Zz Mat,Colour,Red,Size,L,ZMA-1,1\n"),
        str_none);
    eq_int(totals.failed, 1);
    has_text(buf_str(&report), "does not say what variant ZMA-2 has of these");
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
             "zz-mat,Zz Mat,Title,Default Title,ZMA-3,1\n"),
        str_none);
    eq_int(totals.failed, 1);
    eq_str(mat_choices(), "colour=red colour=blue");
    save_mat_anew();
}

/* Only what has changed comes in: the rest stays where it stood, and is found as before. */
T(what_a_file_leaves_out_keeps_its_place_and_its_words)
{
    begin();
    import(S("name,slug,optionGroups,optionValues,sku,price\n"
             "Zz Part,zz-part,size,Tiny,ZPT-1,1\n,,,Middling,ZPT-2,2\n,,,Enormous,ZPT-3,3\n"),
        str_none);
    str words = t_str("select words::text as s from catalog.product_text where name = 'Zz Part'");
    import(S("name,slug,optionGroups,optionValues,sku,price\n"
             "Zz Part,zz-part,size,Enormous,ZPT-3,4\n"),
        str_none);
    eq_int(totals.changed, 1);
    has_text(buf_str(&report), "(variants.ZPT-3.prices.USD 300 -> 400)");
    static const char order[] = "select string_agg(v.sku, ' ' order by v.position, v.id) as s from "
                                "catalog.variant v where v.sku like 'ZPT-%%'",
                      values[] = "select string_agg(v.code, ' ' order by v.position, v.id) as s "
                                 "from catalog.option_value v join catalog.product p on p.id = "
                                 "v.product_id where p.slug = 'zz-part'";
    eq_str(t_str(order), "ZPT-1 ZPT-2 ZPT-3");
    eq_str(t_str(values), "tiny middling enormous");
    eq_str(t_str("select words::text as s from catalog.product_text where name = 'Zz Part'"),
        str_c(t_ctx()->mem, words));
    import(S("name,slug,optionGroups,optionValues,sku,price\n"
             "Zz Part,zz-part,size,Vast,ZPT-4,5\n,,,Middling,ZPT-2,dear\n"),
        str_none);
    eq_str(t_str(order), "ZPT-1 ZPT-2 ZPT-3 ZPT-4");
    eq_str(t_str(values), "tiny middling enormous vast");
    import(S("name,slug,optionGroups,optionValues,sku,price\n"
             "Zz Part,zz-part,size,Vast,ZPT-4,5\n,,,Enormous,ZPT-3,4\n,,,Tiny,ZPT-1,1\n"
             ",,,Middling,ZPT-2,2\n"),
        str_none);
    eq_str(t_str(order), "ZPT-4 ZPT-3 ZPT-1 ZPT-2"); /* all of them: as the file has them */
    eq_str(t_str(values), "vast enormous tiny middling");
}

T(a_file_of_prices_leaves_a_product_to_be_found_by_its_brand)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Vendor,Variant SKU,Variant Price\nzz-kettle,Zz Kettle,Zqhammer,ZKE-1,1\n"),
        str_none);
    import(S("Handle,Title,Variant SKU,Variant Price\nzz-kettle,Zz Kettle,ZKE-1,2\n"), str_none);
    eq_int(totals.changed, 1);
    t_get("/search.json?q=zqhammer");
    t_json("products.0.slug", "zz-kettle");
}

/* A cell that is empty says that there is nothing, but where the row does not say of what. */
T(a_row_without_a_name_empties_nothing_and_goes_to_no_other_product)
{
    begin();
    format = S("vendure");
#define ROWS                                                                                       \
    "name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,"         \
    "stockOnHand,trackInventory,variantAssets,variantFacets\n"
    import(S(ROWS "Zz Pot,zz-pot,It holds.,,,,,ZPO-1,2.00,standard,1,,,\n"), str_none);
    import(S(ROWS ",zz-pot,,,,,,ZPO-1,3.00,standard,1,,,\n"), str_none);
    has_text(buf_str(&report), "line 2: changed zz-pot");
    import(S(ROWS ",zz-pan,,,,,,ZPO-1,4.00,standard,1,,,\n"), str_none);
    has_text(buf_str(&report), "line 2: failed zz-pan (there is no name)");
#undef ROWS
    eq_str(t_str("select x.description || r.amount as s from catalog.product p join "
                 "catalog.product_text x on x.product_id = p.id and x.lang = 'en' join "
                 "catalog.price r on r.product_id = p.id and r.currency = 'USD' "
                 "where p.slug = 'zz-pot'"),
        "It holds.300");
}

/* Sorted by price in a spreadsheet, say: the second part would be saved over the first. */
T(a_product_that_stands_in_two_places_of_a_file_is_not_saved_over_itself)
{
    begin();
    format = S("shopify");
    static const char file[] = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
                               "zz-apart,Zz Apart,Size,S,ZAP-1,1\n"
                               "zz-between,Zz Between,Title,Default Title,ZBE-1,1\n"
                               "zz-apart,Zz Apart again,Size,M,ZAP-2,2\n"
                               "zz-apart,,,L,ZAP-3,3\n"
                               ",,,,,\n";
    for (int round = 0; round < 2; round++) {
        rehearse = round == 0;
        import(str_of(file), str_none);
        eq_int(totals.rows, 4);
        eq_int(totals.made, 2);
        eq_int(totals.failed, 2);
        has_text(buf_str(&report),
            "line 4: failed zz-apart [M] (zz-apart stands in line 2 already: the rows of a product "
            "must follow each other)");
        has_text(buf_str(&report), "line 5: failed zz-apart [L]");
    }
    eq_str(t_str("select name as s from catalog.product_text x join catalog.product p on p.id = "
                 "x.product_id where p.slug = 'zz-apart'"),
        "Zz Apart");
}

T(a_report_names_the_column_and_cuts_no_letter_in_two)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Variant Price,Variant Inventory Qty,Variant Grams,Variant SKU\n"
             "zz-named,Zz \xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8"
             "\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81"
             "\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0\xb8\x81\xe0"
             "\xb8\x81\xe0\xb8\x81\xe0\xb8\x81,1,1,1,ZNA-1\n"),
        str_none);
    import(S("Handle,Title,Variant Price,Variant Inventory Qty,Variant Grams,Variant SKU\n"
             "zz-named,Zz named,1,1,1,ZNA-1\n"
             "zz-few,Zz Few,1,few,1,ZNA-2\n"
             "zz-owed,Zz Owed,1,-3,453.6,ZNA-6\n"
             "zz-dear,Zz Dear,\"1,290.00\",1,1,ZNA-3\n"
             "zz-free,Zz Free,,1,1,ZNA-4\n"
             "zz-heavy,Zz Heavy,1,1,much,ZNA-5\n"),
        str_none);
    str said = buf_str(&report);
    is_true(str_is_utf8(said));
    has_text(said, "\xe0\xb8\x81… -> \"Zz named\"");
    has_text(said, "(Variant Inventory Qty \"few\" is not a whole number from 0 up)");
    has_text(said, "made zz-owed");
    has_text(said, "warning zz-owed (Variant Inventory Qty -3 is taken as 0)");
    eq_int(t_int("select weight_g as n from catalog.variant where sku = 'ZNA-6'"), 454);
    has_text(said, "(Variant Price \"1,290.00\" is not an amount of USD, as 12 or 12.50)");
    has_text(said, "(Variant Price is empty)");
    has_text(said, "(Variant Grams \"much\" is not a whole number from 0 up)");
}

T(a_file_without_the_right_head_is_refused)
{
    begin();
    struct import_wish wish = { .organisation = house, .format = S("vendure"), .currency = S("USD") };
    eq_err(catalog_import(t_ctx(), &wish, S("a,b\n1,2\n"), &report, &totals), E_INPUT);
    has_text(t_ctx()->fault.text, "no column \"name\"");
    fault_clear(t_ctx());
    wish.format = S("shopify");
    eq_err(catalog_import(t_ctx(), &wish, S("Title,Variant SKU,Variant Price\n"), &report, &totals),
        E_INPUT);
    has_text(t_ctx()->fault.text, "no column \"Handle\"");
    fault_clear(t_ctx());
    wish.format = S("vendure");
    eq_err(catalog_import(t_ctx(), &wish, S("name;slug;price\nA;a;1\n"), &report, &totals), E_INPUT);
    has_text(t_ctx()->fault.text, "semicolons");
    fault_clear(t_ctx());
    eq_err(catalog_import(t_ctx(), &wish, S(""), &report, &totals), E_INPUT);
    has_text(t_ctx()->fault.text, "the file is empty");
    fault_clear(t_ctx());
    static const char wide[] = "\xff\xfen\0a\0m\0e\0";
    eq_err(catalog_import(t_ctx(), &wish, (str){ wide, sizeof wide - 1 }, &report, &totals), E_INPUT);
    has_text(t_ctx()->fault.text, "UTF-16");
    fault_clear(t_ctx());
    wish.currency = S("XXQ");
    eq_err(catalog_import(t_ctx(), &wish, S("a"), &report, &totals), E_INPUT);
    wish.format = S("excel");
    eq_err(catalog_import(t_ctx(), &wish, S("a"), &report, &totals), E_INPUT);
}

T(a_row_in_another_encoding_is_told_what_to_do)
{
    begin();
    import(S("name,slug,sku,price\nZz Caf\xe9,zz-cafe,ZCA-1,1\n"), str_none);
    has_text(buf_str(&report),
        "line 2: failed zz-cafe (the text is not UTF-8: save it as \"CSV UTF-8\")");
}

T(the_whole_vendure_catalogue_goes_in_twice)
{
    bool ok = false;
    if (!t_data())
        t_skip("no outside data");
    begin();
    const char *path =
        str_c(t_ctx()->mem, str_fmt(t_ctx()->mem, "%s/vendure-catalogue/products.csv", t_data()));
    str text = file_read(t_ctx()->mem, path, 1 << 20, &ok);
    if (!ok)
        t_skip("%s is not there", path);
    import(text, str_none);
    eq_int(totals.rows, 88);
    eq_int(totals.made, 88);
    eq_int(totals.warned, 3);
    eq_int(
        t_int("select count(*) as n from catalog.product where organisation_id = %" PRId64, house),
        54);
    eq_int(
        t_int(
            "select count(distinct sku) as n from catalog.variant where organisation_id = %" PRId64,
            house),
        88);
    import(text, str_none);
    eq_int(totals.same, 88);
}

/* ---- Shopify's form ------------------------------------------------------------------------------ */

static const char GARMENTS[] =
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Variant Taxable,Image Src,Status\n"
    "zz-shirt,Zz Shirt,\"<p>Soft &amp; <b>warm</b>.</p><script>alert(1)</script><ul><li>one</li><li>two</li></ul>\",Zz Mill,Zz Shirts,\"men, summer\",true,Size,Small,Colour,Red,,,ZS-S,250,shopify,3,deny,20.00,25.00,true,https://cdn.example/shirt.jpg,active\n"
    "zz-shirt,,,,,,,,Large,,Red,,,,260,shopify,4,deny,22,,true,,\n"
    "zz-shirt,,,,,,,,Huge,,Red,,,ZS-H,1,shopify,4,deny,dear,,true,,\n"
    "zz-shirt,,,,,,,,,,,,,,,,,,,,,https://cdn.example/back.jpg,\n"
    "zz-scarf,Zz Scarf,plain words,Zz Mill,,,false,Title,Default Title,,,,,=2+2,0,,1,deny,9.5,,false,,\n"
    "zz-short,Zz Short\n"
    "zz-last,Zz Last,,,,,true,Title,Default Title,,,,,ZL,,shopify,1,deny,1,,,,\n";

static i64 rows_of_all(void)
{
    return t_int("select (select count(*) from catalog.product) + (select count(*) from "
                 "catalog.variant) + (select count(*) from catalog.price) + (select count(*) from "
                 "catalog.category) + (select count(*) from inventory.movement) + (select count(*) "
                 "from work.outbox) + (select count(*) from inventory.item) + (select count(*) from "
                 "catalog.product_text) + (select count(*) from catalog.option_value) as n");
}

T(shopifys_rows_become_products_and_bad_ones_are_named)
{
    begin();
    format = S("shopify");
    import(str_of(GARMENTS), str_none);
    str said = buf_str(&report);
    eq_int(totals.rows, 7);
    eq_int(totals.made, 5);
    eq_int(totals.failed, 2);
    has_text(said, "line 3: warning zz-shirt [Large|Red] (no SKU; made ZZ-SHIRT-LARGE-RED)");
    has_text(said, "line 4: failed zz-shirt [Huge|Red] (Variant Price \"dear\" is not an amount of USD, as 12 or 12.50)");
    has_text(said, "picture https://cdn.example/shirt.jpg is not fetched");
    has_text(said, "line 7: failed zz-short (fewer cells than the header has)");
    t_get("/products/zz-shirt.json");
    t_json("product.brand", "Zz Mill");
    t_json("product.categories.0.name", "Zz Shirts");
    t_json("product.specs.0.value", "men, summer");
    no_text(t_body(), "alert");
    eq_str(t_str("select description as s from catalog.product_text x join catalog.product p on p.id = "
                 "x.product_id where p.slug = 'zz-shirt'"),
        "Soft & warm.\n\n• one\n\n• two");
    eq_int(t_int("select amount as n from catalog.price r join catalog.variant v on v.id = r.variant_id "
                 "where v.sku = 'ZS-S'"), 2000);
    eq_int(t_int("select compare_at as n from catalog.price r join catalog.variant v on v.id = "
                 "r.variant_id where v.sku = 'ZS-S'"), 2500);
    eq_int(t_int("select weight_g as n from catalog.variant where sku = 'ZS-S'"), 250);
    eq_str(t_str("select status as s from catalog.product where slug = 'zz-scarf'"), "draft");
    eq_str(t_str("select tax_class as s from catalog.product where slug = 'zz-scarf'"), "zero");
    eq_int(t_int("select count(*) as n from inventory.item where sku = '=2+2' and not tracked"), 1);
    i64 rows = rows_of_all();
    import(str_of(GARMENTS), str_none);
    eq_int(totals.same, 5);
    eq_int(rows_of_all(), rows);
}

T(what_is_otherwise_here_than_at_shopify_is_said)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
             "Variant Compare At Price,Variant Inventory Tracker,Variant Inventory Qty,"
             "Variant Inventory Policy,Gift Card\n"
             "zz-card,Zz Card,Worth,10,ZCD-1,10,10.00,,1,continue,TRUE\n"
             "zz-card,,,20,ZCD-2,20,19,shopify,1,Continue,\n"
             "zz-card,,,30,ZCD-3,30,31,shopify,1,continue,\n"
             "zz-gone,Zz Gone,Title,Default Title,ZGO-1,dear,,shopify,1,continue,false\n"
             "zz-free,Zz Free,Title,Default Title,ZFR-1,5,0.00,shopify,1,deny,false\n"), str_none);
    str said = buf_str(&report);
    has_text(said, "line 2: warning zz-card [10] (Gift Card true is taken as ordinary goods; "
                   "Variant Compare At Price \"10.00\" is passed over, as it is not above the price)\n");
    has_text(said, "line 3: warning zz-card [20] (Variant Compare At Price \"19\" is passed over, as "
                   "it is not above the price; Variant Inventory Policy continue is taken as goods "
                   "whose stock is not counted)\n");
    no_text(said, "line 4: warning");
    no_text(said, "line 6: warning");
    eq_int(totals.warned, 2);
    import(S("SKU,Price,Inventory tracker,Continue selling when out of stock\n"
             "ZCD-2,20,shopify,TRUE\nZCD-3,30,shopify,TRUE\nZFR-1,5,shopify,TRUE\n"), str_none);
    said = buf_str(&report);
    has_text(said, "line 2: warning zz-card (Continue selling when out of stock true is taken as");
    no_text(said, "line 3: warning");
    has_text(said, "line 4: warning zz-free (Continue selling when out of stock true is taken as");
}

/* A price that a spreadsheet has lost is 0, and the goods are gone. */
T(what_a_file_gives_away_is_said_once)
{
    static const char *const files[] = {
        "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Status\n"
        "zz-gift,Zz Gift,Size,S,ZGI-1,0,active\nzz-gift,,,L,ZGI-2,5,\n"
        "zz-later,Zz Later,Title,Default Title,ZLA-1,0.00,draft\n",
        "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Status\n"
        "zz-gift,Zz Gift,Size,S,ZGI-1,0,active\nzz-gift,,,L,ZGI-2,0,\n"
        "zz-later,Zz Later,Title,Default Title,ZLA-1,0.00,active\n",
    };
    begin();
    format = S("shopify");
    for (int round = 0; round < 2; round++) {
        import(str_of(files[round]), str_none);
        str said = buf_str(&report);
        const char *one = "line 2: warning zz-gift [S] (Variant Price \"0\" gives it away to everybody)";
        eq_int(totals.failed, 0);
        eq_int(totals.warned, round ? 2 : 1);
        eq_int(str_find(said, str_of(one)) >= 0, !round);
        eq_int(str_find(said, S("line 3: warning zz-gift [L] (Variant Price \"0\" gives it away")) >= 0, round);
        eq_int(str_find(said, S("line 4: warning zz-later (Variant Price \"0.00\" gives it away")) >= 0, round);
    }
}

/* "Variant Price" is "Price" by now, and so on. */
T(shopifys_newer_names_of_columns_are_known)
{
    begin();
    format = S("shopify");
    import(S("Title,URL handle,Description,Vendor,Type,Tags,Published on online store,Status,SKU,"
             "Option1 name,Option1 value,Price,Compare-at price,Charge tax,Tax code,Inventory tracker,"
             "Inventory quantity,Continue selling when out of stock,Weight value (grams),"
             "Product image URL,Image alt text,Variant image URL\n"
             "Zz Mug,zz-mug,<p>It holds.</p>,Zz Mill,Zz Cups,blue,TRUE,Draft,ZMU-S,Size,S,1,5,TRUE,,"
             "shopify,3,DENY,90,,,\n"
             ",zz-mug,,,,,,,ZMU-L,,L,2,6,TRUE,,shopify,4,CONTINUE,120,,,\n"
             "Zz Bowl,zz-bowl,,,,,,active,ZBO-1,Title,Default Title,few,,FALSE,,shopify,1,DENY,,,,\n"
             "Zz Dish,zz-dish,,,,,,active,ZDI-1,Title,Default Title,1,,FALSE,,shopify,-1,DENY,,,,\n"),
        str_none);
    eq_int(totals.made, 3);
    eq_str(t_str(MUG), "draft/It holds./blue/200/600/{size=l}");
    eq_str(t_str("select concat_ws(' ', v.weight_g, i.tracked, p.brand, x.tracked) as s from "
                 "catalog.variant v join inventory.item i on i.id = v.item_id join catalog.product p "
                 "on p.id = v.product_id join inventory.item x on x.sku = 'ZMU-S' where v.sku = "
                 "'ZMU-L'"),
        "120 f Zz Mill t");
    eq_str(t_str("select tax_class as s from catalog.product where slug = 'zz-dish'"), "zero");
    has_text(buf_str(&report), "(Price \"few\" is not an amount of USD, as 12 or 12.50)");
    has_text(buf_str(&report), "(Inventory quantity -1 is taken as 0)");
}

/* Shopify makes handles of Thai titles in Thai letters. */
T(a_handle_that_is_no_address_here_is_made_one_and_is_it_again)
{
    begin();
    format = S("shopify");
    str file = S("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
                 "เสื้อยืด,เสื้อยืด,Size,S,ZTH-1,1\nเสื้อยืด,,,L,ZTH-2,1\n"
                 "Zz_Tea Pot,Zz Tea pot,Title,Default Title,ZTP-1,1\n");
    import(file, str_none);
    eq_int(totals.made, 3);
    has_text(buf_str(&report), "(Zz_Tea Pot is no address: it is made one)");
    eq_int(t_int("select count(*) as n from catalog.product where slug = 'zz-tea-pot'"), 1);
    import(file, str_none);
    eq_int(totals.same, 3);
    import(S("Handle,Variant SKU,Variant Price\nเสื้อยืด,ZTH-1,2\n"), str_none);
    eq_int(totals.changed, 1);
}

T(a_name_that_is_too_long_is_called_so)
{
    begin();
    str name = str_fmt(t_ctx()->mem, "%0201d", 7);
    import(str_fmt(t_ctx()->mem, "name,slug,price,sku\n%.*s,zz-long,1,ZLO-1\n", STR(name)), str_none);
    has_text(buf_str(&report), "failed zz-long (the name is longer than 200 characters)");
}

T(what_shopify_shows_to_some_alone_is_a_draft)
{
    begin();
    format = S("shopify");
    import(S("Handle,Title,Variant SKU,Variant Price,Status\nzz-shy,Zz Shy,ZSH-1,1,Unlisted\n"),
        str_none);
    has_text(buf_str(&report), "(Status unlisted is taken as draft)");
    eq_str(t_str("select status as s from catalog.product where slug = 'zz-shy'"), "draft");
}

T(only_a_yes_or_nothing_publishes_what_shopify_calls_published)
{
    static const struct {
        const char *published, *status;
        bool is_warned;
    } cases[] = { { "true", "published" }, { "TRUE", "published" }, { "Yes", "published" },
        { "1", "published" }, { "y", "published" }, { "", "published" }, { "false", "draft" },
        { "FALSE", "draft" }, { "no", "draft" }, { "0", "draft" }, { "N", "draft" },
        { "F", "draft" }, { "maybe", "draft", true }, { "-1", "draft", true } };
    begin();
    format = S("shopify");
    struct buf csv = buf_new(t_ctx()->mem, 4096);
    buf_add(&csv, S("Handle,Title,Published on online store,Variant SKU,Variant Price\n"));
    for (size_t i = 0; i < COUNT(cases); i++)
        buf_fmt(&csv, "zz-seen-%zu,Zz Seen,%s,ZSN-%zu,1\n", i, cases[i].published, i);
    import(buf_str(&csv), str_none);
    for (size_t i = 0; i < COUNT(cases); i++) {
        eq_str(t_str("select status as s from catalog.product where slug = 'zz-seen-%zu'", i),
            cases[i].status);
        str said = str_fmt(t_ctx()->mem, "warning zz-seen-%zu (", i);
        eq_int(str_find(buf_str(&report), said) >= 0, cases[i].is_warned);
    }
    has_text(buf_str(&report), "(Published on online store maybe is taken as draft)");
    import(S("Handle,Title,Published,Status,Variant SKU,Variant Price\n"
             "zz-seen-0,Zz Seen,no,active,ZSN-0,1\n"), str_none);
    eq_str(t_str("select status as s from catalog.product where slug = 'zz-seen-0'"), "draft");
}

/* A spreadsheet writes true and false in capitals. */
T(what_never_runs_out_does_so_in_any_letters)
{
    begin();
    import(S("name,slug,price,sku,trackInventory\nZz Song,zz-song,1,ZSO-1,FALSE\n"), str_none);
    eq_int(t_int("select count(*) as n from inventory.item where sku = 'ZSO-1' and not tracked"), 1);
}

T(a_rehearsal_says_what_would_change_and_changes_nothing)
{
    begin();
    format = S("shopify");
    i64 rows = rows_of_all();
    rehearse = true;
    import(str_of(GARMENTS), str_none);
    eq_int(totals.made, 5);
    eq_int(rows_of_all(), rows);
    rehearse = false;
    import(str_of(GARMENTS), str_none);
    rows = rows_of_all();
    rehearse = true;
    str dearer = S("Handle,Title,Variant Price,Variant SKU,Variant Grams,Variant Inventory Qty\n"
                   "zz-last,Zz Last of all,2.50,ZL,70,9\n");
    import(dearer, str_none);
    eq_int(totals.changed, 1);
    has_text(buf_str(&report), "prices.USD 100 -> 250");
    has_text(buf_str(&report), "name.en \"Zz Last\" -> \"Zz Last of all\"");
    has_text(buf_str(&report), "weight_g 0 -> 70");
    has_text(buf_str(&report), "stock 1 -> 9");
    eq_int(rows_of_all(), rows);
    eq_int(t_int("select amount as n from catalog.price r join catalog.variant v on v.id = r.variant_id "
                 "where v.sku = 'ZL'"), 100);
}

static bool keep(void *with, str text)
{
    buf_add(with, text);
    return !((struct buf *)with)->full;
}

static struct buf left; /* what the export before said of what it leaves out */

static str exported(i64 of, str as, str currency)
{
    struct buf *out = NEW(t_ctx()->mem, struct buf);
    left = buf_new(t_ctx()->mem, 1 << 20);
    *out = buf_new(t_ctx()->mem, 16 << 20);
    struct export_to to = { .write = keep, .with = out };
    must(catalog_export(t_ctx(),
        &(struct import_wish){ .organisation = of, .format = as, .currency = currency }, &to, &left));
    return buf_str(out);
}

/* Other addresses for all of a shop's products, on the shelf too. */
static void move_away(i64 of, const char *slug)
{
    t_sql("update catalog.product set slug = %s where organisation_id = %" PRId64, slug, of);
    t_sql("select catalog.reshelve(array_agg(id)) from catalog.product where organisation_id = "
          "%" PRId64,
        of);
}

/* Out, into an empty shop, and out of that one: the same bytes. */
static void goes_around(str as)
{
    struct ctx *c = t_ctx();
    str out = exported(house, as, S("USD"));
    has_text(out, "zz-shirt");
    has_text(out, "'=2+2");
    i64 rows = rows_of_all();
    format = as;
    import(out, str_none);
    eq_int(totals.made + totals.changed + totals.failed, 0);
    eq_int(rows_of_all(), rows);
    c->scope = (struct scope){ .platform = true };
    i64 first = house;
    must(auth_organisation_add(c, str_fmt(c->mem, "empty-%.*s", STR(as)), S("Empty"), &house));
    move_away(first, "'was-' || slug");
    c->scope = (struct scope){ .organisation = house };
    import(out, str_none);
    eq_int(totals.failed, 0);
    eq_str(exported(house, as, S("USD")), out);
    c->scope = (struct scope){ .platform = true };
    move_away(house, str_fmt(c->mem, "'%.*s-' || slug", STR(as)).p);
    move_away(first, "substr(slug, 5)");
    house = first;
    c->scope = (struct scope){ .organisation = house };
}

T(an_export_goes_into_an_empty_shop_and_out_again_the_same)
{
    begin();
    format = S("shopify");
    import(str_of(GARMENTS), str_none);
    format = S("vendure");
    import(str_of(PRODUCTS), str_none);
    goes_around(S("shopify"));
    goes_around(S("vendure"));
}

T(a_product_in_two_categories_of_one_name_stays_in_both)
{
    begin();
    i64 id;
    struct node *doc;
    static const char *const slugs[] = { "zz-men-sale", "zz-women-sale" };
    import(S("name,slug,price,sku\nZz Hat,zz-hat,5,ZHA-1\n"), str_none);
    for (size_t i = 0; i < COUNT(slugs); i++) {
        must(json_read(t_ctx(), str_fmt(t_ctx()->mem,
            "{\"slug\":\"%s\",\"name\":{\"en\":\"Zz Sale\"}}", slugs[i]), &doc));
        must(catalog_save_category(t_ctx(), house, doc, &id));
        t_sql("insert into catalog.product_category (product_id, category_id, organisation_id) "
              "select id, %" PRId64 ", organisation_id from catalog.product where slug = 'zz-hat'", id);
    }
    import(exported(house, S("vendure"), S("USD")), str_none);
    eq_int(totals.failed, 0);
    eq_int(totals.same, 1);
    import(S("name,slug,price,sku,facets\nZz Cap,zz-cap,5,ZCA-1,category:Zz Caps|category:Zz Caps\n"),
        str_none);
    eq_int(totals.made, 1);
}

/* As a browser sends what was typed into a field of several lines. */
T(a_description_as_a_browser_sends_it_goes_around)
{
    begin();
    struct ctx *c = t_ctx();
    struct catalog_report done;
    struct node *doc;
    must(json_read(c,
        S("{\"slug\":\"zz-lines\",\"name\":{\"en\":\"Zz Lines\"},\"description\":{\"en\":"
          "\"One. \\r\\n\\r\\nTwo,\\t\\r\\n  three. \\n\"},\"options\":[],\"variants\":[{\"sku\":\"ZLI\","
          "\"options\":{},\"prices\":{\"USD\":1}}]}"),
        &doc));
    must(catalog_save(c, house, doc, &done));
    eq_str(t_str("select description as s from catalog.product_text x join catalog.product p on "
                 "p.id = x.product_id where p.slug = 'zz-lines'"),
        "One.\n\nTwo,\n  three.");
    static const char *const formats[] = { "shopify", "vendure" };
    for (size_t i = 0; i < COUNT(formats); i++) {
        format = str_of(formats[i]);
        import(exported(house, format, S("USD")), str_none);
        eq_int(totals.same, 1);
    }
}

T(vendures_form_has_no_place_for_a_draft_and_that_is_said)
{
    begin();
    import(S("name,slug,price,sku\nZz Hat,zz-hat,5,ZHA-1\nZz Cap,zz-cap,5,ZCA-1\n"), str_none);
    t_sql("update catalog.product set status = 'archived' where slug = 'zz-cap'");
    exported(house, S("vendure"), S("USD"));
    has_text(buf_str(&left), "left out: zz-cap (that it is archived: the format has no place for it)");
    no_text(buf_str(&left), "zz-hat");
    exported(house, S("shopify"), S("USD"));
    no_text(buf_str(&left), "zz-cap");
}

static void changes_nothing(str as)
{
    i64 rows = rows_of_all();
    format = as;
    struct import_wish wish = { .organisation = house, .format = as, .currency = S("THB"),
        .images_dir = S("/nowhere") };
    report.n = 0;
    must(catalog_import(t_ctx(), &wish, exported(house, as, S("THB")), &report, &totals));
    if (totals.made + totals.changed + totals.failed)
        ck_abort_msg("%.*s", STR(str_upto(buf_str(&report), 3000)));
    is_true(totals.same > 100);
    eq_int(rows_of_all(), rows);
}

/* With its options, prices in three currencies, texts in three languages and pictures. */
T(the_demo_shops_own_export_changes_nothing)
{
    begin();
    t_ctx()->scope = (struct scope){ .platform = true };
    house = t_int("select id as n from auth.organisation where slug = 'house'");
    t_ctx()->scope = (struct scope){ .organisation = house };
    changes_nothing(S("vendure"));
    changes_nothing(S("shopify"));
}

T(all_of_shopifys_apparel_goes_in_twice)
{
    bool ok = false;
    if (!t_data())
        t_skip("no outside data");
    begin();
    format = S("shopify");
    const char *path = str_fmt(t_ctx()->mem, "%s/shopify/apparel.csv", t_data()).p;
    str text = file_read(t_ctx()->mem, path, 1 << 20, &ok);
    if (!ok)
        t_skip("%s is not there", path);
    import(text, str_none);
    eq_int(totals.rows, 22);
    eq_int(totals.made, 22);
    eq_int(t_int("select count(*) as n from catalog.product where organisation_id = %" PRId64, house),
        20);
    has_text(buf_str(&report), "CLASSIC-VARSITY-TOP-SMALL");
    has_text(buf_str(&report), "picture https://burst.shopifycdn.com/");
    import(text, str_none);
    eq_int(totals.same, 22);
}

/* ---- pictures of variants, and what they show ------------------------------------------------------ */

#define AT(letter) "https://shop.test/media/" letter letter letter letter letter letter letter letter "-800.webp"
#define TEE_HEAD                                                                                    \
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price," \
    "Image Src,Image Alt Text,Variant Image,Status\n"
static const char TEES[] = TEE_HEAD
    "zz-tee,Zz Tee,Size,S,Colour,Red,T-1,10," AT("aa") ",A red tee," AT("aa") ",active\n"
    "zz-tee,,,S,,Blue,T-2,10," AT("bb") ",," AT("bb") ",\n"
    "zz-tee,,,L,,Red,T-3,10," AT("cc") ",From behind," AT("aa") ",\n"
    "zz-tee,,,L,,Blue,T-4,10,,," AT("bb") ",\n";

static void own_pictures(void)
{
    for (int i = 0; i < 3; i++)
        t_sql("insert into media.picture (organisation_id, stem, width, height, widths) values "
              "(%" PRId64 ", repeat('%c', 16), 800, 600, '{400,800}')", house, 'a' + i);
}

static str tee_pictures(void)
{
    return t_str("select coalesce(string_agg(left(m.stem, 1) || ' ' || (x.alts ->> 'en') || ' ' || "
                 "coalesce(v.code, '-'), ', ' order by x.position), '') as s from catalog.product p "
                 "join catalog.product_picture x on x.product_id = p.id "
                 "join media.picture m on m.id = x.picture_id "
                 "left join catalog.option_value v on v.id = x.value_id where p.slug = 'zz-tee'");
}

T(shopifys_pictures_of_variants_stand_with_what_tells_these_apart)
{
    begin();
    own_pictures();
    format = S("shopify");
    rehearse = true;
    import(str_of(TEES), str_none);
    has_text(buf_str(&report), "picture " AT("aa") " is that of Red");
    has_text(buf_str(&report), "picture " AT("bb") " is that of Blue");
    eq_str(tee_pictures(), "");
    rehearse = false;
    import(str_of(TEES), str_none);
    eq_int(totals.made, 4);
    eq_str(tee_pictures(), "a A red tee red, b Zz Tee blue, c From behind -");
    no_text(buf_str(&report), "picture");
    import(str_of(TEES), str_none);
    eq_int(totals.same, 4); /* twice */
}

T(shopifys_words_for_a_picture_leave_those_of_other_languages)
{
    begin();
    own_pictures();
    format = S("shopify");
    import(str_of(TEES), str_none);
    t_sql("update catalog.product_picture x set alts = alts || '{\"th\":\"from Bangkok\"}' from "
          "catalog.product p where p.id = x.product_id and p.slug = 'zz-tee' and x.alts ->> 'en' = 'A red tee'");
    import(str_of(TEES), str_none);
    eq_int(totals.same, 4);
    import(str_of(TEE_HEAD "zz-tee,Zz Tee,Size,S,Colour,Red,T-1,10," AT("aa") ",Red as a brick," AT("aa")
                           ",active\n"), str_none);
    eq_int(totals.changed, 1);
    has_text(tee_pictures(), "a Red as a brick red");
    eq_int(t_int("select count(*) as n from catalog.product_picture where alts ->> 'th' = "
                 "'from Bangkok' and alts ->> 'en' = 'Red as a brick'"), 1);
}

/* Front, red, blue; and a file of prices that names those of variants alone. */
T(a_file_that_names_some_pictures_leaves_the_others_where_they_are)
{
#define FEW(rows) "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src," \
                  "Variant Image,Status\n" rows
    begin();
    own_pictures();
    format = S("shopify");
    import(S(FEW("zz-tee,Zz Tee,Colour,Red,T-1,10," AT("cc") "," AT("aa") ",active\n"
                 "zz-tee,,,Blue,T-2,10,," AT("bb") ",\n")), str_none);
    eq_str(tee_pictures(), "c Zz Tee -, a Zz Tee red, b Zz Tee blue");
    import(S(FEW("zz-tee,Zz Tee,Colour,Red,T-1,12,," AT("aa") ",active\n"
                 "zz-tee,,,Blue,T-2,12,," AT("bb") ",\n")), str_none);
    eq_int(totals.changed, 2);
    eq_str(tee_pictures(), "c Zz Tee -, a Zz Tee red, b Zz Tee blue");
    import(S(FEW("zz-tee,Zz Tee,Colour,Red,T-1,12,," AT("aa") ",active\n")), str_none); /* the second */
    eq_str(tee_pictures(), "c Zz Tee -, a Zz Tee red, b Zz Tee blue");
    t_sql("update catalog.product_picture x set picture_id = (select picture_id from "
          "catalog.product_picture y where y.product_id = x.product_id and y.position = 2), "
          "value_id = null from catalog.product p where p.id = x.product_id and p.slug = 'zz-tee' "
          "and x.position = 1"); /* one that stands there twice */
    import(S(FEW("zz-tee,Zz Tee,Colour,Blue,T-2,13," AT("cc") "," AT("bb") ",active\n")), str_none);
    eq_str(tee_pictures(), "a Zz Tee -, a Zz Tee red, b Zz Tee blue, c Zz Tee -");
    import(S(FEW("zz-tee,Zz Tee,Colour,Blue,T-2,13," AT("cc") "," AT("aa") ",active\n")), str_none);
    has_text(tee_pictures(), ", a Zz Tee red, b Zz Tee blue, c Zz Tee -");
    t_sql("insert into media.picture (organisation_id, stem, width, height, widths) "
          "select %" PRId64 ", 'morepicture' || lpad(n::text, 5, '0'), 800, 600, '{400,800}' "
          "from generate_series(5, 24) n", house);
    t_sql("insert into catalog.product_picture (product_id, picture_id, organisation_id, position) "
          "select p.id, m.id, p.organisation_id, right(m.stem, 5)::int from media.picture m, "
          "catalog.product p where p.slug = 'zz-tee' and m.stem like 'morepicture%%'");
    t_sql("insert into media.picture (organisation_id, stem, width, height, widths) values "
          "(%" PRId64 ", repeat('d', 16), 800, 600, '{400,800}')", house);
    import(S(FEW("zz-tee,Zz Tee,Colour,Blue,T-2,13," AT("dd") "," AT("aa") ",active\n")), str_none);
    has_text(buf_str(&report), "1 of its pictures left out: a product has at most 24");
    eq_int(t_int("select count(*) as n from catalog.product_picture x join catalog.product p on "
                 "p.id = x.product_id where p.slug = 'zz-tee'"), 24);
#undef FEW
}

T(what_shopify_has_of_pictures_comes_back_equal)
{
    begin();
    own_pictures();
    format = S("shopify");
    import(str_of(TEES), str_none);
    str pictures = tee_pictures(), file = exported(house, format, S("USD"));
    has_text(file, "Image Alt Text,Variant Image,Variant Weight Unit");
    import(file, str_none);
    eq_int(totals.same, 4);
    t_sql("delete from catalog.product where slug = 'zz-tee'");
    import(file, str_none);
    eq_int(totals.made, 4);
    eq_str(tee_pictures(), pictures);
    eq_str(exported(house, format, S("USD")), file);
}

T(a_picture_that_no_option_tells_apart_is_kept_with_the_product_and_said)
{
    static const char crossed[] = TEE_HEAD
        "zz-tee,Zz Tee,Size,S,Colour,Red,T-1,10," AT("aa") ",," AT("aa") ",active\n"
        "zz-tee,,,S,,Blue,T-2,10," AT("bb") ",,,\n"
        "zz-tee,,,L,,Blue,T-4,10,,," AT("aa") ",\n";
    begin();
    own_pictures();
    format = S("shopify");
    rehearse = true;
    import(str_of(crossed), str_none);
    has_text(buf_str(&report), "picture " AT("aa") " is kept with the whole product");
    rehearse = false;
    import(str_of(crossed), str_none);
    has_text(buf_str(&report), "picture " AT("aa") " is kept with the whole product");
    eq_int(totals.made, 3);
    eq_str(tee_pictures(), "a Zz Tee -, b Zz Tee -");
    t_sql("update catalog.product_picture x set value_id = v.id from catalog.option_value v "
          "join catalog.option o on o.id = v.option_id join catalog.product p on p.id = o.product_id "
          "where p.slug = 'zz-tee' and v.code = 'red' and x.product_id = p.id and x.position = 1");
    import(str_of(crossed), str_none); /* somebody has said whose it is */
    no_text(buf_str(&report), "whole product");
    eq_str(tee_pictures(), "a Zz Tee red, b Zz Tee -");
}

T(a_second_picture_of_a_colour_is_named_where_the_format_has_one)
{
    begin();
    own_pictures();
    format = S("shopify");
    import(str_of(TEES), str_none);
    t_sql("update catalog.product_picture x set value_id = (select v.id from catalog.option_value v "
          "join catalog.option o on o.id = v.option_id join catalog.product p on p.id = o.product_id "
          "where p.slug = 'zz-tee' and v.code = 'red') where x.alts ->> 'en' = 'From behind'");
    str file = exported(house, format, S("USD"));
    has_text(buf_str(&left), "left out: zz-tee (that picture 3 is one of Red");
    import(file, str_none);
    eq_int(totals.same, 4); /* the shop still knows */
    eq_str(tee_pictures(), "a A red tee red, b Zz Tee blue, c From behind red");
}

/* ---- words ------------------------------------------------------------------------------------ */

T(mark_up_becomes_paragraphs)
{
    static const struct {
        const char *html, *plain;
    } cases[] = {
        { "plain\n\n words", "plain\n\n words" },
        { "a &lt;b&gt; &#8364; &#x41;&nbsp;x &unknown; &", "a <b> € A x &unknown; &" },
        { "<p>one</p>\n<p>two<br>lines</p>", "one\n\ntwo\nlines" },
        { "<div onclick=\"x('>')\">x</div><style>p{}</style>y", "x\n\ny" },
        { "<!-- <p>gone</p> -->kept <i>it", "kept it" },
        { "3 < 4 <b>and</b> 5 > 4", "3 < 4 and 5 > 4" },
        { "<script>never ended", "" },
        { "<", "<" },
        { "<p", "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        eq_str(import_plain(t_ctx(), str_of(cases[i].html)), cases[i].plain);
    static const char *const texts[] = { "one\n\ntwo\nlines", "a < b & c > d", "", "x\n\n\ny",
        "• one\n\n• two" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buf html = buf_new(t_ctx()->mem, 4096);
        export_html(&html, str_of(texts[i]));
        eq_str(import_plain(t_ctx(), buf_str(&html)), texts[i]);
    }
}

T(what_a_spreadsheet_would_reckon_stays_a_text)
{
    static const struct {
        const char *cell, *written;
    } cases[] = { { "=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"" },
        { "+1", "'+1" }, { "-1", "'-1" }, { "@x", "'@x" }, { "'=x", "''=x" }, { "'x", "'x" },
        { "''", "''" }, { "a=b", "a=b" }, { "a,b", "\"a,b\"" }, { "", "" } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out = buf_new(t_ctx()->mem, 4096);
        str cells[CSV_COLUMNS];
        struct csv csv;
        export_cell(&out, str_of(cases[i].cell));
        eq_str(buf_str(&out), cases[i].written);
        buf_add(&out, S(",end"));
        eq_int(read_all(buf_str(&out), cells, &csv), 2);
        eq_str(import_inert(cells[0]), cases[i].cell);
    }
}

/* ---- pictures
 * ---------------------------------------------------------------------------------------- */

static str media_dir;

static struct ctx *with_media(void)
{
    begin();
    struct ctx *c = t_ctx();
    char dir[] = "/tmp/talat-media-XXXXXX";
    if (!mkdtemp(dir))
        t_leave("no folder for pictures");
    media_dir = str_dup(c->mem, str_of(dir));
    c->app->media_dir = media_dir;
    return c;
}

static void sweep(void)
{
    str command = str_fmt(t_ctx()->mem, "rm -rf '%.*s'", STR(media_dir));
    if (system(command.p))
        t_note_skip("%s stays", command.p);
}

T(a_picture_is_stored_once_in_sizes_not_wider_than_itself)
{
    struct ctx *c = with_media();
    str png = { PNG, sizeof PNG - 1 };
    i64 first, second;
    int err = media_store(c, house, png, false, &first);
    if (err == E_INTERNAL)
        t_leave("talat-image is not there: %.*s", STR(c->fault.detail));
    must(err);
    must(media_store(c, house, png, false, &second));
    eq_int(first, second);
    eq_str(t_str("select widths::text as s from media.picture where id = %" PRId64, first),
        "{200,400}");
    eq_int(t_int("select width as n from media.picture where id = %" PRId64, first), 320);
    str stem = t_str("select stem as s from media.picture where id = %" PRId64, first);
    is_true(access(str_c(c->mem, str_fmt(c->mem, "%.*s/%.*s-400.webp", STR(media_dir), STR(stem))),
                R_OK) == 0);
    sweep();
}

/* What is said to be on the disk before its row is. */
static struct buf *synced;

int fsync(int fd)
{
    char at[64], path[1024];
    snprintf(at, sizeof at, "/proc/self/fd/%d", fd);
    ssize_t n = synced ? readlink(at, path, sizeof path) : 0;
    if (n > 0)
        buf_fmt(synced, "%.*s\n", (int)n, path);
    return (int)syscall(SYS_fsync, fd);
}

T(a_pictures_files_and_their_names_are_on_the_disk_before_its_row)
{
    struct ctx *c = with_media();
    struct buf paths = buf_new(c->mem, 10000);
    i64 id;
    synced = &paths;
    int err = media_store(c, house, (str){ PNG, sizeof PNG - 1 }, false, &id);
    synced = NULL;
    if (err == E_INTERNAL)
        t_leave("talat-image is not there: %.*s", STR(c->fault.detail));
    must(err);
    has_text(buf_str(&paths), "-200.webp\n");
    has_text(buf_str(&paths), "-400.webp\n");
    is_true(str_ends(buf_str(&paths), str_fmt(c->mem, "%.*s\n", STR(media_dir))));
    sweep();
}

T(what_is_no_picture_is_refused)
{
    struct ctx *c = with_media();
    i64 id;
    eq_err(media_store(c, house, S("<html>not a picture at all</html>"), false, &id), E_KIND);
    fault_clear(c);
    eq_err(
        media_store(c, house, S("<svg xmlns='http://www.w3.org/2000/svg'/>"), false, &id), E_KIND);
    fault_clear(c);
    char *large = arena_take(c->mem, (size_t)11 << 20);
    memcpy(large, "\xff\xd8\xff\xe0", 4);
    eq_err(media_store(c, house, (str){ large, (size_t)11 << 20 }, false, &id), E_TOO_LARGE);
    sweep();
}

T(a_row_is_dressed_with_every_size)
{
    struct ctx *c = t_ctx();
    struct node *row;
    must(json_read(c,
        S("{\"stem\":\"abcdefabcdefabcdef\",\"width\":500,\"height\":250,"
          "\"widths\":[200,400,800],\"alt\":\"A cup\"}"),
        &row));
    struct node *picture = media_picture(c, row, 400);
    eq_str(node_str(picture, "src"), "/media/abcdefabcdefabcdef-400.webp");
    eq_int(node_int(picture, "height"), 200);
    has_text(node_str(picture, "srcset"), "-800.webp 500w");
    eq_str(node_str(picture, "alt"), "A cup");
    is_true(media_picture(c, node_map(c->mem), 400) == NULL);
}

/* The same picture to look at, and other bytes. */
static void picture_file(const char *name, const char *more)
{
    struct ctx *c = t_ctx();
    const char *path = str_fmt(c->mem, "%.*s/%s", STR(media_dir), name).p;
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(PNG, 1, sizeof PNG - 1, file) != sizeof PNG - 1 || fputs(more, file) < 0 ||
        fclose(file))
        t_leave("no file for a picture");
}

#define SHOE "name,slug,assets,sku,price\nZz Shoe,zz-shoe,"

static str shoe_pictures(void)
{
    return t_str("select coalesce(string_agg(coalesce(x.alts ->> 'th', '-') || ' ' || x.picture_id - "
                 "(select min(id) from media.picture where organisation_id = p.organisation_id), ', ' "
                 "order by x.position), '') as s from catalog.product p join catalog.product_picture x "
                 "on x.product_id = p.id where p.slug = 'zz-shoe' group by p.id");
}

/* Pictures 0, 1 and 2 are called front, side and back. */
static void with_shoe(void)
{
    i64 id;
    struct ctx *c = with_media();
    int err = media_store(c, house, (str){ PNG, sizeof PNG - 1 }, false, &id);
    if (err == E_INTERNAL)
        t_leave("talat-image is not there: %.*s", STR(c->fault.detail));
    must(err);
    picture_file("front.png", "");
    picture_file("side.png", "s");
    picture_file("back.png", "b");
    import(S(SHOE "front.png|side.png|back.png,ZSH-1,1\n"), media_dir);
    eq_int(totals.warned, 0);
    t_sql("update catalog.product_picture x set alts = alts || jsonb_build_object('th', x.position) "
          "from catalog.product p where p.id = x.product_id and p.slug = 'zz-shoe'");
    eq_str(shoe_pictures(), "1 0, 2 1, 3 2");
}

T(a_picture_that_a_file_calls_otherwise_takes_the_place_of_the_one_before)
{
    with_shoe();
    picture_file("left.png", "l");
    import(S(SHOE "front.png|left.png|back.png,ZSH-1,1\n"), media_dir);
    eq_int(totals.changed, 1);
    has_text(buf_str(&report), "picture left.png takes the place of the one before");
    eq_str(shoe_pictures(), "1 0, - 3, 3 2");
    import(S(SHOE "front.png|left.png|back.png,ZSH-1,1\n"), media_dir);
    eq_int(totals.same, 1);
    /* One that staff put there stays, and so does its place. */
    t_sql("update catalog.product_picture x set position = position + 1 from catalog.product p where "
          "p.id = x.product_id and p.slug = 'zz-shoe' and position = 3; "
          "insert into media.picture (organisation_id, stem, width, height, widths) values "
          "(%" PRId64 ", repeat('e', 16), 800, 600, '{400,800}'); "
          "insert into catalog.product_picture (product_id, picture_id, organisation_id, position) "
          "select p.id, (select max(id) from media.picture), p.organisation_id, 3 from "
          "catalog.product p where p.slug = 'zz-shoe'", house);
    picture_file("heel.png", "h");
    import(S(SHOE "front.png|left.png|heel.png,ZSH-1,1\n"), media_dir);
    eq_int(t_int("select count(*) as n from catalog.product_picture x join catalog.product p on p.id = "
                 "x.product_id join media.picture m on m.id = x.picture_id where p.slug = 'zz-shoe' "
                 "and x.position = 3 and m.stem like 'eeee%%'"), 1);
    has_text(shoe_pictures(), "1 0, - 3, - ");
    no_text(shoe_pictures(), "3 2");
    sweep();
}

/* Together more than the memory of one product. */
T(a_product_may_name_many_large_files)
{
    with_media();
    struct ctx *c = t_ctx();
    struct buf csv = buf_new(c->mem, 1000);
    buf_add(&csv, S(SHOE));
    for (int i = 0; i < 14; i++) {
        str name = str_fmt(c->mem, "noise-%d.png", i);
        const char *path = str_fmt(c->mem, "%.*s/%.*s", STR(media_dir), STR(name)).p;
        must(file_write(c, path, S("no picture")));
        eq_int(truncate(path, 9 << 20), 0);
        buf_fmt(&csv, "%s%.*s", i ? "|" : "", STR(name));
    }
    buf_add(&csv, S(",ZSH-1,1\nZz Boot,zz-boot,,ZBO-1,1\n"));
    import(buf_str(&csv), media_dir);
    eq_int(totals.made, 2);
    has_text(buf_str(&report), "picture noise-0.png: Pictures are JPEG");
    has_text(buf_str(&report), "picture noise-13.png: Pictures are JPEG");
    sweep();
}

/* One picture for S and L of each colour, and another of the whole. */
static void import_socks(const char *rows)
{
    import(str_fmt(t_ctx()->mem, "name,slug,assets,optionGroups,optionValues,sku,price,variantAssets\n%s",
               rows), media_dir);
}
#define SOCKS(red, blue)                                                                           \
    "Zz Sock,zz-sock,front.png,Colour,Red,ZSO-1,1," red "\n,,,,Blue,ZSO-2,1," blue "\n"            \
    ",,,,Green,ZSO-3,1,side.png\n"

static str sock_pictures(void)
{
    return t_str("select string_agg(coalesce(v.code, '-') || ' ' || x.picture_id - (select min(id) "
                 "from media.picture where organisation_id = p.organisation_id), ', ' order by "
                 "x.position) as s from catalog.product p join catalog.product_picture x "
                 "on x.product_id = p.id left join catalog.option_value v on v.id = x.value_id "
                 "where p.slug = 'zz-sock' group by p.id");
}

T(a_picture_of_two_values_stays_with_both)
{
    with_shoe();
    import_socks(SOCKS("side.png", "side.png"));
    eq_str(sock_pictures(), "- 0, red 1, blue 1, green 1");
    import_socks(SOCKS("side.png", "side.png"));
    eq_int(totals.same, 3);
    import_socks("Zz Sock,zz-sock,,Colour,Blue,ZSO-2,1,side.png\n"); /* one of its rows */
    eq_int(totals.same, 1);
    eq_str(sock_pictures(), "- 0, red 1, blue 1, green 1");
    picture_file("side.png", "another");
    import_socks(SOCKS("side.png", "side.png"));
    eq_str(sock_pictures(), "- 0, red 3, blue 3, green 3");
    import_socks(SOCKS("side.png", "back.png")); /* what Blue had before stays, as ever */
    eq_str(sock_pictures(), "- 0, red 3, blue 3, green 3, blue 2");
    import_socks(SOCKS("side.png", "back.png"));
    eq_int(totals.same, 3);
    sweep();
}

T(a_picture_that_has_changed_under_its_name_keeps_its_place_and_words)
{
    with_shoe();
    picture_file("side.png", "another");
    import(S(SHOE "front.png|side.png|back.png,ZSH-1,1\n"), media_dir);
    eq_int(totals.changed, 1);
    eq_str(shoe_pictures(), "1 0, 2 3, 3 2");
    import(S(SHOE "front.png|side.png|back.png,ZSH-1,1\n"), media_dir);
    eq_int(totals.same, 1);
    sweep();
}

T(a_file_that_names_fewer_pictures_or_one_that_is_not_there_takes_none_away)
{
    with_shoe();
    picture_file("left.png", "l");
    import(S(SHOE "front.png|gone.png|back.png,ZSH-1,1\n"), media_dir);
    eq_int(totals.same, 1);
    import(S(SHOE "front.png|back.png,ZSH-1,1\n"), media_dir);
    eq_int(totals.same, 1);
    import(S(SHOE "front.png|left.png,ZSH-1,1\n"), media_dir);
    eq_str(shoe_pictures(), "1 0, 2 1, 3 2, - 3");
    rehearse = true;
    import(S(SHOE "left.png|side.png|back.png|front.png,ZSH-1,1\n"), media_dir);
    no_text(buf_str(&report), "would be taken in");
    sweep();
}

T(a_rehearsal_says_which_pictures_are_not_there)
{
    with_shoe();
    static const char file[] = SHOE "front.png|gone.png|../new.png|new.png,ZSH-1,1\n";
    picture_file("new.png", "n");
    rehearse = true;
    import(str_of(file), media_dir);
    str said = buf_str(&report);
    has_text(said, "(picture gone.png is not there; a picture's name may have no folder in it; "
                   "picture new.png would be taken in)");
    no_text(said, "front.png");
    import(str_of(file), S("/nowhere"));
    has_text(buf_str(&report), "(picture front.png is not there; picture gone.png is not there; ");
    no_text(buf_str(&report), "would be taken in");
    eq_str(shoe_pictures(), "1 0, 2 1, 3 2");
    sweep();
}
