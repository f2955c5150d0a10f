/* Shared within admin/. words.c: what an entry of the trail says, in words, hidden from JSON.
 * names.c: what its numbers are called. */
#pragma once
#include "admin/admin.h"
#include "inventory/inventory.h"

struct req;

int admin_find_stock(struct ctx *); /* news.c: who is to hear of that, by the hour */

str admin_kind_words(struct ctx *, str kind);
/* The names of all that entries with changes[] speak of by number, for the two below. */
int admin_find_names(
    struct ctx *, i64 organisation, const struct node *entries, struct node **names);
str admin_name_of(struct ctx *, const struct node *names, str field, str number);
/* An entry gets thing_name, empty when it has none, and thing_path, empty where there is no page of
 * it or not for whoever looks. */
void admin_name_thing(struct req *, const struct node *names, struct node *row);
/* An entry gets kind_words, action_words and thing_words; each of its changes[] field_words, was
 * and is_now (amounts as money, instants in that zone), and whether it tells anything. */
void admin_put_into_words(
    struct ctx *, const struct node *names, struct node *row, str zone);
/* `things` and `actions` to choose from, {code, words, is_chosen}. */
void admin_add_choices(struct ctx *, struct node *document, str thing, str action);
bool admin_is_thing(str name);
