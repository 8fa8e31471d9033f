#!/bin/sh
# tools/editors: not stale; vim in batch mode; the TextMate grammar by a matcher of our own (tests/peers: VS Code's engine).
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo fresh vim errors textmate; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
python=/usr/bin/python3
case $1 in
fresh)
    $python "$here/tools/editors/make_editors.py" "$here/build/inceptc" "$work" || exit 1
    for f in vim/syntax/inceptc.vim vscode/syntaxes/inceptc.tmLanguage.json; do
        diff "$here/tools/editors/$f" "$work/$f" || { echo 'stale: run python3 tools/editors/make_editors.py build/inceptc tools/editors'; exit 1; }
    done ;;
vim | errors) $python "$here/tests/editors/editors.py" "$1" "$here" "$work" ;;
*) $python "$here/tests/editors/editors.py" "$1" "$here" ;;
esac
