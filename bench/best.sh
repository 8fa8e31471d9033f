# best N COMMAND...: "seconds megabytes" of the fastest of N runs.
best() {
    n=$1
    shift
    for i in $(seq "$n"); do /usr/bin/time -f '%e %M' "$@" 2>&1 >/dev/null | tail -1; done | sort -n | head -1 | awk '{ printf "%.2f s %.0f MB", $1, $2 / 1024 }'
}
