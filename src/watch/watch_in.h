/* Shared within watch/. */
#pragma once
#include "watch/watch.h"

struct ctx;
struct node;
void watch_name_countries(struct ctx *, struct node *alerts); /* country_name, beside their country */
int watch_look(struct ctx *); /* at the audit trail: rights that were raised */
const char *watch_text(str kind); /* what an alert of this kind says, in English */
