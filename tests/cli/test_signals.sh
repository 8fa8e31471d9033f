#!/bin/sh
# SIGTERM when a call on a file has just been made, for each kind of call on each file (train/io_faults.c): temporary files are gone.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo c program picture onnx sweep init; exit 0; }
[ "$(uname -m)" = x86_64 ] || { echo "not tested: io_faults.c knows the registers of x86-64 only"; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp" "$work/log" && cd "$work" || exit 1
export ASAN_OPTIONS=detect_leaks=0 # no leak checker where ptrace is
inceptc=$here/build/inceptc
printf 'net n\nconventions torch\nparam k = 1\ninput x 3x8x8\noutput conv 3x3 k -> fc 2\n' >n.net
# with FAULT N COMMAND...: its exit status; the calls are in log/calls, what it says in log/said.
with() { fault=$1 n=$2; shift 2; "$here/build/io_faults" log/calls "$fault" "$n" "$@" >log/said 2>&1; }
# interrupted COMMAND...
interrupted() {
    with none 0 "$@" || { cat log/said; exit 1; }
    sed 's/inceptc-\([a-z]*\)-[A-Za-z0-9]*/inceptc-\1/; s/\.tmp\.[0-9]*/.tmp/; s/net[0-9]*/net/' log/calls | awk '!seen[$2 " " $3]++ { print $1 }' >log/places
    grep -q create log/calls || { echo 'no file is made'; exit 1; }
    while read -r n; do
        rm -f out*
        with TERM "$n" "$@"
        got=$?
        left=$(ls tmp; ls | grep '\.tmp\.')
        [ $got = 143 ] && [ -z "$left" ] || { echo "exit $got; left behind after '$(sed -n "${n}p" log/calls)': $left"; cat log/said; exit 1; }
    done <log/places
}
printf '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nrm -f "$2" && cp "%s/made" "$2"\n' "$work" >cc # a C compiler of little work
printf '#!/bin/sh\necho '"'"'"median_seconds": 0.001,'"'"'\n' >made
chmod +x cc made
export TMPDIR=$work/tmp
case $1 in
c) interrupted "$inceptc" n.net --target plain -o out.c ;;
program) interrupted "$inceptc" n.net --target plain --cc "$work/cc" -o out ;;
picture) interrupted "$inceptc" n.net -o out.svg ;;
onnx) interrupted "$inceptc" n.net --seed 1 -o out.onnx ;;
sweep) # twenty programs: more than a list of fixed size might hold
    interrupted "$inceptc" sweep n.net -D k=1..20 --measure --target plain --cc "$work/cc" -o out.csv ;;
init) "$inceptc" n.net --target plain -o n && interrupted ./n init --seed 1 -o out.safetensors ;;
esac
