#!/bin/sh
# Hostile weights files of every format.
#   table   malformed ones: all refused, with the message of the rule they break; no sanitizer report
#   large   20 MB whose pickles ask for much more: refused within 10 s and the file's size + 100 MB of memory
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here" || exit 1
[ "$1" = --list ] && { echo table large; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

check_table() {
    mkdir "$work/good" "$work/bad" && /usr/bin/python3 tests/formats/make_torch.py "$work/good" && /usr/bin/python3 tests/formats/make_malformed.py "$work/bad" || exit 1
    build/check_malformed "$work/bad" "$work"/good/small*
}

# refused NAME PYTHON_BYTES: the opcodes of a data.pkl.
refused() {
    /usr/bin/python3 -c "
import sys; sys.path.insert(0, 'tests/formats'); import make_torch as mt, numpy as np
open(sys.argv[1], 'wb').write(mt.zip_file((b'\x80\2' + eval(sys.argv[2]), [mt.Storage(np.zeros(2, '<f4'))])))" "$work/$1.pth" "$2" || exit 1
    (ulimit -v 130000; timeout 10 build/tensor_tool "$work/$1.pth" /dev/null 2>"$work/err")
    code=$?
    [ $code -eq 1 ] && grep -q 'byte [0-9]*: data.pkl byte' "$work/err" || { echo "$1: exit $code"; cat "$work/err"; failed=1; }
}

check_large() {
    failed=0 n=20000000
    refused lists "b']' * $n"
    refused marks "b'(' * $n"
    refused copies "b'}' + b'2' * $n"
    refused memo "b'}' + b'\x94' * $n"
    refused tuples "b'N' + b'\x85' * $n"
    refused sharing "b'N\x85q\0' + b'(h\0h\0h\0h\0tq\0' * ($n // 12)"
    refused mapping "b'ccollections\nOrderedDict\nq\1](]NaNaq\2' + b'h\2' * ($n // 100) + b'eq\0' + b'0h\1h\0\x85R' * ($n // 10)"
    refused globals "b'ctorch\nSize\n0' * ($n // 13)"
    return $failed
}
"check_$1"
