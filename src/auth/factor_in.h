/* What is shown besides a password: codes of an authenticator app, recovery codes, passkeys.
 *
 * totp.c and webauthn.c know neither requests nor tables: bytes in, yes or no out. factor.c keeps
 * what a person has set up, second.c leads from the first step of a login to the second, confirm.c
 * asks again before what is grave, passkey.c talks with the browser's authenticator. */
#pragma once
#include "auth/auth_in.h"

/* ---- totp.c: RFC 6238 with SHA-1 and steps of 30 s ---------------------------------------- */

enum { TOTP_DIGITS = 6, TOTP_SECRET = 20 /* bytes */ };
i64 totp_step(when);
str totp_code(struct arena *, str secret, i64 step, int digits);
/* The step this code is of: that of `now`, the one before or after it. */
bool totp_match(struct arena *, str secret, when now, str code, i64 *step);
str base32(struct arena *, str); /* RFC 4648 without padding */
/* Read back, of a secret's length; blanks between are no matter. */
bool unbase32(struct arena *, str, str *out);
/* otpauth://totp/... as authenticator apps read it */
str totp_uri(struct arena *, str issuer, str account, str secret);

/* ---- webauthn.c: what an authenticator says ------------------------------------------------ */

enum passkey_flags {
    PASSKEY_PRESENT = 0x01,  /* somebody touched it */
    PASSKEY_VERIFIED = 0x04, /* and it knew whom: PIN, finger, face */
    PASSKEY_MOVES = 0x08,    /* may be copied to other devices of that person */
    PASSKEY_COPIED = 0x10,
    PASSKEY_HAS_KEY = 0x40,
    PASSKEY_HAS_MORE = 0x80, /* extensions */
};
struct authdata { /* slices of what was read */
    str rp_hash;  /* SHA-256 of whom it was made for */
    unsigned flags;
    i64 count;    /* of signatures; 0: it does not count */
    str id, x, y; /* with PASSKEY_HAS_KEY: the credential and its P-256 key */
};
/* Strict: whatever is too long, too short, doubled, of another algorithm or not canonical is no
 * authenticator data. */
bool authdata_read(str, struct authdata *);
/* An attestation object: its authenticator data, which must have a key. What attests it is read
 * as CBOR and not believed: any maker's authenticator will do. */
bool attestation_read(str, struct authdata *);
/* The client data say they are of this type, for this challenge, from this origin. */
bool client_data_ok(struct ctx *, str json, const char *type, str challenge, str origin);

/* ---- factor.c: what a person has set up. In that person's scope ------------------------------ */

struct factors {
    bool has_app, has_sms;
    i64 passkeys, codes_left; /* codes_left: recovery codes */
};
int factors_of(struct ctx *, i64 person, struct factors *);
static inline bool has_second(const struct factors *f)
{
    return f->has_app || f->has_sms || f->passkeys > 0;
}
enum shown { SHOWN_APP, SHOWN_RECOVERY, SHOWN_SMS, SHOWN_MAIL };
/* A code by one of these ways: of the app, a recovery code, one sent by mail or by text message;
 * each is good once. E_INPUT under "code"; E_LIMIT after five wrong ones within 15 minutes. */
enum code_by { BY_APP = 1, BY_RECOVERY = 2, BY_MAIL = 4, BY_SMS = 8 };
int factor_check(struct req *, i64 person, str code, unsigned by, enum shown *);
enum code_form { FORM_NONE, FORM_DIGITS, FORM_RECOVERY };
enum code_form code_form(struct ctx *, str typed); /* a password of ten letters may have the last */
str app_secret_new(struct req *, i64 person); /* sealed, to stand in a form for ten minutes */
bool app_secret_read(struct req *, i64 person, str sealed, str *secret);
int app_begin(struct req *, i64 person, str secret, str code); /* E_INPUT under "code" */
int app_end(struct ctx *, i64 person);
enum factor_news {
    NEWS_RECOVERY,
    NEWS_APP_ON,
    NEWS_APP_OFF,
    NEWS_PASSKEY_ON,
    NEWS_PASSKEY_OFF,
    NEWS_CODES,
    NEWS_WAYS_OFF,
    NEWS_PHONE_ON,
    NEWS_PHONE_OFF,
    NEWS_SMS_ON,
    NEWS_SMS_OFF,
    NEWS_LOGIN_ON,
    NEWS_LOGIN_OFF
};
int factor_news(struct ctx *, enum factor_news, i64 person);      /* by mail */
/* Ten, instead of all before; their owner is told by mail when it is they who asked for new ones. */
int recovery_make(struct req *, bool tell, struct node **codes);

/* ---- second.c: from the first step of a login to the second ---------------------------------- */

struct pending {
    str hash, next, lang;
    struct login who;
    bool may_mail, is_mail_first; /* is_mail_first: a mailbox may be all that was shown */
};
/* The login that this browser has begun; E_MISSING when there is none, or it is over. */
int pending_find(struct req *, struct pending *);
int pending_by(struct req *, str token, struct pending *); /* the same, of a client of the API */
int pending_try(struct req *, const struct pending *);     /* takes one of its five; E_MISSING */
int pending_finish(struct req *, const struct pending *);  /* answers */
int second_again(struct req *, int err);                   /* its page, with what was wrong */
/* The same scope for a while: that person's, who is not logged in yet. */
struct scope scope_of(struct ctx *, i64 person); /* gives the one before */

/* ---- ways.c: what else than the password opens an account ------------------------------------ */

/* Ends what was added since; its owner hears of it. In that person's scope. */
int ways_end_since(struct ctx *, i64 person, when since);
/* What was added within the last week: [{kind, what, name, created_at}]. */
int ways_young(struct ctx *, i64 person, struct node **list);
/* A new password was chosen by mail: answers by the page of those, or the one to log in. */
int ways_after_reset(struct req *, i64 person);

/* ---- phone.c: codes by text message ------------------------------------------------------------- */

int phone_send_login(struct req *, i64 person); /* to the number they have for it; E_LIMIT */
bool phone_code_is(struct ctx *, i64 person, str code); /* the newest one sent; used up by this */
/* sms_offered, has_phone, phone_tail, has_sms */
int phone_say(struct req *, i64 person, struct node *document);
int phone_collect(struct ctx *, i64 person, struct node *into);

/* ---- confirm.c: prove it anew ------------------------------------------------------------------ */

int confirm_done(struct req *, str next); /* a new session id; answers */
int confirm_again(struct req *, int err);

/* ---- security.c
 * ---------------------------------------------------------------------------------- */

int security_again(struct req *, int err);
int codes_give(struct req *); /* ten new recovery codes, shown once */

/* ---- passkey.c
 * ----------------------------------------------------------------------------------- */

int passkeys_of(struct ctx *, i64 person, struct node **list);
