#include "io/io.h"

#define CPU_S   20
#define WALL_US (30 * SECOND)
#define MEMORY  ((size_t)512 << 20)

/* talat-image's exit codes (bin/talat-image.c). */
enum { IMAGE_DONE = 0, IMAGE_KIND = 2, IMAGE_LARGE = 3, IMAGE_BROKEN = 4, IMAGE_HEAVY = 5 };

/* The sanitizers reserve terabytes of addresses: there the other limits must do. */
static size_t memory_limit(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 0;
#else
    return MEMORY;
#endif
}

static int judge(struct ctx *c, const struct proc_result *result)
{
    switch (result->status) {
    case IMAGE_DONE: return E_OK;
    case IMAGE_KIND:
        return fail(c, E_KIND, "image.kind",
            "This is not a picture we can use. Please choose a JPEG, PNG, WebP, GIF or AVIF file.");
    case IMAGE_LARGE:
        return fail(c, E_TOO_LARGE, "image.large",
            "This picture has too many pixels. Please make it smaller than 7000 pixels a side.");
    case IMAGE_BROKEN:
        return fail(c, E_KIND, "image.broken",
            "This picture is damaged and cannot be read. Please save it anew and try again.");
    case IMAGE_HEAVY:
        return fail(c, E_TOO_LARGE, "image.heavy",
            "This picture is too large for us to read, or damaged. Please save it anew with at most "
            "3000 pixels a side.");
    default:
        return fail_detail(c, E_INTERNAL, "image.child", "talat-image ended with %d: %.*s",
            result->status, STR(str_upto(str_trim(result->err), 300)));
    }
}

int image_make(struct ctx *c, str program, str file, str out_dir, str stem, const i64 *widths,
    size_t n, bool trusted_svg, struct image_info *info)
{
    struct proc_result result;
    const char **argv = NEWS(c->mem, const char *, n + 6);
    size_t argc = 0;
    argv[argc++] = str_c(c->mem, program);
    if (trusted_svg)
        argv[argc++] = "--trusted-svg";
    argv[argc++] = str_c(c->mem, file);
    argv[argc++] = str_c(c->mem, out_dir);
    argv[argc++] = str_c(c->mem, stem);
    for (size_t i = 0; i < n; i++)
        argv[argc++] = str_c(c->mem, str_fmt(c->mem, "%" PRId64, widths[i]));
    *info = (struct image_info){ 0 };
    TRY(proc_run(c,
        &(struct proc_call){
            .argv = argv, .cpu_s = CPU_S, .wall_us = WALL_US, .memory = memory_limit() },
        &result));
    TRY(judge(c, &result));
    str rest = str_trim(result.out), width;
    if (!str_cut(&rest, ' ', &width) || !str_int(width, &info->width) ||
        !str_int(rest, &info->height))
        return fail_detail(c, E_INTERNAL, "image.child", "talat-image gave no size");
    return E_OK;
}
