/* ops: the shop looked at from outside: health, metrics, schema changes, the demo shop.
 * Owns schema ops. */
#pragma once
#include "base/base.h"

int ops_migrate(struct ctx *, str sql_dir, struct buf *report); /* as owner; see sql/ */
int ops_demo(struct ctx *, str demo_dir, str pictures_dir, struct buf *report);
