#!/bin/sh
# Twelve random networks, four of them under ASan and UBSan; `make check-full` runs two hundred with each pass off, gcc and clang.
[ "$1" = --list ] && { echo 1 2 3 4 5 6 7 8 9 10 11 12 wide cut_merge squares squares_folded sanitized-13 sanitized-14 sanitized-15 sanitized-16; exit 0; }
case $1 in
sanitized-*) exec sh "$(dirname "$0")/run_net.sh" "${1#sanitized-}" "gcc -fsanitize=address,undefined -fno-sanitize-recover=all" ;;
*) exec sh "$(dirname "$0")/run_net.sh" "$1" gcc ;;
esac
