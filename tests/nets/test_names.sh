#!/bin/sh
# Names and shapes of parameters equal the public checkpoints'.
here=$(cd "$(dirname "$0")/../.." && pwd)
tables=$here/../shared/reference/state-dicts
[ "$1" = --list ] && { echo "googlenet:googlenet_tv inception_v3:inception_v3 inception_v4:inception_v4 inception_resnet_v1:inception_resnet_v1_facenet inception_resnet_v2:inception_resnet_v2"; exit 0; }
table=$tables/${1%%:*}.tsv net=${1##*:}
[ -f "$table" ] || { echo "the reference table $table is missing"; exit 1; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
grep -v num_batches_tracked "$table" | sed 's/,/x/g' | tr '\t' ' ' | sort >"$work/want"
"$here/build/inceptc" "$here/netdefs/$net.net" --dump=graph | awk '$1 == "weight" { print $2, $3 }' | sort >"$work/got"
[ -s "$work/got" ] && diff "$work/want" "$work/got"
