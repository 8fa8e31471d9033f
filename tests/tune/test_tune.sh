#!/bin/sh
# explain says what the plan does; tune writes a record that compiles; a record decides where it can; each row of those that are shipped
# decides; damaged ones are refused by line.
[ "$1" = --list ] && { echo explain tune record shipped damaged; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
inceptc=$here/build/inceptc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
cat >n.net <<'N'
net n
conventions torch
input image 3x16x16
a = conv 3x3 32 same relu
b = conv 3x3 32 same relu
c = conv 3x3/2 32 same relu
logits = relu -> globalavgpool -> fc 4
output logits
N
fail() { echo "$1"; cat out.txt 2>/dev/null; exit 1; }
plan() { $inceptc n.net --target=x86-64-v4 "$@" --dump=plan | grep "'b.*conv'\|'b'" | head -1; }
# refuse TEXT RECORD: compiling with the record fails with the text.
refuse() {
    printf "$2" >r.tuning
    $inceptc n.net --tuning r.tuning -o n.c >out.txt 2>&1
    [ $? = "${3:-1}" ] && grep -qF "$1" out.txt && [ ! -e n.c ] || fail "'$1' was not said of: $2"
}
case $1 in
explain)
    $inceptc explain n.net --target=x86-64-v4 --numerics fast >out.txt || fail 'explain'
    steps=$($inceptc n.net --target=x86-64-v4 --numerics fast --dump=plan | grep -c '^step ')
    [ "$(grep -c '^ *[0-9][0-9]*  ' out.txt)" = "$steps" ] || fail "$steps steps are not in the table"
    grep -q "numerics fast" out.txt && awk '/^ *[0-9]+  / { s += $(NF - 1) } END { exit !(s > 99.5 && s < 100.5) }' out.txt || fail 'shares do not add up to 100'
    layer=$(awk '/F\(/ { print $2; exit }' out.txt)
    $inceptc explain n.net "$layer" --target=x86-64-v4 --numerics fast >out.txt && [ "$(grep -c '<- chosen' out.txt)" = 1 ] || fail 'one way is chosen'
    $inceptc explain n.net c --target=x86-64-v4 --numerics exact >out.txt && grep -q 'only direct: numerics exact' out.txt || fail 'stride 2'
    $inceptc explain n.net d >out.txt 2>&1
    [ $? = 1 ] && grep -q "the net has no layer 'd'" out.txt || fail 'an unknown layer'
    ;;
tune)
    TMPDIR=. $inceptc tune n.net --numerics fast -j 1 -o r.tuning >out.txt 2>&1 || fail 'tune'
    grep -q '2 shapes\|1 shapes' out.txt && head -1 r.tuning | grep -qx 'inceptc-tuning 1' || fail 'the record'
    grep -q '^[a-z0-9-]* fast 3x3 32x16x16 32x16x16 ' r.tuning || { cat r.tuning; fail 'the row of b'; }
    $inceptc n.net --numerics fast --tuning r.tuning -o n.c >out.txt 2>&1 || fail 'the record is not read'
    TMPDIR=. $inceptc tune n.net --cc false -o no/r.tuning >out.txt 2>&1
    [ $? = 3 ] && grep -q 'no/r.tuning' out.txt || fail 'no place for the record, known before anything is built'
    TMPDIR=. $inceptc tune n.net --cc false -o r.tuning >out.txt 2>&1 && fail 'a compiler that fails'
    grep -q '^[a-z0-9-]* fast 3x3 ' r.tuning || fail 'the old record is gone'
    [ -z "$(ls -d inceptc-tune-* r.tuning.* 2>/dev/null)" ] || fail 'something is left'
    ;;
