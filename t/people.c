/* People of another shop, brought along with their passwords. */
#include "io/io.h"
#include "ops/ops.h"
#include "t/shop.h"
#include "web/web.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Published with crypt_blowfish, OpenBSD's and Python's bcrypt. */
#define OF_U_STAR_U "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define OF_U_TWICE  "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"
#define OF_PHP      "$2y$10$.vGA1O9wmRjrwAVXD98HNOgsNpDczlqm3Jq7KnEd1rVAGv3Fykk1a"

static str bring(str text, bool rehearse, i64 *failed, enum err want)
{
    struct buf report = buf_new(t_ctx()->mem, 64 << 10);
    eq_err(ops_people(t_ctx(), text, rehearse, &report, failed), want);
    return buf_str(&report);
}

static str of_lines(const char *lines)
{
    return str_fmt(t_ctx()->mem, "email,name,hash,verified\n%s", lines);
}

static i64 people(const char *like)
{
    return t_int("select count(*) as n from auth.person where email like '%s'", like);
}

T(people_come_with_their_hash_and_get_ours_when_they_log_in)
{
    i64 failed;
    t_open();
    str said = bring(of_lines("Brought.Ann@Example.Test,\"Lee, Ann\"," OF_PHP ",yes\n"
                              "brought.bo@example.test,Bo," OF_PHP ",\n"),
        false, &failed, E_OK);
    eq_str(said, "2 rows: 2 made, 0 known already, 0 failed\n");
    eq_str(t_str("select name as s from auth.person where email = 'brought.ann@example.test'"),
        "Lee, Ann");
    eq_int(t_int("select count(*) as n from auth.person where email like 'brought.%%' and "
                 "verified_at is not null"),
        1);
    eq_str(
        t_str("select role as s from auth.person where email = 'brought.bo@example.test'"), "user");
    eq_int(t_int("select count(*) as n from audit.entry where thing = 'auth.person' and action = "
                 "'import' and after ->> 'made' = '2'"),
        1);
    t_browser();
    t_post("/login", "email=brought.ann@example.test&password=rasmuslerdorg");
    t_status(401);
    t_post("/login", "email=brought.ann@example.test&password=rasmuslerdorf");
    t_status(303);
    eq_int(t_int("select count(*) as n from auth.person where email = 'brought.ann@example.test' "
                 "and password_hash like '$argon2id$%%'"),
        1);
    t_browser();
    t_post("/login", "email=brought.ann@example.test&password=rasmuslerdorf");
    t_status(303);
}

/* What the command says of that file on standard error. */
static str complaint(const char *file)
{
    const char *words[] = { "import", file };
    const char *kept = t_file(str_none);
    bool ok;
    fflush(stderr);
    int before = dup(STDERR_FILENO), to = open(kept, O_WRONLY | O_TRUNC);
    dup2(to, STDERR_FILENO);
    int code = people_command(t_ctx(), 2, (char **)(uintptr_t)words);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    close(to);
    eq_int(code, 1);
    return file_read(t_ctx()->mem, kept, 4096, &ok);
}

T(a_file_that_cannot_be_taken_is_told_why_and_what_to_do)
{
    t_open();
    has_text(complaint("/nowhere/people.csv"), "/nowhere/people.csv cannot be read: No such file");
    has_text(complaint("/tmp"), "/tmp cannot be read: Is a directory");
    has_text(complaint(t_file(S("email,hash,name\na@example.test,x,Ann\nb@example.test,x,Ren\xE9\n"))),
        "is not UTF-8, which shows first in line 3: save it as UTF-8");
    has_text(complaint(t_file(S("\xFF\xFE" "e\0m\0a\0i\0l\0"))), "is not UTF-8");
    const char *large = t_file(str_none);
    eq_int(truncate(large, (off_t)300 << 20), 0);
    str said = complaint(large);
    has_text(said, "is larger than 256 MB: bring it in parts");
    no_text(said, "cannot be read");
    has_text(complaint(t_file(S("mail,word\n"))), "its first line must name the columns email and hash");
}

T(published_hashes_are_checked_as_they_were_made)
{
    is_true(crypto_password_ok(S(OF_U_STAR_U), S("U*U")));
    is_false(crypto_password_ok(S(OF_U_STAR_U), S("U*")));
    is_true(crypto_password_ok(S(OF_U_TWICE), S("U*U*")));
    is_false(crypto_password_ok(S(OF_U_TWICE), S("U*U")));
    is_true(crypto_password_ok(S(OF_PHP), S("rasmuslerdorf")));
    is_false(crypto_password_ok(S(OF_PHP), S("rasmuslerdorg")));
}

