-- Neovim 0.7 to 0.9: no configurations and no inlay hints of its own; prints what a person sees.
local plugin, server, file = unpack(vim.fn.json_decode(os.getenv('KERAS_LSP_TEST')))
vim.opt.runtimepath:prepend(plugin)
vim.cmd('filetype on')
local ok, why = pcall(function()
  require('keras_lsp').setup({ cmd = server })
  vim.cmd('edit ' .. file)
  vim.wait(60000, function()
    return #vim.diagnostic.get(0) > 0
  end, 100)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    print('problem ' .. diagnostic.code .. ' in line ' .. diagnostic.lnum + 1)
  end
  vim.api.nvim_win_set_cursor(0, { 5, 20 })
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/hover', vim.lsp.util.make_position_params(), 20000)
  for _, answer in pairs(answers or {}) do
    print('hover ' .. answer.result.contents.value)
  end
  vim.cmd('LspKerasSummary')
  vim.wait(20000, function()
    return #vim.api.nvim_list_wins() > 1
  end, 50)
  print('summary ' .. table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n'))
end)
if not ok then
  print('failed ' .. tostring(why))
end
vim.cmd('qa!')
