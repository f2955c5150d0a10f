/* Shared within auth/. */
#pragma once
#include "auth/auth.h"

struct login {
    i64 person;
    str email, name;
    bool is_staff;
};
/* E_LOGIN with one and the same text for an unknown account and a wrong password, after the
 * same work. E_AWAY when too many log in at once (2 s). */
int auth_check(struct ctx *, str email, str password, struct login *);
int auth_register(struct ctx *, str email, str name, str password, struct login *);
bool password_hash(
    struct ctx *, str password, str *hash); /* waits for its turn; false: none came */

struct req;
/* The same by way of a request: guesses are counted, and refused when there were too many. */
int login_check(struct req *, str email, str password, struct login *);

/* token.c */
int token_issue(struct ctx *, i64 person, str *token); /* good for 15 minutes */
bool token_read(struct ctx *, str token, i64 *person);

/* session.c */
/* This request is that person's from now on, with what they may do as of now. E_MISSING when
 * there is nobody of that number. */
int auth_become(struct req *, i64 person);
int session_begin(struct req *, const struct login *); /* a new id, always; cookies set */
int session_end(struct req *);
int auth_refresh_place(struct req *); /* role and organisation, read anew */
int session_devices(struct ctx *, i64 person, str session, struct node **devices);
