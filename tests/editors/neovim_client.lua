-- Runs inside a real Neovim: opens a program, does what a person does, and writes what that person would see as JSON.
local plugin, server, file, output = unpack(vim.json.decode(vim.env.KERAS_LSP_TEST))

local function wait(what, condition)
  local value
  if not vim.wait(60000, function()
    value = condition()
    return value
  end, 20) then
    error('nothing came: ' .. what)
  end
  return value
end

local function request(method, params)
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 60000) or {}) do
    return answer.err or answer.result
  end
end

local function place(line, character)
  return { textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = character } }
end

local function diagnostics()
  return vim.tbl_map(function(diagnostic)
    return { diagnostic.lnum, diagnostic.col, diagnostic.end_col, diagnostic.code, diagnostic.source }
  end, vim.diagnostic.get(0))
end

local function floats()
  local found = {}
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      found[#found + 1] = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\n')
    end
  end
  return found[1]
end

local seen = {}
local function run()
  vim.opt.runtimepath:prepend(plugin)
  vim.cmd('filetype on')
  vim.diagnostic.config({ virtual_text = true })
  require('keras_lsp').setup({ cmd = server, code_lens = true })
  vim.cmd.edit(file)
  seen.version = tostring(vim.version())
  local client = wait('the client', function()
    local clients = vim.lsp.get_clients({ bufnr = 0, name = 'keras_lsp' })
    return clients[1] and clients[1].initialized and clients[1]
  end)
  seen.encoding = client.offset_encoding
  seen.diagnostics = wait('diagnostics', function()
    local found = diagnostics()
    return #found > 0 and found
  end)

  -- Hover, as data and as the window that a person sees.
  seen.hover = request('textDocument/hover', place(3, 18))
  vim.api.nvim_win_set_cursor(0, { 4, 18 })
  vim.lsp.buf.hover()
  seen.hover_window = wait('the hover window', floats)
  vim.cmd.fclose()

  -- Inlay hints, which the plugin switched on.
  seen.hints = wait('inlay hints', function()
    local hints = vim.tbl_map(function(hint)
      local label = hint.inlay_hint.label
      return { hint.inlay_hint.position.line, type(label) == 'string' and label or label[1].value }
    end, vim.lsp.inlay_hint.get({ bufnr = 0 }))
    return #hints > 0 and hints
  end)

  -- Completion by its keys, in a line of its own.
  vim.api.nvim_buf_set_lines(0, -1, -1, false, { 'extra = keras.layers.Dense(4, )' })
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(0), 29 })
  local words
  vim.keymap.set('i', '<F2>', function()
    wait('completions', function()
      local info = vim.fn.complete_info({ 'items' })
      words = vim.tbl_map(function(item)
        return item.word
      end, info.items or {})
      return #words > 0
    end)
  end)
  vim.api.nvim_feedkeys(vim.keycode('i<C-x><C-o><F2><Esc>'), 'tx', false)
  seen.completions = words
  vim.cmd.undo()
  vim.api.nvim_buf_set_lines(0, -2, -1, false, {})

  -- The summary that the code lens and :LspKerasSummary show.
  vim.api.nvim_win_set_cursor(0, { 4, 8 })
  require('keras_lsp').run(client, 0, 'keras-lsp.showModelSummary', nil, function(result)
    seen.summary = result
  end)
  wait('the summary', function()
    return seen.summary
  end)
  vim.api.nvim_win_set_cursor(0, { 6, 6 })
  vim.cmd('LspKerasExplain')
  wait('the explanation', function()
    return vim.bo.filetype == 'markdown'
  end)
  seen.explanation = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  vim.cmd.close()

  -- A run-time error: selected in a terminal, yanked, or copied.
  local traceback = {
    'Traceback (most recent call last):',
    '  File "/elsewhere/' .. vim.fs.basename(file) .. '", line 6, in <module>',
    "ValueError: Unrecognized keyword arguments passed to LSTM: {'input_length': 6, 'input_dim': 8}",
  }
  local function explained()
    local text = wait('the explanation of an error', floats)
    local found = { text, vim.fs.basename(vim.api.nvim_buf_get_name(0)), vim.api.nvim_win_get_cursor(0)[1] }
    vim.cmd.fclose()
    vim.api.nvim_win_set_cursor(0, { 1, 0 })
    return found
  end
  vim.cmd('botright new')
  vim.api.nvim_chan_send(vim.api.nvim_open_term(0, {}), table.concat(traceback, '\r\n'))
  wait('the terminal', function()
    return vim.fn.search('ValueError') > 0
  end)
  vim.cmd('%LspKerasExplainError')
  seen.error_in_terminal = explained()
  seen.windows = #vim.api.nvim_list_wins()
  vim.cmd('only')
  vim.fn.setreg('"', traceback[3])
  vim.cmd('LspKerasExplainError')
  seen.error_yanked = explained()
  vim.fn.setreg('e', "ValueError: Unknown loss: 'x'")
  vim.cmd('LspKerasExplainError e')
  seen.error_elsewhere = explained()

  -- A quick fix, applied.
  vim.api.nvim_win_set_cursor(0, { 6, seen.diagnostics[1][2] })
  seen.line_before = vim.api.nvim_buf_get_lines(0, 5, 6, false)[1]
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.kind == 'quickfix'
    end,
  })
  wait('the quick fix', function()
    return vim.api.nvim_buf_get_lines(0, 5, 6, false)[1] ~= seen.line_before
  end)
  seen.fixed = wait('that the finding goes', function()
    return #vim.diagnostic.get(0) < #seen.diagnostics and vim.api.nvim_buf_get_lines(0, 0, -1, false)
  end)

  -- The server's own children of this Neovim, to see later that it left.
  for _, process in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    seen.server = process
  end
end

local ok, problem = xpcall(run, debug.traceback)
seen.problem = not ok and problem or nil
local handle = assert(io.open(output, 'w'))
handle:write(vim.json.encode(seen))
handle:close()
vim.cmd('qall!')
