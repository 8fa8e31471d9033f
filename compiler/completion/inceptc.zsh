#compdef inceptc
# zsh completion of inceptc, printed by `inceptc --completion zsh`; `inceptc --complete` says what fits.
_inceptc()
{
    local line
    local -a field plain open
    for line in "${(@f)$("${${(Q)words[1]}/#\~/$HOME}" --complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        field=("${(@ps:\t:)line}")
        case $field[1] in
        :files | :dirs)
            IPREFIX+=$field[3] PREFIX=${PREFIX#$field[3]}
            if [[ $field[1] == :dirs ]]; then _files -/; else _files -g "*${field[2]//,/ *}"; fi ;;
        *=) open+=("${field[1]//:/\\:}:$field[2]") ;;
        ?*) plain+=("${field[1]//:/\\:}${field[2]:+:$field[2]}") ;;
        esac
    done
    (( $#open )) && _describe -t parameters parameter open -S ''
    (( $#plain )) && _describe -t words word plain
}
if [[ $funcstack[1] == _inceptc ]]; then _inceptc "$@"; else compdef _inceptc inceptc; fi
