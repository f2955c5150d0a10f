/* Which country an address is used in, by files as their publishers make them, and by none. */
#include "io/io.h"
#include "t/mmdb.h"
#include "t/t.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define USUAL mmdb_usual(t_ctx()->mem)

static struct countries *by(str file) { return countries_new(t_ctx()->mem, str_of(t_file(file))); }

static str of(struct countries *k, const char *address)
{
    return country_of(t_ctx(), k, str_of(address));
}

/* Another file in the place of the one at `path`. */
static void replace(const char *path, str file)
{
    eq_int(rename(t_file(file), path), 0);
}

static void later(i64 us) { t_ctx()->now += us; }

static str only(enum mmdb_way way, const char *says)
{
    struct mmdb_row row = { "203.0.113.0", 24, says };
    return mmdb_of(t_ctx()->mem, way, &row, 1, when_now());
}

T(se_14_an_address_has_the_country_of_its_network)
{
    struct countries *k = by(USUAL);
    eq_str(of(k, "203.0.113.0"), "TH");
    eq_str(of(k, "203.0.113.255"), "TH");
    eq_str(of(k, "::ffff:203.0.113.9"), "TH");
    eq_str(of(k, "198.51.100.77"), "VN");
    eq_str(of(k, "2001:db8:12::1"), "SG");
}

T(se_14_an_address_that_nobody_knows_has_no_country)
{
    static const char *const unknown[] = { "203.0.112.255", "203.0.114.0", "8.8.8.8", "2001:db9::1",
        "", "unix:", "localhost", "203.0.113", "203.0.113.9.9", "203.0.113.9:80", "::", "%%%",
        "203.0.113.9203.0.113.9203.0.113.9203.0.113.9203.0.113.9" };
    struct countries *k = by(USUAL);
    for (size_t i = 0; i < COUNT(unknown); i++)
        eq_str(of(k, unknown[i]), "");
    eq_str(of(countries_new(t_ctx()->mem, str_none), "203.0.113.9"), "");
}

