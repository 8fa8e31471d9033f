" :compiler inceptc, then :make reads the file of the buffer and lists its errors.
if exists('current_compiler')
  finish
endif
let current_compiler = 'inceptc'
CompilerSet makeprg=inceptc\ -fdiagnostics-color=never\ --dump=graph\ %:S
CompilerSet errorformat=%f:%l:%c:\ %trror:\ %m,%f:%l:%c:\ %tarning:\ %m,%f:%l:%c:\ %tote:\ %m,inceptc:\ %trror:\ %m,%-G%.%#
