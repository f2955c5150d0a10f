/* watch: what looks wrong, told to those who run the shop.
 *
 * Owns schema watch: alerts (one row for each kind, person and network in an hour), the networks,
 * countries and devices staff have used, and what browsers report our pages to have asked for against
 * the content security policy. Admins get one mail for a kind in an hour; the list is in the back
 * office. It refuses to stop anything: limits and permissions do that. Countries are told by the map
 * of addresses that talat.conf names (io/io.h); without one a network that is new is called new. */
#pragma once
#include "base/base.h"

struct req;
enum watch_kind {
    WATCH_ACCOUNT_GUESSED, /* too many wrong passwords for one account */
    WATCH_ADDRESS_GUESSES, /* ... from one address */
    WATCH_NEW_NETWORK,     /* staff from a network they never used */
    WATCH_NEW_COUNTRY,     /* ... a country, for who was seen in a known one before */
    WATCH_NEW_DEVICE,
    WATCH_MUCH_READ,       /* staff took out very many people's rows in an hour */
    WATCH_RIGHTS_RAISED,
    WATCH_KEY_ELSEWHERE,   /* an API key, from where it never was: auth writes to its organisation */
    WATCH_MANY_INVITED,    /* an organisation asks very many people to join */
    WATCH_KINDS
};
/* Never fails what it is called from. person, address: 0 and empty where it is about none. */
void watch_raise(struct ctx *, enum watch_kind, i64 person, str address);
/* So many rows about people went to this member of staff. */
void watch_taken(struct req *, i64 rows);
/* One, by its id: a program that asks for the same again took it once. */
void watch_seen(struct req *, i64 id);

/* struct personal (web/web.h) */
int watch_collect(struct ctx *, i64 person, struct node *into);
int watch_erase(struct ctx *, i64 person);
int watch_on_login(struct req *, i64 person);         /* of bin/features.c: staff from elsewhere */
void watch_limited(struct req *, const char *name); /* hooks.limited */
void watch_key_elsewhere(struct req *, i64 person); /* hooks.key_elsewhere */
