#include "io/io.h"
#include <qrencode.h>

enum { BORDER = 4, LONGEST = 1000 }; /* squares the standard leaves white; bytes */

/* A run of dark squares of one row is one piece: M x y h n v 1 h -n z. */
static void add_row(struct buf *out, const unsigned char *row, int width, int y)
{
    for (int x = 0; x < width; x++) {
        int from = x;
        while (x < width && (row[x] & 1))
            x++;
        if (x > from)
            buf_fmt(out, "M%d %dh%dv1h-%dz", from + BORDER, y + BORDER, x - from, x - from);
    }
}

bool qr_path(struct arena *mem, str text, i64 *size, str *path)
{
    struct buf out = buf_new(mem, 256 << 10);
    if (!text.n || text.n > LONGEST)
        return false;
    QRcode *code = QRcode_encodeString8bit(str_c(mem, text), 0, QR_ECLEVEL_M);
    if (!code)
        return false;
    for (int y = 0; y < code->width; y++)
        add_row(&out, code->data + (size_t)y * (size_t)code->width, code->width, y);
    *size = code->width + 2 * BORDER;
    QRcode_free(code);
    *path = buf_str(&out);
    return !out.full;
}
