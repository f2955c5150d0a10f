/* auth: who you are and what you may do.
 *
 * Owns schema auth: persons, organisations, members, devices. Sessions live in Redis and can
 * be made again from the device row. It answers web's hook `who` and calls the on_login
 * table of bin/features.c. It refuses to tell an unknown account from a wrong password. */
#pragma once
#include "base/base.h"

struct req;
struct app;
void oidc_check(const struct app *, struct buf *errors); /* talat.conf: oidc_1, oidc_2, oidc_3 */
/* Asks the i-th provider for what it publishes. Its name is empty: there are no more. */
int oidc_try(struct ctx *, size_t i, str *name);
/* Looks at the list of breached passwords (talat.conf); E_OK also where none is named. */
int breached_try(struct ctx *);
int social_on_login(struct req *, i64 person); /* connects the provider's login that waits for it */
/* Before what is grave (keys, roles, another address, all of one's data): E_OK when whoever asks
 * has shown a password, a code or a passkey within the last 15 minutes. Otherwise it has answered:
 * a page leads to /account/confirm, and from there back to the page the form stood on; JSON gets
 * 403 "Please confirm first that it is you." Use as: TRY(auth_recent(r)); */
int auth_recent(struct req *);
int auth_who(struct req *, str session_cookie); /* hooks.who */
int auth_bearer(struct req *, str token);       /* hooks.bearer */
int auth_refused(struct req *);                 /* hooks.refused */
/* What whoever asks may listen to: LINE_OWN for what concerns the person, LINE_DESK for what
 * concerns the shop they work in (after as_staff). The names that push channels begin with;
 * behind them stand "/<language>" for pages and "/json" for clients. A session has lines of its
 * own, which end with it; who comes with a token shares the person's, or the shop's. */
enum auth_line { LINE_OWN = 's', LINE_DESK = 'd' };
str auth_line(struct req *, enum auth_line);
/* What is wrong with the configuration, a line each. */
void auth_check_conf(const struct app *, struct buf *errors);
/* Adds all such lines of a person, or of an organisation's staff, to a list. A session that has
 * ended is not among them, even when a page of it is still being put through. */
int auth_devices(struct ctx *, i64 person, struct node **devices); /* one query */
int auth_staff(struct ctx *, const i64 *organisations, size_t n, struct node **devices); /* as well */
void auth_lines_of_person(
    struct ctx *, i64 person, const struct node *devices, struct node *lines);
void auth_lines_of_staff(
    struct ctx *, i64 organisation, const struct node *devices, struct node *lines);

/* The person's row for mails: {id, email, name, lang, phone}. E_MISSING when there is none. */
int auth_person(struct ctx *, i64 person, struct node **out);
struct vault_place; /* vault/vault.h: struct vault_column */
int auth_hide(struct ctx *, i64 *changed, const struct vault_place *, struct node *row);
int auth_admins(struct ctx *, struct node **); /* who runs the platform: {id, email, lang} */
/* The same of an organisation's people who may do what is so named ("orders:refund"). */
int auth_staff_who(struct ctx *, i64 organisation, const char *permission, struct node **);
/* The mail of that template to each of them who has asked for mails of "orders" or "stock" there,
 * once for a cause. */
int auth_mail_staff(struct ctx *, i64 organisation, const char *permission, const char *wish,
    const char *template, str cause);
/* Whether this person is one of those: asked again when a mail goes out, which may be days later. */
int auth_is_mailed(struct ctx *, i64 organisation, const char *permission, const char *wish,
    i64 person, bool *yes);
/* Where somebody wants to hear what runs out, and it is morning: {id}, at most 1,000 after that. */
int auth_mailed_of_stock(struct ctx *, i64 after, struct node **);
/* {id, slug, name, zone, country, currency, tax_inclusive, rounding} */
int auth_organisation(struct ctx *, i64 organisation, struct node **out);
str permission_words(struct ctx *, str name); /* "See orders"; its name where it has none */
int auth_organisation_by_slug(struct ctx *, str slug, struct node **out);
/* Where the house itself is, "TH"; of a shop that has none yet, what talat.conf says. */
int auth_house_country(struct ctx *, str *country);
/* The house's own organisation, as talat.conf has it; one that is there stays as it is. */
int auth_house_add(struct ctx *, i64 *id);
/* What an organisation says of itself, and how it reckons: {slug, name, country, currency, zone,
 * tax_inclusive, rounding, seen}. Saving: E_INPUT by field; E_CONFLICT where they are no longer as
 * `seen` was read with them (empty: whatever they are). */
struct auth_settings {
    str name, country, currency, zone;
    str rounding;       /* per_line, per_total */
    bool tax_inclusive; /* prices hold the tax */
};
int auth_settings(struct ctx *, i64 organisation, struct node **out);
struct auth_settings auth_settings_of(const struct node *row); /* of what that brought */
int auth_settings_save(struct ctx *, i64 organisation, const struct auth_settings *, str seen);
int auth_zones(struct ctx *, struct node **list); /* [{name}]: "Asia/Bangkok", ... */
bool auth_is_country(struct ctx *, str code);     /* "TH", in capitals */
/* For talatctl and the demo shop; adding one that exists updates name, role and password, and ends
 * what began under the password before. An empty name or role stays what it was (new: user). */
int auth_organisation_add(struct ctx *, str slug, str name, i64 *id);
int auth_person_add(struct ctx *, str email, str name, str password, str role, i64 *id);
/* The same with a hash that another shop kept: bcrypt of at most 2^12 rounds, or argon2id no
 * dearer than ours; it is made anew with the next login. E_INPUT under "hash". */
int auth_person_add_hash(struct ctx *, str email, str name, str hash, str role, i64 *id);
/* A customer of another shop; who is here already stays as they are, and *is_new is false. lang
 * empty: the shop's. is_verified: that shop knew that they read mail there. */
struct auth_brought {
    str email, name, hash, lang;
    bool is_verified;
};
int auth_bring(struct ctx *, const struct auth_brought *, bool *is_new); /* E_INPUT */
int auth_member_add(struct ctx *, i64 organisation, i64 person, str place, bool mail_orders);
int auth_member_drop(struct ctx *, i64 organisation, i64 person);

/* block.c: what who runs the house does to an account that is somebody else's, and not of a higher
 * role of the platform's: E_DENIED. Noted in the audit trail. E_MISSING: there is none. */
int auth_end_logins_of(struct req *, i64 person, i64 device); /* 0: all of them */
int auth_block(struct req *, i64 person, str reason); /* all logins end, and none begins */
int auth_unblock(struct req *, i64 person);
/* {id, name, user_agent, network, country, country_name, kind, created_at, seen_at}: where they are logged in */
int auth_logins_of(struct ctx *, i64 person, struct node **devices);

/* What a person says of themselves; sessions know it with their next request. */
int auth_set_profile(struct ctx *, i64 person, str name, str lang, str phone);
/* Whoever is logged in shows that they know the password as well: E_INPUT under "old". */
int auth_sure(struct req *, str password);
int auth_end_all(struct req *); /* all logins of who asks, this one last */
int auth_end_logins(struct ctx *, i64 person); /* all of them, in the caller's transaction */
str auth_url(struct ctx *, str path); /* whole, in the ctx's language: for mails */
/* struct personal */
int auth_collect(struct ctx *, i64 person, struct node *into);
int auth_must_wait(struct ctx *, i64 person);
int auth_erase(struct ctx *, i64 person);
