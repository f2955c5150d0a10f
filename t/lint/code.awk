# code.awk: what of a line of C is code. code($0) gives the line with comments taken out and
# every string or character literal as "". To be called for every line: block comments last.
FNR == 1 { in_comment = 0 }
function code(s,    out, at, token) {
    while (s != "") {
        if (in_comment) {
            if (!(at = index(s, "*/")))
                return out
            in_comment = 0
            s = substr(s, at + 2)
            out = out " "
        } else if (match(s, /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|\/\*|\/\//)) {
            token = substr(s, RSTART, RLENGTH)
            out = out substr(s, 1, RSTART - 1)
            s = substr(s, RSTART + RLENGTH)
            if (token == "//")
                return out
            if (token == "/*")
                in_comment = 1
            else
                out = out "\"\""
        } else {
            return out s
        }
    }
    return out
}
function say(reason) {
    print FILENAME ":" FNR ": " reason
    bad = 1
}
# The header a line includes, or "".
function included(line) {
    return match(line, /^[ \t]*#[ \t]*include[ \t]*[<"][^>"]+/) \
        ? gensub(/^[^<"]*[<"]/, "", 1, substr(line, RSTART, RLENGTH)) : ""
}
