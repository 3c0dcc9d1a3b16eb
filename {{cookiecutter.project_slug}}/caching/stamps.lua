-- One step of the stamp protocol (see stamps.py), atomic in Redis.
--
-- KEYS  the stamps of the tables, then those of rows
-- ARGV  what (open, announce, finish), writer, lease in ms, a row's life in ms,
--       a fresh token; then, for each table, the rows of the write
-- Returns the stamps as they are now, in the order of KEYS.

local what, writer, lease, row_life, token = unpack(ARGV, 1, 5)
local tables = #ARGV - 5
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline = string.format('%.0f', now + lease)

local function read(key)
  -- MGET, because it takes a value of another type for missing.
  local text = redis.call('MGET', key)[1] or ''
  if string.match(text .. ' ', '^stamp [%w_-]+ [%w_-]+ ') then
    local fields = {}
    for field in string.gmatch(text, '%S+') do
      fields[#fields + 1] = field
    end
    table.remove(fields, 1)
    return fields
  end
  -- Announcements may have been lost with it: until they would have expired,
  -- nothing may be kept.
  return {token, token, 'quarantine:' .. deadline .. ':*'}
end

local function is_over(field)
  local by, until_ms = string.match(field, '^([^:]+):(%d+):')
  return by == nil or tonumber(until_ms) <= now or (what == 'finish' and by == writer)
end

for i = 1, tables do
  local fields, rows = read(KEYS[i]), ARGV[5 + i]
  local stamp = {fields[1], fields[2]}
  for j = 3, #fields do
    if not is_over(fields[j]) then
      stamp[#stamp + 1] = fields[j]
    end
  end
  if what ~= 'open' then
    stamp[1] = token
    if rows == '*' then
      stamp[2] = token
    end
  end
  if what == 'announce' then
    stamp[#stamp + 1] = writer .. ':' .. deadline .. ':' .. rows
  end
  redis.call('SET', KEYS[i], 'stamp ' .. table.concat(stamp, ' '))
end

for i = tables + 1, #KEYS do
  local there = redis.call('MGET', KEYS[i])[1] or ''
  if what ~= 'open' or not string.match(there, '^[%w_-]+$') then
    redis.call('SET', KEYS[i], token, 'PX', row_life)
  end
end

return redis.call('MGET', unpack(KEYS))
