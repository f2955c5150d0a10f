/* media: pictures, from upload to what nginx serves.
 *
 * Owns schema media and the files in media_dir. Sizes are made at upload by the capped child
 * (io/image.c); pages only name files. It refuses to decode anything itself. */
#pragma once
#include "base/base.h"

/* Stores the bytes of one picture for an organisation; the same bytes give the same row.
 * E_KIND or E_TOO_LARGE with a text for the person. `trusted_svg`: our own demo drawings. */
int media_store(struct ctx *, i64 organisation, str bytes, bool trusted_svg, i64 *picture);
/* Away with the rows, in the caller's transaction, and with their files, which come back with no
 * roll-back: whatever asks for one of them then makes it anew. Refused by the database when anything
 * refers to one. */
int media_drop(struct ctx *, const i64 *pictures, size_t n);
/* Away with what was uploaded where making its sizes was cut off, a day ago or longer: it is as it
 * was taken, with places and cameras. */
int media_sweep(struct ctx *);
/* Adds {src, srcset, width, height, alt} as `as` to each row that has stem, width, height,
 * widths (and alt, optional); a row without a stem gets null. `sizes`: the middle size. */
void media_dress(struct ctx *, struct node *row_or_list, const char *as, i64 size);
/* {src, srcset, width, height, alt} of one such row; NULL without a stem. */
struct node *media_picture(struct ctx *, const struct node *row, i64 size);
