return {
  check = function()
    vim.health.start('keras-lsp')
    local path = vim.fn.exepath('keras-lsp')
    if path == '' then
      vim.health.error('keras-lsp is not on PATH', { 'pip install keras-lsp' })
      return
    end
    vim.health.ok(vim.fn.system({ path, '--version' }):gsub('%s+$', '') .. ' at ' .. path)
    local get = vim.lsp.get_clients or vim.lsp.get_active_clients
    local clients = get({ name = 'keras_lsp' })
    if #clients == 0 then
      vim.health.info('no buffer is attached; open a Python file')
    end
    for _, client in ipairs(clients) do
      vim.health.ok(('client %d, columns in %s'):format(client.id, client.offset_encoding or 'utf-16'))
    end
  end,
}
