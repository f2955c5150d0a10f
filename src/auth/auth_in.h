/* Shared within auth/. */
#pragma once
#include "auth/auth.h"
#include "web/web.h"

struct code;
struct login {
    i64 person;
    str email, name;
    bool is_staff;
    i64 epoch; /* the account's when it was looked up: with another password it is another */
};
struct login login_of(const struct node *row, const char *id); /* session.c; `id`: the person's */
/* E_LOGIN with one and the same text for an unknown account and a wrong password, after the
 * same work. E_AWAY when too many log in at once (2 s). */
int auth_check(struct ctx *, str email, str password, struct login *);
/* Asks for an account: what is said afterwards must be the same for an address that has one, as
 * whether it has is looked up later. The account is made by the code or link that goes there. */
/* `mark` is a secret of the browser that asks; empty for clients of the API. */
/* marketing: they would like news by mail. */
int auth_register(
    struct ctx *, str email, str name, str password, str mark, bool marketing);
int auth_register_again(struct ctx *, str email); /* sends another code, if there is cause to */
/* Anybody may register anybody's address, and its owner gets the mail: so whoever shows the code
 * must also be who chose the password, known by the mark or by that password. Else E_INPUT under
 * "password". */
int auth_claims(struct ctx *, const struct code *, str mark, str password);
/* Uses up a code of CODE_VERIFY, and makes the account, or marks the one there is (*fresh false:
 * that is no login); both or neither. */
int auth_verified(struct ctx *, const struct code *, struct login *, bool *fresh);
/* After these every login of the person is over, but that by which it is changed. by: the mail by
 * which it is chosen, which is used up only if all of this comes about. */
int auth_choose_password(struct ctx *, const struct code *by, str password);
int auth_change_password(struct req *, str password);
int password_matches(struct ctx *, str hash, str password, bool *ok); /* in its turn; E_AWAY */
int no_turn(struct ctx *);                                            /* that E_AWAY */

/* password.c, common.c */
enum { PASSWORD_SHORTEST = 8, PASSWORD_LONGEST = 256 };
bool password_hash(
    struct ctx *, str password, str *hash);    /* waits for its turn; false: none came */
str password_form(struct ctx *, str password); /* NFC: however it was typed */
/* E_INPUT under "password" when it is too short, what many people use, or made of name, address
 * or the shop's name. */
int password_fit(struct ctx *, str password, str name, str email);
bool password_is_common(struct ctx *, str password);
bool password_is_breached(struct ctx *, str password); /* breached.c */
extern const char auth_common_words[];

struct node *login_document(struct req *); /* routes.c: what the page to log in shows */

/* second.c: whoever has shown a first factor is logged in by this, or led to show the second.
 * Answers; `next` is where to go afterwards, empty: the usual place. */
enum first {
    FIRST_IS_ALL,  /* what was shown is both: a passkey that knew its owner */
    FIRST_OF_SELF, /* a password */
    FIRST_OF_MAIL  /* whoever reads a mailbox could have come this far: a link, a provider */
};
int login_finish(struct req *, const struct login *, str next, enum first);
struct scope as_house(
    struct ctx *); /* from here on in the platform's scope; gives the one before */
/* The same for clients of the API: *challenge stays empty where nothing more is asked; else it is
 * answered with second_wanted, and comes back as the input `challenge` to second_check: with a code
 * to second_by_code, or what a passkey has signed (passkey.c). */
int second_ask(struct req *, const struct login *, str *challenge);
int second_wanted(struct req *, str challenge);
struct pending;
int second_by_code(struct req *, const struct pending *);
int second_check(struct req *, int (*show)(struct req *, const struct pending *), struct login *);
/* Whether who asks lacks the second factor that role and place must have: by talat.conf's
 * second_factor, and by what the organisation asks (query place). Sets r->who. */
void second_owed(struct req *, const struct node *row);

/* token.c */
/* For the login `device`; good for 15 minutes, or until that login has ended. */
int token_issue(struct ctx *, i64 person, const char *role, i64 device, str *token);
bool token_read(struct ctx *, str token, i64 *person, i64 *device);

/* session.c: where a login comes from, as it is kept with it; and what follows from the row it has
 * got (query add_device): the owner hears of a device that is new to the account. */
struct place {
    str agent, browser, network;
    str country; /* "TH", or empty: not known (io/io.h) */
};
str login_network(struct req *); /* that of a place, alone: 203.0.113.x */
struct place login_place(struct req *, bool takes_cookies);
int login_begun(struct ctx *, const struct login *, const struct node *row);

