#!/bin/sh
# inceptc fmt: the house form of all netdefs; other white space comes back to it; nothing but white space changes, whatever the text.
# `random`: the 200 nets of tests/random; FMT_SEEDS: how often each netdef is mutated.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo committed spaced wild random rules edges files refused annotate added; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
python=/usr/bin/python3
fail() { echo "$*"; exit 1; }
mutate() { $python "$here/tests/text/mutate_space.py" "$@"; }
nets() { cd "$here" && ls netdefs/*.net netdefs/*/*.net examples/*/*.net; }
own_netdefs() { cp -r "$here/netdefs" "$here/examples" .; } # to be changed
graph() { "$inceptc" "$1" --dump=graph; }
# unchanged FILE: formatted, it is itself again.
unchanged() { "$inceptc" fmt "$1" -o - | diff "$1" - || fail "$1 is no fixed point"; }
# expect ARGUMENT...: what it prints for input.net is expected.net, which stays as it is; both are the same but for white space.
expect() {
    "$inceptc" fmt input.net "$@" -o got.net && diff expected.net got.net || fail "the text above is not as expected"
    unchanged got.net
}
same_tokens() { mutate squeeze <"$1" >squeezed.1 && mutate squeeze <"$2" >squeezed.2 && diff squeezed.1 squeezed.2 || fail "$2 says something else than $1"; }
case $1 in
committed)
    cd "$here" && "$inceptc" fmt --check $(nets) || fail 'these are not formatted: run inceptc fmt on them' ;;
spaced) # what is aligned stays aligned
    own_netdefs
    for n in $(nets); do
        for s in $(seq 1 "${FMT_SEEDS:-2}"); do
            mutate "$s" <"$here/$n" >"$n" && ! cmp -s "$n" "$here/$n" || fail "$n, seed $s: not mutated"
            "$inceptc" fmt "$n" && diff "$here/$n" "$n" || fail "$n, seed $s"
        done
    done ;;
wild)
    own_netdefs
    for n in $(nets); do
        for s in $(seq 1 "${FMT_SEEDS:-2}"); do
            mutate "$s" wild <"$here/$n" >"$n" && "$inceptc" fmt "$n" || fail "$n, seed $s"
            same_tokens "$here/$n" "$n"
            unchanged "$n"
        done
        case $n in */modules/*) continue ;; esac
        graph "$here/$n" >want && graph "$n" | diff want - || fail "$n: another graph"
    done ;;
random)
    for s in $(seq 1 200); do echo "$s"; done |
        xargs -I @ -P 2 sh -c '$0 "$1/tests/random/make_net.py" @ >@.net && "$2" @.net --dump=graph >@.graph && cp @.net @.was' $python "$here" "$inceptc" || exit 1
    "$inceptc" fmt --check ./*.net >changed && fail 'all are in the house form?'
    "$inceptc" fmt ./*.net && "$inceptc" fmt --check ./*.net || fail 'a second time it changes more'
    for s in $(seq 1 200); do graph "$s.net" | diff "$s.graph" - || fail "random net $s: another graph"; done
    cat ./*.was | mutate squeeze >1.txt && cat ./*.net | mutate squeeze | diff 1.txt - ;;
rules)
    cat >input.net <<'N'


net   t
   # above conventions
conventions caffe;param k=-1 range - 3 .. 4*( 2+k )  # what it is


input x 3x16x16
default conv{same   relu eps = 1e-5 init=xavier}
module m ( a,b = 2 ){
y=conv 1x1 ( a*2 + -b ) as first .second
# within
  z  =  concat{conv 1x1 a|
    conv 3x3  b
 ->
 maxpool 3x3
  # before the stroke
| ( conv 1x1 n
  -> conv 3x3 8)as q
  }
}
module n=
residual 0.1{
conv 1x1 in .c linear
}->relu

a=m( 1 ,
  2,b = 4 )
b = a->concat{
 conv 1x1 2
 |conv 1x1 3
 }:5x8x8
repeat 2   ( conv 1x1 3  same (8*1) ):8x8x8
repeat k( conv 1x1 3) -> pad( 1,-2 )
c = conv 1x1 8->
conv 1x1 8
   ->conv 1x1 4:4x16x16   # tail
                          # more tail
 # own
longer_than_all_others = conv 1x1 200 same relu bias = 0.2 -> conv 1x1 300 -> conv 1x1 400:400x16x16# far
d=table( 64, 9,128 ) : 1x2x3
e=table( 128 ,160,9):1x2x3
f=one(1,2,3,4)
output c
->softmax
expect params 1,
 macs 2
freeze a..b,"x*"  except c bn = batch
weights "a  #b"except c
data d{train=folder( "x" )
view=resize 32->
flip random
  -> mean( 1,2 ,3 )}
train{loss=xent( c )+0.3 * xent(a)
 opt=sgd( 0.1,momentum = 0.9)
# the rate
   epochs  =3
 }
variant v of "x"{
 param p=3- -2
default   conv{ bias = 2 }
delete a , b
insert after b ( conv 3x3 4 -> relu )
}


# the end
N
    cat >expected.net <<'N'
net t
# above conventions
conventions caffe; param k = -1 range -3 .. 4*(2 + k)   # what it is

input x 3x16x16
default conv { same relu eps=1e-5 init=xavier }
module m(a, b = 2) {
  y = conv 1x1 (a*2 + -b) as first.second
  # within
  z = concat { conv 1x1 a |
               conv 3x3 b
               ->
               maxpool 3x3
             # before the stroke
             | (conv 1x1 n
                -> conv 3x3 8) as q
             }
}
module n =
  residual 0.1 {
    conv 1x1 in.c linear
  } -> relu

a = m(1,
      2, b=4)
b = a -> concat {
  conv 1x1 2
  | conv 1x1 3
}                                  : 5x8x8
repeat 2 (conv 1x1 3 same (8*1))   : 8x8x8
repeat k (conv 1x1 3) -> pad(1, -2)
c = conv 1x1 8 ->
    conv 1x1 8
    -> conv 1x1 4                  : 4x16x16   # tail
                                               # more tail
# own
longer_than_all_others = conv 1x1 200 same relu bias=0.2 -> conv 1x1 300 -> conv 1x1 400   : 400x16x16   # far
d = table( 64,  9,128)             : 1x2x3
e = table(128,160,  9)             : 1x2x3
f = one(1, 2, 3, 4)
output c
       -> softmax
expect params 1,
  macs 2
freeze a .. b, "x*" except c bn=batch
weights "a  #b" except c
data d { train = folder("x")
  view = resize 32 ->
         flip random
         -> mean(1, 2, 3) }
train { loss = xent(c) + 0.3*xent(a)
  opt    = sgd(0.1, momentum=0.9)
  # the rate
  epochs = 3
}
variant v of "x" {
  param p = 3 - -2
  default conv { bias=2 }
  delete a, b
  insert after b (conv 3x3 4 -> relu)
}

# the end
N
    expect
    same_tokens input.net got.net ;;
edges) # CR LF, a byte-order mark, no newline at the end, tabs, characters two columns wide, nothing at all
    printf '\357\273\277net a\r\n\r\n\r\n# \303\244\r\nconventions  torch   # c\t \r\n\tinput x 3x8x8\r\nweights "\346\227\245" # wide\r\na=relu # \303\274' >input.net
    printf 'net a\n\n# \303\244\nconventions torch      # c\ninput x 3x8x8\nweights "\346\227\245"           # wide\na = relu               # \303\274\n' >expected.net
    sed -i 's/^weights "日" #/weights "日"          #/; s/^a=relu #/a=relu              #/' input.net
    printf 'conventions torch   # c\nweights "\346\227\245" # wide\n' >input.net
    printf 'conventions torch   # c\nweights "\346\227\245"        # wide\n' >expected.net
    expect
    printf '\357\273\277net a\r\n\r\n\r\n# \303\244  \r\nconventions  torch\t \r\n\tinput x 3x8x8\r\na=relu # \303\274' >input.net
    printf 'net a\n\n# \303\244\nconventions torch\ninput x 3x8x8\na = relu   # \303\274\n' >expected.net
    expect
    for text in '' '\n\n' ' \r\n\t'; do printf "$text" >input.net && : >expected.net && expect; done
    printf 'weights  "a\000 b" # c\000d\n' >input.net && printf 'weights "a\000 b"   # c\000d\n' >expected.net && expect # any byte
    printf '# only\n\n\n\n' >input.net && echo '# only' >expected.net && expect
    printf 'a = f(3x3 / 2, 3x3*2, n / 2)' >input.net && echo 'a = f(3x3 / 2, 3x3 * 2, n/2)' >expected.net && expect ;;
files) # in place by renaming, mode and links as they were, not touched when nothing changes; standard input and output
    printf 'net  a\n' >a.net && chmod 640 a.net && ln -s a.net link.net && printf 'net b\n' >b.net && touch -d 2001-01-01 b.net
    "$inceptc" fmt --check a.net b.net >out.txt
    [ $? -eq 1 ] && [ "$(cat out.txt)" = a.net ] && [ "$(cat a.net)" = 'net  a' ] || fail '--check'
    "$inceptc" fmt link.net b.net && [ "$(cat a.net)" = 'net a' ] && [ -L link.net ] && [ "$(stat -c %a a.net)" = 640 ] || fail 'in place'
    [ "$(stat -c %Y b.net)" = "$(date -d 2001-01-01 +%s)" ] || fail 'b.net was touched'
    "$inceptc" fmt --check a.net b.net || fail '--check of formatted files'
    [ "$(printf 'net  c' | "$inceptc" fmt -)" = 'net c' ] || fail 'standard input'
    [ "$(printf 'net  c' | "$inceptc" fmt --annotate - 2>&1 | head -n 1)" = '<stdin>:1:1: error: the net has no input: say '\''input image 3x224x224'\'', for example' ] || fail 'standard input, annotated'
    printf 'net  c\n' >c.net
    [ "$("$inceptc" fmt c.net -o -)" = 'net c' ] && "$inceptc" fmt c.net -o d.net && [ "$(cat d.net)" = 'net c' ] && [ "$(cat c.net)" = 'net  c' ] || fail '-o'
    "$inceptc" fmt b.net -o e.net && cmp b.net e.net || fail '-o of a formatted file'
    [ "$(ls)" = "$(printf 'a.net\nb.net\nc.net\nd.net\ne.net\nlink.net\nout.txt\n')" ] || fail 'a file was left' ;;
refused) # errors: all files stay as they are
    printf 'net  a\n' >a.net && printf 'net b\nconv 3x3 |\n' >b.net && printf 'net  c\n' >c.net
    code() { want=$1; shift; "$inceptc" fmt "$@" >out.txt 2>err.txt; [ $? -eq "$want" ] && [ ! -s out.txt ] || { cat out.txt err.txt; fail "not exit $want: $*"; }; }
    code 1 a.net b.net c.net
    grep -q "^b.net:2:10: error: .*'|'" err.txt && [ "$(cat a.net c.net)" = "$(printf 'net  a\nnet  c')" ] || { cat err.txt; fail 'a file with an error beside it was changed'; }
    code 3 a.net missing.net c.net
    [ "$(cat a.net)" = 'net  a' ] || fail 'changed, though another file is missing'
    code 3 .
    code 3 a.net -o nowhere/x.net
    code 3 a.net -o /dev/full
    "$inceptc" fmt a.net -o - >/dev/full 2>err.txt
    [ $? -eq 3 ] || fail 'a full disk'
    code 2
    code 2 a.net c.net -o x.net
    code 2 --check a.net -o x.net
    code 2 --annotate -D classes=2 a.net
    code 2 --sumary a.net
    head -c 100000 /dev/urandom >noise.net
    code 1 noise.net
    mkdir locked && cp a.net locked && chmod 555 locked
    [ "$(id -u)" = 0 ] || code 3 locked/a.net
    chmod 755 locked ;;
annotate) # without its shapes and totals, each network gets those that are committed
    own_netdefs
    for n in $(nets); do
        case $n in */modules/*) continue ;; esac
        $python - "$n" <<'P' || exit 1
import re, sys
text = open(sys.argv[1]).read()
text = re.sub(r' +: \d+x\d+x\d+', '', re.sub(r'(?m)^expect .*\n', '', text))
open(sys.argv[1], 'w').write(text)
P
        graph "$n" >want && "$inceptc" fmt --annotate "$n" && graph "$n" >got || fail "$n"
        grep -v '^expect' want | sed 's/ *$//' >1 && grep -v '^expect' got | sed 's/ *$//' | diff 1 - || fail "$n: another graph"
        $python - "$here/$n" "$n" <<'P' || fail "$n"
import re, sys
def read(path):
    text = open(path).read()
    shapes = [m.groups() for m in re.finditer(r'(?m)^(.*\S) +: (\d+x\d+x\d+)', text)]
    return {re.sub(r'[\s]+', '', code): shape for code, shape in shapes}, ''.join(re.findall(r'(?m)^expect (.*)', text)).split(', ')
(want, totals), (got, own) = read(sys.argv[1]), read(sys.argv[2])
assert all(got.get(code) == shape for code, shape in want.items()), (want, got)
assert own[:2] == [t for t in totals if t.startswith(('params', 'macs'))] or len(totals) < 2, (totals, own)
assert totals == [''] or set(own[2:]) == {t for t in totals if t.startswith('aux_params')}, (totals, own)
P
        "$inceptc" fmt --annotate --check "$n" || fail "$n: a second time it adds more"
    done ;;
added)
    printf 'net a\r\nconventions torch\nparam classes = 10\ninput x 3x8x8\nconv 3x3 8 same # kept\nstem = conv 3x3/2 4\n  -> conv 1x1 6 : 6x3x3\nside = stem -> fc classes\nz = stem -> conv 1x1 9\nflat = globalavgpool -> fc classes # out\noutput flat -> softmax # last' >input.net
    cat >expected.net <<'N'
net a
conventions torch
param classes = 10
input x 3x8x8
conv 3x3 8 same          : 8x8x8     # kept
stem = conv 3x3/2 4
       -> conv 1x1 6     : 6x3x3
side = stem -> fc classes
z = stem -> conv 1x1 9   : 9x3x3
flat = globalavgpool -> fc classes   # out
output flat -> softmax               # last
expect params 616, macs 16692, aux_params 613
N
    expect --annotate
    "$inceptc" fmt --annotate --check got.net && "$inceptc" got.net -D classes=3 --dump=graph >out.txt || fail 'other classes'
    sed 's/9x3x3/9x3x4/' got.net >wrong.net && cp wrong.net was.net
    "$inceptc" fmt --annotate wrong.net 2>err.txt
    [ $? -eq 1 ] && cmp wrong.net was.net && grep -q 'wrong.net:9:.* z is declared 9x3x4, but it is 9x3x3' err.txt || { cat err.txt; fail 'a wrong shape'; }
    printf 'module m = conv 1x1 2\n' >m.net
    "$inceptc" fmt --annotate m.net 2>err.txt
    [ $? -eq 1 ] && grep -q "m.net:1:1: error: the file has no 'net NAME'" err.txt || fail 'a file of modules has no shapes'
    "$inceptc" fmt m.net ;;
esac
