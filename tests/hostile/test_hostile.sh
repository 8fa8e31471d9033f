#!/bin/sh
# Input meant to hurt: a message, the right exit code, within 2 seconds (of the processor's time) and 512 MB, and no output left behind or overwritten.
[ "$1" = --list ] && { echo missing directory unreadable empty binary long_line deep layers lines newlines utf8 recursion variants overflow \
    arguments full_disk directory_output no_folder limit interrupt keeps_output json colour weights_other weights_truncated not_a_picture; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
fail() { echo "$*"; echo "--- it said:"; head -c 600 err.txt; exit 1; }
# refuse CODE PATTERN ARGUMENT...: inceptc must exit with CODE, say PATTERN and leave no out.c, out.h or temporary beside them.
refuse() {
    code=$1 pattern=$2
    shift 2
    (ulimit -v 524288; ulimit -t 2; TMPDIR=$work/tmp timeout 20 "$inceptc" "$@" >out.txt 2>err.txt)
    got=$?
    [ $got -eq "$code" ] || fail "exit $got instead of $code: inceptc $*"
    grep -q -- "$pattern" err.txt || fail "'$pattern' is not in the message of: inceptc $*"
    [ -z "$(ls -A tmp)" ] || fail "left in TMPDIR: $(ls tmp)"
    for f in out*; do case $f in out.txt | 'out*') ;; *) [ -n "$kept" ] || fail "left behind: $f" ;; esac; done
}
mkdir tmp
head='net t\nconventions torch\ninput x 3x8x8\n'
case $1 in
missing) refuse 3 "cannot read 'no.net': No such file" no.net -o out.c ;;
directory) refuse 3 'it is a directory' . -o out.c ;;
unreadable) refuse 3 'cannot be read to its end\|Permission denied\|Input/output' /proc/self/mem -o out.c ;;
empty) : >e.net; refuse 1 "e.net:1:1: error: the file has no 'net NAME'" e.net -o out.c ;;
binary) head -c 100000 /bin/sh >b.net; refuse 1 'b.net:1:1: error' b.net -o out.c ;;
long_line)
    head -c 100000000 /dev/zero | tr '\0' a >l.net
    refuse 1 'l.net' l.net -o out.c
    { printf "$head"; printf 'a = conv 3x3 4'; head -c 15000000 /dev/zero | tr '\0' ' '; printf '\noutput a\n'; } >m.net
    (ulimit -v 524288; timeout 2 "$inceptc" m.net --target=plain -o ok.c) || fail "15 MB of blanks in a line are no mistake" ;;
deep)
    for open in '(' 'concat { ' 'residual { '; do
        { printf "$head"'a = '; yes "$open" | head -n 100000 | tr -d '\n'; } >d.net
        refuse 1 'd.net:4:[0-9]*: error: brackets are nested deeper than 200' d.net -o out.c
    done
    { printf "$head"'a = conv 3x3 ('; yes -- '-' | head -n 100000 | tr -d '\n'; printf '1)\noutput a\n'; } >n.net
    refuse 1 'n.net:4' n.net -o out.c
    { printf "$head"'a = conv 3x3 ('; yes -- '1+' | head -n 100000 | tr -d '\n'; printf '1)\noutput a\n'; } >s.net
    refuse 1 's.net:4' s.net -o out.c ;;
layers)
    { printf "$head"'a = repeat 1000000 conv 1x1 3\noutput a\n'; } >r.net
    refuse 1 'r.net:4:[0-9]*: error: repeat needs a whole number from 1 to 100000' r.net -o out.c
    { printf "$head"'module m = repeat 1000 conv 1x1 3\na = repeat 1000 m\noutput a\n'; } >n.net
    refuse 1 'n.net:4:[0-9]*: error: the network has more than 100000 layers' n.net -o out.c
    { printf "$head"; yes 'conv 1x1 3' | head -n 1000000; echo 'output x'; } >t.net
    refuse 1 'more than 200000 statements' t.net -o out.c ;;
lines) { printf "$head"; yes 'conv 1x1 0' | head -n 1000000; } >t.net; refuse 1 't.net:[0-9]*:1: error: the file has more than 200000 statements' t.net -o out.c ;;
newlines) { printf "$head"'a = x'; yes '' | head -n 15000000; echo '-> conv 3x3 0'; } >t.net; refuse 1 'conv has 0 channels' t.net -o out.c ;;
utf8) printf "$head"'\303\251t\303\251 = conv 3x3 4\noutput a\n' >t.net; refuse 1 't.net:4:1: error' t.net -o out.c ;;
recursion)
    printf "$head"'module a = b\nmodule b = a\nc = a\noutput c\n' >m.net; refuse 1 "module 'a' uses itself" m.net -o out.c
    printf 'include "j.net"\n' >i.net; printf 'include "i.net"\n' >j.net; refuse 1 'includes itself' i.net -o out.c ;;
