/* Shared within watch/. */
#pragma once
#include "watch/watch.h"

struct ctx;
int watch_look(struct ctx *); /* at the audit trail: rights that were raised */
const char *watch_text(str kind); /* what an alert of this kind says, in English */
