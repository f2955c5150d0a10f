/* http_in: one call on its way, and what became of it; shared with its test. */
#pragma once
#include "io/io.h"

struct flight {
    struct ctx *c;
    const struct http_call *call;
    struct http_answer *answer;
    struct buf body;
    size_t head_bytes, head_lines;
    i64 total_us;
    bool refused_peer; /* an address of the name got no socket */
    bool let_through;  /* one did: over it something may have been sent */
    bool is_short;     /* less time than the call may take */
};

int http_judge(const struct flight *, int rc); /* rc: a CURLcode */
