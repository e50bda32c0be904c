" keras-lsp for ALE: https://github.com/dense-analysis/ale. Put this into your vimrc, or source it there.
call ale#linter#Define('python', {
\   'name': 'keras_lsp',
\   'lsp': 'stdio',
\   'executable': 'keras-lsp',
\   'command': '%e server',
\   'project_root': {buffer -> fnamemodify(bufname(buffer), ':p:h')},
\})
