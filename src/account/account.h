/* account: what a person keeps here of themselves: addresses, a copy of all their data, and the
 * way to be forgotten.
 *
 * Owns schema account. What other rooms know of a person it asks by the table `personal` of
 * bin/features.c. It relies on auth to know who somebody is, and to be sure of it once more before
 * data go out or are erased. It refuses to erase what the books need: orders keep their figures. */
#pragma once
#include "base/base.h"

/* {id, name, phone, line1, line2, city, region, postcode, country, is_default}, the one that is
 * meant unless another is chosen first. Ids are opaque. */
int account_addresses(struct ctx *, i64 person, struct node **addresses);
/* Keeps one; that it is there already, or that there are twenty, is no error. */
int account_keep_address(struct ctx *, i64 person, str name, str phone, const struct node *address);
int account_collect(struct ctx *, i64 person, struct node *into); /* struct personal */
int account_erase(struct ctx *, i64 person);
