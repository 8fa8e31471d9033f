#!/bin/sh
# predict.sh [N]: expected beside measured times of the four large networks and of N random ones (50).
cd "$(dirname "$0")/.." || exit 1
exec /usr/bin/python3 bench/predict.py build/inceptc netdefs "${1:-50}"
