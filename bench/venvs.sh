# venvs.sh, to be sourced in the project's folder: virtual environments under build/bench-peers of what the head of a Python file names,
#     # packages: NAMES
#     # packages-alone: NAMES, without what they depend on
venvs=build/bench-peers
words() { sed -n "s/^# $2: //p" "$1"; } # words FILE KEY: of its head
fill_venv() { # FOLDER FILE
    /usr/bin/python3 -m venv "$1" && "$1/bin/pip" install -q $(words "$2" packages) || return
    alone=$(words "$2" packages-alone)
    [ -z "$alone" ] || "$1/bin/pip" install -q --no-deps $alone
}
# need_venv NAME FILE: $venvs/NAME has what FILE names, or, where that failed, does not exist; NAME.log says why.
need_venv() {
    wanted="$(words "$2" packages) $(words "$2" packages-alone)"
    [ "$(cat "$venvs/$1/installed" 2>/dev/null)" = "$wanted" ] && return
    echo "installing for $1: $wanted" >&2
    mkdir -p $venvs && rm -rf "${venvs:?}/$1"
    if fill_venv "$venvs/$1" "$2" >"$venvs/$1.log" 2>&1; then echo "$wanted" >"$venvs/$1/installed"; else rm -rf "${venvs:?}/$1"; return 1; fi
}
# venv_python NAME FILE: the Python of need_venv.
venv_python() { need_venv "$1" "$2" && echo "$PWD/$venvs/$1/bin/python" || { tail -1 "$venvs/$1.log" >&2; return 1; }; }
