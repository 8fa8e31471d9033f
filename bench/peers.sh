#!/bin/sh
# Other frameworks beside ours: a virtual environment for each peer of bench/peers/, by the names in its head, under build/bench-peers;
# then bench/peers.py, whose settings come from the environment. One that cannot be installed is in the tables with the reason.
cd "$(dirname "$0")/.." || exit 1
venvs=build/bench-peers
words() { sed -n "s/^# $2: //p" "bench/peers/$1_peer.py"; } # words PEER KEY: of its head
install() {
    /usr/bin/python3 -m venv "$venvs/$1" && "$venvs/$1/bin/pip" install -q $(words "$1" packages) || return
    alone=$(words "$1" packages-alone)
    [ -z "$alone" ] || "$venvs/$1/bin/pip" install -q --no-deps $alone
}
export PYTHONDONTWRITEBYTECODE=1
mkdir -p $venvs || exit 1
for p in ${PEERS:-$(basename -s _peer.py bench/peers/*_peer.py)}; do
    wanted="$(words "$p" packages) $(words "$p" packages-alone)"
    [ "$(cat "$venvs/$p/installed" 2>/dev/null)" = "$wanted" ] && continue
    echo "installing for $p: $wanted" >&2
    rm -rf "${venvs:?}/$p"
    if install "$p" >"$venvs/$p.log" 2>&1; then echo "$wanted" >"$venvs/$p/installed"; else rm -rf "${venvs:?}/$p"; fi
done
exec /usr/bin/python3 bench/peers.py
