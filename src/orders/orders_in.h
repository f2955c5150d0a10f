/* Shared within orders/. */
#pragma once
#include "orders/orders.h"

int orders_note(
    struct ctx *, i64 order, const char *kind, const char *actor, i64 person, struct node *data);
/* Tells the outbox, once per organisation that has a part in it. */
int orders_tell(struct ctx *, i64 order, const char *kind);
/* Of an order locked by query lock, whose row it is; data: of its event, or NULL. */
int orders_cancel_locked(
    struct ctx *, const struct node *order, i64 person, const char *actor, struct node *data);
/* Its cart keeps nothing more for it, and the order is not over; as above. */
int orders_let_go_of_cart(struct ctx *, const struct node *order);
/* mails.c; orders as query lock reads them, in the transaction of what is said. */
struct payment_change;
struct notify_to orders_buyer(const struct node *order); /* notify/notify.h */
int orders_say_cancelled(struct ctx *, const struct node *order, const char *actor);
/* Not paid in time; is_over: nor can it be any more. */
int orders_say_lapsed(struct ctx *, const struct node *order, bool is_over);
int orders_say_refused(struct ctx *, const struct node *order, const char *why); /* its money goes back */
/* Once for a refund, unless they were told as the order was cancelled or refused. */
int orders_say_refunded(struct ctx *, const struct node *order, const struct payment_change *);
/* To staff; the only mails of an order that are not its buyer's. */
#define ORDERS_TO_STAFF S("refund_failed"), S("dispute")
int orders_say_refund_failed(struct ctx *, i64 order, const struct payment_change *);
int orders_say_disputed(struct ctx *, i64 order, const struct payment_change *);
/* {id, order_id, state, due_at} */
int orders_say_dispute_due(struct ctx *, const struct node *dispute);
void orders_flag(struct ctx *, struct node *order); /* is_pending, can_pay, ... */
void orders_flag_part(struct ctx *, struct node *order, str status); /* of one seller's part */
str orders_part_status(const struct node *order, i64 organisation);
/* Of a shared order each organisation sees its own lines and part. */
void orders_keep_own(struct ctx *, struct node *order, i64 organisation);
/* Of rows {id}, hidden: is_leaving: all that was paid has gone back or is on its way; is_shelved:
 * so have the goods. Of either nothing is_to_send, whatever orders_flag_part has said before. */
int orders_flag_leaving(struct ctx *, struct node *const *orders, size_t n);
enum { ORDERS_PAGE = 50, ORDERS_AT_ONCE = 50 }; /* of the merchant's list; that are sent together */
/* story.c: status_title, status_text, steps [{name, is_done, is_now, at}] and the events' text;
 * what people call the states of payments, refunds and mails. */
void orders_story(struct ctx *, struct node *order);
void orders_tell_events(struct ctx *, struct node *order); /* their texts alone */
/* A page of the story before that event; *earlier: of the one before that, 0 when there is none. The
 * newest page comes with orders_read, with `story_from` hidden in the order. */
int orders_earlier(struct ctx *, i64 id, i64 before, struct node *order, i64 *earlier);
void orders_name_states(struct ctx *, struct node *rows);
/* Of an order's mails, for its page at the desk: what each is, and what to do where it has not gone. */
void orders_name_mails(struct ctx *, struct node *mails);
/* Of payments_disputes_of: state_name, reason_text, is_waiting, is_won, is_lost. */
void orders_name_disputes(struct ctx *, struct node *rows);
str orders_dispute_reason(struct ctx *, str code);
str orders_dispute_due(struct ctx *, when due); /* as it is written; 0: empty */
/* sealed.c */
#define ORDERS_SEALED "orders.order.sealed"
struct orders_sealed {
    str sealed, address; /* address: JSON, without the street */
    struct node *open;   /* the same */
    i64 keeper;
    str clues[2];
    size_t n;
};
/* E_CONFLICT when the keeper's key was destroyed: nothing can be kept for them. */
int orders_seal(struct ctx *, i64 order, i64 keeper, str phone, const struct node *address,
    struct orders_sealed *out);
struct node *orders_label(struct ctx *, const struct orders_sealed *); /* for orders.place */
/* Why the shop itself has cancelled it, as its event says. */
#define ORDERS_FOR_ITS_SUM "sum"
int page_is_closed(struct ctx *, i64 order); /* E_CONFLICT when it can still be paid */
/* personal.c: an hour after somebody was erased, when whatever they had sent before is there. */
struct job;
int orders_erase_late(struct ctx *, const struct job *);
when orders_hold_end(struct ctx *);
/* For how long its goods may be kept once more, of so many seconds they have been already; 0: they
 * were kept long enough. */
i64 orders_left_s(struct ctx *, i64 kept_s);
/* Who places an order, as orders.refuse_hoarding counts them, and what they may have kept; no
 * buyer: nobody counts. */
struct orders_buyer {
    str who;
    i64 most_orders;
};
void orders_who_buys(struct ctx *, i64 person, struct orders_buyer *);
void orders_may_keep(struct ctx *, str who, struct orders_buyer *);
/* What refuse_hoarding has refused, in words; any other error as it is. */
int orders_why_hoarding(struct ctx *, int err, str who);
#define ORDERS_PROVIDER S("stripe")
struct payment_order;
void orders_payment(struct ctx *, struct payment_order *); /* what its page shows and leads to */
struct req;
/* E_DENIED when this person may not end an order, or not give its money back. */
int orders_may_end(struct req *, i64 order, bool gives_money);
int orders_forget_answers(struct ctx *); /* of some days ago */
/* live.c: the lines of open pages, and what is sent on them. */
struct job;
str orders_line(struct ctx *, i64 order);  /* of who holds its link; others': auth/auth.h */
str orders_key(struct ctx *, str number); /* what makes a link the way in */
int orders_listen(struct req *, str line); /* input: last_event_id */
/* Before what a page shows is read, when the page will listen to that line. */
void orders_will_listen(struct req *, str line);
void orders_page_of_buyer(struct req *);
int orders_push(struct ctx *, const struct job *);
int orders_push_plain(struct ctx *, const struct job *, size_t n, bool *done);
/* mails.c: whether an order.* event is of one that came in just now, paid, of which who sells may
 * hear by mail; what is to be said of it; the job that writes it. */
bool orders_is_new(const struct job *);
int orders_hear(struct ctx *, const struct job *);
int orders_write_news(struct ctx *, const struct job *);
int orders_forget_news(struct ctx *); /* by the hour; what was left lying is written first */
