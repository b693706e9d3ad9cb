"""What Redis does for `dashboard/consoles/pacing.py`, each in one step: Lua, as Redis runs it."""

from __future__ import annotations

# Redis counts a key's life, like TIME, by the wall clock: one that is set back would prolong a hold
# by the jump, and make the time since the last call negative.
LEFT = """
local function left(key)
  local rest, whole = redis.call('PTTL', key), tonumber(redis.call('GET', key))
  if whole == nil or rest <= whole then return rest end
  redis.call('PEXPIRE', key, whole)
  return whole
end
local function seconds_now()
  local time = redis.call('TIME')
  return time[1] + time[2] / 1000000
end
"""

TAKE = (
    LEFT
    + """
-- bucket, console's hold and count of refusals; perhaps those of a connector
local known = redis.call('EXISTS', KEYS[3])
if KEYS[4] then
  known = known + redis.call('EXISTS', KEYS[5])
  local own = left(KEYS[4])
  if own > 0 then return {own, known, 1} end
end
local held = left(KEYS[2])
if held > 0 then return {held, known, 0} end
local rate, reserve, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local turns = tonumber(ARGV[4])
local now = seconds_now()
local state = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = tonumber(state[1]) or burst
local elapsed = math.max(0, now - (tonumber(state[2]) or now))
level = math.min(burst, level + elapsed * rate)
local wait = 0
if level - 1 >= reserve then
  turns = math.min(turns, math.floor(level - reserve))
  level = level - turns
else wait = math.ceil((reserve + 1 - level) / rate * 1000) end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
return {wait, known, 0, turns}
"""
)

HOLD = (
    LEFT
    + """
-- console's hold and count of refusals, connectors that were refused lately; perhaps a connector's
local asked, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function hold(key, count)
  local rest, wanted = left(key), asked
  if wanted == 0 then
    if rest > 0 then return rest end  -- the call had left before: it says nothing new
    local refusals = math.min(redis.call('INCR', count), 20)
    redis.call('PEXPIRE', count, ARGV[4])
    wanted = math.min(longest, first * 2 ^ (refusals - 1))
  end
  if rest >= wanted then return rest end
  local whole = string.format('%d', wanted)
  redis.call('SET', key, whole, 'PX', whole)
  return wanted
end
if not KEYS[4] then return math.floor(hold(KEYS[1], KEYS[2])) end
local pause = hold(KEYS[4], KEYS[5])
local now, within = seconds_now(), tonumber(ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - within)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '(' .. tostring(now + 1), '+inf')
redis.call('ZADD', KEYS[3], now, ARGV[7])
redis.call('PEXPIRE', KEYS[3], math.ceil(within * 1000))
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) then
  pause = math.max(pause, hold(KEYS[1], KEYS[2]))
end
return math.floor(pause)
"""
)
