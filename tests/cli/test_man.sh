#!/bin/sh
# The manual pages: mandoc finds nothing, they are whole, and their examples run.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo lint options language functions examples; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "$*"; exit 1; }
pages=$here/build/man
page() { mandoc -Tutf8 -O width=200 "$pages/$1" | col -bx >"$1.txt"; }
has() { grep -qF -e "$2" "$1.txt" || fail "$1 does not say '$2'"; }

case $1 in
lint)
    for p in inceptc.1 inceptc-net.5 inceptrt.3; do
        mandoc -Tlint -W warning "$pages/$p" >said 2>&1 || fail "$p: $(cat said)"
        [ ! -s said ] || fail "$p: $(cat said)"
    done
    ;;
options)
    # Each verb and option of --help stands at the head of an entry, and what it says behind it.
    page inceptc.1
    "$here/build/inceptc" --help all >help
    sed -n 's/^  \(inceptc .*[^ ]\)   .*/\1/p; s/^  \(inceptc .*\)$/\1/p
        s/^  \(-[^ ]*\( [^ ]*\)\{0,1\}\).*/\1/p' help | sed 's/ *$//' >heads
    [ "$(wc -l <heads)" -gt 45 ] || fail "only $(wc -l <heads) heads"
    while read -r h; do grep -qE "^ {5}$(printf '%s' "$h" | sed 's/[].[*|()^$+?{}\\]/\\&/g')( |$)" inceptc.1.txt || fail "no entry '$h'"; done <heads
    has inceptc.1 'plain, x86-64-v3, x86-64-v4, native or all (default: all; the program picks)'
    has inceptc.1 'run: print or write this tensor instead of the logits'
    ;;
language)
    # Headings, rows of tables, code and paragraphs of docs/language.md.
    page inceptc-net.5
    tr -s ' \n' ' ' <inceptc-net.5.txt >flat
    grep '^## ' "$here/docs/language.md" | sed 's/^## //' >headings
    while read -r h; do grep -qx "   $h" inceptc-net.5.txt || fail "no heading '$h'"; done <headings
    sed -n 's/^| `\([^`|]*\)`.*/\1/p' "$here/docs/language.md" | tr -s ' ' >rows
    [ "$(wc -l <rows)" -gt 20 ] || fail 'too few rows'
    while read -r r; do grep -qF -e "$r" flat || fail "no row '$r'"; done <rows
    has inceptc-net.5 '     b = inception(24, 12, 32, pp=16) -> maxpool 2x2/2'
    grep -qF 'A chain is a -> b -> c. A statement goes on' flat && grep -qF 'tf: to ceil(in / stride), the odd pixel below and right' flat || fail 'text is missing'
    ! grep -nE '`|\\f|\]\(' flat || fail 'marks of Markdown are left'
    ;;
functions)
    # Every function that a host may call, as the C compiler reads them, with the types of its arguments.
    page inceptrt.3
    tr -s ' \n' ' ' <inceptrt.3.txt >flat
    sed -n '1,/What generated code calls/p' "$here/runtime/rt.h" | sed '$d' >host.h
    printf '#endif\n' >>host.h
    sed 's/^extern "C" {//' host.h | gcc -fpreprocessed -dD -E -P -x c - 2>/dev/null |
        tr -s '\n ' ' ' | grep -oE '(const )?[A-Za-z_]+ \**rt_[a-z_0-9]+\([^;{]*\);' | grep -v rt_philox >declared
    [ "$(wc -l <declared)" -gt 25 ] || fail "only $(wc -l <declared) functions"
    while read -r d; do
        grep -qF -e "$(echo "$d" | sed 's/ \*\(rt_\)/ * \1/')" flat || fail "inceptrt(3) lacks: $d"
    done <declared
    ;;
examples)
    # The commands of EXAMPLES, in order.
    cat >t.net <<'N'
net t
conventions torch
param classes = 5
input x 3x8x8
logits = conv 3x3 4 same relu -> globalavgpool -> fc classes
output logits -> softmax
N
    sed -n 's/^\.Dl \$ //p' "$pages/inceptc.1" >commands
    [ "$(wc -l <commands)" -ge 5 ] || fail 'no examples'
    PATH=$here/build:$PATH sh -e commands >out 2>&1 || fail "$(cat out)"
    [ -s net.h ] && ./all info | grep -q '5 (probabilities)' || fail 'what the examples make is not there'
    ;;
*) fail "no case $1" ;;
esac
