/* orders: an agreed basket and its life.
 *
 * Owns schema orders. Two axes: order (pending -> processing -> shipped -> delivered;
 * pending or processing -> cancelled) and payment (pending -> paid -> refunded); each step is
 * one statement with its condition. Lock order everywhere: order -> payment -> stock by SKU.
 * Only provider events make an order paid. */
#pragma once
#include "base/base.h"

struct basket; /* pricing/pricing.h */
struct priced;

/* Where an order goes, as rows of a route's inputs (web/web.h): its page and its API ask alike. */
/* clang-format off */
#define ORDERS_ADDRESS                           \
    { "line1", LINE, 1, 200, .required = true }, \
    { "line2", LINE, 0, 200 },                   \
    { "city", LINE, 1, 100, .required = true },  \
    { "region", LINE, 0, 100 },                  \
    { "postcode", LINE, 0, 12 },                 \
    { "country", WORD, 2, 2, .required = true }
/* clang-format on */

struct placing { /* everything checkout has gathered, prices already reckoned */
    i64 id;          /* from orders_look_back; 0: a new one */
    i64 cart, revision, person;
    str email, name, phone, delivery_method;
    struct node *address, *delivery_names;
    struct node *lines; /* cart_read's lines, in the basket's order */
    const struct basket *basket;
    const struct priced *priced;
    bool is_to_pay; /* on the provider's page, at once: the attempt is written with the order */
};
struct orders_placed {
    i64 id;
    const struct payment_order *pay; /* payments/payments.h; NULL: not to be paid at once, or old */
    struct node *attempt;
};
/* Writes order, parts, lines, holds and the order.created events in one transaction; the scope
 * is the order's afterwards. The same (cart, revision) again returns the first order.
 * E_CONFLICT "inventory.short" names what is left of what. */
int orders_place(struct ctx *, const struct placing *, struct orders_placed *);
/* What there is already when a cart is to be ordered, and the next order's number. */
struct orders_asked {
    i64 cart;                      /* 0: it is gone, any of this person's */
    i64 person, revision;          /* the cart's revision now */
    i64 seen_revision, seen_total; /* what the buyer agrees to */
};
struct orders_before {
    struct node *found; /* {answered: the order this very submission was answered with before,
                         * of_revision: the order of the cart's revision; 0: none; next: to be} */
    struct node *older; /* unpaid orders of earlier revisions, with their id */
};
/* Two queries, within the caller's batch. */
void orders_look_back(struct ctx *, const struct orders_asked *, struct orders_before *);
/* Ends those: each one's payment page is expired at the provider first, then it is cancelled and
 * its hold freed. Outside any transaction. */
int orders_supersede(struct ctx *, const struct node *older);

/* The whole order for its page (the scope must name it or its organisation): the columns of
 * query read, with lines[], parts[], events[], trace[], and is_pending, is_processing,
 * is_shipped, is_delivered, is_cancelled, is_unpaid, is_paid, is_refunded, is_disputed,
 * can_pay, can_cancel, link. */
int orders_read(struct ctx *, i64 order, struct node **out);
/* Of that what a mail says: the columns, lines[], parts[] and how it stands; nothing is unsealed. */
int orders_read_bill(struct ctx *, i64 order, struct node **out);
/* What happened to an order ("shipped"), in words; a kind nobody has words for as it is. */
str orders_event_words(struct ctx *, str kind);
/* {id, total_amount, currency, payment_status, order_status}, as clients of the API know it. */
int orders_in_short(struct ctx *, i64 order, struct node **out);
/* Of a row {id, phone, address, sealed, keeper}: telephone and street come out, or are empty and
 * is_closed, when the seller's key was destroyed. */
int orders_unseal(struct ctx *, struct node *order);
/* What orders of this organisation are marked with when `q` is the end of their telephone number;
 * none when it can be no such thing. */
int orders_clues(struct ctx *, i64 organisation, str q, const str **clues, size_t *n);
struct vault_place; /* vault/vault.h: struct vault_column */
int orders_renew_sealed(struct ctx *, i64 *changed, const struct vault_place *, str before);
int orders_hide(struct ctx *, i64 *changed, const struct vault_place *, struct node *row);
/* Any order, whosever it is: 0 when there is none. Look at the scope before showing it. */
int orders_by_number(struct ctx *, str number, i64 *order, i64 *person);
/* A page of the back office is being made that will hear of new orders: before it reads any. */
struct req;
void orders_page_at_desk(struct req *);
/* Of the organisation of who asks: those of its disputes that nobody has answered yet. */
int orders_disputes_waiting(struct req *, i64 *n);
/* Newest first, 20 at most; *more when there are others before the last. */
int orders_of_person(struct ctx *, i64 person, i64 before, struct node **orders, bool *more);
/* The newest of one organisation, as its list shows them. */
int orders_of_organisation(struct ctx *, i64 organisation, i64 most, struct node **orders);
/* The newest 50 of who ordered with this address, and where the last one went: {name, phone,
 * address, is_closed}, NULL when none went anywhere. */
