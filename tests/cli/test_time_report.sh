#!/bin/sh
# -ftime-report: all phases once, in order, with times that sum to the total and are those of a clock; nothing else changes.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo program training processor output; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
# check MOST_MS: the table of standard input; prints its names.
check() {
    /usr/bin/python3 -c '
import re, sys
head, *lines = sys.stdin.read().splitlines()
assert head.split() == ["phase", "wall", "ms", "share", "arenas", "KiB"], head
rows = [re.fullmatch(r"(\S.*?) +([\d.]+) +([\d.]+) % +([\d.]+)", l) for l in lines]
assert all(rows) and len({len(l) for l in lines} | {len(head)}) == 1, lines
*rows, total = [(m[1], *map(float, m.groups()[1:])) for m in rows]
for k, near in ((1, 0.005), (2, 0.05), (3, 0.05)):
    assert abs(sum(r[k] for r in rows) - total[k]) <= near * (len(rows) + 2), (k, rows, total)
assert total[0] == "total" and total[1] <= float(sys.argv[1]) and len({r[0] for r in rows}) == len(rows), rows
for r in rows:
    assert abs(r[2] - 100 * r[1] / total[1]) < 0.06 + 1 / total[1], r
print(*[r[0] for r in rows], sep="\n")
open("rows", "w").writelines("%s=%.2f\n" % (r[0], r[1]) for r in rows)' "$1"
}
now() { date +%s%3N; }
printf 'net n\nconventions torch\ninclude "m.net"\ninput x 3x8x8\na = m(4)\noutput a -> fc 2\ntrain { loss = xent(a) }\n' >n.net
sed -i 's/^output.*/logits = fc 2\noutput logits/; s/xent(a)/xent(logits)/' n.net
printf 'module m(n) = conv 3x3 n\n' >m.net
case $1 in
program)
    printf '#!/bin/sh\nsleep 0.7\nexec gcc "$@"\n' >slow && chmod +x slow
    start=$(now)
    "$inceptc" n.net --target plain --cc ./slow -o n -ftime-report 2>table || { cat table; exit 1; }
    check $(($(now) - start)) <table >names || { cat table; exit 1; }
    cat >want <<'N'
elaborate
read and parse
pass remove-dead
pass fold-constants
pass fold-batchnorm
pass reorder-avgpool
pass merge-siblings
pass fuse-activation
pass concat-in-place
plan
lower
verify loops
print
C compiler
other
N
    diff want names && awk -F= '$1 == "C compiler" && $2 >= 700 { good = 1 } $1 != "C compiler" && $2 > 650 { bad = 1 } END { exit !good || bad }' rows ||
        { cat table; echo 'the 700 ms that the C compiler slept are not its'; exit 1; }
    "$inceptc" n.net --no-pass merge-siblings -o n.c -ftime-report 2>table && check 1e9 <table >names && ! grep -q 'merge-siblings\|C compiler' names && grep -q '^print$' names ;;
training)
    "$inceptc" n.net --train -o n.c -ftime-report 2>table && check 1e9 <table >names && grep -qx 'training graph' names && grep -qx lower names || { cat table; exit 1; }
    "$inceptc" weights init n.net -o w.safetensors >out.txt && "$inceptc" n.net -o n --embed w.safetensors -ftime-report 2>table && check 1e9 <table | grep -qx weights ;;
processor) # no phase's time is lost: wall time is at least that of the processor, and what three targets take in three turns adds up
    /usr/bin/python3 - "$inceptc" "$here/netdefs/inception_v3.net" <<'P' || exit 1
import re, resource, subprocess, sys
def rows(*options):
    p = subprocess.run([*sys.argv[1:], '-o', 'x.c', '-ftime-report', *options], stderr=subprocess.PIPE, text=True, check=True)
    return {m[1]: (float(m[2]), float(m[3])) for m in re.finditer(r'(?m)^(\S.*?) +([\d.]+) +[\d.]+ % +([\d.]+)$', p.stderr)}
every = rows()
r = resource.getrusage(resource.RUSAGE_CHILDREN)
assert every['total'][0] >= 0.9 * 1000 * (r.ru_utime + r.ru_stime) - 10, (every, r)
each = [rows('--target', t) for t in ('plain', 'x86-64-v3', 'x86-64-v4')]
assert abs(sum(e['lower'][1] for e in each) - every['lower'][1]) < 0.02 * every['lower'][1], (every['lower'], [e['lower'] for e in each])
P
    ;;
output) # to standard error, whatever the exit code; C on standard output as without
    "$inceptc" n.net -o - >1.c 2>err.txt && [ ! -s err.txt ] && "$inceptc" n.net -o - -ftime-report >2.c 2>table && cmp 1.c 2.c && check 1e9 <table >names || exit 1
    "$inceptc" summary n.net -ftime-report 2>table >out.txt && check 1e9 <table >names && grep -qx "pass merge-siblings" names || exit 1
    echo 'b = conv' >>n.net
    "$inceptc" n.net -o x.c -ftime-report 2>err.txt
    [ $? -eq 1 ] && grep -v '^n.net\|^  *|\|^  *[0-9]* |' err.txt | check 1e9 >names || { cat err.txt; exit 1; } ;;
esac
