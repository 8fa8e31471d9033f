#!/bin/sh
# sweep: rows equal what a compile of each combination says; the plot has them all; programs are timed and trained; mistakes are
# refused before work, and nothing is left behind.
[ "$1" = --list ] && { echo rows plot measure train mistakes disk; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
inceptc=$here/build/inceptc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir tmp && export TMPDIR="$work/tmp"
cp "$here/tests/sweep/wide.net" .
fail() { echo "$1"; cat out.txt 2>/dev/null; exit 1; }
# refuse CODE TEXT OPTIONS...
refuse() {
    code=$1 text=$2
    shift 2
    $inceptc sweep wide.net "$@" >out.txt 2>&1
    [ $? = "$code" ] && grep -qF -e "$text" out.txt || fail "'$text' with exit $code was not said of: $*"
}
case $1 in
rows)
    $inceptc sweep wide.net -D width=0.25..1:0.25,4 -D classes=2,10 --csv -o table.csv >out.txt || fail 'sweep'
    cmp -s out.txt table.csv || fail '--csv and -o FILE.csv differ'
    [ "$(head -1 table.csv)" = width,classes,parameters,macs,arena_bytes,predicted_ms ] || fail 'the head'
    [ "$(sed 1d table.csv | cut -d, -f1,2 | tr '\n' ' ')" = '0.25,2 0.25,10 0.5,2 0.5,10 0.75,2 0.75,10 1,2 1,10 4,2 4,10 ' ] || fail 'the combinations'
    sed 1d table.csv | while IFS=, read -r width classes parameters macs arena ms; do
        said=$($inceptc summary wide.net -D width=$width -D classes=$classes --json |
            sed -n 's/.*"inference": {"parameters": \([0-9]*\),.*"macs": \([0-9]*\),.*"arena_bytes": \([0-9]*\)}.*/\1 \2 \3/p')
        [ "$said" = "$parameters $macs $arena" ] || fail "summary says $said of width $width, classes $classes"
        ms2=$($inceptc explain wide.net -D width=$width -D classes=$classes | sed -n 's/.*expected \([0-9.]*\) ms.*/\1/p')
        awk "BEGIN { d = $ms - $ms2; exit !(d < 0.0051 && d > -0.0051) }" || fail "explain expects $ms2 ms, sweep $ms"
    done || exit 1
    $inceptc sweep wide.net -D width=0.25..1:0.25 -D classes=2,10 >out.txt || fail 'the table'
    [ "$(awk '{ print length }' out.txt | sort -u | wc -l)" = 1 ] && [ "$(wc -l <out.txt)" = 9 ] || fail 'columns are not aligned'
    ;;
plot)
    $inceptc sweep wide.net -D classes=2,10,100 -D width=0.5..2:0.5 -o p.svg >out.txt || fail 'sweep'
    /usr/bin/python3 - p.svg <<'P' || fail 'the plot'
import sys, xml.etree.ElementTree as E
ns = '{http://www.w3.org/2000/svg}'
svg = E.parse(sys.argv[1]).getroot()
marks = svg.findall(ns + 'circle')
assert len(marks) == 4 * 12, len(marks)                       # four panels, twelve rows
lines = [p for p in svg.iter(ns + 'path') if p.get('class') == 'line' and p.get('d').count('L') == 2]
assert len(lines) == 4 * 4, len(lines)                         # x is classes; a line a width
assert {t.text for t in svg.iter(ns + 'text')} >= {'parameters', 'MACs', 'arena bytes', 'predicted ms', 'classes', 'width=0.5', 'width=2'}
by_x = {}
for m in marks[:12]:                                           # more classes stand further right, more parameters higher
    title = m.find(ns + 'title').text
    by_x.setdefault(title.split('classes=')[1].split()[0], set()).add(m.get('cx').split('.')[0])
    assert title.split(': ')[1].startswith('parameters ')
assert [len(v) for v in by_x.values()] == [1, 1, 1], by_x
n = {m.find(ns + 'title').text.split()[-1]: float(m.get('cy')) for m in marks[:12]}
heights = [n[k] for k in sorted(n, key=float)]
assert heights == sorted(heights, reverse=True), n
w, h = float(svg.get('width')), float(svg.get('height'))
assert all(0 < float(m.get('cx')) < w and 0 < float(m.get('cy')) < h for m in marks)
P
    ;;
