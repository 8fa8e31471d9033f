#!/bin/sh
# The statistics and tables of bench/peers.py, on canned numbers: no peer runs.
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$1" = --list ]; then
    echo statistics table marks_wrong keeps_old_file heads
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export PYTHONPATH="$here/bench/peers" PYTHONDONTWRITEBYTECODE=1
fail() { echo "$*"; exit 1; }

case $1 in
statistics)
    /usr/bin/python3 - <<'P' || exit 1
from report import distance, pooled, quartiles
assert quartiles([5, 1, 2, 4, 3]) == (2, 3, 4)
assert quartiles([4, 1, 3, 2]) == (1.75, 2.5, 3.25)
assert quartiles([7]) == (7, 7, 7)
assert abs(distance([1, 2, 3.5], [1, 2, 4]) - 0.5 / (14 / 9) ** 0.5) < 1e-12 # the deviation of 1, 2, 4
assert pooled([([1, 2], 0.02), ([9], 0.5), ([3], 0.05)]) == {'seconds': [1, 2, 3], 'others': 0.05} # without the disturbed turn
assert pooled([([9], 0.5), ([8], 0.3)]) == {'seconds': [9, 8], 'others': 0.5}
assert distance([1, 2], [1, 2, 4]) == distance([1, 2, float('nan')], [1, 2, 4]) == float('inf')
P
    ;;
table)
    /usr/bin/python3 - >got.txt <<'P' || exit 1
from report import network_text
def point(seconds, **more):
    return dict(dict(seconds=seconds, first_seconds=0.25, memory_bytes=64e6, error=1e-6, others=0.02), **more)
key = (2, 8)
rows = [
    dict(name='safe', ours=True, model_bytes=20e6, library_bytes=7e5, points={key: point([.010, .012, .011])}),
    dict(name='slow', ours=False, model_bytes=20e6, library_bytes=9e6, points={key: point([.044], others=0.5)}),
    dict(name='quick', ours=False, model_bytes=20e6, library_bytes=9e6, points={key: point([.0055, .0055])}),
    dict(name='none', ours=False, points={}, reason='not installed: no such package'),
    dict(name='late', ours=False, model_bytes=20e6, library_bytes=9e6, points={key: {'reason': 'no answer within 900 s'}}),
]
print(network_text('tiny', rows, [key], ('0.1 0.1 0.1', '1.9 0.9 0.4')))
P
    cat >expected.txt <<'P'
## tiny

Load 0.1 0.1 0.1 before, 1.9 0.9 0.4 after (these runs are part of it).

|       | model MB | library MB |   error |
|-------|---------:|-----------:|--------:|
| safe  |     20.0 |        0.7 | 1.0e-06 |
| slow  |     20.0 |        9.0 | 1.0e-06 |
| quick |     20.0 |        9.0 | 1.0e-06 |
| none  |        - |          - |       - |
| late  |     20.0 |        9.0 |       - |

### tiny, 2 threads, batch 8

|       | median ms |    quartiles | runs | / safe | first s | peak MB |          others |
|-------|----------:|-------------:|-----:|-------:|--------:|--------:|----------------:|
| safe  |     11.00 | 10.50..11.50 |    3 |   1.00 |    0.25 |    64.0 |              2% |
| quick |      5.50 |   5.50..5.50 |    2 |   0.50 |    0.25 |    64.0 |              2% |
| slow  |     44.00 | 44.00..44.00 |    1 |   4.00 |    0.25 |    64.0 | 50% (DISTURBED) |

none: no numbers: not installed: no such package

late: no numbers: no answer within 900 s

P
    diff -u expected.txt got.txt || fail 'the tables differ' ;;
marks_wrong) # the worst point counts
    /usr/bin/python3 - <<'P' || exit 1
from report import network_text
for error, marked in ((0.5, 1), (0.02, 1), (float('inf'), 1), (0.005, 0)):
    points = {(t, 1): dict(seconds=[1, 2], first_seconds=1, memory_bytes=1, error=e, others=0) for t, e in ((1, 1e-6), (2, error))}
    text = network_text('tiny', [dict(name='peer', ours=False, model_bytes=1, library_bytes=1, points=points)], list(points), ('0', '0'))
    assert text.count('peer (WRONG)') == 3 * marked, text
P
    ;;
keeps_old_file)
    echo old >out.md
    /usr/bin/python3 - <<'P' || exit 1
import os, report
rename, os.replace = os.replace, None
try:
    report.write_beside('out.md', 'new\n')
except TypeError:
    assert open('out.md').read() == 'old\n'
os.replace = rename
report.write_beside('out.md', 'new\n')
report.write_beside('a/folder/out.md', 'new\n')
P
    [ "$(cat out.md)$(cat a/folder/out.md)" = newnew ] && [ "$(echo *)" = 'a out.md' ] || fail "there is: $(ls)" ;;
heads) # each peer says what it installs and deploys, and is Python
    for p in "$here"/bench/peers/*_peer.py; do
        packages=$(sed -n 's/^# packages: //p' "$p") deploys=$(sed -n 's/^# deploys: //p' "$p")
        [ -n "$packages" ] && [ -n "$deploys" ] || fail "$p: no packages or deploys"
        for d in $deploys; do
            case " $packages " in *" $d "* | *" $d=="*) ;; *) fail "$p: '$d' is deployed but not among its packages" ;; esac
        done
        /usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$p" || fail "$p"
    done ;;
*) fail "no test '$1'" ;;
esac
