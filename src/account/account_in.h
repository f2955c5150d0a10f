/* Shared within account/. */
#pragma once
#include "account/account.h"

/* What an address looks like in a country: the words over its fields, and which it has. */
struct country_form {
    const char *code;                     /* empty: all others */
    const char *order;                    /* 1 street, c city, r region, p postcode */
    const char *lines, *native;           /* as countries.c says; NULL: one way for all letters */
    const char *city, *region, *postcode; /* NULL: there is no such field */
    bool region_required, postcode_required;
    const char *postcodes; /* forms it may have, '|' between; NULL: as `digits` says */
    int digits; /* a postcode of exactly so many; 0: of any form */
};
const struct country_form *country_form(str code);
struct node;
/* Five figures or more, as telephones are written. */
bool account_is_phone(struct arena *, str typed);
#define ACCOUNT_NO_PHONE SAYS("Please enter a telephone number, in figures.")
int account_say_consents(struct ctx *, i64 person, struct node *document); /* consent.c */
extern const char *const account_countries[]; /* codes, ended by NULL: for the list */
