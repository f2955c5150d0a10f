/* Shared within ops/. */
#pragma once
#include "io/io.h"
#include "ops/ops.h"
#include "web/web.h"

/* ---- archive.c: a backup as it lies on the disk --------------------------------------------- */

/* <folder>/talat-20261121T031500Z/
 *     manifest.json   what it is, of when, how much of what; the sums of the next two
 *     database.dump   pg_dump's custom format
 *     rows/           tables that name buyers, as COPY writes them, without the names (veil.c)
 *     names           those, sealed: needs the keys
 *     SHA256SUMS      of everything else, as `sha256sum --check` reads it
 *     media/          the pictures
 *     secrets/        only when asked for: the shop's secret and its configuration */
struct archive {
    str dir;
    const struct node *manifest;
};
#define ARCHIVE_FORMAT 2 /* 1 had those rows in the dump, names and all */

str archive_name(struct arena *, when); /* talat-20261121T031500Z */
const char *archive_path(struct ctx *, str dir, const char *name);
/* A folder in that one, for nobody but whom that one belongs to, whoever makes it (errno). */
bool archive_mkdir(struct ctx *, str dir, const char *name);
bool archive_is_one(struct ctx *, str folder, str other); /* whatever they are called */
int archive_open(struct ctx *, str dir_or_manifest, struct archive *);
int archive_check(struct ctx *, const struct archive *); /* every part against its sum */
int archive_newest(struct ctx *, str folder, str *dir);  /* empty: there is none */
/* All but the newest so many go; `made` just now is one of these, whatever it is called. */
int archive_rotate(struct ctx *, str folder, i64 keep, str made);
str archive_mark(struct ctx *); /* what tells two secrets apart and says nothing of them */

#define DEMO_PASSWORD "market-day-demo" /* of the demo shop's accounts */

/* ---- secret.c ------------------------------------------------------------------------------- */

/* One line of standard input. At a terminal it is asked for in these words and not shown, and once
 * more with `again` (NULL: once is enough). False: nothing came, or not the same. */
bool ops_read_secret(struct ctx *, const char *prompt, const char *again, str *out);

/* ---- keys.c: the keys of sealed columns, which are in no backup --------------------------------- */

/* <folder>/keys, beside the backups; another shop's stays, as keys.<its mark> */
int keys_write(struct ctx *, str folder);
int keys_others(struct ctx *, i64 *n); /* so many are under another master key */
/* From the shop's own database and from the list beside the backup into a database that was made
 * from it: the keys, of which what is destroyed in either stays so; and who was erased, afterwards. */
int keys_take_over(
    struct ctx *, str archive, str database, bool only_lists, struct buf *report);
int keys_erase_again(struct ctx *, str archive, str database, struct buf *report);

/* ---- pictures.c: those that nothing shows ------------------------------------------------- */

struct job;
int pictures_drop(struct ctx *, const struct job *);

/* ---- veil.c: who bought what ------------------------------------------------------------------ */

#define VEIL_NAMES "names"
/* Into the backup's folder; `own` is in the snapshot. rows: [{table, file, columns}] for the
 * manifest. */
int veil_write(struct ctx *, const struct ctx *own, str dir, str snapshot, struct node *rows,
    struct buf *report);
/* The rows without names, before the database has triggers and indexes; the names, when it has the
 * keys: E_INPUT where some are not here, unless that is meant. */
int veil_copy_in(struct ctx *, const struct archive *, str database);
int veil_lift(struct ctx *, str dir, str database, bool without_names, struct buf *report);

/* ---- database.c: databases as a whole, by their owner ------------------------------------- */

/* A connection of the owner's to that database (empty: the shop's own), without limits of time.
 * `more` are further options of the server's, "-c role=talat_backup". */
struct pg *database_open(struct ctx *, str database, str more);
/* The shop's own, as the programs that serve it, without the limits of pages. */
struct pg *database_open_app(struct ctx *);
#define AS_BACKUP S("-c role=talat_backup -c default_transaction_isolation=repeatable\\ read")
str database_name(struct ctx *); /* the shop's own */
/* One of PostgreSQL's programs, with the owner's conninfo for that database appended by
 * --dbname. `words` ends with NULL. */
int database_tool(struct ctx *, const char *tool, str database, const char *const *words);
int database_let_read(struct ctx *, str database); /* talat_backup may read all of it */
int database_is(struct ctx *, str database, bool *there, bool *empty);
int database_counts(struct ctx *owner, struct node **counts); /* rows of each table */
int database_drop(struct ctx *, str database);
/* Makes it anew from the backup, roles and row level security as they were, brings the schema up
 * to date and compares the counts. */
int database_load(struct ctx *, const struct archive *, str database, struct buf *report);
/* Puts `from` in the place of the shop's own, which is kept as `aside`. */
int database_swap(struct ctx *, str from, str aside);
int database_prove(struct ctx *, const struct archive *, str database, struct buf *report,
    i64 *broken);

/* ---- room.c: is there room on the disk for it ------------------------------------------------ */

/* E_INTERNAL when, with so many bytes more, less than a fiftieth or 512 MB would be free there. */
int room_for(struct ctx *, const char *what, str dir, i64 bytes);
/* One more in that folder, where `before` is the newest (empty: there is none). */
int room_for_backup(struct ctx *, str folder, str before);
/* The backup as a database beside the shop's, where PostgreSQL is on this machine; NULL: one as
 * large as the shop's own is. */
int room_for_database(struct ctx *, const struct archive *, bool with_pictures);
i64 room_database_bytes(struct ctx *); /* of the shop's own on the disk; 0: nobody says */

/* ---- care.c: what was done when, and who is told ------------------------------------------ */

#define MARK_BACKUP  S("backup")  /* when the last one was made: RFC 3339 */
#define MARK_DRILL   S("drill")   /* when one was last restored and proved */
#define MARK_RESTORE S("restore") /* of when the data is that this shop was given back */
#define MARK_CLOSED  S("closed")  /* how much cannot be sealed, and when that was tried */
int care_note(struct ctx *, str mark, str text);
/* One mail to everybody who runs the platform; the cause they get is "<cause>:<person>". */
int care_tell(struct ctx *, const char *template, str cause);
int care_when(struct ctx *, str mark, when *at); /* 0: never */
int care_closed(struct ctx *, i64 *n, when *at);
str care_folder(const struct app *);
i64 care_keep(const struct app *);
i64 care_backup_every(const struct app *); /* 0: not by itself */
i64 care_drill_every(const struct app *);

/* ---- rounds.c: the doctor by the clock ------------------------------------------------------- */

i64 rounds_every(const struct app *); /* 0: not by itself */
/* In one transaction: what these checks found, and have not found any more; who is told has a mail
 * on its way. */
int rounds_note(struct ctx *, const str *looked, size_t n, const struct node *findings);
int rounds_show(struct req *);
int rounds_know(struct req *);
void rounds_metrics(struct ctx *, struct buf *);

int backup_make(struct ctx *, str folder, bool with_secrets, struct buf *report, str *made);
int drill_run(struct ctx *, str folder, struct buf *report);
