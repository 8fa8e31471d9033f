# text.awk and header.awk -v form=synopsis|functions HEADER.h: the functions before "What generated code calls" (Philox aside), each
# with the comment before it or behind it on its line, as mdoc.
function text(s) { gsub(/^[ \t]*\/?\*+ ?| *\*\/ *$/, "", s); return plain(s) }
# "RtStatus *rt_load(const char *path, int n)": its macros.
function declare(d,   open, args, start, type, name) {
    open = index(d, "(")
    match(substr(d, 1, open - 1), /[A-Za-z_0-9]+$/)
    start = RSTART
    name = substr(d, start, open - start)
    if (form == "functions") { print ".It Fn " name; return }
    type = substr(d, 1, start - 1)
    sub(/ $/, "", type)
    args = substr(d, open + 1)
    sub(/[ ;)]*$/, "", args)
    gsub(/, */, "\" \"", args)
    print ".Ft " type "\n.Fn " name " \"" args "\""
}
function say(s) { if (form == "functions" && s !~ /^ *$/) print s }
/^typedef enum RtStatus/ { on = 1; if (form == "functions") print ".Bl -tag -width Ds" }
/---- What generated code calls ----/ { if (form == "functions") print ".El"; exit }
/---- Philox/ { off = 1 }
/^\/\* main\(\) of/ { off = 0 }
/^typedef.*[{]/ { skip = 1 }
skip { gsub(/\/\*.*/, ""); if (/}[^;]*;/) skip = 0; comment = ""; next }
!on || off || /^typedef/ { next }
/^$/ { comment = ""; next }
/^\/\*/ && !decl { comment = ""; inside = 1 }
inside { comment = comment text($0) "\n"; if (/\*\//) inside = 0; next }
{
    decl = decl (decl ? " " : "") $0
    gsub(/ +/, " ", decl)
    if (decl !~ /;/)
        next
    behind = index(decl, "/*") ? text(substr(decl, index(decl, "/*"))) : ""
    sub(/;.*/, "", decl)
    declare(decl)
    sub(/\n$/, "", comment)
    say(comment)
    if (comment != "" && behind != "")
        say(".br")
    say(behind)
    comment = decl = ""
}
