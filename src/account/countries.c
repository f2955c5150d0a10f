#include "account/account_in.h"

static const struct country_form forms[] = {
    { "TH", SAYS("District"), SAYS("Province"), SAYS("Postcode"), true, true, 5 },
    { "VN", SAYS("District or ward"), SAYS("Province or city"), SAYS("Postcode"), true, false, 0 },
    { "US", SAYS("City"), SAYS("State"), SAYS("ZIP code"), true, true, 0 },
    { "CA", SAYS("City"), SAYS("Province"), SAYS("Postcode"), true, true, 0 },
    { "GB", SAYS("Town"), NULL, SAYS("Postcode"), false, true, 0 },
    { "IE", SAYS("Town"), SAYS("County"), SAYS("Eircode"), false, false, 0 },
    { "DE", SAYS("Town"), NULL, SAYS("Postcode"), false, true, 5 },
    { "AT", SAYS("Town"), NULL, SAYS("Postcode"), false, true, 4 },
    { "CH", SAYS("Town"), NULL, SAYS("Postcode"), false, true, 4 },
    { "FR", SAYS("Town"), NULL, SAYS("Postcode"), false, true, 5 },
    { "IT", SAYS("Town"), SAYS("Province"), SAYS("Postcode"), true, true, 5 },
    { "ES", SAYS("Town"), SAYS("Province"), SAYS("Postcode"), true, true, 5 },
    { "NL", SAYS("Town"), NULL, SAYS("Postcode"), false, true, 0 },
    { "JP", SAYS("City or ward"), SAYS("Prefecture"), SAYS("Postcode"), true, true, 7 },
    { "KR", SAYS("District"), SAYS("Province or city"), SAYS("Postcode"), true, true, 5 },
    { "SG", NULL, NULL, SAYS("Postcode"), false, true, 6 },
    { "HK", SAYS("District"), NULL, NULL, false, false, 0 },
    { "MY", SAYS("Town"), SAYS("State"), SAYS("Postcode"), true, true, 5 },
    { "ID", SAYS("Town or district"), SAYS("Province"), SAYS("Postcode"), true, true, 5 },
    { "PH", SAYS("Town or district"), SAYS("Province"), SAYS("ZIP code"), true, true, 4 },
    { "LA", SAYS("District"), SAYS("Province"), SAYS("Postcode"), true, false, 0 },
    { "KH", SAYS("District"), SAYS("Province"), SAYS("Postcode"), true, false, 0 },
    { "AU", SAYS("Suburb"), SAYS("State"), SAYS("Postcode"), true, true, 4 },
    { "NZ", SAYS("Town"), NULL, SAYS("Postcode"), false, true, 4 },
    { "IN", SAYS("Town"), SAYS("State"), SAYS("PIN code"), true, true, 6 },
    { "", SAYS("Town or district"), SAYS("Province"), SAYS("Postcode"), false, false, 0 },
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
