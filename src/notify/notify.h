/* notify: say something to someone, once: by mail, or in a few words by text message.
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
/* Makes the document of a template's mail, or text message (notify/<template>.txt alone; of a
 * message also `number`, where it goes): `subject`, `order` (null without) and what the
 * template shows. E_GONE: there is nothing to say any more, and nothing is sent. */
struct notify_builder {
    const char *template;
    int (*build)(struct ctx *, const struct node *mail_row, struct node **document);
};
/* By the builder of the row's template; E_INTERNAL: nobody is. */
int notify_build(struct ctx *, const struct node *row, struct node **document);
/* What `answer` of a mail begins with that was not sent as it is no longer so. */
#define NOTIFY_GONE "gone: "
/* Mails of an order for its page: {template, recipient, subject, state, answer, created_at}; answer:
 * what the mail server said, or why it has not gone out. Those
 * of the n templates that staff are sent, only when they went to people of this organisation; NULL:
 * whomever. */
int notify_of_order(struct ctx *, i64 order, const str *to_staff, size_t n, const i64 *organisation,
    struct node **mails);
int notify_again(struct ctx *, i64 mail); /* staff's "send again" */
/* struct personal (web/web.h): what was said to a person. */
int notify_collect(struct ctx *, i64 person, struct node *into);
/* Takes an address out of all that was said to it; what still waits goes nowhere any more. Only of
 * one that is known to be theirs who asks. */
int notify_forget(struct ctx *, str email);
/* The same of what its buyer was told of one order, whose address it may be. */
int notify_forget_order(struct ctx *, i64 order, str email);
int notify_forget_one(struct ctx *, const char *template, str cause); /* E_AWAY: not yet sent */

/* ---- number.c, sms.c: text messages, by the provider of talat.conf (sms_*) ---------------------- */

struct app;
bool notify_has_sms(const struct app *); /* else nobody is offered any */
bool notify_sms_country(const struct app *, str country); /* we send there */
/* A mobile number as typed, from abroad or as within the country: +66812345678. */
bool notify_number(struct arena *, str typed, str country, str *number, str *its_country);
bool notify_is_country(str code); /* whose numbers we know */
str notify_number_mark(struct ctx *, str number); /* stands for it where it is counted, keyed */
struct notify_sms_to {
    i64 person;
    str number, country, lang; /* lang empty: the ctx's */
    str network;               /* where whoever asks for it is: limit_address */
};
/* One row, with the job that sends it; in the caller's transaction. E_LIMIT: enough went to this
 * number, for this person, to this address, or from this shop (sms_per_hour). */
int notify_sms(struct ctx *, const char *template, str cause, const struct notify_sms_to *);
int notify_sms_try(struct ctx *); /* for the doctor: the provider knows us */
bool notify_sms_signed(struct arena *, str token, str url, str form, str signature);
void notify_check(const struct app *, struct buf *errors); /* of bin/features.c: talat.conf */
int notify_erase(struct ctx *, i64 person); /* to whom: by message and by mail, wherever it went */
