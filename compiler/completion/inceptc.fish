# fish completion of inceptc, printed by `inceptc --completion fish`; `inceptc --complete` says what fits.
function __inceptc_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    for line in (string replace -r '^~' $HOME -- $words[1] | read -l me; $me --complete $words[2..-1] "$last" 2>/dev/null)
        set -l field (string split \t -- $line)
        switch $field[1]
            case :files :dirs
                set -l path (string sub -s (math 1 + (string length -- "$field[3]")) -- "$last")
                set -l ends (string replace -a . '\\.' -- $field[2] | string replace '*' '' | string replace -a , '|')
                test $field[1] = :dirs; and set ends /
                for found in (complete -C "'' $path" | string replace -r '\t.*' '')
                    string match -qr -- "(/|$ends)\$" $found; and echo $field[3]$found
                end
            case '*'
                echo $line
        end
    end
end
complete -c inceptc -f -a '(__inceptc_complete)'
