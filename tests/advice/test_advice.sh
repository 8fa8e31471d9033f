#!/bin/sh
# Design advice: each kind by a bad netdef, whose warnings stand in its comments "#|", and good ones, of which that kind says nothing;
# the published networks by published.txt; all fixes, compiled and compared; --json by its schema and by the long form; -W as cc has it; the time it takes.
here=$(cd "$(dirname "$0")/../.." && pwd)
tests=$here/tests/advice
if [ "$1" = --list ]; then
    ls "$tests"/kinds | sed -n 's/\.bad\.net$//p'
    echo every_kind published fixes fixes_of_kinds fixes_of_explicit fixes_of_random settings json lanes time
    exit 0
fi
inceptc=$here/build/inceptc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$tests/kinds" || exit 1
fail() { echo "$*"; exit 1; }
# says WANT_CODE TEXT ARGS...: exit code and one line of standard error.
says() {
    code=$1 text=$2
    shift 2
    "$inceptc" "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ $got = "$code" ] || fail "inceptc $*: exit $got, not $code"
    [ -z "$text" ] || grep -qF -e "$text" "$work/err" || { cat "$work/err"; fail "inceptc $*: does not say: $text"; }
}
case $1 in
every_kind) # has its two examples, its section and its place in --list
    "$inceptc" large-kernel.bad.net -Wdesign-x --dump=net 2>/dev/null && fail "-Wdesign-x is no warning"
    sed -n 's/^    { "\([a-z-]*\)", "[^"]*",.*/\1/p' "$here"/compiler/advice/rules.c >"$work/kinds"
    [ "$(wc -l <"$work/kinds")" -ge 12 ] || fail "fewer than 12 kinds"
    while read -r k; do
        [ -s "$k.bad.net" ] && [ -s "$k.good.net" ] && grep -q "^## $k\$" "$here/docs/design-advice.md" ||
            fail "no examples or no section of $k"
    done <"$work/kinds" ;;
