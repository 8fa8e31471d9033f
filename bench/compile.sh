#!/bin/sh
# Time and memory of inceptc by the number of layers, and of `cc -O2` on what it writes for every network.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
echo "load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors, $(gcc --version | head -1)"
. "$here/bench/best.sh"
echo
echo "layers, inceptc with three targets, with --target=plain"
for n in 100 1000 3000 10000; do
    /usr/bin/python3 - $n >n.net <<'P'
import sys
print('net n\nconventions torch\ninput image 3x32x32\n'
      'module m(a) = concat { conv 1x1 a relu | conv 1x1 a relu -> conv 3x3 a same relu | maxpool 3x3 -> conv 1x1 a relu }\n'
      'first = conv 3x3 16 same relu')
for i in range(int(sys.argv[1]) // 5):
    print(f'b{i} = m({8 + i % 16})')
print('logits = globalavgpool -> fc 10\noutput logits -> softmax')
P
    printf '%6d  %s  %s\n' $n "$(best 5 "$here/build/inceptc" n.net -o n.c)" "$(best 5 "$here/build/inceptc" n.net --target=plain -o n.c)"
done
echo
echo "network, inceptc with three targets, lines, cc -O2 (the best of six)"
for n in "$here"/netdefs/*.net; do
    t=$(best 5 "$here/build/inceptc" "$n" -o net.c)
    printf '%-30s %s %7d  %s\n' "$(basename "$n" .net)" "$t" "$(wc -l <net.c)" \
        "$(best 6 gcc -std=gnu11 -O2 -ffp-contract=off -I"$here/runtime" -c net.c -o net.o)"
done
