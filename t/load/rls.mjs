// Rows of row level security: the very statements of a page, with and without it.
//
// The page is asked for once while PostgreSQL logs what it is sent; then pgbench sends the same
// statements with the same values, as prepared statements planned as the app's are: once as the
// app's role, which row level security is forced upon, with the scope that the app has set, and
// once as a role with the same rights that it does not bind and that sets no scope.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser, goods as something, sleep } from '../http/shop.mjs';
import { cpu, spent } from './cpu.mjs';
import { figures, median, seconds } from './measure.mjs';
import { bare, pg, tail } from './shop.mjs';

const UNBOUND = 'talat_bench', KEPT = 'catalog.menu', FEWEST = 20; // the menu is read every 5 s, not for each page
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../sql/queries');

// The declared types of a query's parameters, by its name in the log: "catalog.by_ids".
const types = new Map([['talat.scope', Array(6).fill('text')]]);
for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql')))
    for (const block of readFileSync(join(folder, file), 'utf8').split(/^-- name: /m).slice(1)) {
        const declared = [...block.matchAll(/^-- in: (.*)$/gm)].flatMap(([, list]) => list.split(',')).map((one) => one.trim().split(/\s+/)[1].replace('?', ''));
        types.set(`${/^[a-z]+/.exec(file)[0]}.${block.split(/[ \n]/)[0]}`, declared);
    }

// What one backend was sent, as [{name, sql, values}], from the lines of PostgreSQL's log.
export function statements(lines) {
    const entries = [];
    for (const line of lines) {
        const begins = /^\S+ \S+ \S+ \[(\d+)\] (\w+): {2}(.*)$/s.exec(line);
        if (begins) entries.push({ pid: begins[1], kind: begins[2], text: begins[3] });
        else if (entries.length) entries.at(-1).text += `\n${line.replace(/^\t/, '')}`;
    }
    const found = [];
    for (const { pid, kind, text } of entries) {
        const what = kind === 'LOG' && /^execute (\S+): (.*)$/s.exec(text);
        if (what) found.push({ pid, name: what[1], sql: what[2], values: [] });
        const given = kind === 'DETAIL' && /^parameters: (.*)$/s.exec(text);
        if (given && found.at(-1)?.pid === pid)
            found.at(-1).values = [...given[1].matchAll(/\$\d+ = (NULL|'(?:[^']|'')*')/g)].map(([, value]) => (value === 'NULL' ? null : value.slice(1, -1).replaceAll("''", "'")));
    }
    return found;
}

// As pgbench takes it: the page is one transaction; $1 becomes a variable of its type, and no ':word'
// of a literal is one.
function script(page, scoped) {
    const given = [], out = ['begin;'];
    page.forEach(({ name, sql, values }, at) => {
        if (name === 'talat.scope' && !scoped) return;
        const declared = types.get(name) ?? [];
        out.push(`${sql.replace(/;\s*$/, '').replace(/(?<!:):(?=[a-z_])/gi, ":' || '").replace(/\$(\d+)/g, (_, n) => {
            if (!values[n - 1]) return `${values[n - 1] === null ? 'null' : "''"}::${declared[n - 1] ?? 'text'}`;
            return `:v${at}_${n}::${declared[n - 1] ?? 'text'}`;
        })};`);
        values.forEach((value, n) => { if (value) given.push('-D', `v${at}_${n + 1}=${value}`); });
    });
    return { text: [...out, 'commit;', ''].join('\n'), given };
}

async function listen(db, act) {
    const log = async (what) => { await db.ask(`alter system set log_statement = '${what}'`); await db.ask('select pg_reload_conf()'); await sleep(300); };
    await log('all');
    const since = tail('postgres');
    await act();
    await sleep(100);
    const said = statements(since());
    await log('none');
    return said;
}

const replay = (page, role, scoped) => new Promise((done, fail) => {
    const own = mkdtempSync(join(tmpdir(), 'talat-bench-')), { text, given } = script(page, scoped);
    writeFileSync(join(own, 'page.sql'), text);
    const child = spawn('/usr/lib/postgresql/15/bin/pgbench', ['-n', '-c1', '-j1', '-Mprepared', `-T${Math.max(1, Math.round(seconds / 2))}`, '-l', ...given, '-f', 'page.sql', pg],
        { cwd: own, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PGOPTIONS: `-c role=${role} -c plan_cache_mode=force_generic_plan -c jit=off -c max_parallel_workers_per_gather=0 -c enable_memoize=off` } });
    let said = '';
    child.stderr.on('data', (part) => { said += part; });
    child.on('exit', (code) => {
        const files = readdirSync(own).filter((name) => name.startsWith('pgbench_log'));
        const times = files.flatMap((name) => readFileSync(join(own, name), 'utf8').trim().split('\n')).filter(Boolean).map((one) => Number(one.split(' ')[2]) / 1000);
        rmSync(own, { recursive: true });
        if (code || !times.length || /error/i.test(said)) fail(new Error(`pgbench as ${role}: ${said}`));
        else done(times);
    });
});
async function measure(row, { parts }, role, scoped) {
    const before = cpu(parts), from = performance.now(), times = await replay(row.page, role, scoped);
    return figures(times, performance.now() - from, spent(before, cpu(parts)));
}

