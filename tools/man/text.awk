# What markdown.awk and header.awk share: text as mdoc wants it, a sentence a line,
# `code` in bold, and no line that looks like a macro.
function plain(s,   at, out, n, line, i) {
    gsub(/\\/, "\\e", s)
    while (match(s, /[A-Za-z0-9)`"][.!?][)"]* +[^ .]/)) {
        at = RSTART + RLENGTH - 1
        out = out substr(s, 1, at - 1) "\n"
        s = substr(s, at)
    }
    n = split(out s, line, "\n")
    for (i = 1; i <= n; i++) {
        sub(/ +$/, "", line[i])
        out = (i > 1 ? out "\n" : "") (line[i] ~ /^[.']/ ? "\\&" : "") line[i]
    }
    while (match(out, /`[^`]*`/))
        out = substr(out, 1, RSTART - 1) "\\fB" substr(out, RSTART + 1, RLENGTH - 2) "\\fR" substr(out, RSTART + RLENGTH)
    return out
}
