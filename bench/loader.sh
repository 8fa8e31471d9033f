#!/bin/sh
# loader.sh: pictures a second and core of the loader, beside PIL and torchvision: photographs of scikit-image as JPEGs of 500 x 375, decoded,
# cropped to 299 x 299 and normalised. TRAIN_PYTHON, PHOTOGRAPHS_PYTHON: Pythons that have the packages of train_peer.py and of pictures.py
# instead of ones to install. ROUNDS, TURN (seconds).
cd "$(dirname "$0")/.." || exit 1
. bench/venvs.sh
export PYTHONDONTWRITEBYTECODE=1
training_pythons || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cc -O2 -std=gnu11 -D_GNU_SOURCE -o "$work/loader" bench/loader.c build/libinceptrt.a -ljpeg -lpng -lz -lm -lpthread -ldl &&
    "$photographs" bench/pictures.py "$work/jpegs" 256 500 375 && /usr/bin/python3 bench/loader.py "$work/loader" "$python" "$work/jpegs"
