#!/bin/sh
# Completions: what `inceptc --complete` says, and what the tab key does in real shells.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo options values operands scripts bash zsh fish; exit 0; }
inceptc=$here/build/inceptc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "$*"; exit 1; }
# says EXPECTED WORDS...: the words offered for the last one, joined by spaces.
says() {
    want=$1
    shift
    got=$("$inceptc" --complete "$@" 2>err | cut -f1 | tr '\n' ' ')
    [ "$got" = "$want " ] || fail "$*: '$got', expected '$want'"
}
# paths LINE WORDS...: the last line, tabs as bars.
paths() {
    want=$1
    shift
    got=$("$inceptc" --complete "$@" | tail -1 | tr '\t' '|')
    [ "$got" = "$want" ] || fail "$*: '$got', expected '$want'"
}
verbs=$("$inceptc" --help | sed -n 's/^  inceptc \([a-z]*\) .*/\1/p' | tr '\n' ' ')
verbs=${verbs% }
mkdir sub
cat >a.net <<'N'
net a
conventions torch
param classes = 3
param width = 0.5 range 0.1 .. 2
input x 3x8x8
logits = globalavgpool -> fc classes
output logits
N
cat >layers.net <<'N'
net layers
conventions torch
include "inner.net"
param times = 3
input x 3x8x8
i3a = inner(4)
body = repeat times conv 1x1 4
logits = globalavgpool -> fc 5
output logits -> softmax
N
mkdir inner
echo 'module inner(n) = concat { conv 1x1 n | conv 3x3 n pad 1 }' >inner/inner.net
touch b.net cat.png cat.txt w.safetensors w.sh sub/deep.net sub/deep.txt

case $1 in
options)
    # For each verb exactly the options of its help.
    for v in compile $verbs; do
        "$inceptc" --help $v | sed -n 's/^  \(-[^ ]*\).*/\1/p' | sort >want
        [ $v = compile ] && "$inceptc" --complete a.net - | cut -f1 | sort >got
        [ $v = compile ] || "$inceptc" --complete $v - | cut -f1 | sort >got
        [ -s want ] && diff want got || fail "options of $v"
    done
    ;;
values)
    says 'plain x86-64-v3 x86-64-v4 native all' a.net --target ''
    says '--target=plain --target=x86-64-v3 --target=x86-64-v4 --target=native --target=all' a.net --target=x
    says 'exact safe fast' a.net --numerics ''
    kinds=$("$inceptc" advise "$here/tests/advice/kinds/large-kernel.bad.net" | sed -n 's/^\(design-[a-z-]*\):.*/\1/p')
    for w in design $kinds; do
        [ "$("$inceptc" --complete advise a.net -Wd | grep -cx -e "-W$w" -e "-Wno-$w" -e "-Werror=$w" -e "-Wno-error=$w")" = 4 ] || fail "no word of -W for $w"
    done
    [ -n "$kinds" ] && "$inceptc" --complete a.net -W '' | grep -qx error || fail 'no words of -W'
    for w in $("$inceptc" --complete a.net -W ''); do "$inceptc" advise a.net "-W$w" >/dev/null || fail "-W$w"; done
    says 'auto always never' run -fdiagnostics-color ''
    says 'classes= width=' a.net -D ''
    says '-Dclasses= -Dwidth=' summary a.net -Dc
    # What the base and an included file declare, with the values of now.
    printf 'variant v of "a.net" {\n  param classes = 7\n}\n' >v.net
    says 'classes= width=' v.net -D ''
    [ "$("$inceptc" v.net --dump=params -D width=1)" = "$(printf 'classes = 7\nwidth = 1')" ] || fail "params: $("$inceptc" v.net --dump=params -D width=1)"
    "$inceptc" --complete a.net --dump '' | grep -qx after:fuse-activation || fail 'no dump after a pass'
    "$inceptc" --complete a.net --no-pass '' | grep -qx all || fail 'no pass all'
    paths ':files|.safetensors,.pth,.pt,.npz|' run a.net --weights ''
    paths ':files|.safetensors,.pth,.pt,.npz|--weights=' run a.net --weights=x
    paths ':dirs|*|-I' a.net -Isu
    [ -z "$("$inceptc" --complete broken.net -D '' 2>/dev/null)" ] && [ -z "$("$inceptc" --complete a.net --cc '')" ] || fail 'words for what has none'
    ;;
