-- Neovim 0.7 has a module, 0.8 and 0.9 call its functions report_*.
local health = vim.health or require('health')
local function say(kind)
  return health[kind] or health['report_' .. kind]
end
local start, ok, info, fail = say('start'), say('ok'), say('info'), say('error')

return {
  check = function()
    start('keras-lsp')
    local path = vim.fn.exepath('keras-lsp')
    if path == '' then
      fail('keras-lsp is not on PATH', { 'pip install keras-lsp' })
      return
    end
    ok(vim.fn.system({ path, '--version' }):gsub('%s+$', '') .. ' at ' .. path)
    local get = vim.lsp.get_clients or vim.lsp.get_active_clients
    local clients = vim.tbl_filter(function(client)
      return client.name == 'keras_lsp'
    end, get())
    if #clients == 0 then
      info('no buffer is attached; open a Python file')
    end
    for _, client in ipairs(clients) do
      ok(('client %d, columns in %s'):format(client.id, client.offset_encoding or 'utf-16'))
    end
  end,
}
