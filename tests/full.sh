#!/bin/sh
# full.sh [PATTERN]: the whole matrix, or the cases that match: 200 random networks by gcc and by clang and every network, each pass
# left out in turn; three steps of training of 200 random networks ("train 17"); every
# call on files of a training failing or its last ("faults"). JOBS cases at a time (default: one a processor); the last line is "N passed, N failed".
# EACH= (empty) makes no turns without a pass: every level, target and a forced form of 200 random networks in half an hour.
cd "$(dirname "$0")/.." || exit 1
cases() {
    for n in netdefs/*.net; do echo "nets $(basename "$n" .net)"; done
    for s in $(seq 1 200); do echo "random $s gcc"; echo "random $s clang"; done
    for s in $(seq 1 200); do echo "train $s"; done
    for c in $(sh tests/train/test_faults.sh --list); do echo "faults $c"; done
}
one='log=$(mktemp)
case $1 in
nets) sh tests/nets/test_nets.sh "$2" ${EACH-each} ;;
train) sh tests/train/run_net.sh "$2" ;;
faults) sh tests/train/test_faults.sh "$2" all ;;
*) sh tests/random/run_net.sh "$2" "$3" ${EACH-each} ;;
esac >"$log" 2>&1 && echo "ok      $*" || { echo "FAILED  $*"; tail -n 60 "$log"; }
rm -f "$log"'
results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
cases | grep -e "${1:-.}" | xargs -L 1 -P "${JOBS:-$(nproc)}" sh -c "$one" case | tee "$results"
failed=$(grep -c '^FAILED  ' "$results")
echo "$(grep -c '^ok ' "$results") passed, $failed failed"
[ "$failed" -eq 0 ]
