#include "account/account_in.h"

/* The posts' own forms: 9 a digit, A a letter, X either; what people put between is no matter.
 * After the order of the fields stands how a letter's address is written: 1 and 2 the street's
 * lines, c city, r region, p postcode, P the same behind the sign of Japan's post, n the country's
 * name; '|' ends a line, anything else stands between two that are there. The second of these is
 * for the country's own letters, largest first. Every part is in each: what somebody has written
 * is shown, even where the form does not ask for it. */

static const struct country_form forms[] = {
    { "TH", "1crp", "1|2|c|r p", NULL, SAYS("District"), SAYS("Province"), SAYS("Postcode"), true, true, NULL, 5 },
    { "VN", "1crp", "1|2|c|r p", NULL, SAYS("District or ward"), SAYS("Province or city"), SAYS("Postcode"), true, false, "99999|999999", 0 },
    { "US", "1crp", "1|2|c, r p", NULL, SAYS("City"), SAYS("State"), SAYS("ZIP code"), true, true, "99999|999999999", 0 },
    { "CA", "1crp", "1|2|c r p", NULL, SAYS("City"), SAYS("Province"), SAYS("Postcode"), true, true, "A9A9A9", 0 },
    { "GB", "1cp", "1|2|c|r|p", NULL, SAYS("Town"), NULL, SAYS("Postcode"), false, true, "A99AA|A999AA|AA99AA|AA999AA|A9A9AA|AA9A9AA", 0 },
    { "IE", "1crp", "1|2|c|r|p", NULL, SAYS("Town"), SAYS("County"), SAYS("Eircode"), false, false, "A99XXXX|A9AXXXX", 0 },
    { "DE", "1pc", "1|2|p c|r", NULL, SAYS("Town"), NULL, SAYS("Postcode"), false, true, NULL, 5 },
    { "AT", "1pc", "1|2|p c|r", NULL, SAYS("Town"), NULL, SAYS("Postcode"), false, true, NULL, 4 },
    { "CH", "1pc", "1|2|p c|r", NULL, SAYS("Town"), NULL, SAYS("Postcode"), false, true, NULL, 4 },
    { "FR", "1pc", "1|2|p c|r", NULL, SAYS("Town"), NULL, SAYS("Postcode"), false, true, NULL, 5 },
    { "IT", "1pcr", "1|2|p c r", NULL, SAYS("Town"), SAYS("Province"), SAYS("Postcode"), true, true, NULL, 5 },
    { "ES", "1pcr", "1|2|p c|r", NULL, SAYS("Town"), SAYS("Province"), SAYS("Postcode"), true, true, NULL, 5 },
    { "NL", "1pc", "1|2|p c|r", NULL, SAYS("Town"), NULL, SAYS("Postcode"), false, true, "9999AA", 0 },
    { "JP", "prc1", "1|2|c, r p", "P|rc|1|2", SAYS("City or ward"), SAYS("Prefecture"), SAYS("Postcode"), true, true, NULL, 7 },
    { "KR", "prc1", "1|2|c, r p", "r c|1|2|p", SAYS("District"), SAYS("Province or city"), SAYS("Postcode"), true, true, NULL, 5 },
    { "SG", "1p", "1|2|c|r|n p", NULL, NULL, NULL, SAYS("Postcode"), false, true, NULL, 6 },
    { "HK", "1c", "1|2|c|r|p", NULL, SAYS("District"), NULL, NULL, false, false, NULL, 0 },
    { "MY", "1pcr", "1|2|p c|r", NULL, SAYS("Town"), SAYS("State"), SAYS("Postcode"), true, true, NULL, 5 },
    { "ID", "1crp", "1|2|c|r p", NULL, SAYS("Town or district"), SAYS("Province"), SAYS("Postcode"), true, true, NULL, 5 },
    { "PH", "1crp", "1|2|c|p r", NULL, SAYS("Town or district"), SAYS("Province"), SAYS("ZIP code"), true, true, NULL, 4 },
    { "LA", "1crp", "1|2|p c|r", NULL, SAYS("District"), SAYS("Province"), SAYS("Postcode"), true, false, "99999", 0 },
    { "KH", "1crp", "1|2|c|r p", NULL, SAYS("District"), SAYS("Province"), SAYS("Postcode"), true, false, "99999|999999", 0 },
    { "AU", "1crp", "1|2|c r p", NULL, SAYS("Suburb"), SAYS("State"), SAYS("Postcode"), true, true, NULL, 4 },
    { "NZ", "1cp", "1|2|c p|r", NULL, SAYS("Town"), NULL, SAYS("Postcode"), false, true, NULL, 4 },
    { "IN", "1crp", "1|2|c p|r", NULL, SAYS("Town"), SAYS("State"), SAYS("PIN code"), true, true, NULL, 6 },
    { "", "1crp", "1|2|p c|r", NULL, SAYS("Town or district"), SAYS("Province"), SAYS("Postcode"), false, false, NULL, 0 },
};

const char *const account_countries[] = { "TH", "VN", "LA", "KH", "MY", "SG", "ID", "PH", "HK",
    "JP", "KR", "IN", "AU", "NZ", "US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "IT", "ES", "NL",
    NULL };

const struct country_form *country_form(str code)
{
    size_t i = 0;
    while (*forms[i].code && !str_is(code, forms[i].code))
        i++;
    return &forms[i];
}