// holds: a statement without which it is not that page; rest: so long lists are kept in the workers.
const page = (name, path, { as, holds, rest = 0 }) => ({
    name: `${name}, row level security`,
    target: 'its statements with and without',
    async prepare({ db }) {
        await db.ask(`do $$ begin
            if not exists (select from pg_roles where rolname = '${UNBOUND}') then create role ${UNBOUND} bypassrls in role talat_app; end if; end $$`);
        const browser = await as();
        await sleep(rest);
        const said = await listen(db, async () => {
            const got = await browser.get(await path(db), { to: { host: '127.0.0.1', port: new URL(bare).port } });
            if (got.status !== 200) throw new Error(`${name}: ${got.status}`);
        });
        // The job workers' statements stand in that log too: the page's backend is who asked for it.
        const pid = said.find((one) => one.name === holds)?.pid;
        if (!pid) throw new Error(`${name} asks without ${holds}: ${said.map((one) => one.name)}`);
        this.page = said.filter((one) => one.pid === pid && one.name !== KEPT);
        return { statements: this.page.length };
    },
    sides: {
        it: (row, bench) => measure(row, bench, 'talat_app', true),
        unbound: (row, bench) => measure(row, bench, UNBOUND, false),
    },
    judge: ({ it, unbound }) => ({ rls_ratio: median(it.map((one, i) => one.cpu_us.postgres / unbound[i].cpu_us.postgres)) }),
});

async function buyer() {
    const browser = await new Browser().login('shopper@example.test'), { sku } = something({ stock: 1000 });
    const { body } = await browser.get('/orders');
    for (let n = body.match(/href="[^"]*\/orders\/TL-/g)?.length ?? 0; n < FEWEST; n++) await browser.order(sku);
    return browser;
}
const guest = async () => new Browser(), admin = () => new Browser().login('admin@example.test');
const product = async (db) => `/products/${(await db.ask("select slug from catalog.product where status = 'published' and slug like 'bench-%' order by md5(slug || 'rls') limit 1"))[0]}`;
let asked = 0;

export const rows = [
    page('product page', product, { as: guest, holds: 'catalog.product' }),
    page('category page', () => '/categories/bench-5000', { as: guest, holds: 'catalog.list_new', rest: 10000 }),
    // Of words that nobody has asked for: what they find is kept some seconds.
    page('search page', () => `/search?q=${encodeURIComponent(['copper lamp', 'linen clock', 'teak radio'][asked++ % 3])}`, { as: guest, holds: 'catalog.offers' }),
    page('orders of a buyer', () => '/orders', { as: buyer, holds: 'orders.of_person' }),
    page('orders of a shop', () => '/admin/orders', { as: admin, holds: 'orders.of_organisation' }),
];
