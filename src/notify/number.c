/* Telephone numbers a text message may go to: mobile ones of countries we know, as E.164. What is
 * dear to call and earns somebody money (premium, satellite, islands behind +1) is none of them. */
#include "notify/notify.h"

/* `first`: what a mobile number begins with; `but`: what is none though it does: pagers, personal
 * and service numbers, islands that share the code and are charged as abroad. `trunk`: the digit
 * that is dialled within the country and left out from abroad. A country may have several. */
static const struct plan {
    const char *country, *code;
    size_t fewest, most;
    const char *first, *trunk, *but;
} plans[] = {
    { "TH", "66", 9, 9, "6 8 9", "0", "" },
    { "VN", "84", 9, 9, "3 5 7 8 9", "0", "" },
    { "LA", "856", 10, 10, "20", "0", "" },
    { "LA", "856", 9, 9, "30", "0", "" },
    { "KH", "855", 8, 9, "1 6 7 8 9", "0", "" },
    { "MY", "60", 9, 9, "10 12 13 14 16 17 18 19", "0", "" },
    { "MY", "60", 10, 10, "11", "0", "" },
    { "SG", "65", 8, 8, "8 9", "", "" },
    { "ID", "62", 9, 12, "81 82 83 85 87 88 89", "0", "" },
    { "PH", "63", 10, 10, "9", "0", "900" },
    { "HK", "852", 8, 8, "4 5 6 7 9", "", "" },
    { "JP", "81", 10, 10, "60 70 80 90", "0", "600 700 800 900" },
    { "KR", "82", 9, 10, "10 11 16 17 18 19", "0", "" },
    { "IN", "91", 10, 10, "6 7 8 9", "0", "" },
    { "AU", "61", 9, 9, "4", "0", "" },
    { "NZ", "64", 8, 10, "20 21 22 27 28 29", "0", "" },
    { "US", "1", 10, 10, "2 3 4 5 6 7 8 9", "1", "" },
    { "GB", "44", 10, 10, "7", "0",
        "70 76 7509 7829 7937 7797 77003 77007 77008 7781 7839 79111 79117 74576 7524 7924" },
    { "IE", "353", 9, 9, "822 83 85 86 87 88 89", "0", "" },
    { "DE", "49", 10, 11, "15 160 162 163 17", "0", "" },
    { "AT", "43", 10, 13, "65 66 67 68 69", "0", "654 656 658 662" },
    { "CH", "41", 9, 9, "75 76 77 78 79", "0", "" },
    { "FR", "33", 9, 9, "6 7", "0", "639 690 691 692 693 694 696 697 70 71 72" },
    { "IT", "39", 9, 10, "3", "", "" },
    { "ES", "34", 9, 9, "6 7", "", "70" },
    { "NL", "31", 9, 9, "61 62 63 64 65 68", "0", "" },
    { "CA", "1", 10, 10, "2 3 4 5 6 7 8 9", "1", "" },
};

/* Behind +1: Canada's; and those of islands and of services, which pay whoever is called. */
static const char canada[] = "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 403 416 "
                             "418 428 431 437 438 450 460 468 474 506 514 519 548 579 581 584 587 "
                             "604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 "
                             "873 879 902 905 942";
static const char dear[] = "242 246 264 268 284 340 345 441 473 500 521 522 523 524 525 526 527 528 "
                           "529 533 544 566 577 588 "
                           "600 649 658 664 670 671 684 700 721 758 767 784 787 809 829 849 868 "
                           "869 876 900 939 976";

static bool is_among(str area, const char *list) { return str_find(str_of(list), area) >= 0; }

/* Only digits, and a '+' at the front where it is international. False: something else is in it. */
static bool bare(struct arena *mem, str typed, str *out)
{
    struct buf digits = buf_new(mem, 40);
    typed = str_trim(typed);
    for (size_t i = 0; i < typed.n; i++) {
        char letter = typed.p[i];
        if ((letter >= '0' && letter <= '9') || (letter == '+' && !digits.n))
            buf_char(&digits, letter);
        else if (!strchr(" -.()/", letter))
            return false;
    }
    *out = buf_str(&digits);
    if (str_starts(*out, S("00")))
        *out = str_fmt(mem, "+%.*s", STR(str_from(*out, 2)));
    return !digits.full;
}

static const struct plan *plan_of(str country)
{
    for (size_t i = 0; i < COUNT(plans); i++)
        if (str_is(country, plans[i].country))
            return &plans[i];
    return NULL;
}

bool notify_is_country(str code) { return plan_of(code) != NULL; }

static const struct plan *beyond_one(const struct plan *plan, str national)
{
    str area = str_upto(national, 3);
    if (strcmp(plan->code, "1") != 0)
        return plan;
    return is_among(area, dear) ? NULL : plan_of(is_among(area, canada) ? S("CA") : S("US"));
}

static bool begins(str number, const char *prefixes)
{
    str rest = str_of(prefixes), one;
    while (rest.n && str_cut(&rest, ' ', &one))
        if (str_starts(number, one))
            return true;
    return false;
}

/* Whether it is a number of this plan, and which. */
static bool fits(const struct plan *plan, str digits, str country, str *national)
{
    bool is_whole = digits.p[0] == '+';
    if (is_whole ? !str_starts(str_from(digits, 1), str_of(plan->code))
                 : !str_is(country, plan->country))
        return false;
    *national = is_whole ? str_from(digits, 1 + strlen(plan->code)) : digits;
    if (*plan->trunk && str_starts(*national, str_of(plan->trunk)))
        *national = str_from(*national, 1);
    return national->n >= plan->fewest && national->n <= plan->most &&
        begins(*national, plan->first) && !begins(*national, plan->but);
}

bool notify_number(struct arena *mem, str typed, str country, str *number, str *its_country)
{
    str digits, national = str_none;
    const struct plan *plan = NULL;
    if (!bare(mem, typed, &digits) || !digits.n)
        return false;
    for (size_t i = 0; i < COUNT(plans) && !plan; i++)
        if (fits(&plans[i], digits, country, &national))
            plan = beyond_one(&plans[i], national);
    if (!plan)
        return false;
    *number = str_fmt(mem, "+%s%.*s", plan->code, STR(national));
    *its_country = str_of(plan->country);
    return true;
}
