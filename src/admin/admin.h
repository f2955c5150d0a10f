/* admin: the merchant's first page and what spans features: today's figures, customers.
 * The screens of other features stay with them. Owns no schema; reads. */
#pragma once
#include "base/base.h"

int admin_erase(struct ctx *, i64 person); /* struct personal: from where they did what */
void admin_check_trail(const struct app *, struct buf *errors); /* talat.conf */
