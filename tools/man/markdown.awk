# text.awk and markdown.awk PAGE.md: the page as mdoc sections. Headings, paragraphs, code blocks and tables; `code` is bold.
function text(s) { return plain(links(s)) }
function links(s,   a) { # [words](place) is words
    while (match(s, /\[[^]`]*\]\([^)]*\)/)) {
        a = substr(s, RSTART, RLENGTH)
        sub(/^\[/, "", a)
        sub(/\]\(.*/, "", a)
        s = substr(s, 1, RSTART - 1) a substr(s, RSTART + RLENGTH)
    }
    return s
}
function trim(s) { gsub(/^ +| +$/, "", s); return s }
function end_table() { if (rows) print ".El"; rows = 0; }
# One row: the first cell is the tag; further ones say their column when there are several.
function row(   n, i, cell) {
    gsub(/\\[|]/, "\001")
    n = split($0, cell, "|")
    for (i = 1; i <= n; i++) gsub("\001", "|", cell[i])
    if (!rows++) {
        for (i = 2; i < n; i++) head[i] = trim(cell[i])
        print ".Bl -tag -width Ds"
        return
    }
    if (trim(cell[2]) ~ /^-+$/)
        return
    tag = text(trim(cell[2]))
    gsub(/\n/, " ", tag)
    gsub(/ :/, " \\\\\\&:", tag)
    gsub(/"/, "\\(dq", tag)
    print ".It " (tag == "" ? "\\&" : tag)
    for (i = 3; i < n; i++)
        if (trim(cell[i]) != "") {
            if (i > 3) print ".br"
            print text((n > 4 ? head[i] ": " : "") trim(cell[i]))
        }
}
/^```/ {
    end_table()
    code = !code
    print code ? ".Bd -literal" : ".Ed"
    gap = 0
    begun = 1
    next
}
code { gsub(/\\/, "\\e"); print ($0 ~ /^[.']/ ? "\\&" : "") $0; next }
/^# / { next }
/^\|/ { gap = 0; begun = 1; row(); next }
{ end_table() }
/^## / { print ".Ss " substr($0, 4); gap = begun = 0; next }
/^$/ { gap = begun; next }
gap { print ".Pp"; gap = 0 }
{ print text($0); begun = 1 }
