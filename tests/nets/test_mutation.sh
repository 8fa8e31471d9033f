#!/bin/sh
# A change of any one width or kernel of a convolution or fully connected layer makes a netdef's `expect` fail.
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$1" = --list ]; then
    for n in "$here"/netdefs/*.net; do basename "$n" .net; done
    exit 0
fi
exec /usr/bin/python3 "$here/tests/nets/mutate.py" "$here/build/inceptc" "$here/netdefs/$1.net"
