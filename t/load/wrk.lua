-- Asks for the paths of $PATHS in turn (or for wrk's own one) and says what came, as JSON.
local paths = {}
for path in (os.getenv("PATHS") or ""):gmatch("%S+") do
    paths[#paths + 1] = path
end
if #paths > 1 then
    local made, n = {}, 0
    function init()
        for i, path in ipairs(paths) do
            made[i] = wrk.format("GET", path)
        end
    end
    function request()
        n = n % #made + 1
        return made[n]
    end
end
function done(summary, latency)
    local e = summary.errors
    print(string.format(
        '\n{"requests":%d,"us":%d,"bytes":%d,"p50":%d,"p95":%d,"p99":%d,'
            .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}',
        summary.requests, summary.duration, summary.bytes, latency:percentile(50),
        latency:percentile(95), latency:percentile(99), e.connect, e.read, e.write, e.status,
        e.timeout))
end
