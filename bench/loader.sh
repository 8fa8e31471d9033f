#!/bin/sh
# loader.sh: pictures a second and core of the loader, beside PIL and torchvision: photographs of scikit-image as JPEGs of 500 x 375, decoded,
# cropped to 299 x 299 and normalised. ROUNDS, TURN (seconds), and the Pythons of training.sh.
cd "$(dirname "$0")/.." || exit 1
. bench/training.sh
build_turns loader && make_jpegs 256 && /usr/bin/python3 bench/loader.py "$work/loader" "$python" "$work/jpegs"
