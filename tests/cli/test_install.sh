#!/bin/sh
# `make install` into a folder that is then moved: what lies there works by itself, and `make uninstall` leaves nothing of it.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo program embed shells datadir uninstall; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
fail() { echo "$*"; exit 1; }
# A page or program older than its source is made first, by one test at a time.
make_in() { flock "$here/build/install.lock" make -s -C "$here" "$@" >"$work/said" 2>&1 || fail "make $*: $(cat "$work/said")"; }
# installs OPTIONS...: into "$work/first", moved to $dest, a name with a space. Nothing of the checkout may be named from there.
dest="$work/the place"
installs() {
    make_in install DESTDIR="$work/first" "$@"
    mv "$work/first" "$dest" || exit 1
    if find "$dest" -type l -exec readlink {} + | grep '^/'; then fail 'a link leads out'; fi
}
cat >"$work/t.net" <<'N'
net t
conventions torch
input x 3x8x8
a = concat { conv 1x1 4 relu | conv 1x1 4 relu -> conv 3x3 4 same relu }
logits = globalavgpool -> fc 5
output logits -> softmax
N
cd "$work" || exit 1

case $1 in
program)
    installs
    inceptc=$dest/usr/local/bin/inceptc
    "$inceptc" --version -v | grep -qx "Runtime and netdefs: $dest/usr/local/share/inceptc" || fail "$("$inceptc" --version -v)"
    "$inceptc" "$dest/usr/local/share/inceptc/netdefs/fashion.net" --target=plain --cc 'cc -O0' -v -o fashion 2>command || fail "$(cat command)"
    if grep -F "$here" command; then fail 'it builds from the checkout'; fi
    ./fashion init --seed 1 -o w.safetensors && ./fashion info | grep -q '^network  *fashion' || fail 'the program does not run'
    "$inceptc" t.net --target=plain --cc 'cc -O0' --static --no-images -v -o small 2>command || fail "$(cat command)"
    if grep -F "$here" command; then fail 'it builds from the checkout'; fi
    ./small selftest >out || fail "$(cat out)"
    "$inceptc" weights import w.safetensors --names slim_inception_v1 -o x.safetensors 2>err || true
    if grep 'slim_inception_v1.map' err; then fail 'maps of names are not found'; fi
    ;;
embed)
    # The program of docs/generated-code.md, by the flags of pkg-config alone.
    installs PREFIX=/usr
    "$dest/usr/bin/inceptc" t.net --target=plain -o t.c || exit 1
    "$dest/usr/bin/inceptc" weights init t.net --seed 1 -o t.safetensors >out || fail "$(cat out)"
    sed -n '/^```c main.c/,/^```$/p' "$here/docs/generated-code.md" | sed '/^```/d' >main.c
    mv "$dest" moved # pkg-config's lines are words for a shell
    export PKG_CONFIG_LIBDIR="$work/moved/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/moved"
    flags=$(pkg-config --cflags inceptc) && libs=$(pkg-config --static --libs inceptc) || fail 'pkg-config'
    case "$flags $libs" in *"-I$work/moved/usr/include/inceptrt"*"-L$work/moved/usr/lib -linceptrt -lm -lpthread"*) ;; *) fail "$flags $libs" ;; esac
    [ "$(pkg-config --modversion inceptc)" = "$(moved/usr/bin/inceptc --version | sed -n '1s/inceptc //p')" ] || fail 'another version'
    cc -O1 -ffp-contract=off $flags main.c t.c $libs -o main || exit 1
    [ "$(./main t.safetensors)" = 'the probabilities add up to 1.000' ] || fail 'the embedded network does not run'
    printf '#include <t.h>\nint main() { return rt_target_runs_here(RT_TARGET_PLAIN) ? 0 : 1; }\n' >cxx.cc
    ! command -v g++ >/dev/null || { g++ -I. $flags cxx.cc $libs -o cxx && ./cxx; } || fail 'C++'
    ;;
shells)
    # Each shell finds its completion where it looks for those of others; man finds the pages.
    installs PREFIX=/usr
    share=$dest/usr/share
    XDG_DATA_DIRS=$share bash --norc -c '. /usr/share/bash-completion/bash_completion; _completion_loader inceptc; complete -p inceptc' >out 2>&1
    grep -q 'complete -F _inceptc inceptc' out || fail "bash: $(cat out)"
    zsh -fc 'fpath=("$1" $fpath); autoload -U compinit; compinit -D -u; echo $_comps[inceptc]' \
        zsh "$share/zsh/site-functions" | grep -qx _inceptc || fail 'zsh does not find it'
    XDG_DATA_DIRS=$share HOME=$work PATH="$dest/usr/bin:$PATH" fish --no-config -c 'set -p fish_complete_path $argv[1]; complete -C "inceptc summ"' \
        "$share/fish/vendor_completions.d" >out 2>&1
    grep -q '^summary' out || fail "fish: $(cat out)"
    for p in man1/inceptc.1 man5/inceptc-net.5 man3/inceptrt.3; do mandoc -Tlint -W warning "$share/man/$p" || fail "$p"; done
    ;;
datadir)
    # A datadir of its own: the compiler's files and the places of everything else go where they were told to.
    installs PREFIX=/opt/x bindir=/opt/x/programs libdir=/opt/x/lib64 mandir=/opt/man
    for f in opt/x/programs/inceptc opt/x/lib64/libinceptrt.a opt/x/lib64/pkgconfig/inceptc.pc \
        opt/man/man1/inceptc.1 opt/x/share/inceptc/netdefs/googlenet.net; do
        [ -s "$dest/$f" ] || fail "no $f"
    done
    "$dest/opt/x/programs/inceptc" t.net --target=plain --cc 'cc -O0' -o t && ./t info >out || fail 'it does not find its library'
    grep -qx 'libdir=/opt/x/lib64' "$dest/opt/x/lib64/pkgconfig/inceptc.pc" || fail "$(cat "$dest"/opt/x/lib64/pkgconfig/inceptc.pc)"
    # Where the program's own place does not lead to them, inceptc looks where the Makefile was told that they go.
    data=$dest/opt/x/share/inceptc
    printf '#include "home.h"\n#include <stdio.h>\nint main(void) { puts(home_dir(arena_new())); return 0; }\n' >where.c
    cc -std=gnu11 -D_GNU_SOURCE -I"$here/compiler" -DINCEPTC_DATADIR="\"$data\"" -o where \
        where.c "$here/compiler/home.c" "$here/build/libinceptc.a" || exit 1
    [ "$(./where)" = "$data" ] || fail "inceptc looks in $(./where)"
    ;;
uninstall)
    # What others put there stays.
    mkdir -p other/usr/local/share/inceptc other/usr/local/bin && touch other/usr/local/share/inceptc/mine other/usr/local/bin/tool
    find other | sort >before
    for i in 1 2; do make_in install DESTDIR="$work/other"; done
    [ "$(find other ! -type d | wc -l)" -gt 40 ] || fail 'too few files'
    make_in uninstall DESTDIR="$work/other"
    [ "$(find other ! -type d | sort | tr '\n' ' ')" = 'other/usr/local/bin/tool other/usr/local/share/inceptc/mine ' ] || fail "left: $(find other ! -type d)"
    [ "$(find other -iname '*incept*')" = other/usr/local/share/inceptc ] || fail 'folders are left'
    make_in uninstall DESTDIR="$work/other"
    ;;
*) fail "no case $1" ;;
esac
