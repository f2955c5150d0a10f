// What the shop's processes use: CPU by the nanosecond, memory by the page.
//
// A part (nginx, workers, postgres, redis) is the processes below its roots. Their CPU is what
// the living threads have run (/proc/PID/task/*/schedstat, nanoseconds) and what the ended and
// awaited children had run (cutime and cstime of their parents): a worker that ends after so many
// requests takes nothing out of the sum with it. While a process ends, it may be seen in both
// places or in neither, so a picture is taken again until nothing ended meanwhile.
import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

const TICK_US = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const read = (path) => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };

// A living process as /proc tells it; null when it is gone.
function look(pid) {
    const stat = read(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ');
    if (stat.length < 20) return null;
    let ran = 0, threads = [];
    try { threads = readdirSync(`/proc/${pid}/task`); } catch { return null; }
    for (const thread of threads) ran += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] || 0) / 1000;
    // No schedstat in this kernel: ticks will do.
    if (!ran) ran = (Number(stat[11]) + Number(stat[12])) * TICK_US;
    return { pid, parent: Number(stat[1]), born: stat[19], ran, children: (Number(stat[13]) + Number(stat[14])) * TICK_US };
}
function everybody() {
    const found = new Map();
    for (const name of readdirSync('/proc')) {
        const seen = /^\d+$/.test(name) && look(Number(name));
        if (seen) found.set(seen.pid, seen);
    }
    return found;
}
// Who is there for the bench alone, as the backend that answers its own questions.
export const uncounted = new Set();

// The pids of a root and all below it.
function below(all, root) {
    const got = all.has(root) ? [root] : [];
    for (let i = 0; i < got.length; i++) for (const [pid, { parent }] of all) if (parent === got[i] && !uncounted.has(pid)) got.push(pid);
    return got;
}
const signature = (some) => some.map(({ pid, born, children }) => `${pid}:${born}:${children}`).join();

// parts: {nginx: [pid, ...], ...} -> {nginx: microseconds used so far, ...}
export function cpu(parts) {
    for (let tries = 0; ; tries++) {
        const all = everybody(), used = {};
        const ours = Object.fromEntries(Object.entries(parts).map(([part, roots]) => [part, roots.flatMap((root) => below(all, root)).map((pid) => all.get(pid))]));
        for (const [part, some] of Object.entries(ours)) used[part] = some.reduce((sum, { ran, children }) => sum + ran + children, 0);
        const flat = Object.values(ours).flat(), again = flat.map(({ pid }) => look(pid)).filter(Boolean);
        if (tries === 20 || signature(flat) === signature(again)) return used;
    }
}
export const spent = (before, after) => Object.fromEntries(Object.keys(after).map((part) => [part, after[part] - before[part]]));
export const whole = (used) => Object.values(used).reduce((sum, one) => sum + one, 0);
export const per = (used, n) => ({ ...Object.fromEntries(Object.entries(used).map(([part, us]) => [part, us / n])), all: whole(used) / n });

const kb = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
// Proportional memory in MB of the processes below a root: shared pages by halves and quarters.
export function pss(root) {
    const all = everybody();
    return below(all, root).map((pid) => {
        const rollup = read(`/proc/${pid}/smaps_rollup`);
        return { pid, leader: pid === root, pss: kb(rollup, 'Pss') / 1024, shared: kb(rollup, 'Pss_Shmem') / 1024 };
    });
}
