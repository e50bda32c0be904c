-- One setup() for every Neovim that has a client for language servers:
-- 0.11 and later have configurations of their own, 0.8 to 0.10 `vim.lsp.start`, 0.7 `vim.lsp.start_client`.
local M = {}

local markers = { '.keras-lsp.toml', 'keras-lsp.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'Pipfile', '.git' }

---@class keras_lsp.Options
local defaults = {
  cmd = { 'keras-lsp', 'server' },
  filetypes = { 'python' },
  -- What docs/settings.md lists, in camelCase: { kerasVersion = '2.15', inlayHints = { parameterCounts = true } }
  settings = {},
  -- Whether interpreters that lie in the workspace (.venv) may be started to ask Keras.
  trusted = nil,
  inlay_hints = true,
  code_lens = false,
  -- :LspKerasExplainError, and in buffers :LspKerasSummary, :LspKerasGraph, :LspKerasExplain, :LspKerasRestart and :LspKerasInfo
  commands = true,
  on_attach = nil,
}

local function root_of(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  if vim.fs and vim.fs.find then
    local found = vim.fs.find(markers, { upward = true, path = vim.fs.dirname(name) })[1]
    return found and vim.fs.dirname(found) or vim.fn.getcwd()
  end
  return vim.fn.getcwd()
end

local function show(result)
  if not result then
    return
  end
  local lines = vim.split(result.text or result.mermaid or '', '\n', { plain = true })
  vim.cmd('botright new')
  local buffer = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].buftype = 'nofile'
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = result.languageId == 'markdown' and 'markdown' or ''
end

local function request(client, command, argument, buffer, handler)
  local params = { command = command, arguments = { argument } }
  local function answered(err, result)
    if err then
      vim.notify('keras-lsp: ' .. err.message, vim.log.levels.WARN)
    else
      handler(result)
    end
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request('workspace/executeCommand', params, answered, buffer)
  else
    client.request('workspace/executeCommand', params, answered, buffer)
  end
end

--- Runs a command of the server for the cursor's place and hands its result to `handler`, which shows it by default.
---@param client vim.lsp.Client
---@param buffer integer
---@param command string
---@param extra? table
---@param handler? fun(result: table)
function M.run(client, buffer, command, extra, handler)
  local position = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local argument = vim.tbl_extend('force', { uri = position.textDocument.uri, position = position.position }, extra or {})
  request(client, command, argument, buffer, handler or show)
end

--- The client of the current buffer, else any.
local function running()
  local found
  for _, client in ipairs((vim.lsp.get_clients or vim.lsp.get_active_clients)()) do
    if client.name == 'keras_lsp' and (not found or vim.lsp.buf_is_attached(0, client.id)) then
      found = client
    end
  end
  return found
end

--- The buffer that an error text is about: the innermost one in its traceback, else the current one, else any.
local function program_of(text, client)
  local found = {}
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.lsp.buf_is_attached(buffer, client.id) then
      found[#found + 1] = buffer
    end
  end
  local best, last = nil, 0
  for _, buffer in ipairs(found) do
    local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':t')
    for _, rest in ipairs({ '", line %d+', ':%d+' }) do
      local place = text:match('.*()' .. vim.pesc(name) .. rest)
      if place and place > last then
        best, last = buffer, place
      end
    end
  end
  local current = vim.api.nvim_get_current_buf()
  return best or (vim.tbl_contains(found, current) and current) or found[#found]
end

--- Puts the cursor on a place; CTRL-O leads back.
local function reveal(place)
  local buffer = vim.uri_to_bufnr(place.uri)
  local window = vim.fn.win_findbuf(buffer)[1]
  if window then
    vim.api.nvim_set_current_win(window)
  elseif vim.bo.buftype ~= '' then
    vim.cmd('leftabove split') -- what is shown here, a terminal perhaps, stays
  end
  vim.cmd("normal! m'")
  vim.api.nvim_win_set_buf(0, buffer)
  local start = place.range.start
  local line = vim.api.nvim_buf_get_lines(buffer, start.line, start.line + 1, false)[1] or ''
  local column = #line:match('^%s*')
  vim.api.nvim_win_set_cursor(0, { start.line + 1, column })
  vim.cmd('normal! zv')
end

--- Explains an error text of Keras or TensorFlow in a floating window, and leads to the line that it is about.
---@param text string
function M.explain_error(text)
  local client = running()
  if not client then
    return vim.notify('keras-lsp: not running; open a Python file first', vim.log.levels.WARN)
  end
  if not text:match('%S') then
    return vim.notify('keras-lsp: no text; yank the error first, or select it', vim.log.levels.WARN)
  end
  local buffer = program_of(text, client)
  local argument = { text = text, uri = buffer and vim.uri_from_bufnr(buffer) }
  request(client, 'keras-lsp.explainError', argument, buffer, function(result)
    if type(result.place) == 'table' then
      reveal(result.place)
    end
    local lines = vim.split(vim.trim(result.text), '\n', { plain = true })
    vim.lsp.util.open_floating_preview(lines, 'markdown', { border = 'rounded', focus_id = 'keras-lsp.error', max_width = 100 })
  end)
end

--- The error text that a command means: a range of lines, a named register, else what was yanked or copied last.
local function error_text(call)
  if call.range > 0 then
    return table.concat(vim.api.nvim_buf_get_lines(0, call.line1 - 1, call.line2, false), '\n')
  end
  if call.args ~= '' then
    return vim.fn.getreg(call.args)
  end
  for _, register in ipairs({ '"', '+', '*' }) do
    local ok, text = pcall(vim.fn.getreg, register)
    if ok and (text:match('Error') or text:match('Exception')) then
      return text
    end
  end
  return vim.fn.getreg('"')
end

local function code_at_cursor()
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  for _, diagnostic in ipairs(vim.diagnostic.get(0, { lnum = line })) do
    if diagnostic.source == 'keras-lsp' then
      return diagnostic.code
    end
  end
end

local function define_commands(client, buffer)
  local function command(name, description, action, arguments)
    vim.api.nvim_buf_create_user_command(buffer, name, action, { desc = description, nargs = arguments or 0 })
  end
  command('LspKerasSummary', "Show the summary of the cursor's model", function()
    M.run(client, buffer, 'keras-lsp.showModelSummary')
  end)
  command('LspKerasGraph', "Show the graph of the cursor's model as Mermaid text", function()
    M.run(client, buffer, 'keras-lsp.showModelGraph')
  end)
  command('LspKerasExplain', "Explain a rule, by default that of the diagnostic in the cursor's line", function(call)
    M.run(client, buffer, 'keras-lsp.explainError', { code = call.args ~= '' and call.args or code_at_cursor() or '' })
  end, '?')
  command('LspKerasRestart', 'Start the process that asks Keras anew', function()
    M.run(client, buffer, 'keras-lsp.restartWorker', nil, function() end)
  end)
  command('LspKerasInfo', 'Show what a report of a problem should hold', function()
    M.run(client, buffer, 'keras-lsp.printDebugInformation')
  end)
end

local function attached(client, buffer, options)
  if options.inlay_hints and vim.lsp.inlay_hint and client.server_capabilities.inlayHintProvider then
    if vim.fn.has('nvim-0.10.0') == 1 then
      vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
    end
  end
  if options.code_lens and vim.lsp.codelens and client.server_capabilities.codeLensProvider then
    vim.lsp.codelens.refresh({ bufnr = buffer })
    vim.api.nvim_create_autocmd({ 'BufEnter', 'InsertLeave' }, {
      buffer = buffer,
      callback = function()
        vim.lsp.codelens.refresh({ bufnr = buffer })
      end,
    })
  end
  if options.commands then
    define_commands(client, buffer)
  end
  if options.on_attach then
    options.on_attach(client, buffer)
  end
end

-- The summary that a code lens shows.
vim.lsp.commands = vim.lsp.commands or {}
vim.lsp.commands['keras-lsp.showModelSummary'] = function(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if client then
    M.run(client, context.bufnr, command.command, (command.arguments or {})[1])
  end
end

---@param options? keras_lsp.Options
function M.setup(options)
  options = vim.tbl_deep_extend('force', defaults, options or {})
  if options.commands then
    -- Not in buffers: the error may stand in a terminal.
    vim.api.nvim_create_user_command('LspKerasExplainError', function(call)
      M.explain_error(error_text(call))
    end, { desc = 'Explain an error text of Keras: selected, or yanked', nargs = '?', range = true })
  end
  local init_options = { trusted = options.trusted }
  local settings = { ['keras-lsp'] = options.settings }
  if vim.lsp.config and vim.lsp.enable then
    vim.lsp.config('keras_lsp', {
      cmd = options.cmd,
      filetypes = options.filetypes,
      root_markers = markers,
      settings = settings,
      init_options = init_options,
      on_attach = function(client, buffer)
        attached(client, buffer, options)
      end,
    })
    vim.lsp.enable('keras_lsp')
    return
  end
  local config = {
    name = 'keras_lsp',
    cmd = options.cmd,
    settings = settings,
    init_options = init_options,
    on_attach = function(client, buffer)
      attached(client, buffer, options)
    end,
  }
  vim.api.nvim_create_autocmd('FileType', {
    pattern = options.filetypes,
    callback = function(event)
      config.root_dir = root_of(event.buf)
      if vim.lsp.start then
        vim.lsp.start(config, { bufnr = event.buf })
      else
        M._client = M._client or vim.lsp.start_client(config)
        vim.lsp.buf_attach_client(event.buf, M._client)
        vim.bo[event.buf].omnifunc = 'v:lua.vim.lsp.omnifunc'
      end
    end,
  })
end

return M
