// Figures from samples, and wrk as the client that asks for pages.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu, per, spent } from './cpu.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

export const seconds = Number(process.env.TALAT_BENCH_SECONDS ?? 3);
export const rounds = Number(process.env.TALAT_BENCH_ROUNDS ?? 5);

// The nearest rank: the smallest value that `share` of all do not exceed.
export function percentile(values, share) {
    if (!values.length) return NaN;
    const sorted = Float64Array.from(values).sort();
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
export function median(values) {
    const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
// Each number in samples of one shape by its median; what is no number is the last one's.
export function middle(samples) {
    const last = samples.at(-1);
    return Object.fromEntries(Object.keys(last).map((name) => {
        const all = samples.map((one) => one[name]).filter((one) => one !== undefined && one !== null);
        if (typeof last[name] === 'number') return [name, median(all)];
        return [name, last[name] && typeof last[name] === 'object' && !Array.isArray(last[name]) ? middle(all) : last[name]];
    }));
}
// The ratio within each round, then the median: what slows one round slows both its sides.
export const ratio = (over, under) => median(over.map((one, i) => one.requests_per_second / under[i].requests_per_second));

// {requests_per_second, p50_ms, p95_ms, p99_ms, cpu_us} of `many` clients that ask for `paths` in
// turn (as fast as they are answered). Any answer that is an error ends it.
export async function pages(parts, base, paths, { headers = {}, many = 16, time = seconds } = {}) {
    const list = [].concat(paths), before = cpu(parts);
    const { stdout } = await run('wrk', ['-t1', `-c${many}`, `-d${time}s`, '--timeout', '10s', '-s', join(here, 'wrk.lua'),
        ...Object.entries({ accept: 'text/html', ...headers }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]), base + list[0]],
    { env: { ...process.env, PATHS: list.length > 1 ? list.join(' ') : '' } });
    const used = spent(before, cpu(parts)), said = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1));
    const bad = Object.entries(said.errors).filter(([, n]) => n);
    if (bad.length || !said.requests) throw new Error(`${base}${list[0]}: of ${said.requests} answers ${bad.map(([kind, n]) => `${n} ${kind} errors`)}`);
    return { requests_per_second: said.requests / (said.us / 1e6), p50_ms: said.p50 / 1000, p95_ms: said.p95 / 1000, p99_ms: said.p99 / 1000,
        cpu_us: per(used, said.requests) };
}
// The same figures from times measured one by one, in milliseconds.
export const figures = (times, ms, used) => ({ requests_per_second: times.length / (ms / 1000), p50_ms: percentile(times, 0.5),
    p95_ms: percentile(times, 0.95), p99_ms: percentile(times, 0.99), ...(used && { cpu_us: per(used, times.length) }) });

// `many` clients, each doing `act(client, nth)` again and again until `ms` are over.
export async function clients(many, ms, act) {
    const times = [], began = performance.now();
    await Promise.all(Array.from({ length: many }, async (_, client) => {
        for (let n = 0; performance.now() - began < ms; n++) {
            const from = performance.now();
            await act(client, n);
            times.push(performance.now() - from);
        }
    }));
    return { times, ms: performance.now() - began };
}
