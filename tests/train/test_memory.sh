#!/bin/sh
# Training in less memory: what is computed again has the same bits as what was kept, and as little of it is as fits.
here=$(cd "$(dirname "$0")/../.." && pwd)
nets='memory pools batchnorm lrn factorised maps maps2 tiny'
[ "$1" = --list ] && { echo $nets judge moderate program messages; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
tests=$here/tests/train
fail() { echo "$*"; [ -s err ] && tail -n 20 err; exit 1; }
inceptc() { "$here/build/inceptc" "$@" 2>err || fail "inceptc $*"; }
# NET OPTION...: the least that a step takes, as --memory takes it
least() {
    net=$1
    shift
    "$here/build/inceptc" "$net" --train "$@" --memory 1K -o none.c 2>&1 | sed -n 's/.*takes \([0-9]*[KM]\) at least, .*/\1/p'
}
kib() { case $1 in *M) echo $((${1%M} * 1024)) ;; *) echo "${1%K}" ;; esac; }
again() { sed -n 's/.*bytes: \([0-9]*\) of [0-9]* modules computed again, .*/\1/p' "$1"; } # of a generated file
build() { # OUT NET OPTION...
    out=$1
    shift
    inceptc "$@" --train -o "$out.c"
    cc -std=gnu11 -O1 -ffp-contract=off -shared -fPIC -I"$here/runtime" "$out.c" "$here/build/libinceptrt.a" -lm -o "$out.so" || fail "cc $out.c"
}
# The same weights and losses after four steps, in fewer bytes.
same_bits() { # NET BATCH TARGET NUMBER NUMERICS
    net=$1 n=$2 target=$3 number=$4 numerics=$5
    name=$(sed -n 's/^net //p' "$net")
    size=$(least "$net" --target="$target" --numerics "$numerics")
    [ -n "$size" ] || fail "$net: no least size is said"
    build all "$net" --target="$target" --numerics "$numerics"
    build less "$net" --target="$target" --numerics "$numerics" --memory "$size"
    for threads in 1 2; do
        set -- $("$here/build/hash_tool" ./all.so "${name}_network" "$n" $threads 4 "$number")
        set -- $("$here/build/hash_tool" ./less.so "${name}_network" "$n" $threads 4 "$number") "$@"
        echo "$target: $4 bytes, $1 at least; $(again less.c) modules computed again"
        [ "$#" = 6 ] && [ "$2 $3" = "$5 $6" ] || fail "$target, $threads threads: other bits"
        # fast: transforms of 16 threads outweigh so small a network; batchnorm: takes its least with all kept
        [ "$1" -lt "$4" ] || [ $numerics = fast ] || [ "$name" = batchnorm ] || fail "$target: no fewer bytes"
    done
}
native=1
grep -q avx512f /proc/cpuinfo && native=2

case $1 in
judge) # beside the interpreter, which keeps everything
    size=$(least "$tests/memory.net" --numerics exact)
    inceptc "$tests/memory.net" --train --numerics exact --memory "$size" -o m.c
    [ "$(again m.c)" -gt 5 ] || fail 'more modules were expected'
    NUMERICS=exact exec sh "$tests/run_net.sh" memory gcc --memory "$size" ;;
moderate) # the more memory, the fewer modules, and never more memory than was given
    net=$tests/memory.net batch=5
    all=$(build all "$net" --target=plain && "$here/build/hash_tool" ./all.so memory_network $batch 16 1 0 | cut -d' ' -f1)
    size=$(kib "$(least "$net" --target=plain)")
    last=1000
    for percent in 0 25 50 75 100; do
        give=$((size + (all / 1024 + 1 - size) * percent / 100))
        build less "$net" --target=plain --memory ${give}K
        set -- $("$here/build/hash_tool" ./less.so memory_network $batch 16 1 0)
        count=$(again less.c)
        echo "$give KiB given, $1 bytes taken, ${count:-0} modules"
        [ "$1" -le $((give * 1024)) ] || fail 'more than was given'
        [ "${count:-0}" -le $last ] || fail 'more modules for more memory'
        last=${count:-0}
    done
    [ "$last" = 0 ] || fail 'nothing is to be computed again where all fits' ;;
program) # says what it takes, learns the same
    /usr/bin/python3 "$tests/train_data.py" idx
    sed 's/conv 3x3 8 -> maxpool/conv 3x3 160 -> conv 1x1 80 -> maxpool/' "$tests/tiny.net" >tiny.net
    size=$(least tiny.net --target=plain)
    sed "s/^train {/train {\n  memory = \"$size\"/" tiny.net >less.net
    inceptc tiny.net --train --target=plain -o all
    inceptc less.net --train --target=plain -o less
    for p in all less; do ./$p train --experiment $p --epochs 2 >out 2>err || fail "$p"; sed -n '/^memory/p' err >$p.said; done
    cat all.said less.said
    cmp runs/all/last.safetensors runs/less/last.safetensors || fail 'other weights'
    grep -qE '^memory: [0-9.]+ MiB: training [0-9.]+ MiB, .*validation [0-9.]+ MiB$' all.said && ! grep -q '^memory for' all.said || fail 'all is kept'
    grep -qE '^memory for training: at most [0-9.]+ MiB; [0-9]+ of [0-9]+ modules computed again, [0-9]+ with their convolutions$' less.said ||
        fail 'what is computed again is not said'
    awk 'NR == 1 { all = $5 } NR == 2 { less = $5 } NR == 3 { exit !(less < all && less <= $6) }' all.said less.said || fail 'no less memory'
    ./less train --experiment big --epochs 1 --batch 64 >out 2>err || fail 'a larger batch'
    grep -q '^tiny: note: that is more: it was compiled to fit with batches of 16 on up to 16 threads$' err || fail 'a larger batch: a note was expected'
    inceptc less.net --train --target=plain --memory 1G -o more # goes before the text
    ./more train --experiment more --epochs 1 >out 2>err
    grep -qxF 'memory for training: at most 1024.0 MiB; nothing is computed again' err || fail '--memory 1G' ;;
messages)
    says() { # EXIT MESSAGE OPTION...
        code=$1 message=$2
        shift 2
        "$here/build/inceptc" "$@" -o none.c >out 2>err
        is=$?
        [ $is = "$code" ] && [ "$(head -n 1 err | sed 's/takes [0-9]*[KM] at/takes N at/')" = "$message" ] || { cat err; fail "inceptc $*: exit $is, expected $code and '$message'"; }
        [ ! -e none.c ] || fail 'an output file was left'
    }
    cp "$tests/tiny.net" tiny.net
    sed 's/^train {/train {\n  memory = "2K"/' tiny.net >small.net
    says 1 'small.net:19:12: error: a step of 16 images takes N at least, however much of it is computed again, but memory is 2K; give it that much, or make batch smaller' small.net --train
    says 1 'inceptc: error: a step of 16 images takes N at least, however much of it is computed again, but memory is 3K; give it that much, or make batch smaller' small.net --train --memory 3K
    says 2 'inceptc: error: --memory is for --train' tiny.net --memory 1G
    for bad in 3 1Q G -1G 1GB 0G '' nan 1e300G; do
        says 2 "inceptc: error: --memory wants a size such as 512M or 1.5G, not '$bad'" tiny.net --train --memory "$bad"
    done
    inceptc tiny.net --train --memory 1.5G -o some.c && grep -q '\.memory = 1610612736,' some.c || fail '1.5G' ;;
*)
    for numerics in exact fast; do
        same_bits "$tests/$1.net" 5 native $native $numerics
    done
    same_bits "$tests/$1.net" 5 plain 0 exact ;;
esac
