au BufRead,BufNewFile *.net setfiletype inceptc
