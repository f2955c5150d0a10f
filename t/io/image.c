#include "t/t.h"
#include "io/io.h"
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* talat-image lies beside the tests' own folder. */
static str program(void)
{
    char path[PATH_MAX] = "";
    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0)
        return str_none;
    char *slash = strrchr(path, '/');
    *slash = 0;
    return str_fmt(t_ctx()->mem, "%s/../talat-image", path);
}

static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"50\">"
                          "<rect width=\"60\" height=\"50\" fill=\"#c33\"/></svg>";

static struct image_info info;
static str dir;

static int make(str bytes, bool trusted, i64 width)
{
    struct ctx *c = t_ctx();
    const char *file = t_file(bytes);
    dir = str_fmt(c->mem, "%s.d", file);
    mkdir(str_c(c->mem, dir), 0700);
    return image_make(
        c, program(), str_of(file), dir, S("p"), (const i64[]){ width }, 1, trusted, &info);
}

/* What was made, if anything; the folder goes. */
static str made(i64 width)
{
    struct ctx *c = t_ctx();
    bool ok;
    const char *path = str_c(c->mem, str_fmt(c->mem, "%.*s/p-%" PRId64 ".webp", STR(dir), width));
    str bytes = file_read(c->mem, path, 4 << 20, &ok);
    unlink(path);
    is_true(rmdir(str_c(c->mem, dir)) == 0); /* nothing else was left there */
    return bytes;
}

/* A PNG of one colour: only its header, the rest does not matter to who looks first. */
static str png(uint32_t width, uint32_t height)
{
    static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    struct buf b = buf_new(t_ctx()->mem, 200);
    buf_add(&b, (str){ head, sizeof head - 1 });
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(&b, (char)(width >> shift));
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(&b, (char)(height >> shift));
    buf_add(&b, S("\x08\x02\0\0\0"));
    uint32_t crc = ~0u;
    for (size_t i = 12; i < b.n; i++) {
        crc ^= (unsigned char)b.p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    crc = ~crc;
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(&b, (char)(crc >> shift));
    buf_add(&b, S("\0\0\0\0IDAT\x35\xaf\x06\x1e"));
    return buf_str(&b);
}

#define NEED_IMAGE()                                                                               \
    if (access(str_c(t_ctx()->mem, program()), X_OK) != 0)                                         \
    t_skip("talat-image is not built")

T(a_drawing_of_ours_becomes_webp_at_each_width)
{
    NEED_IMAGE();
    must(make(str_of(svg), true, 400));
    eq_int(info.width, 400);
    eq_int(info.height, 200);
    str bytes = made(400);
    is_true(str_starts(bytes, S("RIFF")));
    eq_str(str_upto(str_from(bytes, 8), 4), "WEBP");
    no_text(bytes, "ICCP");
    is_true(bytes.n < 2000);
}

T(a_picture_is_read_again_and_never_made_wider)
{
    NEED_IMAGE();
    must(make(str_of(svg), true, 300));
    str bytes = made(300);
    must(make(bytes, false, 800));
    eq_int(info.width, 300);
    eq_int(info.height, 150);
    is_true(made(800).n > 0);
}

T(SE_17_a_strangers_drawing_and_other_files_are_no_pictures)
{
    NEED_IMAGE();
    static const char *const bad[] = { svg, "", "GIF", "%PDF-1.4", "#!/bin/sh\nid",
        "push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x'\n" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        eq_err(make(str_of(bad[i]), false, 400), E_KIND);
        eq_str(made(400), "");
    }
}

T(SE_17_a_bomb_is_refused_by_its_header)
{
    NEED_IMAGE();
    when start = when_now();
    eq_err(make(png(30000, 30000), false, 400), E_TOO_LARGE);
    eq_str(made(400), "");
    eq_err(make(png(12001, 1), false, 400), E_TOO_LARGE);
    made(400);
    eq_err(make(png(9000, 9000), false, 400), E_TOO_LARGE);
    has_text(t_ctx()->fault.text, "smaller than 7000 pixels a side");
    made(400);
    eq_err(make(png(7000, 7000), false, 400), E_TOO_LARGE);
    eq_str(t_ctx()->fault.key, "image.heavy"); /* small enough: its header is all there is */
    made(400);
    is_true(when_now() - start < 5 * SECOND);
}

T(a_damaged_picture_leaves_nothing_behind)
{
    NEED_IMAGE();
    eq_err(make(png(100, 100), false, 400), E_KIND);
    eq_str(t_ctx()->fault.key, "image.broken");
    eq_str(made(400), "");
}

/* It may be whole: some need more memory than the child gets. */
T(a_large_picture_that_cannot_be_read_is_not_simply_called_damaged)
{
    NEED_IMAGE();
    eq_err(make(png(3500, 3500), false, 400), E_TOO_LARGE);
    eq_str(t_ctx()->fault.key, "image.heavy");
    has_text(t_ctx()->fault.text, "at most 3000 pixels a side");
    eq_str(made(400), "");
    eq_err(make(png(3000, 3000), false, 400), E_KIND);
    eq_str(t_ctx()->fault.key, "image.broken");
    made(400);
}

T(a_missing_child_is_our_fault)
{
    struct ctx *c = t_ctx();
    eq_err(image_make(c, S("/nowhere/talat-image"), S("/dev/null"), S("/tmp"), S("p"),
               (const i64[]){ 400 }, 1, false, &info),
        E_INTERNAL);
}
