#!/bin/sh
# run.sh [PATTERN]: every test, or those whose names match. JOBS at a time (default: one a processor); what a failed one said is
# shown. The last line is "N passed, N failed".
cd "$(dirname "$0")/.." || exit 1
tests() { # name and command, a line each; units first, for one of them takes minutes and would be alone at the end
    for t in build/unit_*; do echo "$(basename "$t" | sed s/unit_//) $t"; done
    for t in tests/*/test_*.sh; do
        for c in $(sh "$t" --list); do echo "$(basename "$t" .sh | sed s/test_//)/$c sh $t $c"; done
    done
    echo 'program sh tests/runtime/program.sh build/tiny'
}
one='name=$1
shift
log=$(mktemp)
if "$@" >"$log" 2>&1; then text="ok      $name"; else text="FAILED  $name
$(tail -n 40 "$log" | sed "s/^/| /")"; fi
printf "%s\n" "$text"
rm -f "$log"'
results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
tests | grep -e "${1:-.}" | xargs -L 1 -P "${JOBS:-$(nproc)}" sh -c "$one" test | tee "$results"
failed=$(grep -c '^FAILED' "$results")
passed=$(grep -c '^ok ' "$results")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && [ $((passed + failed)) -eq "$(tests | grep -c -e "${1:-.}")" ]