/* Whatever a file says of them. */
T(se_14_addresses_of_houses_and_of_this_machine_have_no_country)
{
    static const char *const local[] = { "0.0.0.1", "10.1.2.3", "100.64.0.1", "100.127.255.255",
        "127.0.0.1", "169.254.1.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.1.2.3" };
    static const char *const others[] = { "9.255.255.255", "11.0.0.0", "100.63.255.255",
        "100.128.0.0", "126.255.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "223.255.255.255", "2000::1", "3fff::1" };
    static const struct mmdb_row all[] = { { "0.0.0.0", 1, "TH" }, { "128.0.0.0", 1, "TH" },
        { "2000::", 3, "TH" }, { "8000::", 1, "TH" } };
    struct countries *k = by(mmdb_of(t_ctx()->mem, MMDB_COUNTRY, all, COUNT(all), when_now()));
    for (size_t i = 0; i < COUNT(local); i++)
        eq_str(of(k, local[i]), "");
    for (size_t i = 0; i < COUNT(others); i++)
        eq_str(of(k, others[i]), "TH");
}

T(se_14_each_publishers_way_to_name_a_country_is_read)
{
    eq_str(of(by(only(MMDB_COUNTRY, "TH")), "203.0.113.9"), "TH");
    eq_str(of(by(only(MMDB_REGISTERED, "VN")), "203.0.113.9"), "VN");
    eq_str(of(by(only(MMDB_CODE, "SG")), "203.0.113.9"), "SG");
    eq_str(of(by(only(MMDB_PLAIN, "LA")), "203.0.113.9"), "LA");
    eq_str(of(by(only(MMDB_NOTHING, "AS")), "203.0.113.9"), "");
}

T(se_14_what_is_no_code_of_a_country_is_none)
{
    static const char *const none[] = { "", "T", "th", "THA", "T1", "ZZ", "--", "\xc3\xa9" };
    for (size_t i = 0; i < COUNT(none); i++)
        eq_str(of(by(only(MMDB_COUNTRY, none[i])), "203.0.113.9"), "");
}

T(se_14_a_file_that_is_none_is_said_once_and_no_more)
{
    str whole = USUAL;
    const str broken[] = { S("no map at all"), str_none, str_upto(whole, whole.n / 2),
        str_from(whole, whole.n / 2), str_fmt(t_ctx()->mem, "\xab\xcd\xefMaxMind.com") };
    for (size_t i = 0; i < COUNT(broken); i++) {
        when built;
        const char *path = t_file(broken[i]);
        struct countries *k = countries_new(t_ctx()->mem, str_of(path));
        for (int n = 0; n < 3; n++, later(2 * MINUTE))
            eq_str(of(k, "203.0.113.9"), "");
        is_true(country_try(t_ctx(), str_of(path), &built) == E_INTERNAL);
        has_text(t_ctx()->fault.detail, str_of(path));
        fault_clear(t_ctx());
    }
    struct countries *nowhere = countries_new(t_ctx()->mem, S("/nonexistent/countries.mmdb"));
    eq_str(of(nowhere, "203.0.113.9"), "");
    struct countries *folder = countries_new(t_ctx()->mem, S("/tmp"));
    eq_str(of(folder, "203.0.113.9"), "");
    is_true(!t_ctx()->fault.code);
}

/* How many lines the log gets of that many logins, each in another minute. */
static i64 said(const char *path, int logins)
{
    char text[16384];
    int ends[2];
    i64 lines = 0;
    struct countries *k = countries_new(t_ctx()->mem, str_of(path));
    is_true(!pipe2(ends, O_NONBLOCK));
    log_open(ends[1], LOG_INFO);
    for (int i = 0; i < logins; i++, later(2 * MINUTE))
        of(k, "203.0.113.9");
    log_open(-1, LOG_ERROR);
    ssize_t n = read(ends[0], text, sizeof text);
    close(ends[0]);
    close(ends[1]);
    str rest = { text, n > 0 ? (size_t)n : 0 }, line;
    while (str_cut(&rest, '\n', &line))
        lines += str_find(line, S("\"event\":\"country_file\"")) >= 0;
    return lines;
}

T(se_14_the_log_hears_of_a_missing_or_broken_file_once)
{
    eq_int(said("/nonexistent/countries.mmdb", 5), 1);
    eq_int(said(t_file(S("no map at all")), 5), 1);
    eq_int(said(t_file(USUAL), 5), 0);
}

T(se_14_a_file_put_in_the_place_of_another_is_seen_within_a_minute)
{
    const char *path = t_file(USUAL);
    struct countries *k = countries_new(t_ctx()->mem, str_of(path));
    eq_str(of(k, "203.0.113.9"), "TH");
    replace(path, only(MMDB_COUNTRY, "MM"));
    eq_str(of(k, "203.0.113.9"), "TH"); /* the one before, which is whole */
    later(MINUTE);
    eq_str(of(k, "203.0.113.9"), "MM");
    replace(path, S("torn"));
    later(MINUTE);
    eq_str(of(k, "203.0.113.9"), "");
    replace(path, USUAL);
    later(MINUTE);
    eq_str(of(k, "203.0.113.9"), "TH");
    eq_int(unlink(path), 0);
    later(MINUTE);
    eq_str(of(k, "203.0.113.9"), "");
    replace(path, USUAL);
    later(MINUTE);
    eq_str(of(k, "203.0.113.9"), "TH");
}

/* As cp does it: what was mapped ends before its old end. */
T(se_14_a_file_that_is_written_into_is_let_go_at_once)
{
    const char *path = t_file(USUAL);
    struct countries *k = countries_new(t_ctx()->mem, str_of(path));
    eq_str(of(k, "203.0.113.9"), "TH");
    eq_int(truncate(path, 0), 0);
    eq_str(of(k, "203.0.113.9"), "");
    must(file_write(t_ctx(), path, only(MMDB_COUNTRY, "MM")));
    later(MINUTE);
    eq_str(of(k, "203.0.113.9"), "MM");
}

T(se_14_the_doctor_is_told_how_old_a_map_is_and_whether_it_names_countries)
{
    struct mmdb_row row = { "203.0.113.0", 24, "TH" };
    when built = 0, made = INT64_C(1700000000) * SECOND;
    str old = mmdb_of(t_ctx()->mem, MMDB_COUNTRY, &row, 1, made);
    must(country_try(t_ctx(), str_of(t_file(old)), &built));
    eq_int(built, made);
    is_true(country_try(t_ctx(), str_of(t_file(only(MMDB_NOTHING, "AS"))), &built) == E_INTERNAL);
    has_text(t_ctx()->fault.detail, "no country");
}
