# training.sh, to be sourced in the project's folder: what loader.sh and train.sh begin with. $python and $photographs run train_peer.py and
# pictures.py: what TRAIN_PYTHON and PHOTOGRAPHS_PYTHON name (Pythons that have the packages), or else what is installed (venvs.sh). $work is
# a folder that goes at the end.
. bench/venvs.sh
export PYTHONDONTWRITEBYTECODE=1
python=${TRAIN_PYTHON:-$(venv_python train bench/train_peer.py)} && photographs=${PHOTOGRAPHS_PYTHON:-$(venv_python photographs bench/pictures.py)} || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# build_turns NAME: $work/NAME of bench/NAME.c, which measures in turns (turns.h).
build_turns() { cc -O2 -std=gnu11 -D_GNU_SOURCE -o "$work/$1" "bench/$1.c" build/libinceptrt.a -ljpeg -lpng -lz -lm -lpthread -ldl; }
# make_jpegs N: so many photographs of 500 x 375 in $work/jpegs.
make_jpegs() { "$photographs" bench/pictures.py "$work/jpegs" "$1" 500 375; }