variants)
    printf 'variant a of "b.net" { param n = 2 }\n' >a.net; printf 'variant b of "a.net" { param n = 2 }\n' >b.net
    refuse 1 'is a variant of itself' a.net -o out.c ;;
overflow)
    printf 'net t\nconventions torch\ninput x 3x1048576x1048576\na = conv 3x3 4\noutput a\n' >o.net; refuse 1 'more than 2147483647 elements' o.net -o out.c
    printf 'net t\nconventions torch\ninput x 3x2000x2000\na = conv 1x1 16000000\noutput a\n' >p.net; refuse 1 'more than 2147483647 elements' p.net -o out.c
    printf 'net t\nconventions torch\ninput x 3x99999999999999999999x8\na = conv 1x1 1\noutput a\n' >q.net; refuse 1 'q.net:3' q.net -o out.c ;;
arguments)
    refuse 2 'no input file'
    refuse 2 "unknown option '--targte'; did you mean '--target'" --targte plain "$here/netdefs/googlenet.net" -o out.c
    refuse 2 "there is no target 'pain'; did you mean 'plain'" "$here/netdefs/googlenet.net" --target=pain -o out.c
    refuse 2 "option '-o' wants FILE" "$here/netdefs/googlenet.net" -o
    refuse 2 "'$here/netdefs/googlenet.net' has no errors, but nothing is asked for: say -o FILE" "$here/netdefs/googlenet.net"
    printf "$head"'a = conv 3x3 0\noutput a\n' >t.net # what is wrong in the text comes first, as from cc
    refuse 1 't.net:4:5: error: conv has 0 channels' t.net
    ! grep -q 'nothing is asked for' err.txt || fail 'a text with errors is told to be asked for nothing'
    refuse 1 'Werror=design' "$here/netdefs/googlenet.net" -W error=design
    refuse 3 'No such file' no.net
    refuse 2 "option '-o' wants FILE" "$here/netdefs/googlenet.net" -o ''
    refuse 2 'seed wants a number from 0' run "$here/netdefs/googlenet.net" "$here/demo/cat.png" --seed -1
    refuse 2 "no command 'runn'; did you mean 'run'" runn "$here/netdefs/googlenet.net" "$here/demo/cat.png"
    refuse 1 "no parameter 'clases'; did you mean 'classes'" "$here/netdefs/googlenet.net" -D clases=2 -o out.c
    refuse 2 'wants NAME=VALUE' "$here/netdefs/googlenet.net" -D classes -o out.c ;;
full_disk)
    "$inceptc" "$here/netdefs/googlenet.net" --target=plain -o - >/dev/full 2>err.txt
    [ $? -eq 3 ] && grep -q 'No space left on device' err.txt || fail 'standard output on a full disk' ;;
directory_output)
    mkdir d.c; refuse 3 'd.c' "$here/netdefs/googlenet.net" -o d.c; [ -d d.c ] || fail 'the directory is gone'
    mkdir d; refuse 3 "output 'd' is a directory" "$here/netdefs/googlenet.net" -o d
    refuse 3 "output '/dev/full' is no regular file" "$here/netdefs/googlenet.net" -o /dev/full; [ -c /dev/full ] || fail 'the device is gone' ;;
no_folder)
    refuse 3 "No such file or directory" "$here/netdefs/googlenet.net" -o nowhere/out.c
    refuse 3 "nowhere/out: cannot write: No such file or directory" "$here/netdefs/googlenet.net" -o nowhere/out ;;
limit) # a file may grow to 8 KB only: what a full disk does in the middle of writing
    (ulimit -f 16; trap '' XFSZ; timeout 2 "$inceptc" "$here/netdefs/googlenet.net" -o out.c 2>err.txt)
    [ $? -eq 3 ] && grep -q 'File too large' err.txt || fail 'a write that fails half-way'
    [ -z "$(ls | grep '^out')" ] || fail "left behind: $(ls)" ;;
interrupt)
    printf '#!/bin/sh\necho x >>calls\nexec sleep 5\n' >slowcc; chmod +x slowcc
    for signal in INT TERM HUP QUIT PIPE; do
        # a shell's background jobs ignore SIGINT; env gives it back
        TMPDIR=$work/tmp env --default-signal=INT,TERM,HUP,QUIT,PIPE "$inceptc" "$here/netdefs/googlenet.net" --cc "$work/slowcc" -o out 2>err.txt &
        pid=$!
        for i in 1 2 3 4 5 6 7 8 9 10; do [ -f calls ] && break; sleep 0.1; done
        rm -f calls
        kill -$signal $pid
        wait $pid
        got=$?
        [ $got -gt 128 ] || fail "exit $got after SIG$signal"
        [ -z "$(ls -A tmp)" ] || fail "left in TMPDIR after SIG$signal: $(ls tmp)"
        [ -z "$(ls | grep '^out')" ] || fail "left behind: $(ls)"
    done ;;
