/* Shared within watch/. */
#pragma once
#include "watch/watch.h"

struct ctx;
int watch_look(struct ctx *); /* at the audit trail: rights that were raised */
int watch_mail(struct ctx *, str kind, i64 hour); /* adds the job, once for a kind in an hour */
const char *watch_text(str kind); /* what an alert of this kind says, in English */
