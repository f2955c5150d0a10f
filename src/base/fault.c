/* fault.c: what went wrong, said once. */
#include "base/base.h"

static const struct {
    int status;
    enum log_level level;
    const char *name, *text;
} errors[] = {
#define X(code, status, level, text) [code] = { status, level, #code, text },
    ERRORS(X)
#undef X
};

static bool is_known(enum err err) { return (size_t)err < COUNT(errors); }

int err_status(enum err err) { return errors[is_known(err) ? err : E_INTERNAL].status; }
enum log_level err_level(enum err err) { return errors[is_known(err) ? err : E_INTERNAL].level; }
const char *err_text(enum err err) { return errors[is_known(err) ? err : E_INTERNAL].text; }
const char *err_name(enum err err) { return errors[is_known(err) ? err : E_INTERNAL].name; }

enum { LONGEST = 2000 }; /* of a text; more helps neither the person nor the log */

static const char *in_words(const struct ctx *c, const char *text)
{
    return c->words ? c->words(c, text) : text;
}

static str text_of(struct ctx *c, const char *fmt, va_list args)
{
    struct buf out = buf_new(c->mem, LONGEST);
    buf_fmt_list(&out, fmt, args);
    return out.full ? str_of("(too long to say)") : str_well_formed(c->mem, buf_str(&out));
}

static void record(struct ctx *c, enum err code, const char *key, str text, str detail)
{
    assert(code != E_OK && is_known(code));
    struct node *fields = code == E_INPUT ? c->fault.fields : NULL;
    c->fault = (struct fault){ code, str_of(key), text, detail, fields };
}

int fail(struct ctx *c, enum err code, const char *key, const char *text, ...)
{
    str said = str_of(in_words(c, err_text(code)));
    va_list args;
    va_start(args, text);
    if (text)
        said = text_of(c, in_words(c, text), args);
    va_end(args);
    record(c, code, key, said, str_none);
    return (int)code;
}

int fail_detail(struct ctx *c, enum err code, const char *key, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    record(c, code, key, str_of(in_words(c, err_text(code))), text_of(c, detail, args));
    va_end(args);
    return (int)code;
}

int fail_field(struct ctx *c, const char *field, const char *text)
{
    struct node *fields = c->fault.code == E_INPUT ? c->fault.fields : NULL;
    if (!fields)
        fields = node_map(c->mem);
    if (!node_get(fields, str_of(field))) /* the first complaint of a field is the useful one */
        node_set_str(c->mem, fields, str_dup(c->mem, str_of(field)),
            str_dup(c->mem, str_of(in_words(c, text))));
    c->fault.fields = fields;
    record(c, E_INPUT, "input", str_of(in_words(c, err_text(E_INPUT))), str_none);
    return E_INPUT;
}

void fault_clear(struct ctx *c) { c->fault = (struct fault){ 0 }; }
