# queries.awk: sql/queries/*.sql -> typed C functions, so that a wrong argument is a compile error.
#   gawk -v part=h -f src/gen/queries.awk sql/queries/*.sql > queries.h      (part=c: queries.c)
#
# A block:
#   -- name: list :many            :many rows | :one row, E_MISSING without | :maybe one | :exec
#   -- in: shopper bigint, q text? parameters; repeat the line when it grows long
#   -- plan: anew                  planned for each call's own values (lists with many filters);
#                                  all others are planned once and run by that plan
#   -- What it is for.             the doc, goes above the prototype
#   select ... where shopper_id = :shopper ...;
# becomes  int q_<file>_<name>(struct ctx *, struct node **out | i64 *changed, parameters...);
#
# A file may hold more of a feature: <file> is its name up to a "_" (auth_code.sql: q_auth_...).
# Types: bigint i64 · bool · text str · timestamptz when · bytea str · jsonb str (JSON text) ·
#   bigint[] const i64 *, size_t · text[] const str *, size_t.
# A trailing '?' allows NULL: i64, bool and when by pointer (NULL is NULL), str when its p is
#   NULL. Without '?' an str whose p is NULL is the empty text.
# Refused: unknown words, `select *` in any form, two statements in a block, a :name nobody
#   declared, a declared name nobody uses.
BEGIN {
    count = 0
    known["bigint"] = 20;  known["bool"] = 16; known["text"] = 25; known["timestamptz"] = 1184
    known["bytea"] = 17;   known["jsonb"] = 3802; known["bigint[]"] = 1016; known["text[]"] = 1009
    if (part != "h" && part != "c") { print "queries.awk: give -v part=h or part=c" > "/dev/stderr"; bad = 1; exit 1 }
    print "/* Made by src/gen/queries.awk from sql/queries; do not edit. */"
    if (part == "h") print "#pragma once\n#include \"io/io.h\"\n\nextern const struct query *const q_all[]; /* in order of their numbers */\nextern const size_t q_all_count;"
    else print "#include \"gen/queries.h\""
}

function die(at, message) { print at ": " message > "/dev/stderr"; bad = 1; exit 1 }

function base_type(t) { sub(/\?$/, "", t); return t }

# The C parameter for one declared parameter.
function c_param(t, name,   b) {
    b = base_type(t)
    if (b == "bigint[]") return "const i64 *" name ", size_t n_" name
    if (b == "text[]") return "const str *" name ", size_t n_" name
    if (b == "text" || b == "bytea" || b == "jsonb") return "str " name
    b = b == "bigint" ? "i64" : b == "timestamptz" ? "when" : "bool"
    return t ~ /\?$/ ? "const " b " *" name : b " " name
}

# Its struct param.
function c_pack(t, name,   b, opt, kind) {
    b = base_type(t); opt = t ~ /\?$/
    if (b == "bigint[]") return "{.kind = P_INTS, .ints = " name ", .n = n_" name "}"
    if (b == "text[]") return "{.kind = P_STRS, .strs = " name ", .n = n_" name "}"
    if (b == "text" || b == "bytea" || b == "jsonb") {
        kind = b == "bytea" ? "P_BYTES" : "P_STR"
        return "{.kind = " kind (opt ? ", .null = !" name ".p" : "") ", .text = " name "}"
    }
    kind = b == "bigint" ? "P_INT" : b == "timestamptz" ? "P_WHEN" : "P_BOOL"
    return opt ? "{.kind = " kind ", .null = !" name ", .number = " name " ? *" name " : 0}" \
               : "{.kind = " kind ", .number = " name "}"
}

# Walks the body once: strings, quoted names and dollar quotes survive as they are, comments
# go, :names become $n. Leaves the body without literals in `bare`, for the checks.
function translate(body,   out, i, len, ch, two, rest, m, word, last) {
    out = bare = ""; len = length(body); i = 1
    while (i <= len) {
        ch = substr(body, i, 1); two = substr(body, i, 2); rest = substr(body, i)
        if (ch == "'" || ch == "\"") {
            if (ch == "'" ? !match(rest, /^'([^']|'')*'/) : !match(rest, /^"([^"]|"")*"/))
                die(at, "unclosed " ch " in " name)
            out = out substr(rest, 1, RLENGTH); bare = bare " ~ "; i += RLENGTH
        } else if (match(rest, /^\$[a-z_]*\$/) && last !~ /[a-zA-Z0-9_]/) {
            word = substr(rest, 1, RLENGTH); m = index(substr(rest, RLENGTH + 1), word)
            if (!m) die(at, "unclosed " word " in " name)
            m += RLENGTH + length(word) - 1
            out = out substr(rest, 1, m); bare = bare " ~ "; i += m
        } else if (two == "--") {
            match(rest, /^[^\n]*/); i += RLENGTH
            sub(/[ \t]+$/, "", out)
        } else if (two == "/*") {
            m = index(rest, "*/"); if (!m) die(at, "unclosed comment in " name)
            i += m + 1
        } else if (two == "::" || two == ":=") {
            out = out two; bare = bare two; i += 2
        } else if (ch == ":" && match(rest, /^:[a-zA-Z_][a-zA-Z0-9_]*/)) {
            word = substr(rest, 2, RLENGTH - 1)
            if (!(word in place)) die(at, ":" word " is not declared in " name)
            used[word] = 1
            out = out "$" place[word]; bare = bare "$" place[word]; i += RLENGTH
        } else {
            out = out ch; bare = bare ch; i++
        }
        last = substr(body, i - 1, 1)
    }
    return out
}

