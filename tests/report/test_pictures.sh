#!/bin/sh
# -o FILE.dot and FILE.svg through Graphviz; FILE.html: well formed, nothing to fetch, every layer once, all advice; tests/peers/page_peers.py opens it in Chromium.
[ "$1" = --list ] && { echo dot page advice measured mistakes; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" && /usr/bin/python3 "$here/tests/report/pictures.py" "$1" "$here"