int orders_of_customer(struct ctx *, i64 organisation, str email, struct node **orders,
    struct node **label);
/* The way in for guests, on the shop's own host: "/orders/<number>?key=...". */
str orders_url(struct ctx *, str number, const char *suffix);
bool orders_link_ok(struct ctx *, str number, str key);

/* This browser may see the order from now on; its page has a clean address. */
void orders_remember(struct req *, str number);
str orders_path(struct ctx *, str number);

i64 orders_hold_minutes(struct ctx *); /* for so long goods are kept for an order, unpaid */
/* Opens or finds the page where the buyer pays; takes the stock again when the hold has
 * lapsed. Calls outside. The order's number is said also when no page could be opened. */
int orders_pay_url(struct ctx *, const struct orders_placed *, str *number, str *url);
/* ... which has failed because nobody can pay such a sum: then the order is cancelled. */
#define ORDERS_SUM "orders.sum"
i64 orders_least(str currency); /* the least that can be paid here, as far as it is known */
bool orders_takes(str currency, i64 amount); /* false: too fine to be paid here */
/* The same for another program: the payment's id at the provider, and what to confirm it with. */
int orders_pay_intent(struct ctx *, i64 order, str *payment_id, str *client_secret);
/* Where it is to be sent: {line1, line2, city, region, postcode, country}. */
int orders_give_address(struct ctx *, i64 order, i64 by_person, const char *actor, str name,
    str phone, const struct node *address);
/* What a client of the API asks for with a key of its own choice: done once, and answered the
 * same to the byte for three days. `asked` is the whole of it. */
struct orders_ask {
    i64 person;
    str key, asked;
};
struct orders_answer {
    bool is_first; /* nobody has asked with this key before */
    bool is_young; /* ... or seconds ago, and may still be at it */
    i64 order;
    int status; /* of HTTP */
    str text;   /* empty: not answered yet */
};
/* In the transaction that does it; a second one waits for its end. E_CONFLICT when the key was
 * used for something else. */
int orders_ask(struct ctx *, const struct orders_ask *, struct orders_answer *);
int orders_ask_again(struct ctx *, const struct orders_ask *, struct orders_answer *);
int orders_ask_is_of(struct ctx *, const struct orders_ask *, i64 order);
/* Its status and text; the first that is kept is everybody's: they become that. */
int orders_keep_answer(struct ctx *, const struct orders_ask *, struct orders_answer *);

/* One step forward for this organisation's part (0: all); the order follows when every part
 * has come as far. E_CONFLICT when it is not the next step. */
int orders_move(struct ctx *, i64 order, i64 organisation, str status, str carrier, str tracking,
    i64 by_person);
/* How the parcel of this organisation (0: of all) is found, after it has left; empty: as it is.
 * Noted where it is new. E_CONFLICT when nothing has left, or more than one parcel. */
int orders_track(
    struct ctx *, i64 order, i64 organisation, str carrier, str tracking, i64 by_person);
/* Frees the hold; an unpaid order's payment page is closed first (calls outside), a paid
 * one's money goes back. */
int orders_cancel(struct ctx *, i64 order, i64 by_person, const char *actor);
struct orders_refund {
    i64 amount;         /* minor units; 0: all that is left, and how much that was */
    i64 seen_kept;      /* what was left when this was asked for; 0: whatever is left */
    str key;            /* chosen by the person who asks, who has used it for this alone */
    bool back_on_shelf; /* all of its goods: E_INPUT unless it is all that is left */
};
/* Never more than was captured, however many ask at once: E_CONFLICT. */
int orders_refund(struct ctx *, i64 order, i64 by_person, struct orders_refund *);
/* struct personal (web/web.h). Erased orders keep number, goods, figures and country: the books. */
int orders_collect(struct ctx *, i64 person, struct node *into);
int orders_must_wait(struct ctx *, i64 person); /* one that is paid has not left yet */
int orders_erase(struct ctx *, i64 person);
/* Those that were placed without logging in, with the person's confirmed address, and are not over
 * yet, or could still come back: they lose it by themselves once that is so. */
int orders_later(struct ctx *, i64 person, i64 *n);
int orders_erase_due(struct ctx *);
void orders_event_kinds(struct ctx *, struct node *list, str chosen); /* {code, words, is_chosen} */
