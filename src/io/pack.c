#include "io/io.h"
#include <zlib.h>

/* Level 6: a kept page is packed once and sent often. 15 + 16: with gzip's header. */
bool pack_gzip(struct arena *mem, str in, str *out)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n };
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t room = deflateBound(&z, in.n);
    char *p = arena_raw(mem, room);
    z.next_out = (Bytef *)p;
    z.avail_out = (uInt)room;
    bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
    *out = (str){ p, room - z.avail_out };
    deflateEnd(&z);
    return whole;
}
