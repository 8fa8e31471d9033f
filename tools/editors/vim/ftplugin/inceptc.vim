" What editing a .net file wants: comments, two columns a step, `:make` with inceptc's errors, `gq` by inceptc fmt.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1
setlocal comments=:# commentstring=#\ %s expandtab shiftwidth=2 softtabstop=2
setlocal formatprg=inceptc\ fmt\ -
compiler inceptc
let b:undo_ftplugin = 'setlocal comments< commentstring< expandtab< shiftwidth< softtabstop< formatprg< makeprg< errorformat<'