/* refresh.c: logins of the API. What goes out is kept only as a hash. */
struct refreshed {
    i64 person, device;
    str token; /* the refresh token, opaque; good for 30 days, once */
};
int refresh_begin(struct ctx *, const struct login *, const struct place *, struct refreshed *);
/* A new one for an old one. E_LOGIN "token" when it is none, or is over; when it was used before,
 * its whole login ends with it. E_CONFLICT when another request with the same one was faster by
 * less than ten seconds: that one has the new token. */
int refresh_again(struct ctx *, str token, struct refreshed *);
int refresh_end(struct ctx *, str token); /* the login it belongs to, if there is one */
int token_end(struct ctx *, i64 device);

/* codes.c: a code of six digits, a link, or both, sent by mail: for one purpose, to one address,
 * good once and for a while; a newer one takes the place of those before. */
enum code_purpose {
    CODE_VERIFY,
    CODE_RESET,
    CODE_CHANGE, /* to the new address; VERIFY, RESET and this look for who has it when they send */
    CODE_UNDO,   /* to the old one */
    CODE_LOGIN,
    CODE_INVITE,
    CODE_PHONE, /* these two by text message; the address is the number's mark */
    CODE_SMS
};
struct code_to {
    i64 person;        /* 0: not known */
    str address, lang; /* lang empty: the ctx's */
    i64 about;         /* INVITE: the organisation, else 0: one to each may be under way */
    struct node *data; /* comes back with the code; its mail shows it as {{about.x}}; may be NULL */
};
struct code {
    i64 id, person, about;
    str address, lang;
    const struct node *data;
    bool by_link; /* shown by its link, not by its digits */
    when made;    /* of a link */
};
/* E_LIMIT after three to an address within 15 minutes. Where the answer must not tell whether
 * an address is known, fault_clear that. The mail is templates/notify/code_<purpose>. */
/* A mail that anybody may have sent to any address: so many from one network. */
int code_asked(struct req *);
int code_send(struct ctx *, enum code_purpose, const struct code_to *);
/* The same without sending it: for what goes another way than by mail. */
int code_add(struct ctx *, enum code_purpose, const struct code_to *, i64 *id);
str code_digits(struct ctx *, str nonce);
/* The digits that were typed (blanks between them are no matter), as those last sent to this
 * person, or, with person 0, to this address. Wrong, late, used or tried five times: E_INPUT with
 * one text, under "code". Not inside a pg_tx of one's own: a failure must not give its try back. */
int code_use(struct ctx *, enum code_purpose, i64 person, str address, str digits, struct code *);
/* The same in two steps, for whoever must know more before the code is used up; after code_look
 * too. code_take is won by one of those who come at once; for the others E_INPUT, of a link
 * E_GONE. */
int code_try(struct ctx *, enum code_purpose, i64 person, str address, str digits, struct code *);
int code_take(struct ctx *, const struct code *);
/* The link's token: looking changes nothing (for GET), opening uses it up. E_GONE. */
int code_look(struct ctx *, enum code_purpose, str token, struct code *);
int code_open(struct ctx *, enum code_purpose, str token, struct code *);
/* A person's address or password is another now: what was sent before to reset, change or log in
 * is good no more, nor what had shown the password of before. undo: the code by which an address
 * came back; those after it lead to others', and end too. 0: none. */
int code_end_all(struct ctx *, i64 person, i64 undo);
int code_dead(struct ctx *); /* E_GONE: the link is good no more */

/* roles.c */
/* A role's permissions, as the database keeps them (their names, blanks between), as a set.
 * What is no permission any more, or nothing of a back office, is not in it. */
uint64_t role_permissions(str names);
/* What somebody in this place may there; own: their role's permissions for place "own". */
uint64_t place_permissions(str place, str own);
enum { MOST_PLACES = 8 };
size_t places_with(uint64_t permission, str *names); /* the built-in ones that have it */
uint64_t role_platform(str name); /* what a platform role's name gives */
enum role role_named(str name);
enum member place_named(str name); /* NOBODY: a role of one's own making, or none */
bool role_is_within(const struct who *, uint64_t set); /* holds all of it oneself */

/* routes.c */
struct req;
/* The same by way of a request: guesses are counted, and refused when there were too many. */
int login_check(struct req *, str email, str password, struct login *);
void login_forgive(struct req *, str email); /* it was shown by mail who the owner is */

/* view_as.c */
/* From here on staff see as that customer, if there is one and they still may. */
int view_as_take(struct req *, i64 customer);
void view_as_self(struct req *); /* staff are themselves again, for this request */

