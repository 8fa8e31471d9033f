#!/bin/sh
# -MD: the rule as gcc writes it, and what make and ninja do with it: nothing when nothing changed, all when a file that was read did.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo rule files make ninja failures usage; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
fail() { echo "$*"; exit 1; }
# netdef FILE MODULE: a net that includes it.
netdef() { printf 'net n\nconventions torch\ninclude "%s"\ninput x 3x8x8\na = m(4)\noutput a -> fc 2\n' "$2" >"$1"; }
module() { printf 'module m(n) = conv 3x3 n\n'; }
one_line() { tr -d '\\\n' <"$1" | tr -s ' '; }
compile() { "$inceptc" "$@" --target=plain; }
case $1 in
rule)
    mkdir 'a b' && module >'a b/m#1$(x) \ y.net' && netdef 'a b/n.net' 'm#1$(x) \ y.net'
    compile 'a b/n.net' -o 'out $x.c' -MD || exit 1
    cat >want <<'N'
out\ $$x.c: a\ b/n.net \
 a\ b/m\#1$$(x)\ \\\ y.net
N
    diff want 'out $x.d' || fail 'the default rule'
    compile 'a b/n.net' -o out.c -MD -MF deps -MT 'build/a b.c' -MT '$(two)' -MP || exit 1
    cat >want <<'N'
build/a b.c $(two): a\ b/n.net \
 a\ b/m\#1$$(x)\ \\\ y.net

a\ b/m\#1$$(x)\ \\\ y.net:
N
    diff want deps || fail 'the rule with -MT and -MP'
    printf '#include "m#1$(x) \\\\ y.net"\n' >'a b/n.c' # what gcc says of the same names
    sed -i 's/\\\\/\\/' 'a b/n.c'
    gcc -E -MD -MF theirs -MT out.c 'a b/n.c' >gcc.txt 2>&1
    compile 'a b/n.net' -o out.c -MD -MF ours -MT out.c || exit 1
    grep -o 'a. b/m.*' ours >1 && grep -o 'a. b/m.*' theirs | diff 1 - || { cat theirs ours; fail 'gcc writes the name otherwise'; } ;;
files) # each file that was read, once
    cp -r "$here/netdefs" .
    compile netdefs/variants/googlenet_slim.net -o v.c -MD && [ "$(cat v.d)" = 'v.c: netdefs/variants/googlenet_slim.net \
 netdefs/variants/../googlenet_tv.net' ] || { cat v.d; fail 'a variant'; }
    module >m.net && netdef n.net m.net && printf 'inceptc-tuning 1\n' >t.txt
    "$inceptc" weights init n.net -o w.safetensors >out.txt || exit 1
    mkdir a.b && compile n.net -o a.b/prog --tuning t.txt --embed w.safetensors -MD && [ "$(one_line a.b/prog.d)" = 'a.b/prog: n.net m.net t.txt w.safetensors' ] ||
        { cat a.b/*.d; fail 'a program with a tuning record and weights'; }
    compile n.net -o n.onnx --weights w.safetensors -MD && [ "$(one_line n.d)" = 'n.onnx: n.net m.net w.safetensors' ] || { cat n.d; fail 'onnx'; }
    mkdir inc && mv m.net inc && cat n.net | compile - -I inc -o - -MD -MF s.d -MT s.c >s.c && [ "$(cat s.d)" = 's.c: inc/m.net' ] || { cat s.d; fail 'standard input'; } ;;
make)
    mkdir 'a b' && module >'a b/m#1$x.net' && netdef 'a b/n.net' 'm#1$x.net'
    printf 'out.c:\n\t%s "a b/n.net" -o out.c --target=plain -MD -MP\n-include out.d\n' "$inceptc" >Makefile
    again() { make >log 2>&1 || { cat log; fail "make: $1"; }; grep -q "$2" log || { cat log out.d; fail "$1: make should say '$2'"; }; }
    again first 'inceptc'
    again nothing 'is up to date'
    for f in 'a b/m#1$x.net' 'a b/n.net'; do
        touch -d '+2 seconds' "$f"
        make -n | grep -q inceptc || { make -d | tail -n 20; fail "$f changed, and make does nothing"; }
        touch -d '1 hour ago' "$f"
    done
    again nothing 'is up to date'
    module >'a b/other.net' && rm 'a b/m#1$x.net' && netdef 'a b/n.net' other.net && touch -d '+2 seconds' 'a b/n.net'
    again 'a module is gone' 'inceptc' ;;
ninja)
    mkdir 'a b' && module >'a b/m#1$x.net' && netdef 'a b/n.net' 'm#1$x.net'
    for deps in '' 'deps = gcc'; do
        rm -rf .ninja* out.c out.d
        printf 'rule net\n command = %s $in -o $out --target=plain -MD -MF $out.d\n depfile = $out.d\n %s\nbuild out.c: net a$ b/n.net\n' "$inceptc" "$deps" >build.ninja
        again() { ninja -d explain >log 2>&1 || { cat log; fail "ninja: $1"; }; grep -q "$2" log || { cat log; fail "$1: ninja should say '$2'"; }; }
        again first '1/1'
        again nothing 'no work to do'
        for f in 'a b/m#1$x.net' 'a b/n.net'; do
            sleep 0.02
            touch "$f"
            again "$f changed" '1/1'
            again nothing 'no work to do'
        done
    done ;;
failures) # no rule without its output, no output without its rule
    module >m.net && netdef n.net m.net && compile n.net -o x.c -MD && cp x.d was.d && cp x.c was.c && echo 'a = conv 3x3 |' >>n.net
    compile n.net -o x.c -MD 2>err.txt
    [ $? -eq 1 ] && cmp x.d was.d || fail 'an error, and the rule changed'
    netdef n.net m.net
    compile n.net -o nowhere/y.c -MD -MF y.d 2>err.txt
    [ $? -eq 3 ] && [ ! -e y.d ] || fail 'no output, but a rule'
    compile n.net -o y.c -MD -MF nowhere/y.d 2>err.txt
    [ $? -eq 3 ] && [ ! -e y.c ] && grep -q 'nowhere/y.d: cannot write: No such file' err.txt || { cat err.txt; fail 'a rule without a place'; }
    compile n.net -o y.c -MD -MF /dev/full 2>err.txt
    [ $? -eq 3 ] && [ ! -e y.c ] || fail 'a full disk'
    compile n.net -o "$work/prog" --cc false -MD 2>err.txt
    [ $? -eq 3 ] && [ ! -e prog ] && [ ! -e prog.d ] || fail 'the C compiler failed'
    [ "$(ls)" = "$(printf 'err.txt\nm.net\nn.net\nwas.c\nwas.d\nx.c\nx.d\nx.h\n')" ] || { ls; fail 'a file was left'; } ;;
usage)
    module >m.net && netdef n.net m.net
    for a in '-MD --dump=graph' '-o x.c -MF x.d' '-o x.c -MT x' '-o x.c -MP' '-o - -MD' '-o - -MD -MF x.d' '-o x.c -MD -MF' 'run x.npy -MD'; do
        "$inceptc" n.net $a >out.txt 2>err.txt
        [ $? -eq 2 ] && grep -q 'error: ' err.txt || { cat err.txt; fail "not exit 2: $a"; }
    done ;;
esac
