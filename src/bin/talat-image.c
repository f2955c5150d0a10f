/* talat-image: pictures of strangers become WebP of ours, in a process of its own that
 * io/image.c starts with little memory, little time and no open files.
 *
 *   talat-image [--trusted-svg] FILE OUT_DIR STEM WIDTH...
 *
 * Writes OUT_DIR/STEM-WIDTH.webp for each width; a picture narrower than WIDTH keeps its own
 * size under that name. Says "width height" as the picture is to be seen (turned upright).
 * The type is read from the first bytes, never from the name, and only that type's loader is
 * unlocked; pixels are counted from the header before anything is decoded. Metadata (places,
 * cameras, thumbnails) stays behind. Exit: 2 not our kind, 3 too large, 4 damaged,
 * 5 large, and damaged or more than the memory there is. */
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <vips/vips.h>

#define SIDE_MOST   12000
#define PIXELS_MOST (50 * INT64_C(1000000))
#define PIXELS_SURE (10 * INT64_C(1000000)) /* of any kind: io/image.c's memory is enough */
#define QUALITY     80
#define EFFORT      2 /* 4 takes 1.3 times as long for 4 % fewer bytes */
#define WIDTHS_MOST 16

enum { DONE = 0, FAILED = 1, KIND = 2, LARGE = 3, BROKEN = 4, HEAVY = 5 };

struct kind {
    const char *loader; /* libvips' class, with all its forms */
    size_t at;
    const char *magic;
    size_t n;
};
static const struct kind kinds[] = {
    { "VipsForeignLoadJpeg", 0, "\xff\xd8\xff", 3 },
    { "VipsForeignLoadPng", 0, "\x89PNG\r\n\x1a\n", 8 },
    { "VipsForeignLoadWebp", 8, "WEBP", 4 },
    { "VipsForeignLoadNsgif", 0, "GIF8", 4 },
    { "VipsForeignLoadHeif", 4, "ftypavif", 8 },
    { "VipsForeignLoadHeif", 4, "ftypheic", 8 },
    { "VipsForeignLoadHeif", 4, "ftypmif1", 8 },
};

static int say(int code, const char *what)
{
    fprintf(stderr, "talat-image: %s %s\n", what, vips_error_buffer());
    return code;
}

/* NULL: not our kind. SVG counts only when it is our own. */
static const char *loader_of(const char *file, bool trusted_svg)
{
    char head[512] = "";
    FILE *f = fopen(file, "rb");
    size_t n = f ? fread(head, 1, sizeof head - 1, f) : 0;
    if (f)
        fclose(f);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n >= kinds[i].at + kinds[i].n &&
            !memcmp(head + kinds[i].at, kinds[i].magic, kinds[i].n))
            return kinds[i].loader;
    return trusted_svg && strstr(head, "<svg") ? "VipsForeignLoadSvg" : NULL;
}

