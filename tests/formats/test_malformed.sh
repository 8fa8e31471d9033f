#!/bin/sh
# Malformed weights files of every format: all refused, with the message of the rule they break; no sanitizer report.
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here" || exit 1
[ "$1" = --list ] && { echo table; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/good" "$work/bad" && /usr/bin/python3 tests/formats/make_torch.py "$work/good" && /usr/bin/python3 tests/formats/make_malformed.py "$work/bad" || exit 1
build/check_malformed "$work/bad" "$work"/good/small*
