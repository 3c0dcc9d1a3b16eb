-- One step of the stamp protocol (see caching/stamps.py), atomic in Redis.
--
-- KEYS  the recent changes of the tables, the stamps of the tables, those of rows
-- ARGV  what (open, intend, finish), writer, lease in ms, a row's life in ms, the
--       most bytes of recent changes, a fresh token; then each table's change
-- Returns the stamps as they are now, in the order of KEYS.

local what, writer, lease, row_life, most, token = unpack(ARGV, 1, 6)
local tables = #ARGV - 6
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline = string.format('%.0f', now + lease)

local function get(key)
  -- MGET, because it takes a value of another type for missing.
  return redis.call('MGET', key)[1] or ''
end

local function read(key)
  local text = get(key)
  if string.match(text .. ' ', '^stamp [%w_-]+ [%w_-]+ ') then
    local fields = {}
    for field in string.gmatch(text, '%S+') do
      fields[#fields + 1] = field
    end
    table.remove(fields, 1)
    return fields
  end
  -- Intents may have been lost with it: until they would have expired, nothing
  -- may be stored.
  return {token, token, 'quarantine:' .. deadline .. ':*:*'}
end

local function is_over(field)
  local by, until_ms = string.match(field, '^([^:]+):(%d+):[^:]*:[^:]*$')
  return by == nil or tonumber(until_ms) <= now or (what == 'finish' and by == writer)
end

local function remember(key, before, change)
  local recent = get(key)
  local last = string.match(recent, '^.* (.*)$') or recent
  if string.match(last, '^[^:]*') ~= before then
    recent = before
  end
  recent = recent .. ' ' .. token .. ':' .. change
  while #recent > tonumber(most) do
    recent = string.match(recent, ' (.*)$') or token
  end
  redis.call('SET', key, recent)
end

for i = 1, tables do
  local stamp_key, change = KEYS[tables + i], ARGV[6 + i]
  local fields = read(stamp_key)
  local stamp = {fields[1], fields[2]}
  for j = 3, #fields do
    if not is_over(fields[j]) then
      stamp[#stamp + 1] = fields[j]
    end
  end
  if what ~= 'open' then
    remember(KEYS[i], stamp[1], change)
    stamp[1] = token
    if string.sub(change, 1, 1) == '*' then
      stamp[2] = token
    end
  end
  if what == 'intend' then
    stamp[#stamp + 1] = writer .. ':' .. deadline .. ':' .. change
  end
  redis.call('SET', stamp_key, 'stamp ' .. table.concat(stamp, ' '))
end

for i = 2 * tables + 1, #KEYS do
  if what ~= 'open' or not string.match(get(KEYS[i]), '^[%w_-]+$') then
    redis.call('SET', KEYS[i], token, 'PX', row_life)
  end
end

return redis.call('MGET', unpack(KEYS, tables + 1))
