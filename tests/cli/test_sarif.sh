#!/bin/sh
# Diagnostics for programs: SARIF 2.1.0 before a strict reader (check_sarif.py; tests/peers asks OASIS's schema), fix-its as GCC prints them.
# SCHEMA: the schema's file.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo none errors notes kinds places failures fixits; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
fail() { echo "$*"; exit 1; }
# sarif EXIT ARGUMENT...: the log as check_sarif.py reads it, in got; no other byte on standard error.
sarif() {
    want=$1
    shift
    "$inceptc" "$@" -fdiagnostics-format=sarif >out.txt 2>log.sarif
    [ $? -eq "$want" ] || { cat log.sarif; fail "not exit $want: $*"; }
    read_log
}
read_log() { /usr/bin/python3 "$here/tests/cli/check_sarif.py" $SCHEMA <log.sarif >got || { cat log.sarif; fail 'no valid SARIF'; }; }
says() { diff /dev/stdin got || fail 'it says something else'; } # what is expected: standard input
printf 'net a\nconventions torch\ninput x 3x8x8\n# größer \360\237\216\200\nb = conv 3x3 8 smae   # → 8\noutput b -> fc 4 -> sofmax\n' >a.net
case $1 in
none)
    sarif 0 "$here/netdefs/fashion.net" -o f.c && [ -s f.c ]
    says <<'N'
fashion.net | exit 0 done
N
    ;;
errors)
    sarif 1 a.net -o a.c
    says <<'N'
error error a.net:5:16 'smae' | conv has no flag 'smae'; did you mean 'same'?
  fix 'smae' -> same
error error a.net:6:21 'sofmax' | there is no layer, module or tensor 'sofmax'; did you mean 'softmax'?
  fix 'sofmax' -> softmax
a.net | exit 1 done
N
    printf 'net b\nconventions torch\ninput x 3x8x8\n"\303\244\360\237\216\200" "\n' >b.net # columns: bytes would be 10, UTF-16 units 7
    sarif 1 b.net -o b.c && grep -q "^error error b.net:4:6 '\"' | this string has no closing quote" got || { cat got; fail 'columns count code points'; }
    ;;
notes)
    mkdir -p 'mod ules' && printf 'default conv { same }\nmodule m(n) = concat { conv 1x1 n | conv 3x3/2 n }\n' >'mod ules/m#1%.net'
    printf '\357\273\277net a\r\nconventions torch\r\ninclude "mod ules/m#1%%.net"\r\ninput x 3x8x8\r\nb = m(4)\r\noutput b\r\n' >n.net
    sarif 1 n.net -o n.c
    says <<'N'
error error m#1%.net:2:15 'concat { conv 1x1 n | conv 3x3/2 n }' | cannot concat branches of 4x8x8 and 4x4x4
  note n.net:5:5 'm(4)' | in this use of module 'm'
  note m#1%.net:2:24 'conv 1x1 n' | branch 1, 'b.conv1x1', is 4x8x8
  note m#1%.net:2:37 'conv 3x3/2 n' | branch 2, 'b.conv3x3', is 4x4x4
n.net m#1%.net | exit 1 done
N
    ;;
kinds) # warnings' options are rules; a file registered twice is one artifact
    "$here/build/diag_tool" sarif a.net 2>log.sarif && read_log
    says <<'N'
warning -Wdesign a.net:1:1 'net' | a warning with an "option"

  note a.net:2:1 'conv' | a note with a place
  note - | a note without
error error a.net:3:1 'i' | the fix of another place is not its fix
error error a.net:2:5 'enti' = 16x8x8 ~ 'ns' | two spans
  fix 'enti' -> lo\ng"
warning -Wother | no place
warning -Wdesign a.net:3:1 'inp' | the option again
error error a.net:1:2 'et a\nconventions torch\ni' | three lines
warning -Wother a.net:1:1 'net' | the third file
a.net a.net | exit 1 done
N
    "$here/build/diag_tool" json a.net 2>&1 | /usr/bin/python3 -c '
import json, sys
items = json.load(sys.stdin)
assert [len(i["children"]) for i in items] == [2, 0, 0, 0, 0, 0, 0], items
fixes = [i["fixits"] for i in items if "fixits" in i]
assert fixes == [[{"start": {"file": "a.net", "line": 2, "column": 5}, "next": {"file": "a.net", "line": 2, "column": 9}, "string": "lo\\ng\""}]], fixes' || exit 1
    ;;
places) # absolute paths, a colon that is no scheme, bytes that are no UTF-8
    cp a.net 'a:b ü.net'
    for f in "$work/a.net" 'a:b ü.net'; do
        sarif 1 "$f" -o x.c && head -n 1 got | grep -q ":5:16 'smae'" || { cat got; fail "$f"; }
    done
    printf 'net c\n\377\376 = conv\n' >c.net
    sarif 1 c.net -o x.c ;;
failures) # usage, a file, a full disk: still one log
    sarif 2 -o x.c && grep -q '^| exit 2 not done$' got || { cat got; exit 1; }
    sarif 3 missing.net -o x.c && grep -q "^error error | cannot read 'missing.net': No such file" got && grep -q 'exit 3 not done' got || { cat got; exit 1; }
    "$inceptc" "$here/netdefs/fashion.net" --dump=graph -fdiagnostics-format=sarif >/dev/full 2>log.sarif
    [ $? -eq 3 ] && read_log && grep -q 'cannot write to standard output' got || { cat got; exit 1; } ;;
fixits)
    "$inceptc" a.net -o a.c -fdiagnostics-parseable-fixits 2>err.txt
    grep '^fix-it:' err.txt >got
    says <<'N'
fix-it:"a.net":{5:16-5:20}:"same"
fix-it:"a.net":{6:21-6:27}:"softmax"
N
    sed -i 's/smae/same/; s/sofmax/softmax/' a.net && "$inceptc" a.net -o a.c || fail 'the fixes do not mend it'
    cd "$here/tests/diag" || exit 1 # every did-you-mean has one
    for n in *.net; do "$inceptc" "$n" -o "$work/x.c" -fdiagnostics-parseable-fixits 2>&1; done >"$work/all"
    cd "$work" || exit 1
    means=$(grep -c 'did you mean' all) fixes=$(grep -c '^fix-it:' all)
    [ "$means" -ge 30 ] && [ "$means" -eq "$fixes" ] || fail "$means times 'did you mean' and $fixes fix-its"
    "$here/build/diag_tool" text a.net 2>&1 | grep '^fix-it:' >got
    printf '%s\n' 'fix-it:"a.net":{2:5-2:9}:"lo\\ng\""' | says
    printf 'net d\nconventions torhc\ninput x 3x8x8\nb = conv 3x3 8\noutput b\n' >'ü".net'
    "$inceptc" 'ü".net' -o d.c -fdiagnostics-parseable-fixits 2>&1 | grep '^fix-it:' >got
    printf '%s\n' 'fix-it:"\303\274\".net":{2:13-2:18}:"torch"' | says ;;
esac