published)
    for net in "$here"/netdefs/*.net; do
        n=$(basename "$net" .net)
        "$inceptc" "$net" -Wdesign --dump=net 2>"$work/err" >/dev/null || exit 1
        sed -n 's/.*warning: .*\[-Wdesign-\(.*\)\]$/\1/p' "$work/err" | sort | uniq -c | awk -v n="$n" '{ print n, $2, $1 }' >>"$work/got"
    done
    grep -v '^#' "$tests/published.txt" >"$work/table"
    awk 'NF < 5 { exit 1 }' "$work/table" || fail "a line without a reason"
    awk '{ print $1, $2, $3 }' "$work/table" | sort >"$work/want"
    sort "$work/got" | diff "$work/want" - ;;
fixes) /usr/bin/python3 "$tests/check_fixes.py" "$inceptc" "$here"/netdefs/*.net "$here"/netdefs/variants/*.net ;;
fixes_of_kinds) /usr/bin/python3 "$tests/check_fixes.py" "$inceptc" ./*.bad.net ;;
fixes_of_explicit) # every default written out, one statement a layer
    for net in "$here"/netdefs/*.net; do "$inceptc" "$net" --dump=net >"$work/$(basename "$net")" || exit 1; done
    /usr/bin/python3 "$tests/check_fixes.py" "$inceptc" "$work"/*.net ;;
fixes_of_random)
    for s in $(seq 1 40); do /usr/bin/python3 "$here/tests/random/make_net.py" "$s" >"$work/r$s.net"; done
    /usr/bin/python3 "$tests/check_fixes.py" "$inceptc" "$work"/r*.net ;;
settings)
    bad=large-kernel.bad.net
    says 0 "" $bad --dump=net && [ ! -s "$work/err" ] || fail "there is advice without -Wdesign"
    says 0 "[-Wdesign-large-kernel]" $bad -Wdesign --dump=net
    says 0 "" $bad -Wdesign -Wno-design-large-kernel --dump=net
    grep -q large-kernel "$work/err" && fail "-Wno-design-large-kernel does nothing"
    says 0 "" $bad -Wdesign -Wno-design --dump=net && [ ! -s "$work/err" ] || fail "-Wno-design does nothing"
    says 1 "error: two 3x3" $bad -Werror=design-large-kernel -o "$work/x.c"
    grep -q "\[-Werror=design-large-kernel\]" "$work/err" && [ ! -e "$work/x.c" ] || fail "a warning that is an error lets the file appear"
    says 1 "error: two 3x3" $bad -Wdesign -Werror --dump=net
    says 1 "error: two 3x3" $bad -Werror=design-large-kernel -o "$work/x.html" && [ ! -e "$work/x.html" ] || fail "a page in spite of an error"
    says 0 "warning: two 3x3" $bad -Wdesign-large-kernel -o "$work/x.html"
    [ "$(grep -c "<article" "$work/x.html")" = 1 ] || fail "the page does not go by -W"
    says 0 "warning: two 3x3" $bad -Wdesign -Werror -Wno-error=design-large-kernel -Wno-design-naive-module --dump=net
    says 0 "" $bad -Werror --dump=net && [ ! -s "$work/err" ] || fail "-Werror alone turns something on"
    says 2 "there is no warning 'design-larg-kernel'; did you mean 'design-large-kernel'?" $bad -Wdesign-larg-kernel --dump=net
    says 2 "there is no warning 'no-design-larg-kernel'; did you mean 'no-design-large-kernel'?" $bad -Wno-design-larg-kernel --dump=net
    says 2 "there is no warning 'all'" $bad -Wall --dump=net
    says 2 "advise wants one network" advise $bad $bad
    says 2 "option '-W' does not go with 'run'" run $bad x.npy -Wdesign
    "$inceptc" advise $bad -Wdesign -Wno-design-large-kernel | grep '^design-' && fail '-Wno-design-large-kernel is shown'
    says 3 "cannot read 'nothing.net'" advise nothing.net
    says 0 "" $bad -Wdesign -fdiagnostics-format=json --dump=net
    /usr/bin/python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert [x["option"] for x in d if "two 3x3" in x["message"]] == ["-Wdesign-large-kernel"], d' "$work/err" || exit 1
    "$inceptc" advise linear-factor.good.net | grep -q 'no advice\|^design-' || fail "advise says nothing at all"
    "$inceptc" advise - <$bad | grep -q '^  no mechanical fix for <stdin>:4:36' || fail "a net from standard input gets a fix that names no file"
    "$inceptc" advise $bad >/dev/full 2>"$work/err"
    [ $? = 3 ] || fail "a full disk is no error" ;;
json) # random ones have places without a fix
    for s in $(seq 1 10); do /usr/bin/python3 "$here/tests/random/make_net.py" "$s" >"$work/r$s.net"; done
    /usr/bin/python3 "$tests/check_json.py" "$here" "$here"/netdefs/*.net "$here"/netdefs/variants/*.net ./*.net "$work"/r*.net ;;
lanes) # what vector-width says of time is what the cost model of the kernels says
    for c in 20 32 48; do
        printf 'net t\nconventions torch\ndefault conv { same relu }\ninput x 64x64x64\na = conv 3x3 %s\nb = conv 3x3 64\noutput b\n' $c >"$work/t.net"
        "$inceptc" explain "$work/t.net" | sed -n 's/.*expected \([0-9.]*\) ms.*/\1/p'
    done >"$work/ms"
    [ "$(sed -n 1p "$work/ms")" = "$(sed -n 2p "$work/ms")" ] && [ "$(sed -n 2p "$work/ms")" != "$(sed -n 3p "$work/ms")" ] || { cat "$work/ms"; exit 1; } ;;
time) # user seconds of 5 runs of the deepest network with advice and without
    /usr/bin/python3 - "$inceptc" "$here/netdefs/inception_resnet_v2.net" <<'P'
import resource, subprocess, sys
def seconds(*more):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(5):
        subprocess.run([sys.argv[1], sys.argv[2], '--dump=net', *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / 5
plain, advised = seconds(), seconds('-Wdesign')
print(f'{plain:.3f} s without, {advised:.3f} s with -Wdesign')
assert advised - plain < 0.3
P
    ;;
*)
    "$inceptc" "$1.bad.net" "-Wdesign-$1" --dump=net 2>"$work/err" >/dev/null || exit 1
    sed -n 's/^#| //p' "$1.bad.net" | diff - "$work/err" || exit 1
    [ -s "$work/err" ] || fail "the bad example is good"
    for good in "$1".good*.net; do
        "$inceptc" "$good" "-Wdesign-$1" --dump=net 2>"$work/err" >/dev/null || exit 1
        [ ! -s "$work/err" ] || { cat "$work/err"; fail "the good example $good is bad"; }
    done ;;
esac
