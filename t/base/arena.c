#include "t/t.h"

static int order[8], n_ran;

static void ran(void *object) { order[n_ran++] = *(int *)object; }

T(taken_memory_is_zeroed_aligned_and_apart)
{
    struct arena *a = arena_new(1 << 20);
    char *before = NULL;
    for (size_t size = 1; size < 300; size += 7) {
        char *p = arena_take(a, size);
        eq_int((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++)
            eq_int(p[i], 0);
        memset(p, 0xAA, size);
        is_true(p != before);
        before = p;
    }
    arena_drop(a);
}

T(a_piece_larger_than_any_block_is_given)
{
    struct arena *a = arena_new(16 << 20);
    char *small = arena_take(a, 10);
    char *large = arena_take(a, 5 << 20);
    large[(5 << 20) - 1] = 1;
    small[9] = 1;
    is_true(arena_used(a) >= (5 << 20) + 10);
    arena_drop(a);
}

T(the_ceiling_aborts_with_a_line_in_the_log)
{
    struct arena *a = arena_new(100 * 1000);
    arena_take(a, 90 * 1000);
    str said = aborts(arena_take(a, 20 * 1000));
    has_text(said, "\"event\":\"arena.full\"");
    has_text(said, "\"ceiling\":\"100000\"");
    arena_drop(a);
}

T(the_last_bytes_below_the_ceiling_can_be_had)
{
    struct arena *a = arena_new(100 * 1000);
    arena_take(a, 16);                     /* in the first block, of 8 KiB */
    arena_take(a, 100 * 1000 - 8192 - 16); /* all that is left */
    is_true(arena_used(a) <= 100 * 1000);
    arena_drop(a);
}

T(many_pieces_never_pass_the_ceiling)
{
    struct arena *a = arena_new(64 * 1024);
    aborts(({
        for (int i = 0; i < 5000; i++)
            arena_take(a, 16);
    }));
    for (int i = 0; i < 1000; i++)
        arena_take(a, 16);
    arena_drop(a);
}

T(a_count_that_overflows_aborts)
{
    struct arena *a = arena_new(1 << 20);
    aborts(NEWS(a, i64, -1));
    aborts(NEWS(a, i64, INT64_C(1) << 61));
    aborts(arena_take(a, SIZE_MAX));
    aborts(arena_take(a, SIZE_MAX - 8));
    arena_drop(a);
}

T(deferred_calls_run_last_tied_first)
{
    static int one = 1, two = 2, three = 3;
    struct arena *a = arena_new(1 << 20);
    n_ran = 0;
    DEFER(a, ran, &one);
    DEFER(a, ran, &two);
    DEFER(a, ran, &three);
    arena_drop(a);
    eq_int(n_ran, 3);
    eq_int(order[0], 3);
    eq_int(order[2], 1);
}

T(rewinding_runs_only_what_was_deferred_since)
{
    static int one = 1, two = 2;
    struct arena *a = arena_new(1 << 20);
    n_ran = 0;
    DEFER(a, ran, &one);
    struct mark mark = arena_mark(a);
    size_t used = arena_used(a);
    arena_take(a, 200 * 1000);
    DEFER(a, ran, &two);
    arena_rewind(a, mark);
    eq_int(n_ran, 1);
    eq_int(order[0], 2);
    eq_int(arena_used(a), used);
    arena_drop(a);
    eq_int(n_ran, 2);
}

T(marks_nest_and_memory_before_them_stays)
{
    struct arena *a = arena_new(1 << 20);
    char *kept = arena_take(a, 8);
    memcpy(kept, "keep me", 8);
    for (int i = 0; i < 100; i++) {
        struct mark outer = arena_mark(a);
        arena_take(a, 6000);
        struct mark inner = arena_mark(a);
        arena_take(a, 30 * 1000);
        arena_rewind(a, inner);
        arena_rewind(a, outer);
    }
    eq_str(kept, "keep me");
    is_true(arena_used(a) < 1000);
    arena_drop(a);
}

/* Two of these would stand side by side in a block that had gone on doubling. */
T(however_often_it_is_rewound_the_next_block_is_no_larger)
{
    struct arena *a = arena_new(64 << 20);
    for (int i = 0; i < 20; i++) {
        struct mark mark = arena_mark(a);
        arena_raw(a, 10 * 1000);
        arena_rewind(a, mark);
    }
    uintptr_t first = (uintptr_t)arena_raw(a, 10 * 1000);
    uintptr_t second = (uintptr_t)arena_raw(a, 10 * 1000);
    is_true(second < first || second - first > 12 * 1000);
    arena_drop(a);
}

T(reset_runs_deferred_calls_and_starts_anew)
{
    static int one = 1;
    struct arena *a = arena_new(1 << 20);
    for (int round = 0; round < 3; round++) {
        n_ran = 0;
        DEFER(a, ran, &one);
        arena_take(a, 300 * 1000);
        arena_reset(a);
        eq_int(n_ran, 1);
        eq_int(arena_used(a), 0);
        char *p = arena_take(a, 64);
        eq_int(p[63], 0);
    }
    arena_drop(a);
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
T(rewound_memory_is_poisoned)
{
    struct arena *a = arena_new(1 << 20);
    struct mark mark = arena_mark(a);
    char *p = arena_take(a, 40);
    is_false(__asan_address_is_poisoned(p + 39));
    is_true(__asan_address_is_poisoned(p + 40));
    arena_rewind(a, mark);
    is_true(__asan_address_is_poisoned(p));
    arena_drop(a);
}
#endif

T(the_last_piece_grows_in_place_others_move)
{
    struct arena *a = arena_new(1 << 20);
    char *p = arena_raw(a, 16);
    memcpy(p, "0123456789abcdef", 16);
    char *same = arena_grow(a, p, 16, 1000);
    is_true(same == p);
    arena_take(a, 1);
    char *moved = arena_grow(a, same, 1000, 2000);
    is_true(moved != same);
    is_true(memcmp(moved, "0123456789abcdef", 16) == 0);
    arena_drop(a);
}

T(a_buffer_stops_at_its_ceiling_and_stays_a_clean_beginning)
{
    struct buf b = buf_new(t_ctx()->mem, 10);
    buf_add(&b, S("12345"));
    buf_add(&b, S("67890"));
    is_false(b.full);
    buf_char(&b, 'x');
    is_true(b.full);
    buf_add(&b, S(""));
    eq_str(buf_str(&b), "1234567890");
    struct buf c = buf_new(t_ctx()->mem, 10);
    buf_add(&c, S("12345678901"));
    buf_add(&c, S("1"));
    eq_str(buf_str(&c), "");
    is_true(c.full);
}

T(a_buffer_grows_over_many_pieces)
{
    struct buf b = buf_new(t_ctx()->mem, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        buf_int(&b, i % 10);
        if (i % 1000 == 0)
            arena_take(t_ctx()->mem, 1);
    }
    eq_int(b.n, 20000);
    for (size_t i = 0; i < b.n; i++)
        eq_int(b.p[i], '0' + (int)(i % 10));
}

T(numbers_and_formats_are_written_whole)
{
    struct buf b = buf_new(t_ctx()->mem, 10000);
    buf_int(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_int(&b, INT64_MAX);
    buf_fmt(&b, " %d%s", 0, "!");
    eq_str(buf_str(&b), "-9223372036854775808 9223372036854775807 0!");
    struct buf c = buf_new(t_ctx()->mem, 10000);
    buf_fmt(&c, "%01000d", 7);
    eq_int(c.n, 1000);
    eq_int(c.p[999], '7');
    buf_fmt(&c, "%s", "");
    eq_int(c.n, 1000);
    struct buf d = buf_new(t_ctx()->mem, 10000);
    buf_fmt(&d, "<%.*s|%" PRId64 "|%d|%s>", 2, "abc", INT64_MIN, -7, "x");
    eq_str(buf_str(&d), "<ab|-9223372036854775808|-7|x>");
    buf_fmt(&d, "%.*s%d%% %03d", 9, "y\0z", 5, 4); /* not all of it plain */
    eq_str(str_from(buf_str(&d), 30), "y5% 004");
    char word[600];
    memset(word, 'w', sizeof word);
    buf_fmt(&d, "%.*s%d", (int)sizeof word, word, 1);
    eq_int(d.n, 30 + 7 + 601);
    struct buf e = buf_new(t_ctx()->mem, 4);
    buf_fmt(&e, "%s", "12345");
    is_true(e.full && !e.n);
}