function quoted(sql,   lines, n, i, out, s) {
    n = split(sql, lines, "\n"); out = ""
    for (i = 1; i <= n; i++) {
        s = lines[i]
        if (s ~ /^[ \t]*$/) continue
        gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s)
        out = out (out == "" ? "" : "\\n\"\n") "    \"" s
    }
    return out "\""
}

function finish(   i, fn, id, out, args, sql, types, packs) {
    if (name == "") return
    if (body ~ /^[ \t\n]*$/) die(at, name " has no statement")
    sql = translate(body)
    sub(/;?[ \t\n]*$/, "", sql); sub(/;?[ \t\n]*$/, "", bare)
    if (bare ~ /;/) die(at, name " holds more than one statement")
    if (tolower(bare) ~ /((select|distinct|returning|,)[ \t\n]*\*)|(\.[ \t\n]*\*)/)
        die(at, "select * in " name ": what you select is what you publish")
    for (i = 1; i <= n; i++) if (!used[pn[i]]) die(at, "parameter " pn[i] " of " name " is not used")
    id = feature "_" name; fn = "q_" id
    if (id in seen) die(at, name " is there twice")
    seen[id] = 1; all[count] = id
    args = "struct ctx *c, " (kind == "exec" ? "i64 *changed" : "struct node **out")
    for (i = 1; i <= n; i++) {
        args = args ", " c_param(pt[i], pn[i])
        types = types (i > 1 ? ", " : "") known[base_type(pt[i])]
        packs = packs "        " c_pack(pt[i], pn[i]) ",\n"
    }
    if (part == "h") {
        print (doc == "" ? "" : "\n/* " doc " */") "\nint " fn "(" args ");"
    } else {
        printf "\n"
        if (n) printf "static const unsigned T_%s[] = {%s};\n", id, types
        printf "static const struct query Q_%s = {\"%s.%s\",\n%s,\n    Q_%s, %s, %d, %d, %s};\n", id, feature, name,
            quoted(sql), toupper(kind), n ? "T_" id : "NULL", n, count, anew ? "true" : "false"
        printf "int %s(%s)\n{\n", fn, args
        if (n) printf "    const struct param in[] = {\n%s    };\n", packs
        printf "    return pg_run(c, &Q_%s, %s, %s);\n}\n", id, n ? "in" : "NULL",
            kind == "exec" ? "NULL, changed" : "out, NULL"
    }
    count++; name = ""
}

FNR == 1 {
    finish(); feature = FILENAME; sub(/.*\//, "", feature); sub(/(_.*)?\.sql$/, "", feature)
}
/^-- name:/ {
    finish()
    at = FILENAME ":" FNR; name = $3; kind = substr($4, 2); n = anew = 0; body = doc = ""; delete used; delete place
    if (name !~ /^[a-z][a-z0-9_]*$/) die(at, "a query is named in lower case: -- name: word :kind")
    if ($4 !~ /^:(one|maybe|many|exec)$/ || NF > 4) die(at, "kind must be :one :maybe :many or :exec in " name)
    next
}
/^-- plan:/ {
    if (name == "" || body != "" || $0 !~ /^-- plan: anew$/) die(FILENAME ":" FNR, "say '-- plan: anew' before the statement of a query")
    anew = 1
    next
}
/^-- in:/ {
    if (name == "") die(FILENAME ":" FNR, "-- in: before -- name:")
    if (body != "") die(FILENAME ":" FNR, "-- in: comes before the statement of " name)
    sub(/^-- in: */, ""); sub(/[ ,]*$/, "")
    m = split($0, fields, / *, */)
    for (i = 1; i <= m; i++) {
        if (split(fields[i], w, / +/) != 2 || w[1] !~ /^[a-z][a-z0-9_]*$/) die(FILENAME ":" FNR, "say '-- in: name type, name type', not '" fields[i] "'")
        if (w[1] ~ /^(c|out|in|changed|when|str)$/) die(FILENAME ":" FNR, w[1] " is taken in the C function; name the parameter otherwise")
        if (!(base_type(w[2]) in known) || w[2] ~ /\[\]\?$/) die(FILENAME ":" FNR, "type " w[2] " is not known (" w[1] ")")
        if (w[1] in place) die(FILENAME ":" FNR, w[1] " is declared twice")
        n++; pn[n] = w[1]; pt[n] = w[2]; place[w[1]] = n
    }
    next
}
name == "" {
    if (!/^[ \t]*(--.*)?$/) die(FILENAME ":" FNR, "a statement outside a '-- name:' block")
    next
}
/^--/ && body == "" {
    line = $0; sub(/^-- ?/, "", line); gsub(/\*\//, "* /", line)
    doc = doc (doc == "" ? "" : "\n * ") line
    next
}
{ if (body != "" || !/^[ \t]*$/) body = body $0 "\n" }

END {
    if (bad) exit 1
    finish()
    if (bad) exit 1
    if (part == "c") {
        print "\nconst struct query *const q_all[] = {"
        for (i = 0; i < count; i++) print "    &Q_" all[i] ","
        print "    NULL,\n};\nconst size_t q_all_count = " (count + 0) ";"
    }
}
