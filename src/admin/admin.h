/* admin: the merchant's first page and what spans features: today's figures, customers.
 * The screens of other features stay with them. Owns no schema; reads. */
#pragma once
#include "base/base.h"

struct auth_settings; /* auth/auth.h */
/* settings.c: as auth_settings_save; a country is one that has a rate of tax, and a currency one
 * that the shop sells in. */
int admin_settings_save(
    struct ctx *, i64 organisation, const struct auth_settings *, str seen);
int admin_erase(struct ctx *, i64 person); /* struct personal: from where they did what */
void admin_check_trail(const struct app *, struct buf *errors); /* talat.conf */
