/* notify: say something to someone, once.
 *
 * Owns schema notify. A mail is a row, unique by template and cause, written in the caller's
 * transaction with the job that sends it. Its words are templates notify/<template>.mustache
 * (HTML) and notify/<template>.txt.mustache, whose document the template's builder makes when
 * the mail is sent (bin/features.c lists builders). It refuses to know what it says. */
#pragma once
#include "base/base.h"

struct notify_to {
    i64 organisation, order, person; /* 0 where there is none */
    str email, lang;
};
int notify_mail(struct ctx *, const char *template, str cause, const struct notify_to *);
/* Makes the document of a template's mail: `subject`, `order` (null without) and what the
 * template shows. E_GONE: there is nothing to say any more, and nothing is sent. */
struct notify_builder {
    const char *template;
    int (*build)(struct ctx *, const struct node *mail_row, struct node **document);
};
/* Mails of an order for its page: {template, recipient, subject, state, answer, created_at}. */
int notify_of_order(struct ctx *, i64 order, struct node **mails);
int notify_again(struct ctx *, i64 mail); /* staff's "send again" */
/* struct personal (web/web.h): what was said to a person. */
int notify_collect(struct ctx *, i64 person, struct node *into);
/* Takes an address out of all that was said to it; what still waits goes nowhere any more. */
int notify_forget(struct ctx *, str email);
int notify_forget_one(struct ctx *, const char *template, str cause); /* E_AWAY: not yet sent */
