#!/bin/sh
# --help by topic and --version.
here=$(cd "$(dirname "$0")/../.." && pwd)
cases="short verbs topics passes unknown version closed"
[ "$1" = --list ] && { echo "$cases"; exit 0; }
inceptc=$here/build/inceptc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "$*"; exit 1; }
# help ARGS...: it goes well, says nothing else, and fits 80 columns but for the one line that scripts read.
help() {
    "$inceptc" "$@" >out 2>err || fail "$*: exit $?"
    [ ! -s err ] || fail "$*: $(cat err)"
    grep -v '^Passes: ' out | awk 'length > 80 { print; bad = 1 } END { exit bad }' || fail "$*: wider than 80 columns"
}
has() { grep -qe "^  $1 " out || grep -qxe "  $1" out || fail "no '$1' in: $(cat out)"; }
lacks() { ! grep -qe "^  $1" out || fail "'$1' has no place in: $(cat out)"; }

case $1 in
short)
    help --help
    [ "$(wc -l <out)" -lt 60 ] || fail "$(wc -l <out) lines are not short"
    for e in 'inceptc NET.net \[-o FILE\]' 'inceptc run NET.net INPUT' '-o FILE' '-D NAME=VALUE' '--version' passes diagnostics compile all; do has "$e"; done
    lacks --fast-form
    cp out one && help -h && cmp one out && help run.net --help && cmp one out
    ;;
verbs)
    help run --help
    for e in 'inceptc run NET.net INPUT' '--tensor NAME' '--seed N' '-D NAME=VALUE' '-fdiagnostics-color WHEN'; do has "$e"; done
    for e in --static --train --for 'inceptc summary'; do lacks "$e"; done
    cp out one && help --help run && cmp one out && help --help=run && cmp one out && help run a.net -h && cmp one out || exit 1
    help --help compile && has --static && lacks '--for NET.net'
    ;;
topics)
    # Every verb and topic that the short help names has a page; together they have all options, and so has `all`.
    help --help
    cp out short
    names=$(sed -n '/^More by/,/^$/s/^  \([a-z]*\) .*/\1/p' short)
    verbs=$(sed -n 's/^  inceptc \([a-z]*\) .*/\1/p' short)
    for t in $names $verbs; do
        help --help "$t"
        [ -s out ] || fail "nothing on $t"
        [ "$t" = all ] || grep -oE '^  -[^ ]+' out >>some
    done
    help --help all
    grep -oE '^  -[^ ]+' out | sort -u >whole
    sort -u some | diff - whole || fail "topics and 'all' differ"
    [ "$(wc -l <whole)" -gt 35 ]
    ;;
passes)
    help --help passes
    for p in $(sed -n 's/^Passes: //p' out); do
        "$inceptc" "$here/netdefs/fashion.net" --dump after:"$p" >dump || fail "$p"
        grep -q '^net fashion' dump || fail "$p: no graph"
    done
    [ "$(sed -n 's/^Passes: //p' out | wc -w)" -ge 7 ]
    ;;
unknown)
    "$inceptc" --help wieghts >out 2>err
    [ $? -eq 2 ] || fail 'not usage'
    grep -qx "inceptc: error: there is no help on 'wieghts'; did you mean 'weights'?" err || fail "$(cat err)"
    "$inceptc" --help=quetzal >out 2>err
    [ $? -eq 2 ] && [ ! -s out ] && grep -q "there is no help on 'quetzal'; there is on compile, run, .* and all$" err || fail "$(cat err)"
    for o in --hlep -help; do
        "$inceptc" $o >out 2>err
        [ $? -eq 2 ] && grep -q "unknown option '$o'; did you mean '--help'?" err || fail "$(cat err)"
    done
    ;;
version)
    # https://www.gnu.org/prep/standards/html_node/_002d_002dversion.html
    help --version
    [ "$(head -1 out)" = "inceptc $(sed -n 's/^#define INCEPTC_VERSION "\(.*\)"/\1/p' "$here/compiler/version.h")" ] || fail "$(cat out)"
    grep -q '^Copyright' out && grep -q '^Licence MIT' out && grep -q 'NO WARRANTY' out && ! grep -q Targets out || fail "$(cat out)"
    help --version -v
    grep -qx 'Targets: plain, x86-64-v3 and x86-64-v4' out && grep -q '^Default: ' out || fail "$(cat out)"
    cp out one && help -v --version && cmp one out
    ;;
closed)
    "$inceptc" --help all >/dev/full 2>err
    [ $? -eq 3 ] && grep -q 'cannot write to standard output: No space left on device' err || fail "$(cat err)"
    ;;
*) fail "no case $1" ;;
esac
