#!/bin/sh
# Runs every test; the last line is "N passed, N failed".
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
log=$(mktemp)
# run NAME COMMAND...: one test; its output is shown when it fails.
run() {
    name=$1
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        tail -n 40 "$log"
    fi
}
for t in build/unit_*; do run "$(basename "$t" | sed s/unit_//)" "$t"; done
run program sh tests/runtime/program.sh build/tiny
for t in tests/*/test_*.sh; do
    [ -f "$t" ] || continue
    for c in $(sh "$t" --list); do run "$(basename "$t" .sh | sed s/test_//)/$c" sh "$t" "$c"; done
done
rm -f "$log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
