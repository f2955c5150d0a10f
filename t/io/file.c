#include "t/t.h"
#include "io/io.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static str folder(void)
{
    char *path = arena_raw(t_ctx()->mem, 32);
    memcpy(path, "/tmp/t-file-XXXXXX", sizeof "/tmp/t-file-XXXXXX");
    is_true(mkdtemp(path) != NULL);
    return str_of(path);
}

static const char *in(str dir, const char *name)
{
    return str_fmt(t_ctx()->mem, "%.*s/%s", STR(dir), name).p;
}

T(a_copy_has_the_sum_of_what_was_read_and_overwrites_nothing)
{
    str dir = folder();
    struct file_sum sum, again;
    must(file_write(t_ctx(), in(dir, "a"), S("abc")));
    must(file_copy(t_ctx(), in(dir, "a"), in(dir, "b"), &sum));
    eq_int(sum.bytes, 3);
    eq_str(sum.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    must(file_copy(t_ctx(), in(dir, "b"), NULL, &again));
    eq_str(again.sha256, sum.sha256);
    eq_err(file_copy(t_ctx(), in(dir, "a"), in(dir, "b"), &sum), E_INTERNAL);
    eq_err(file_copy(t_ctx(), in(dir, "nothing"), in(dir, "c"), &sum), E_INTERNAL);
    is_true(access(in(dir, "c"), F_OK) != 0);
    must(file_remove(t_ctx(), str_c(t_ctx()->mem, dir)));
}

T(a_folder_goes_with_all_that_is_in_it_and_nothing_a_link_points_to)
{
    str dir = folder(), kept = folder();
    must(file_write(t_ctx(), in(kept, "mine"), S("x")));
    is_true(!mkdir(in(dir, "deep"), 0700) && !symlink(kept.p, in(dir, "deep/link")));
    must(file_write(t_ctx(), in(dir, "deep/file"), S("x")));
    must(file_remove(t_ctx(), str_c(t_ctx()->mem, dir)));
    is_true(access(dir.p, F_OK) != 0);
    is_true(!access(in(kept, "mine"), F_OK));
    must(file_remove(t_ctx(), str_c(t_ctx()->mem, kept)));
}

static int add_up(struct ctx *c, str text, void *with)
{
    (void)c;
    *(i64 *)with += (i64)text.n;
    return E_OK;
}

T(plain_files_and_lines_come_one_by_one)
{
    str dir = folder();
    i64 letters = 0;
    must(file_write(t_ctx(), in(dir, "lines"), S("one\n\nthree\nlast")));
    must(file_lines(t_ctx(), in(dir, "lines"), add_up, &letters));
    eq_int(letters, 12);
    must(file_write(t_ctx(), in(dir, ".hidden"), S("")));
    is_true(!mkdir(in(dir, "folder"), 0700));
    letters = 0;
    must(file_each(t_ctx(), dir.p, add_up, &letters));
    eq_int(letters, 5);
    must(file_remove(t_ctx(), str_c(t_ctx()->mem, dir)));
}
