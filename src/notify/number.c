/* Telephone numbers a text message may go to: mobile ones of countries we know, as E.164. What is
 * dear to call and earns somebody money (premium, satellite, islands behind +1) is none of them. */
#include "notify/notify.h"

/* `first`: digits a mobile number begins with. `trunk`: the digit that is dialled within the
 * country and left out from abroad. */
static const struct plan {
    const char *country, *code;
    size_t fewest, most;
    const char *first, *trunk;
} plans[] = {
    { "TH", "66", 9, 9, "689", "0" },
    { "VN", "84", 9, 9, "35789", "0" },
    { "LA", "856", 9, 10, "23", "0" },
    { "KH", "855", 8, 9, "16789", "0" },
    { "MY", "60", 9, 10, "1", "0" },
    { "SG", "65", 8, 8, "89", "" },
    { "ID", "62", 9, 12, "8", "0" },
    { "PH", "63", 10, 10, "9", "0" },
    { "HK", "852", 8, 8, "4567", "" },
    { "JP", "81", 10, 10, "6789", "0" },
    { "KR", "82", 9, 10, "1", "0" },
    { "IN", "91", 10, 10, "6789", "0" },
    { "AU", "61", 9, 9, "4", "0" },
    { "NZ", "64", 8, 10, "2", "0" },
    { "US", "1", 10, 10, "23456789", "1" },
    { "CA", "1", 10, 10, "23456789", "1" },
    { "GB", "44", 10, 10, "7", "0" },
    { "IE", "353", 9, 9, "8", "0" },
    { "DE", "49", 10, 11, "1", "0" },
    { "AT", "43", 10, 13, "6", "0" },
    { "CH", "41", 9, 9, "7", "0" },
    { "FR", "33", 9, 9, "67", "0" },
    { "IT", "39", 9, 10, "3", "" },
    { "ES", "34", 9, 9, "67", "" },
    { "NL", "31", 9, 9, "6", "0" },
};

/* Behind +1: Canada's; and those of islands and of services, which pay whoever is called. */
static const char canada[] = "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 403 416 "
                             "418 428 431 437 438 450 460 468 474 506 514 519 548 579 581 584 587 "
                             "604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 "
                             "873 879 902 905 942";
static const char dear[] = "242 246 264 268 284 340 345 441 473 500 521 522 533 544 566 577 588 "
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

static const struct plan *plan_by_code(str digits)
{
    for (size_t i = 0; i < COUNT(plans); i++)
        if (str_starts(digits, str_of(plans[i].code)))
            return &plans[i];
    return NULL;
}

static const struct plan *beyond_one(const struct plan *plan, str national)
{
    str area = str_upto(national, 3);
    if (strcmp(plan->code, "1") != 0)
        return plan;
    return is_among(area, dear) ? NULL : plan_of(is_among(area, canada) ? S("CA") : S("US"));
}

bool notify_number(struct arena *mem, str typed, str country, str *number, str *its_country)
{
    str digits;
    if (!bare(mem, typed, &digits) || !digits.n)
        return false;
    bool is_whole = digits.p[0] == '+';
    const struct plan *plan = is_whole ? plan_by_code(str_from(digits, 1)) : plan_of(country);
    if (!plan)
        return false;
    str national = is_whole ? str_from(digits, 1 + strlen(plan->code)) : digits;
    if (*plan->trunk && str_starts(national, str_of(plan->trunk)))
        national = str_from(national, 1);
    if (national.n < plan->fewest || national.n > plan->most ||
        !strchr(plan->first, national.p[0]) || !(plan = beyond_one(plan, national)))
        return false;
    if (str_is(str_of(plan->country), "GB") && national.p[1] == '0')
        return false; /* personal numbers, as dear as they like */
    *number = str_fmt(mem, "+%s%.*s", plan->code, STR(national));
    *its_country = str_of(plan->country);
    return true;
}
