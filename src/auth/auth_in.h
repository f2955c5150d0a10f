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

/* session.c */
int session_begin(struct req *, const struct login *); /* a new id, always; cookies set */
int session_end(struct req *);
int auth_refresh_place(struct req *); /* role and organisation, read anew */
int session_devices(struct ctx *, i64 person, str session, struct node **devices);