measure)
    $inceptc sweep wide.net -D width=0.25,4 --measure --csv >out.txt || fail 'sweep'
    awk -F, 'NR == 1 { exit !($6 == "measured_ms") } ' out.txt && awk -F, 'NR > 1 && !($6 > 0) { exit 1 }' out.txt || fail 'no times'
    [ -z "$(ls tmp)" ] || fail "left in TMPDIR: $(ls tmp)"
    ;;
train)
    $inceptc sweep wide.net -D width=0.25,1 --train 3 --csv >out.txt 2>err.txt || fail "sweep: $(cat err.txt)"
    folder=$(sed -n 's/the runs are in //p' err.txt)
    for w in 0.25 1; do
        loss=$(tail -1 "$folder/width=$w/log.csv" | cut -d, -f3)
        said=$(grep "^$w," out.txt | cut -d, -f6)
        awk "BEGIN { d = $said - $loss; exit !($loss > 0 && d < 1e-6 && d > -1e-6) }" || fail "$loss is in the log of width $w"
        [ "$(tail -1 "$folder/width=$w/log.csv" | cut -d, -f2)" = 3 ] || fail 'steps'
    done
    grep -q ',,$' out.txt || fail 'the netdef validates nothing: those columns are empty'
    [ -z "$(ls tmp)" ] || fail "left in TMPDIR: $(ls tmp)"
    sed 's/^  train = idx("[^"]*"/  train = idx("missing.gz"/' wide.net >no.net
    $inceptc sweep no.net -D width=1 --train 3 >out.txt 2>&1
    [ $? = 3 ] && grep -q "training width=1 ended with 3" out.txt && grep -q "missing.gz" out.txt || fail 'missing pictures'
    ;;
mistakes)
    refuse 2 '8,000 combinations, more than 1,000' -D width=0.25..1:0.1 -D classes=1..1000
    refuse 2 'say --limit 1000000' -D width=1..2:0.001001 -D classes=1..1000
    refuse 2 'has more than 1000000 values' -D width=0..1:1e-9
    refuse 2 '101 combinations, more than 100' -D classes=2..102 --measure
    refuse 2 "not 'many'" -D width=many
    refuse 2 'a range goes up' -D width=2..1
    refuse 2 'a range goes up' -D width=1..2:0
    refuse 2 '-D width is given twice' -D width=1 -D width=2
    refuse 2 'sweep wants values for a parameter'
    refuse 2 "sweep writes FILE.csv or FILE.svg, not 'a.png'" -D width=1 -o a.png
    refuse 2 "--train wants a number of steps from 1 to 1000000000, not '0'" -D width=1 --train 0
    refuse 2 'wants a number of combinations from 1 to 1000000' -D width=1 --limit no
    refuse 1 "did you mean 'width'" -D widht=1,2 -o a.csv
    refuse 1 'in the combination width=9' -D width=1,9 -o a.csv
    [ ! -e a.csv ] || fail 'a file was written'
    $inceptc sweep none.net -D width=1 >out.txt 2>&1
    [ $? = 3 ] && grep -q "none.net" out.txt || fail 'a missing file'
    $inceptc sweep wide.net -D classes=1..2000 --limit 2000 >out.txt 2>&1 && [ "$(wc -l <out.txt)" = 2001 ] || fail '--limit'
    ;;
disk)
    ln -s /dev/full full.svg
    $inceptc sweep wide.net -D width=1,2 -o full.svg >out.txt 2>&1
    [ $? = 3 ] && grep -q 'No space left' out.txt || fail 'a full disk'
    $inceptc sweep wide.net -D width=1,2 >/dev/full 2>out.txt
    [ $? = 3 ] && grep -q 'No space left' out.txt || fail 'a full standard output'
    $inceptc sweep wide.net -D width=1,2 -o no/a.csv >out.txt 2>&1
    [ $? = 3 ] && grep -q 'no/a.csv' out.txt || fail 'no such folder'
    $inceptc sweep wide.net -D width=1,2 --measure --cc false -o no/a.csv >out.txt 2>&1
    [ $? = 3 ] && grep -q 'no/a.csv' out.txt || fail 'no such folder, known before anything is built'
    $inceptc sweep wide.net -D width=1,2 --measure --cc false -o a.csv >out.txt 2>&1 && fail 'a compiler that fails'
    [ -z "$(ls a.csv* 2>/dev/null)" ] || fail 'a file is left'
    ;;
esac
