# insert.awk -v from=FOLDER PAGE.in: the page, each line  .\" INSERT NAME  replaced by FOLDER/NAME.
/^\.\\" INSERT / {
    n = 0
    while ((getline line < (from "/" $3)) > 0) { print line; n++ }
    if (!n) { print "insert.awk: nothing in " from "/" $3 >"/dev/stderr"; exit 1 }
    next
}
{ print }
