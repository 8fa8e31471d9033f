#!/bin/sh
# -###: the C compiler's command as a line for a shell, with the words of -v, of which each is what the C compiler gets; nothing is run.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo pasted runs; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
printf 'net n\nconventions torch\ninput x 3x8x8\noutput conv 3x3 4 -> fc 2\n' >n.net
words() { sed 's/inceptc-build-[A-Za-z0-9]*/inceptc-TEMPORARY/g; s/\.tmp\.[0-9]*/.tmp.PID/g' "$1"; } # names that differ each time
case $1 in
pasted)
    printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s/got"\nexec gcc "$@"\n' "$work" >record && chmod +x record
    mkdir "tmp it's \$HOME \"q\"" && export TMPDIR="$work/tmp it's \$HOME \"q\""
    for extra in '' -v; do
        rm -f got
        "$inceptc" n.net --target plain --cc "$work/record" $extra -o "a b's;*.o" 2>line.v || { cat line.v; exit 1; }
        words got >want
    done
    [ -s "a b's;*.o" ] && rm got "a b's;*.o"
    "$inceptc" n.net --target plain --cc "$work/record" -### -o "a b's;*.o" 2>line || exit 1
    [ ! -e got ] && [ ! -e "a b's;*.o" ] && [ "$(wc -l <line)" = 1 ] || { echo 'something was run'; cat line; exit 1; }
    sh line 2>gcc.txt # its file of C is gone
    words got | diff want - && words line >1 && words line.v | diff 1 - ;;
runs) # plain words stay plain, and the line makes the program where its C file is there
    "$inceptc" n.net --target plain -o n.c && "$inceptc" n.net --target plain --cc 'gcc -DX' -o n -### 2>line || exit 1
    grep -q "^gcc -DX -std=gnu11 " line && ! grep -q "['\"\\\\]" line || { cat line; exit 1; }
    sed "s#/[^ ]*/inceptc-build-[A-Za-z0-9]*/n.c#$work/n.c#; s#-I/[^ ]*/inceptc-build-[A-Za-z0-9]*#-I$work#" line >mine && sh mine && ./n.tmp.* info | grep -q '^network *n$' ;;
esac
