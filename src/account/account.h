/* account: what a person keeps here of themselves: addresses, a copy of all their data, and the
 * way to be forgotten.
 *
 * Owns schema account. What other rooms know of a person it asks by the table `personal` of
 * bin/features.c. It relies on auth to know who somebody is, and to be sure of it once more before
 * data go out or are erased, and on vault to seal telephones and streets. It refuses to erase what
 * the books need: orders keep their figures. */
#pragma once
#include "base/base.h"

/* {id, name, phone, line1, line2, city, region, postcode, country, is_default}, the one that is
 * meant unless another is chosen first. Ids are opaque. */
int account_addresses(struct ctx *, i64 person, struct node **addresses);
/* Keeps one; that it is there already, or that there are twenty, is no error. */
int account_keep_address(struct ctx *, i64 person, str name, str phone, const struct node *address);
/* Telephone and street of an address as one sealed text (vault/vault.h); all empty: empty. */
struct vault_place;
int account_seal_street(struct ctx *, const struct vault_place *, str phone,
    const struct node *address, str *sealed);
/* Of a row with a column `sealed`: its phone, and line1 and line2 of `address` (which may be the
 * row) are filled in; *closed, and empty, when they cannot be read any more. */
int account_open_street(struct ctx *, const struct vault_place *, struct node *row,
    struct node *address, bool *closed);
struct node *account_without_street(struct ctx *, const struct node *address); /* a copy */
int account_hide(struct ctx *, i64 *changed, const struct vault_place *, struct node *row);
/* What an address looks like in a country, for the document of a form with the inputs line1, line2,
 * city, region, postcode, country: part/address_fields shows it. */
void account_address_form(struct ctx *, str country, struct node *document);
/* E_INPUT by field: what is missing there, or has not that country's form. */
struct req;
int account_address_check(struct req *);
/* Another country was chosen, and nothing else is wanted: the form again with what was typed, and
 * nothing wrong with it yet. Answers. */
int account_address_shown(struct req *, struct node *document);
/* Adds `lines` to an address, as its country writes it, the country's name last; what it does not
 * say leaves neither a line nor a comma. */
void account_address_lines(struct ctx *, struct node *address);
/* Whether an address has a line for its town there, and not only the country's name. */
bool account_address_has_town(str country);
/* The field as it was sent; empty where the country has none of that name. */
str account_address_field(struct req *, const char *name);
/* Says yes or no to news by mail; where: "register", "checkout", "profile". */
int account_consent(struct ctx *, i64 person, bool given, const char *place);
int account_has_consent(struct ctx *, i64 person, bool *yes);
/* hooks.joined: what was ticked when the account was asked for. */
int account_joined(struct ctx *, i64 person, const struct node *said);
int account_collect(struct ctx *, i64 person, struct node *into); /* struct personal */
int account_erase(struct ctx *, i64 person);
/* What all rooms know of them goes, ready or not: in one transaction, with the platform's scope. */
int account_erase_everywhere(struct ctx *, i64 person);
