#include "vault/vault_in.h"
#include "io/io.h"
#include "web/web.h"
#include <time.h>

enum { SLOTS = 32 };

struct recent {
    struct slot {
        struct data_key key;
        enum vault_whose whose;
        i64 owner, asked_at; /* 0: empty */
        bool is_current;
    } slots[SLOTS];
};

/* Those that are too old are gone, whatever is looked for. */
bool recent_key(struct ctx *c, const struct vault_place *at, i64 id, struct data_key *out)
{
    struct recent *recent = c->app->recent;
    i64 now = when_ticks();
    bool found = false;
    for (size_t i = 0; recent && i < SLOTS; i++) {
        struct slot *s = &recent->slots[i];
        if (!s->asked_at)
            continue;
        if (now - s->asked_at >= SECOND) {
            crypto_forget(s, sizeof *s);
        } else if (s->owner == at->owner && s->whose == at->whose &&
            (id ? s->key.id == id : s->is_current)) {
            *out = s->key;
            found = true;
        }
    }
    return found;
}

void recent_keep(struct ctx *c, const struct vault_place *at, bool is_current, i64 asked_at,
    const struct data_key *key)
{
    if (!c->app->recent)
        c->app->recent = NEW(c->app->mem, struct recent);
    struct slot *to = c->app->recent->slots;
    for (struct slot *s = to; s < c->app->recent->slots + SLOTS; s++)
        if (s->asked_at < to->asked_at)
            to = s;
    *to = (struct slot){ *key, at->whose, at->owner, asked_at, is_current };
}

void recent_forget(struct ctx *c)
{
    if (c->app->recent)
        crypto_forget(c->app->recent, sizeof *c->app->recent);
}

void recent_wait(void) { nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL); }