keeps_output)
    kept=1
    echo precious >out.c; echo precious >out.h; echo precious >out
    printf "$head"'a = conv 3x3 0\noutput a\n' >t.net
    refuse 1 'conv has 0 channels' t.net -o out.c
    refuse 1 'conv has 0 channels' t.net -o out
    refuse 3 "'/bin/false' failed" "$here/netdefs/googlenet.net" --cc /bin/false -o out
    for f in out.c out.h out; do [ "$(cat $f)" = precious ] || fail "$f was overwritten"; done ;;
json)
    printf "$head"'a = conv 3x3 0\nb = lrm\noutput a\n' >t.net
    "$inceptc" t.net -fdiagnostics-format=json -o out.c 2>err.txt
    [ $? -eq 1 ] || fail 'exit code with JSON'
    /usr/bin/python3 -c "
import json
d = json.load(open('err.txt'))
print(d)
assert len(d) == 2 and all(x['kind'] == 'error' for x in d)
at = d[0]['locations'][0]['caret']
assert (at['file'], at['line'], at['column']) == ('t.net', 4, 5), at
assert 'lrn' in d[1]['message']" || fail 'the JSON'
    for f in "$here"/tests/diag/*.net no.net .; do # and what is no mistake in a text
        "$inceptc" "$f" -fdiagnostics-format=json -o nowhere/out 2>err.txt
        /usr/bin/python3 -c "import json; assert json.load(open('err.txt', encoding='utf-8'))" || fail "no JSON for $f"
    done
    "$inceptc" "$here/netdefs/googlenet.net" -fdiagnostics-format=json -o nowhere/out 2>err.txt
    /usr/bin/python3 -c "import json; assert 'nowhere/out' in json.load(open('err.txt'))[0]['message']" || fail 'no JSON for an output' ;;
colour) # on a terminal only, and not where NO_COLOR or a dumb one asks for none
    printf "$head"'a = conv 3x3 0\noutput a\n' >t.net
    /usr/bin/python3 - "$inceptc" <<'P' || fail colour
import os, pty, subprocess, sys
def said(terminal, **more):
    env = {**{k: v for k, v in os.environ.items() if k != 'NO_COLOR'}, 'TERM': 'xterm', **more}
    ours, theirs = pty.openpty() if terminal else os.pipe2(os.O_DIRECT)
    inceptc = subprocess.Popen([sys.argv[1], 't.net', '-o', 'out.c'], stderr=theirs, env=env)
    os.close(theirs)
    text = b''.join(read(ours, terminal))
    os.close(ours)
    inceptc.wait()
    return text
def read(ours, terminal):
    try:
        while part := os.read(ours, 4096):
            yield part
            if not terminal:
                break # one read of such a pipe is one write: a message goes out whole, so that two programs' do not mix
    except OSError: # a terminal's end
        pass
assert b'\033[' in said(True), 'no colour on a terminal'
for text in said(False), said(True, NO_COLOR='1'), said(True, TERM='dumb'):
    assert b'error' in text and text.rstrip().endswith(b'^~~~~~~~~~') and b'\033' not in text, text
P
    ;;
weights_* | not_a_picture)
    printf "$head"'a = conv 3x3 4\nlogits = globalavgpool -> fc 5\noutput logits -> softmax\n' >t.net
    printf "$head"'a = conv 3x3 6\nlogits = globalavgpool -> fc 5\noutput logits -> softmax\n' >u.net
    "$inceptc" t.net --target=plain -o t && "$inceptc" u.net --target=plain -o u && ./u init --seed 1 -o u.safetensors >out.txt || exit 1
    ./t init --seed 1 -o t.safetensors >out.txt || exit 1
    case $1 in
    weights_other) w=u.safetensors picture=$here/demo/cat.png pattern="tensor 'a.weight' is .6, 3, 3, 3., but network 't' needs .4, 3, 3, 3." ;;
    weights_truncated) head -c 500 t.safetensors >w.safetensors; w=w.safetensors picture=$here/demo/cat.png pattern='w.safetensors' ;;
    *) w=t.safetensors picture=t.net pattern='t.net' ;;
    esac
    timeout 2 ./t predict "$picture" --weights $w >out.txt 2>err.txt
    [ $? -eq 1 ] && grep -q "$pattern" err.txt || fail "$1" ;;
esac