/* session.c */
/* Lines of the log: who logged in, or was refused (0: nobody knows who) and by what. The address
 * and the route stand in the lines of the same request. */
void login_noted(struct ctx *, i64 person);
void login_refused(struct ctx *, i64 person, const char *by);
/* This request is that person's from now on, with what they may do as of now. E_MISSING when
 * there is nobody of that number. */
int auth_become(struct req *, i64 person);
/* The same with the person's row at hand: {email, name, role, organisation_id, place}. */
void auth_take(struct req *, i64 person, const struct node *row);
int session_begin(struct req *, const struct login *); /* a new id, always; cookies set */
/* Whatever adds a way into the account of who asks (a password, an address, a factor, a login
 * elsewhere, a key) does it in here: in one transaction, in which their login stands and cannot be
 * ended; else E_LOGIN. Who takes the account back ends all logins first, then finds what was added
 * before, and nothing is added after. */
int session_adds(struct req *, int (*add)(struct ctx *, void *), void *with);
int session_end(struct req *);
/* With their next request this person's sessions are made anew: they have become staff, or are
 * staff no more. */
int session_renew(struct ctx *, i64 person);
int session_prove(struct req *);      /* the same login under a new id, and proved just now */
void session_leave_desk(struct req *); /* what its pages listen to as staff ends */
int auth_refresh_place(struct req *); /* role and organisation, read anew */
int session_devices(struct ctx *, i64 person, str session, i64 of_token, struct node **devices);
/* Ends a person's logins: all but one (a session's hash, or none), or the one of that device. */
int session_end_others(struct ctx *, i64 person, str but, i64 *ended);
int session_end_device(struct ctx *, i64 person, i64 device, i64 *ended);
/* Ends what all programs of a person or a shop listen to, at every node. */
void lines_close_shared(struct ctx *, enum auth_line, i64 whose);
/* ... all of them that a person's programs may listen to, as a login of theirs has ended. Programs
 * share a line; those that may still listen come back to it by themselves. */
int lines_close_programs(struct ctx *, i64 person);
/* Rights have changed: what that member listens to as staff ends (0: what everybody there does, as
 * a role has changed). Who still may comes back by themselves. */
int desk_close(struct ctx *, i64 organisation, i64 person);
str auth_house_address(struct ctx *); /* whom to write to: `contact`, or mail_from's */
int auth_is_closed(struct ctx *);   /* E_DENIED: somebody has blocked this account */
int auth_began_again(struct ctx *); /* E_LOGIN: what this login had shown is good no more */
str device_name(struct ctx *, str user_agent); /* "Chrome · Android" */

/* What says that this browser was here before; it is no login. */
#define COOKIE_DEVICE "__Host-device"
str session_browser(struct req *); /* its hash; empty: it has none yet */

/* confirm.c: where a form that is grave leads by way of the confirmation. */
enum { NEXT_MOST = 3000 };
/* auth_recent for a form whose page declares TYPED: what was typed comes back to it. */
int auth_recent_form(struct req *, str page);
/* It has come back: r->in holds the form's inputs again, and r->raw what its page shows. */
bool auth_typed(struct req *);
#define TYPED                                                                                      \
    {                                                                                              \
        "typed", WORD, 0, NEXT_MOST                                                                \
    }

/* once.c: a secret that the page which the form leads to shows once: see_other to it with
 * ?done=<handle>. False: it is for a program, or Redis is away, and the answer itself has it. */
bool once_keep(struct req *, const char *what, str secret, str *handle);
str once_take(struct req *, const char *what); /* by input `done`; empty: it was shown, or none */
#define DONE_ONCE                                                                                  \
    {                                                                                              \
        "done", WORD, 0, 40                                                                        \
    }

/* api.c */
int api_begin(struct req *, const struct login *); /* logs in and answers {access_token, user} */
int api_leave(struct req *); /* ends the login whose refresh token the browser holds */

/* api_key.c */
bool is_key(str token);
int key_become(struct req *, str key); /* E_LOGIN "token" when it is none, or is over */
/* A new key of the organisation in whose name the request is made; days 0: until it is revoked.
 * Its scopes are permissions by name, of those that the person may give: what they may do as
 * staff, without making more keys. */
int key_add(struct req *, str name, const struct node *scopes, i64 days, str *key);
struct who;
uint64_t key_scopes_of(const struct who *);

/* social.c: logging in by a provider of OpenID Connect. */
void social_choices(struct req *, struct node *document); /* login_with: [{name, label}] */
