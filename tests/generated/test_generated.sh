#!/bin/sh
# generated/plain/NET.c and generated/googlenet.c are what inceptc writes now, and reads as if a person had written it.
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$1" = --list ]; then
    for n in "$here"/netdefs/*.net; do basename "$n" .net; done
    exit 0
fi
work=$(mktemp) || exit 1
trap 'rm -f "$work"' EXIT
cd "$here" || exit 1
build/inceptc netdefs/"$1".net --target=plain -o - >"$work" || exit 1
cmp "$work" generated/plain/"$1".c || { echo "generated/plain/$1.c is stale: run 'make generated'"; exit 1; }
if [ "$1" = googlenet ]; then
    build/inceptc netdefs/googlenet.net --target=x86-64-v4 -o - | cmp - generated/googlenet.c || { echo "generated/googlenet.c is stale: run 'make generated'"; exit 1; }
fi
# bad PATTERN WHAT
bad() {
    if grep -nE "$1" "$work" | grep -v '^[0-9]*: \*' | head -3 | grep .; then echo "$1: $2"; exit 1; fi
}
# Functions that call no other: what a C compiler works on longest.
leaves() {
    awk '/^static (RT_[A-Z0-9]+ )?void [a-z0-9_]+\(/ { match($0, /[a-z0-9_]+\(/); name = substr($0, RSTART, RLENGTH); leaf[name] = 1; next }
        name && /^    / { for (t = $0; match(t, /[a-z0-9_]+\(/); t = substr(t, RSTART + RLENGTH)) if (substr(t, RSTART, RLENGTH) in leaf) leaf[name] = 0 }
        /^}/ { name = "" } END { for (f in leaf) n += leaf[f]; print n + 0 }' "$work"
}
for target in plain x86-64-v3 x86-64-v4; do
    for numerics in exact fast safe; do
        build/inceptc netdefs/"$1".net --target=$target --numerics=$numerics -o - >"$work" || exit 1
        n=$(leaves)
        [ "$n" -gt 5 ] && [ "$n" -le 100 ] || { echo "$target, $numerics: $n leaf functions, at most 100 are allowed"; exit 1; }
    done
done
for target in plain x86-64-v3 x86-64-v4; do
    build/inceptc netdefs/"$1".net --target=$target -o - >"$work" || exit 1
    bad '[^0-9.a-z_]1 \* |[])a-z0-9_] \* 1([^0-9.]|$)' 'a product with 1'
    bad '[])a-z0-9_] [+-] 0([^0-9.x]|$)|[^0-9.a-z_]0 \+ ' 'a sum with 0'
    awk '/for \(int [a-z0-9_]+ = [0-9]+; [a-z0-9_]+ < [0-9]+; / {
        split($0, a, /= |; [a-z0-9_]+ < |; /); if (a[3] - a[2] < 2 && /\+\+/) { print FILENAME ":" NR ": a loop of one trip:" $0; bad = 1 }
    } END { exit bad }' "$work" || exit 1
    bad ' (const )?(int|float|v8|v16) [a-z0-9_]+ = [a-z_]+[0-9]*;$' 'a variable that only renames another'
    bad '\(void\)' 'a parameter that nothing reads'
    bad '^ *\(?at$|\[channel / 1\]|pad 0,0,0,0' 'what a person would not write'
    awk '/^ *else$/ { match($0, /[^ ]/); at = RSTART; next } at { match($0, /[^ ]/); if (RSTART <= at) { print NR ": not behind its else:" $0; bad = 1 } at = 0 }
        END { exit bad }' "$work" || exit 1
    awk '/ = \{$/ { rising = 1; last = -1; n = 0; next } /^\};/ { if (rising && n > 30) { print NR ": a table of 0, 1, 2, ..."; bad = 1 } rising = 0 }
        rising { for (i = 1; i <= NF; i++) { if ($i + 0 != last + 1) rising = 0; last = $i + 0; n++ } } END { exit bad }' "$work" || exit 1
    bad '^    [^{].{140}' 'a statement of more than 140 characters'
done
