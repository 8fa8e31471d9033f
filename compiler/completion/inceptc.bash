# bash completion of inceptc, printed by `inceptc --completion bash`; `inceptc --complete` says what fits.
_inceptc_paths() # :files or :dirs, ENDS, BEFORE: what completes the path behind BEFORE
{
    local path=${cur#"$3"} ends end found=()
    compopt -o filenames
    IFS=, read -ra ends <<<"$2"
    mapfile -t found < <(compgen -d -- "$path"
        [ "$1" = :dirs ] || for end in "${ends[@]}"; do compgen -f -X "!*$end" -- "$path"; done)
    COMPREPLY+=("${found[@]/#/$3}")
}
_inceptc()
{
    local line=${COMP_LINE:0:COMP_POINT} words word about before breaks cur
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    cur=${words[-1]}
    COMPREPLY=()
    while IFS=$'\t' read -r word about before; do
        case $word in
        :files | :dirs) _inceptc_paths "$word" "$about" "$before" ;;
        "$cur"*) COMPREPLY+=("$word"); [[ $word == *= ]] && compopt -o nospace ;;
        esac
    done < <("${1/#\~/$HOME}" --complete "${words[@]:1}" 2>/dev/null)
    # bash replaces only what stands behind the last = or : of the word, where those divide words
    breaks=${COMP_WORDBREAKS//[^=:]/}
    [ -z "$breaks" ] || COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*[$breaks]}"}"}")
}
complete -F _inceptc inceptc
