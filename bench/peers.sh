#!/bin/sh
# Other frameworks beside ours: a virtual environment for each peer of bench/peers/ (venvs.sh), then bench/peers.py, whose settings come
# from the environment. One that cannot be installed is in the tables with the reason.
cd "$(dirname "$0")/.." || exit 1
. bench/venvs.sh
export PYTHONDONTWRITEBYTECODE=1
mkdir -p $venvs || exit 1
for p in ${PEERS:-$(basename -s _peer.py bench/peers/*_peer.py)}; do need_venv "$p" "bench/peers/${p}_peer.py"; done
exec /usr/bin/python3 bench/peers.py
