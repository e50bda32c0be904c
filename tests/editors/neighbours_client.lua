-- Runs inside a real Neovim with pyright and ruff beside keras-lsp, and writes what a person gets from the three of them.
local plugin, servers, file, output = unpack(vim.json.decode(vim.env.KERAS_LSP_TEST))
local seen = { diagnostics = {}, hover = {}, definition = {}, hints = {}, windows = {} }

local function wait(what, condition)
  local value
  if not vim.wait(90000, function()
    value = condition()
    return value
  end, 50) then
    error('nothing came: ' .. what)
  end
  return value
end

local function request(method, line, character)
  local params = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = character } }
  local answers = {}
  for id, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 90000) or {}) do
    answers[vim.lsp.get_client_by_id(id).name] = answer.result
  end
  return answers
end

local function run()
  vim.opt.runtimepath:prepend(plugin)
  vim.cmd('filetype on')
  for name, command in pairs(servers) do
    if name ~= 'keras_lsp' then
      vim.lsp.config(name, { cmd = command, filetypes = { 'python' }, root_markers = { 'requirements.txt' } })
      vim.lsp.enable(name)
    end
  end
  require('keras_lsp').setup({ cmd = servers.keras_lsp })
  vim.cmd.edit(file)
  wait('three servers', function()
    local ready = vim.tbl_filter(function(client)
      return client.initialized
    end, vim.lsp.get_clients({ bufnr = 0 }))
    return #ready == 3
  end)
  wait('findings of all', function()
    local sources = {}
    for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
      sources[diagnostic.source] = true
    end
    return vim.tbl_count(sources) == 3
  end)
  for _, found in ipairs(vim.diagnostic.get(0)) do
    table.insert(seen.diagnostics, { found.source, found.lnum, found.col, tostring(found.code) })
  end
  for number, text in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    for start, word in text:gmatch('()([%a_][%w_]*)') do
      local hovers = vim.tbl_keys(request('textDocument/hover', number - 1, start))
      table.sort(hovers)
      seen.hover[number .. ' ' .. word] = hovers
      local places = {}
      for name, found in pairs(request('textDocument/definition', number - 1, start)) do
        for _, place in ipairs(type(found) == 'table' and (vim.islist(found) and found or { found }) or {}) do
          local range = place.targetSelectionRange or place.range
          table.insert(places, { name, place.uri or place.targetUri, range.start.line })
        end
      end
      seen.definition[number .. ' ' .. word] = places
    end
  end
  for _, hint in ipairs(vim.lsp.inlay_hint.get({ bufnr = 0 })) do
    table.insert(seen.hints, { vim.lsp.get_client_by_id(hint.client_id).name, hint.inlay_hint.position.line })
  end
  -- What a person sees: one window for a hover, and a jump where one place is meant.
  local last = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_win_set_cursor(0, { last, 2 })
  vim.lsp.buf.definition()
  wait('the jump', function()
    return vim.api.nvim_win_get_cursor(0)[1] ~= last or #vim.api.nvim_list_wins() > 1
  end)
  seen.jump = { vim.api.nvim_win_get_cursor(0)[1], #vim.api.nvim_list_wins() }
  vim.lsp.buf.hover()
  local float = wait('the hover window', function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= '' then
        return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
      end
    end
  end)
  seen.window = table.concat(float, '\n')
end

local ok, problem = xpcall(run, debug.traceback)
seen.problem = not ok and problem or nil
local handle = assert(io.open(output, 'w'))
handle:write(vim.json.encode(seen))
handle:close()
vim.cmd('qall!')