/* Width and height upright, and whether its colours are sRGB as they are; or the exit code. */
static int measure(const char *file, int *width, int *height, bool *is_srgb)
{
    VipsImage *in = vips_image_new_from_file(file, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    if (!in)
        return say(BROKEN, "cannot be read:");
    bool swap = vips_image_get_orientation_swap(in);
    int w = vips_image_get_width(in), h = vips_image_get_page_height(in);
    *is_srgb = vips_image_get_interpretation(in) == VIPS_INTERPRETATION_sRGB &&
               !vips_image_get_typeof(in, VIPS_META_ICC_NAME);
    g_object_unref(in);
    if (w < 1 || h < 1)
        return say(BROKEN, "has no pixels");
    if (w > SIDE_MOST || h > SIDE_MOST || (int64_t)w * h > PIXELS_MOST)
        return say(LARGE, "has too many pixels");
    *width = swap ? h : w;
    *height = swap ? w : h;
    return DONE;
}

/* Colours are brought to sRGB first, because the profile goes; a damaged profile is left
 * out of account. Colours that need it not would pay as much as for the shrinking. */
static VipsImage *shrink(const char *file, int width, VipsSize size, bool is_srgb)
{
    VipsImage *out = NULL;
    if (!is_srgb && !vips_thumbnail(file, &out, width, "height", VIPS_MAX_COORD, "size", size, "fail_on",
            VIPS_FAIL_ON_TRUNCATED, "export_profile", "srgb", NULL))
        return out;
    vips_error_clear();
    int bad = vips_thumbnail(file, &out, width, "height", VIPS_MAX_COORD, "size", size, "fail_on",
        VIPS_FAIL_ON_TRUNCATED, NULL);
    return bad ? NULL : out;
}

/* The pixels alone: libvips' own "strip" leaves the colour profile (7 KB, and by now sRGB) and
 * the camera's EXIF in WebP. What EXIF it still writes is its own, of the size alone. */
static VipsImage *bare(VipsImage *in)
{
    VipsImage *out = NULL;
    if (vips_copy(in, &out, NULL))
        return NULL;
    char **fields = vips_image_get_fields(out);
    for (char **field = fields; *field; field++)
        if (strstr(*field, "exif") || strstr(*field, "-data") || strstr(*field, "orientation"))
            vips_image_remove(out, *field);
    g_strfreev(fields);
    return out;
}

/* Written beside and renamed: nginx never serves half a picture. */
static int write_one(VipsImage *in, const char *dir, const char *stem, int width)
{
    char path[4096], beside[4096];
    if (snprintf(path, sizeof path, "%s/%s-%d.webp", dir, stem, width) >= (int)sizeof path ||
        snprintf(beside, sizeof beside, "%s/.%s-%d.new", dir, stem, width) >= (int)sizeof beside)
        return say(FAILED, "path too long");
    VipsImage *small = NULL;
    if (vips_thumbnail_image(
            in, &small, width, "height", VIPS_MAX_COORD, "size", VIPS_SIZE_DOWN, NULL))
        return say(BROKEN, "cannot be shrunk:");
    int bad = vips_webpsave(small, beside, "Q", QUALITY, "strip", TRUE, "effort", EFFORT, NULL);
    g_object_unref(small);
    if (!bad && !rename(beside, path))
        return DONE;
    unlink(beside);
    return say(FAILED, "cannot be written:");
}

/* Without an alpha that hides nothing anywhere, as drawings have: shrinking it takes as long as the
 * colours themselves. Takes the picture over. */
static VipsImage *plain(VipsImage *in)
{
    VipsImage *alpha = NULL, *colours = NULL;
    int bands = vips_image_get_bands(in);
    double least = 0;
    if (!vips_image_hasalpha(in) || vips_image_get_format(in) != VIPS_FORMAT_UCHAR)
        return in;
    if (!vips_extract_band(in, &alpha, bands - 1, NULL) && !vips_min(alpha, &least, NULL) &&
        least == 255 && !vips_extract_band(in, &colours, 0, "n", bands - 1, NULL)) {
        g_object_unref(in);
        in = colours;
    }
    if (alpha)
        g_object_unref(alpha);
    return in;
}

/* Decoded once, at the widest size that is wanted; the others are made from that. */
static VipsImage *decode(const char *file, int widest, bool is_svg, bool is_srgb)
{
    VipsSize size = is_svg ? VIPS_SIZE_BOTH : VIPS_SIZE_DOWN;
    VipsImage *wide = shrink(file, widest, size, is_srgb), *whole;
    VipsImage *out = wide ? bare(wide) : NULL;
    whole = out ? vips_image_copy_memory(out) : NULL; /* a cut file shows itself here */
    if (out)
        g_object_unref(out);
    if (wide)
        g_object_unref(wide);
    return whole ? plain(whole) : NULL;
}

static int write_all(VipsImage *in, const char *dir, const char *stem, const int *widths, int n)
{
    int code = DONE;
    for (int i = 0; i < n && !code; i++)
        code = write_one(in, dir, stem, widths[i]);
    return code;
}

int main(int argc, char **argv)
{
    bool trusted_svg = argc > 1 && !strcmp(argv[1], "--trusted-svg");
    char **arg = argv + 1 + trusted_svg;
    if (argc - trusted_svg < 5) {
        fprintf(stderr, "usage: talat-image [--trusted-svg] FILE OUT_DIR STEM WIDTH...\n");
        return FAILED;
    }
    const char *file = arg[0], *loader = loader_of(file, trusted_svg);
    if (!loader) {
        fprintf(stderr, "talat-image: not a picture of our kinds\n");
        return KIND;
    }
    setenv("VIPS_CONCURRENCY", "1", 0);
    if (!trusted_svg)
        setenv("VIPS_BLOCK_UNTRUSTED", "1", 1);
    if (vips_init(argv[0]))
        return say(FAILED, "libvips does not start:");
    vips_operation_block_set("VipsForeignLoad", TRUE);
    vips_operation_block_set(loader, FALSE);
    vips_cache_set_max(0);
    bool is_srgb = false;
    int width = 1, height = 1, code = measure(file, &width, &height, &is_srgb);
    bool is_svg = !strcmp(loader, "VipsForeignLoadSvg");
    int widest = 0, widths[WIDTHS_MOST], n = 0;
    for (char **w = arg + 3; *w && !code; w++) {
        i64 wanted;
        if (!str_int(str_of(*w), &wanted) || wanted < 1 || wanted > SIDE_MOST || n == WIDTHS_MOST)
            return say(FAILED, "a width is out of bounds");
        widths[n++] = (int)wanted;
        widest = wanted > widest ? (int)wanted : widest;
    }
    if (code)
        return code;
    VipsImage *in = decode(file, widest, is_svg, is_srgb);
    if (!in)
        return say((int64_t)width * height > PIXELS_SURE ? HEAVY : BROKEN, "cannot be decoded:");
    if ((code = write_all(in, arg[1], arg[2], widths, n)))
        return code;
    if (is_svg) { /* drawings have the size they are asked for */
        height = (int)((int64_t)height * widest / width);
        width = widest;
    }
    printf("%d %d\n", width, height);
    return DONE;
}
