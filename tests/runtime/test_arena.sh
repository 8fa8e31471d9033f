#!/bin/sh
# The bytes of the arena, scratch of one thread included, that are printed are those that are used: in the plan, the generated C and the running program.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo googlenet random-1 random-2 random-5 random-8; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
case $1 in
random-*) /usr/bin/python3 "$here/tests/random/make_net.py" "${1#random-}" >n.net || exit 1 ;;
*) cp "$here/netdefs/$1.net" n.net ;;
esac
"$here/build/inceptc" n.net -I "$here/netdefs" -o n.c && "$here/build/inceptc" n.net -I "$here/netdefs" -o n.o || exit 1
name=$(sed -n 's/^net  *//p' n.net)
gcc -I"$here/runtime" -DNETWORK="${name}_network" -o use "$here/tests/runtime/arena_use.c" n.o "$here/build/libinceptrt.a" \
    -ljpeg -lpng -lz -lm -lpthread || exit 1
./use >used || { cat used; exit 1; }
sum='{ print $1, $2 + $3 }' # of one thread
tr -d , <n.c | sed -n 's/^ \* \([a-z0-9-]*\) *arena \([0-9]*\) bytes\( and \([0-9]*\) a thread\)\{0,1\}.*/\1 \2 \4/p' | awk "$sum" >printed
"$here/build/inceptc" n.net -I "$here/netdefs" --dump=plan | sed -n 's/^plan .* target \([^ ]*\) arena \([0-9]*\) bytes, scratch \([0-9]*\).*/\1 \2 \3/p' | awk "$sum" | diff printed - || exit 1
[ -s used ] && while read -r t n; do grep -qx "$t $n" printed || { echo "$t uses $n bytes; printed are:"; cat printed; exit 1; }; done <used
