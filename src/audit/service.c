#include "audit/audit.h"
#include "gen/queries.h"
#include "work/work.h"

#define MOST_DATA   8192 /* bytes of JSON */
#define MOST_ROUNDS 50

int audit_tell(struct ctx *c, const char *kind, const char *did, const char *thing, str id,
    const struct node *data)
{
    struct buf json = buf_new(c->mem, MOST_DATA);
    struct node *row;
    i64 organisation = c->scope.organisation;
    if (data)
        json_store(&json, data);
    if (json.full)
        return fail_detail(c, E_INTERNAL, "audit.data", "too much beside %s", did);
    str text = data ? buf_str(&json) : S("{}");
    return q_audit_tell(c, &row, organisation ? &organisation : NULL, str_of(kind), str_of(did),
        str_of(thing), id, text);
}

/* A seal's hash goes to the log too: who could change the tables and the seals alike cannot
 * change what has been logged. */
static int seal(struct ctx *c)
{
    for (int i = 0; i < MOST_ROUNDS; i++) {
        struct node *row;
        TRY(q_audit_seal(c, &row));
        if (!row)
            return E_OK;
        log_line(c, LOG_INFO, "audit", "seal",
            str_fmt(c->mem, "%" PRId64, node_int(row, "seal_id")), "entries",
            str_fmt(c->mem, "%" PRId64, node_int(row, "entries")), "hash",
            node_str(row, "seal_hash"), NULL);
    }
    return E_OK;
}

CRONS(audit){
    { "audit.seal", MINUTE, seal },
    END_OF_CRONS,
};
