#!/bin/sh
# Runs every test, JOBS at a time (default: one a processor); the last line is "N passed, N failed".
cd "$(dirname "$0")/.." || exit 1
cases() {
    for t in tests/*/test_*.sh; do
        for c in $(sh "$t" --list); do echo "$(basename "$t" .sh | sed s/test_//)/$c sh $t $c"; done
    done
    for t in runtime safetensors npy graph kernels; do echo "$t build/test_$t"; done
    echo "program sh tests/runtime/program.sh build/tiny"
}
# NAME COMMAND...: one test; its output is shown when it fails.
one='name=$1
shift
log=$(mktemp)
if "$@" >"$log" 2>&1; then
    echo "ok      $name"
else
    { echo "FAILED  $name"; tail -n 40 "$log"; } >"$log.said"
    cat "$log.said"
    rm -f "$log.said"
fi
rm -f "$log"'
results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
cases | xargs -L 1 -P "${JOBS:-$(nproc)}" sh -c "$one" test | tee "$results"
failed=$(grep -c '^FAILED  ' "$results")
passed=$(grep -c '^ok ' "$results")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -eq "$(cases | wc -l)" ]
