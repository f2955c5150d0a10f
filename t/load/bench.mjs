// ./dev bench: how fast the shop is, in one run: the product page and the category page made
// anew by the workers, and a kept page; each beside nginx giving the same bytes as a file and
// the pool giving a constant answer of the same size. The load generator runs on the same
// cores: the ratios mean more than the numbers.
//
// CPU is that of the shop's own processes (nginx, workers, PostgreSQL, Redis), per request,
// without the load generator's.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const { TALAT_URL: url, TALAT_BARE: bare, TALAT_APP: app } = process.env;
const seconds = Number(process.env.TALAT_BENCH_SECONDS ?? 5), clients = 16;
const roots = process.argv.slice(2).map(Number); // the pids of the shop's processes
const TICK = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

// The CPU time in microseconds that the shop's processes have used, those they started included.
function cpu() {
    const stats = new Map();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
            const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
            stats.set(Number(pid), { parent: Number(fields[1]), used: Number(fields[11]) + Number(fields[12]) });
        } catch { /* gone meanwhile */ }
    }
    const ours = (pid) => pid > 1 && (roots.includes(pid) || ours(stats.get(pid)?.parent ?? 0));
    return TICK * [...stats].filter(([pid]) => ours(pid)).reduce((sum, [, { used }]) => sum + used, 0);
}

const MS = { us: 0.001, ms: 1, s: 1000 };
function load(address) {
    const from = cpu();
    const said = execFileSync('wrk', ['-t1', `-c${clients}`, `-d${seconds}s`, '--latency', '--timeout', '10s',
        '-H', 'Accept: text/html', address], { encoding: 'utf8' });
    const used = cpu() - from;
    const requests = Number(/(\d+) requests in/.exec(said)[1]);
    const at = (share) => { const [, n, unit] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(said); return Number(n) * MS[unit]; };
    const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0);
    if (bad) throw new Error(`${address}: ${bad} of ${requests} answers were errors`);
    return { rps: requests / seconds, p50: at(50), p99: at(99), cpu: used / requests };
}
async function body(address) {
    const got = await fetch(address, { headers: { accept: 'text/html' } });
    if (!got.ok) throw new Error(`${address}: ${got.status}`);
    return Buffer.from(await got.arrayBuffer());
}
// The first product and category that the shop's own pages link to.
async function find(page, pattern) {
    const found = pattern.exec((await body(url + page)).toString());
    if (!found) throw new Error(`no link like ${pattern} on ${page}`);
    return found[1];
}

const product = await find('/products', /href="(\/products\/[a-z0-9-]+)"/);
const category = await find('/', /href="(\/categories\/[a-z0-9-]+)"/);
const row = (name, it, file, constant) => {
    const times = (other) => (other ? (it.rps / other.rps).toFixed(3) : '').padStart(10);
    console.log(name.padEnd(34) + it.rps.toFixed(0).padStart(8) + it.p50.toFixed(2).padStart(9) + it.p99.toFixed(2).padStart(9)
        + it.cpu.toFixed(1).padStart(9) + times(file) + times(constant));
};

console.log(`${cpus().length} cores, ${clients} clients, ${seconds} s each, on the same machine; ratios are of requests per second`);
console.log(`${''.padEnd(34)}${'req/s'.padStart(8)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'CPU us'.padStart(9)}${'/ file'.padStart(10)}${'/ constant'.padStart(11)}`);
mkdirSync(join(app, 'share/static/bench'), { recursive: true });
for (const [name, at, from] of [['product page', product, bare], ['category page', category, bare], ['kept page (product)', product, url]]) {
    const page = await body(from + at); // also the first render, so that the kept page is there
    const file = `/static/bench/${name.split(' ')[0]}.html`;
    writeFileSync(join(app, 'share', file), page);
    const it = load(from + at), same = load(from + file), constant = load(`${bare}/-/constant?bytes=${page.length}`);
    row(`${name}, ${page.length} bytes`, it, same, constant);
    row('  the same bytes as a file', same);
    row('  a constant from the pool', constant);
}
