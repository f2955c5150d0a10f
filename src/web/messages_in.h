/* messages, the inside: the format of a message, and the .po files. */
#pragma once
#include "web/web.h"

/* What a hole's name stands for; NULL: nothing. */
typedef const struct node *message_find(const void *with, str name);

/* What is wrong with a message, or NULL. */
const char *message_check(str text);
/* Fills holes and plurals; the text is not escaped. */
int message_fill(struct ctx *, str message, message_find *, const void *with, str *out);
/* msgid -> msgstr of one file; what is wrong goes to errors. */
struct node *po_read(struct arena *, str file, str text, struct buf *errors);
const struct node *messages_of(const struct messages *, str lang); /* NULL: none */
