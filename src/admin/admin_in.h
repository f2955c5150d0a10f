/* Shared within admin/. words.c: what an entry of the trail says, in words, hidden from JSON. */
#pragma once
#include "admin/admin.h"

str admin_kind_words(struct ctx *, str kind);
/* An entry gets kind_words, action_words and thing_words; each of its changes[] field_words, was
 * and is_now (amounts as money, instants in that zone), and whether it tells anything. */
void admin_put_into_words(struct ctx *, struct node *row, str zone);
/* `things` and `actions` to choose from, {code, words, is_chosen}. */
void admin_add_choices(struct ctx *, struct node *document, str thing, str action);
bool admin_is_thing(str name);
