/* admin: the merchant's first page and what spans features: today's figures, customers.
 * The screens of other features stay with them. Owns no schema; reads. */
#pragma once
#include "base/base.h"