operands)
    paths ':files|.net|' ''
    "$inceptc" --complete '' | cut -f1 | tr '\n' ' ' | grep -qx "$verbs :files " || fail 'no verbs'
    paths ':files|.net,.jpg,.jpeg,.png,.bmp,.ppm,.pgm,.npy|' run a.net ''
    says 'list diff import export init' weights --json ''
    paths ':files|.net,.safetensors,.pth,.pt,.npz|' weights list ''
    paths ':files|.net|' -- -
    # The layers and modules of the netdef, once each, as -D and -I say; nothing behind them, nor of a netdef with errors.
    paths ':files|.net|' explain ''
    all='i3a i3a.conv1x1 i3a.conv3x3 i3a.concat body body.0 body.1 body.2 logits logits.globalavgpool softmax'
    says "$all" explain layers.net -I inner ''
    says 'i3a i3a.conv1x1 i3a.conv3x3 i3a.concat body body.0 logits logits.globalavgpool softmax' explain -Iinner layers.net -D times=1 i3
    for l in $all; do "$inceptc" explain -Iinner layers.net $l >/dev/null || fail "explain knows no $l"; done
    "$inceptc" --complete explain -Iinner layers.net '' | grep -q '^i3a.conv3x3	conv 3x3, 4x8x8$' || fail 'what a layer is'
    [ -z "$("$inceptc" --complete explain -Iinner layers.net i3a '')" ] || fail 'explain takes one layer'
    [ -z "$("$inceptc" --complete explain b.net '' 2>/dev/null)$("$inceptc" --complete explain layers.net '' 2>/dev/null)" ] || fail 'layers of a broken net'
    ;;
scripts)
    for s in bash zsh fish; do
        "$inceptc" --completion $s >$s || fail "no script for $s"
        cmp $s "$here/compiler/completion/inceptc.$s" || exit 1
        $s -n $s || fail "$s does not read it"
    done
    "$inceptc" --completion csh 2>err
    [ $? -eq 2 ] && grep -q "knows no 'csh'; did you mean 'zsh'" err || fail "$(cat err)"
    "$inceptc" --completion nushell 2>err
    [ $? -eq 2 ] && grep -q "knows bash, zsh and fish, not 'nushell'" err || fail "$(cat err)"
    ;;
bash | zsh | fish)
    cat >cases <<'C'
inceptc exp\t a.net => <explain><a.net>
inceptc run b\t cat.p\t --se\t 1 => <run><b.net><cat.png><--seed><1>
inceptc run b\t cat.\t => <run><b.net><cat.png>
inceptc a.net --target=nat\t => <a.net><--target=native>
inceptc a.net --target nat\t => <a.net><--target><native>
inceptc a.net --dump after:fold-b\t => <a.net><--dump><after:fold-batchnorm>
inceptc a.net --dump=after:fold-b\t => <a.net><--dump=after:fold-batchnorm>
inceptc weights imp\t w.s\t => <weights><import><w.safetensors>
inceptc a.net -D cl\t7 => <a.net><-D><classes=7>
inceptc a.net -Dcl\t7 => <a.net><-Dclasses=7>
inceptc a.net --embed=w.s\t => <a.net><--embed=w.safetensors>
inceptc a.net -I su\t => <a.net><-I><sub>
inceptc explain -I inner layers.net i3a.conv3\t => <explain><-I><inner><layers.net><i3a.conv3x3>
inceptc explain --target nat\t a.net logits.g\t => <explain><--target><native><a.net><logits.globalavgpool>
inceptc explain b.net log\t => <explain><b.net><log>
inceptc sub/d\t => <sub/deep.net>
inceptc a.net -fdiagnostics-c\t al\t => <a.net><-fdiagnostics-color><always>
inceptc --help su\t => <--help><summary>
inceptc summary --trai\t => <summary><--trai>
C
    /usr/bin/python3 "$here/tests/cli/type_keys.py" "$1" "$here/compiler/completion/inceptc.$1" "$inceptc" <cases || exit 1
    ;;
*) fail "no case $1" ;;
esac
