/* place: where in the HTML one stands, as its two files share it (mustache_html.c: what the literal
 * text leads to; mustache_place.c: what that means for the tags). */
#pragma once
#include "web/mustache_in.h"

enum state {
    TEXT_, /* between tags */
    LESS,  /* behind "<" */
    TAG_NAME,
    IN_TAG, /* white space before an attribute */
    EDGE,   /* an attribute may have just ended: white space, "/" or ">" must follow */
    ATTR_NAME,
    AFTER_NAME,
    BEFORE_VALUE,
    VALUE,
    UNQUOTED,
    CLOSE_TAG,
    DECLARATION, /* <!doctype, <?xml */
    COMMENT,
    INCLUDE, /* <!--# for nginx, in text or in a quoted value */
    BODY,    /* of an element whose content is no HTML: script, style, title, textarea */
};

enum attr { PLAIN, URL, URL_OF_CODE, URLS, JSON_ONLY, SCRIPT_ATTR, STYLE_ATTR, MARKUP_ATTR };
enum body { NO_BODY, RUNS, READS, DATA }; /* script and style; title and textarea; JSON */
enum begun { AT_START, BEGUN_, MAYBE };

struct place {
    enum state state, back; /* back: where an include ends */
    enum attr attr;
    enum body body;
    enum begun begun;
    char quote;
    bool query, refresh, json;
    char tag[16], name[32], value[24];
    size_t tag_n, name_n, value_n;
    struct place *next;
};

struct walk {
    struct templates *set;
    struct template *t;
};

#define BAD(w, line, ...) template_error((w)->set, (w)->t, (line), __VA_ARGS__)

/* mustache_html.c: from where *p is, over text that begins on that line. */
void html_follow(struct walk *, struct place *p, str text, uint32_t line);
