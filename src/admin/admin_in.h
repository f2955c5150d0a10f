/* Shared within admin/. */
#pragma once
#include "admin/admin.h"

/* words.c: an entry of the trail gets kind_words, action_words and thing_words; each of its
 * changes[] field_words, was and is_now (amounts as money, instants in that zone), and whether it tells anything. */
str admin_kind_words(struct ctx *, str kind);
void admin_put_into_words(struct ctx *, struct node *row, str zone);
