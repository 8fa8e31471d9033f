#!/bin/sh
# ablation.sh [NET...]: each technique off, one at a time, at batch 1; writes the tables of docs/ablation.md. FOLDER=... keeps the programs.
here=$(cd "$(dirname "$0")/.." && pwd)
work=${FOLDER:-$(mktemp -d)} || exit 1
[ "$FOLDER" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"
nets=${*:-googlenet_tv inception_v3}
[ -f "$work/built" ] || /usr/bin/python3 "$here/bench/ablation.py" build "$work" $nets || exit 1
[ "$BUILD_ONLY" ] || /usr/bin/python3 "$here/bench/ablation.py" measure "$work" $nets