T(brought_twice_nobody_changes)
{
    i64 failed;
    t_open();
    str one = of_lines("brought.cat@example.test,Cat," OF_PHP ",yes\n");
    bring(one, false, &failed, E_OK);
    t_sql("update auth.person set name = 'Catherine', role = 'admin' where email = "
          "'brought.cat@example.test'");
    str other = of_lines("brought.cat@example.test,Thief," OF_U_TWICE ",yes\n");
    eq_str(bring(other, false, &failed, E_OK), "1 rows: 0 made, 1 known already, 0 failed\n");
    eq_str(t_str("select name || ' ' || role || ' ' || password_hash as s from auth.person where "
                 "email = 'brought.cat@example.test'"),
        "Catherine admin " OF_PHP);
}

T(a_bad_row_is_named_and_the_others_come)
{
    i64 failed;
    t_open();
    str said = bring(
        of_lines(
            "no address,A," OF_PHP ",\n"
            "brought.d1@example.test,D,plain-password,\n"
            "brought.d2@example.test,D,$2y$13$vGA1O9wmRjrwAVXD98HNOgsNpDczlqm3Jq7KnEd1rVAGv3Fykk1ab,\n"
            "brought.d3@example.test,D,\"$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQxMjM0$RdescudvJCsgt3ub+b4dWRWJTmaaJObG\",\n"
            "brought.d4@example.test,D\n"
            "brought.d5@example.test,D,5f4dcc3b5aa765d61d8327deb882cf99,\n"
            "brought.d6@example.test,D,\"$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQxMjM0$RdescudvJCsgt3ub+b4dWRWJTmaaJObG\",\n"
            "brought.d7@example.test,Dee," OF_PHP ",\n"),
        false, &failed, E_OK);
    eq_int(failed, 6);
    has_text(said, "line 2: email: Please enter an e-mail address.");
    has_text(said, "line 3: hash: That is no hash this shop can check");
    has_text(said, "line 4: hash: ");
    has_text(said, "line 5: hash: "); /* four gigabytes a login */
    has_text(said, "line 6: not as many cells");
    has_text(said, "line 7: hash: ");
    has_text(said, "8 rows: 2 made, 0 known already, 6 failed\n");
    no_text(said, "plain-password");
    no_text(said, "5f4dcc");
    no_text(said, "d1@");
    eq_int(people("brought.d%%"), 2);
}

T(an_address_that_the_database_would_not_take_keeps_only_its_own_row_out)
{
    i64 failed;
    t_open();
    str rows = str_fmt(t_ctx()->mem,
        "email,hash\nb\xff@example.test," OF_PHP "\nb@%0250d.test," OF_PHP
        "\nbrought.f@example.test," OF_PHP "\n",
        0);
    str said = bring(rows, false, &failed, E_OK);
    has_text(said, "line 2: email: Please enter an e-mail address.");
    has_text(said, "line 3: email: Please enter an e-mail address.");
    has_text(said, "3 rows: 1 made, 0 known already, 2 failed\n");
}

T(capitals_outside_ascii_are_folded_in_an_address)
{
    i64 failed;
    t_open();
    bring(of_lines("BROUGHT.\u00c9MILE@\u00c4\u0110.Test,\u00c9mile," OF_PHP ",yes\n"), false,
        &failed, E_OK);
    eq_int(failed, 0);
    eq_int(people("brought.\u00e9mile@\u00e4\u0111.test"), 1);
    t_browser();
    t_post("/login", "email=Brought.%C3%89mile@%C3%84%C4%91.test&password=rasmuslerdorf");
    t_status(303);
    t_browser();
    t_post("/register",
        "name=Eve&email=brought.%C3%88VE%40example.test&password=seven quiet lanterns");
    t_header("Location", "/verify");
    is_true(t_mail_token(t_mail_to(S("brought.\u00e8ve@example.test"))).n > 0);
}

T(letters_are_folded_as_the_database_folds_them)
{
    t_open();
    str all =
        t_str("select string_agg(chr(n), '' order by n) as s from generate_series(1, 195101) n"
              " where n not between 55296 and 57343 and lower(chr(n)) <> chr(n)");
    is_true(str_characters(all) > 1000);
    eq_str(locale_lower(t_ctx()->mem, all), t_str("select lower('%.*s') as s", STR(all)));
}

T(a_rehearsal_brings_nobody)
{
    i64 failed;
    t_open();
    str said = bring(of_lines("brought.e@example.test,E," OF_PHP ",\n,,,\n"), true, &failed, E_OK);
    has_text(said, "a rehearsal, nothing has changed: 2 rows: 1 made, 0 known already, 1 failed");
    eq_int(people("brought.e@%%"), 0);
    eq_int(t_int("select count(*) as n from audit.entry where thing = 'auth.person' and action = "
                 "'import'"),
        0);
}

T(a_file_without_its_columns_brings_nobody)
{
    i64 failed;
    t_open();
    bring(S("name,phone\nA,1\n"), false, &failed, E_INPUT);
    has_text(t_ctx()->fault.detail, "must name the columns email and hash");
    fault_clear(t_ctx());
    bring(S(""), false, &failed, E_INPUT);
    fault_clear(t_ctx());
}
