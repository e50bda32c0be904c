---@brief
---
---
--- `keras-lsp` shows tensor shapes, completes first-layer keywords and finds shape bugs in Keras programs, without running them.
--- It is made to run beside a general Python server.
---
--- Neovim 0.11 and later find this file on 'runtimepath': `vim.lsp.enable('keras_lsp')`.

---@type vim.lsp.Config
return {
  cmd = { 'keras-lsp', 'server' },
  filetypes = { 'python' },
  root_markers = { '.keras-lsp.toml', 'keras-lsp.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'Pipfile', '.git' },
  settings = {},
  init_options = { clientHasCommands = false },
}
