#include "t/t.h"
#include "io/io.h"
#include <zlib.h>

static str unpack(str in, size_t room)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n };
    char *p = arena_raw(t_ctx()->mem, room);
    z.next_out = (Bytef *)p;
    z.avail_out = (uInt)room;
    eq_int(inflateInit2(&z, 15 + 16), Z_OK);
    int err = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    eq_int(err, Z_STREAM_END);
    return (str){ p, room - z.avail_out };
}

T(what_is_packed_comes_out_again)
{
    struct arena *mem = t_ctx()->mem;
    struct buf text = buf_new(mem, 1 << 20);
    str packed;
    for (int i = 0; i < 20000; i++)
        buf_fmt(&text, "%d ", i * 7919 % 1000);
    is_true(pack_gzip(mem, buf_str(&text), &packed));
    is_true(packed.n < text.n / 2);
    eq_str(unpack(packed, text.n), buf_str(&text));
    is_true(pack_gzip(mem, str_none, &packed));
    eq_int(unpack(packed, 1).n, 0);
}