record)
    row='x86-64-v4 safe 3x3 32x16x16 32x16x16'
    for way in 'F2x3 4' 'F4x4 1' direct; do
        printf 'inceptc-tuning 1\n\n# a comment\n%s %s # another\n' "$row" "$way" >r.tuning
        want=$(echo "$way" | sed 's/F\([0-9x]*\) \([0-9]*\)/F(\1) .* in \2 /; s/direct/tile /')
        plan --tuning r.tuning | grep -q "$want" || { plan --tuning r.tuning; fail "the plan does not follow $way"; }
    done
    model=$(plan)
    for other in "$row F6x6 1" "$row F2x2 1000" "x86-64-v4 fast 3x3 32x16x16 32x16x16 direct" "x86-64-v4 safe 3x3 32x16x16 32x16x17 direct"; do
        printf 'inceptc-tuning 1\n%s\n' "$other" >r.tuning # beyond the level, too many blocks, another level, another shape
        [ "$(plan --tuning r.tuning 2>out.txt)" = "$model" ] || fail "the plan follows $other"
        grep -q "warning: the tuning record 'r.tuning' says nothing of this network's convolutions at numerics safe" out.txt || fail "no word about $other"
    done
    printf 'inceptc-tuning 1\n%s F2x3 4\n' "$row" >r.tuning
    $inceptc n.net --tuning r.tuning -o n.c >out.txt 2>&1 && [ ! -s out.txt ] || fail 'a word about a record that decides'
    layer=$($inceptc explain n.net --target=x86-64-v4 --tuning r.tuning | awk '/F\(2x3\)/ { print $2 }')
    $inceptc explain n.net "$layer" --target=x86-64-v4 --tuning r.tuning >out.txt && grep -q 'F(2x3).*<- chosen, by the tuning record' out.txt || fail 'explain'
    ;;
shipped)
    for record in "$here"/netdefs/tuning/*.tuning; do
        while read -r line; do
            case $line in
            "# "*,*shapes*) net=${line%%,*} net=${net#\# } ;;
            x86-64-*)
                printf 'inceptc-tuning 1\n%s\n' "$line" >r.tuning
                set -- $line
                $inceptc "$here/netdefs/$net.net" --target="$1" --numerics "$2" --tuning r.tuning --dump=plan 2>&1 >/dev/null | grep . &&
                    fail "the row of $net: $line"
                rows=$((rows + 1))
                ;;
            esac
        done <"$record"
    done
    [ "$rows" -gt 100 ] || fail 'no rows'
    ;;
damaged)
    refuse "r.tuning:1: a tuning record begins with 'inceptc-tuning 1', not inceptc-tuning 2" 'inceptc-tuning 2\n'
    refuse "an empty file" ''
    refuse "r.tuning:2: a row is TARGET LEVEL KERNEL INPUT OUTPUT WAY" 'inceptc-tuning 1\nx86-64-v4 safe\n'
    refuse "r.tuning:3: targets are plain, x86-64-v3 and x86-64-v4, not avx" 'inceptc-tuning 1\n\navx safe 3x3 1x1x1 1x1x1 direct\n'
    refuse "levels are exact, safe and fast, not slow" 'inceptc-tuning 1\nplain slow 3x3 1x1x1 1x1x1 direct\n'
    refuse "not G4x4" 'inceptc-tuning 1\nplain safe 3x3 1x1x1 1x1x1 G4x4 1\n'
    refuse "a tile has 1 to 12 outputs each way, not F99x4" 'inceptc-tuning 1\nplain safe 3x3 1x1x1 1x1x1 F99x4 1\n'
    refuse "blocks of tiles are a number from 1 on, not 0" 'inceptc-tuning 1\nplain safe 3x3 1x1x1 1x1x1 F4x4 0\n'
    refuse "r.tuning:2: the line has no end: the record is cut short" 'inceptc-tuning 1\nplain safe 3x3 1x1x1 1x1x1 F4x4 1'
    refuse "a row has 7 words at most" 'inceptc-tuning 1\na b c d e f g h i\n'
    rm r.tuning
    $inceptc n.net --tuning r.tuning -o n.c >out.txt 2>&1
    [ $? = 3 ] && grep -q "cannot open 'r.tuning'" out.txt || fail 'a missing record'
    ;;
esac
