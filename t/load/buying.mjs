// Rows of buying: a full cart that grows, an order from its placing to its being paid.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agents, ask, Browser, payAt, sessionOf, sleep, switches } from '../http/shop.mjs';
import { clients, figures, seconds } from './measure.mjs';
import { cpu, spent } from './cpu.mjs';
import { app, bare, dir, forgetPages, known, pg, requests, tail } from './shop.mjs';

const CLIENTS = 4, LINES = 50;
const ORDERS = Math.round(80 * seconds); // a round takes about as long as one of the other rows

// Goods of the house with plenty in stock; `where` in the order of a hash.
const goods = async (db, n, salt) => (await db.ask(`select v.sku || ' ' || p.slug from catalog.variant v
    join catalog.product p on p.id = v.product_id and p.slug like 'bench-%'
    join inventory.item i on i.id = v.item_id and i.tracked
    join inventory.stock s on s.item_id = v.item_id and s.on_hand - s.reserved > 50
    where v.active order by md5(v.sku || '${salt}') limit ${n}`)).map((line) => line.split(' ')).map(([sku, slug]) => ({ sku, slug }));

async function put(browser, sku) {
    const got = await browser.post('/cart/lines', { sku, quantity: 1 });
    if (got.status !== 303) throw new Error(`POST /cart/lines: ${got.status} ${got.body.slice(0, 300)}`);
}

// How many round trips and statements one more unit costs in this cart: the worker's own count,
// and PostgreSQL's log of what it was sent. The job workers' statements stand in that log too: the
// least of three tries has none of them.
async function count(db, browser, sku) {
    const tries = [];
    for (let i = 0; i < 3; i++) tries.push(await count_once(db, browser, sku));
    return { trips: Math.min(...tries.map(({ trips }) => trips)), statements: Math.min(...tries.map(({ statements }) => statements)) };
}
async function count_once(db, browser, sku) {
    const log = async (what) => { await db.ask(`alter system set log_statement = '${what}'`); await db.ask('select pg_reload_conf()'); await sleep(300); };
    await log('all');
    const web = tail('web'), postgres = tail('postgres');
    await put(browser, sku);
    await sleep(100);
    const trips = Number(requests(web(), 'POST', '/cart/lines').at(-1).db);
    const statements = postgres().filter((line) => /execute |statement: /.test(line)).length;
    await log('none');
    return { trips, statements };
}

// Commits that write one empty message and wait for the disk, from as many clients.
async function commits(ms) {
    const folder = mkdtempSync(join(tmpdir(), 'talat-bench-'));
    try {
        writeFileSync(join(folder, 'commit.sql'), "select pg_logical_emit_message(true, '', '');\n");
        await new Promise((done, fail) => {
            const bench = spawn('/usr/lib/postgresql/15/bin/pgbench', ['-n', `-c${CLIENTS}`, '-j1', '-Mprepared', `-T${Math.max(1, Math.round(ms / 1000))}`, '-l', '-f', 'commit.sql', pg],
                { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
            let said = '';
            bench.stderr.on('data', (part) => { said += part; });
            bench.on('exit', (code) => (code ? fail(new Error(`pgbench: ${said}`)) : done()));
        });
        const lines = readdirSync(folder).filter((name) => name.startsWith('pgbench_log')).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
        return lines.map((line) => Number(line.split(' ')[2]) / 1000);
    } finally { rmSync(folder, { recursive: true }); }
}

const cart = {
    name: 'add to cart',
    target: 'constant round trips, p95 <= 3 x product page\'s + empty commit\'s',
    async prepare({ db }) {
        this.goods = await goods(db, LINES, 'cart');
        const [{ sku }] = this.goods, small = new Browser();
        await put(small, sku);
        this.few = await count(db, small, sku);
        this.browsers = [];
        for (let i = 0; i < CLIENTS; i++) {
            const browser = new Browser({ agent: agents() });
            for (const one of this.goods) await put(browser, one.sku);
            this.browsers.push(browser);
        }
        const { data } = await this.browsers[0].json('/cart');
        if (data.cart.lines.length !== LINES) throw new Error(`${data.cart.lines.length} lines in the cart`);
        this.many = await count(db, this.browsers[0], sku);
        const slugs = await goods(db, 100, 'page'), { port } = new URL(bare);
        this.look = (nth) => ask(`/products/${slugs[nth % slugs.length].slug}`, { to: { host: '127.0.0.1', port } });
        return { round_trips_1_line: this.few.trips, round_trips_50_lines: this.many.trips, statements_1_line: this.few.statements, statements_50_lines: this.many.statements };
    },
    sides: {
        async it(row, { parts }) {
            const before = cpu(parts);
            const { times, ms } = await clients(CLIENTS, seconds * 1000, (client, n) => put(row.browsers[client], row.goods[n % LINES].sku));
            return figures(times, ms, spent(before, cpu(parts)));
        },
        async page(row, { parts }) {
            const before = cpu(parts);
            const { times, ms } = await clients(CLIENTS, seconds * 1000, async (client, n) => {
                const got = await row.look(n * CLIENTS + client);
                if (got.status !== 200) throw new Error(`product page: ${got.status}`);
            });
            return figures(times, ms, spent(before, cpu(parts)));
        },
        async commit() {
            const from = performance.now(), times = await commits(seconds * 1000 / 2);
            return figures(times, performance.now() - from);
        },
    },
    judge(_, { it, page, commit }) {
        const most = 3 * page.p95_ms + commit.p95_ms;
        return { p95_at_most_ms: most, holds: it.p95_ms <= most && this.few.trips === this.many.trips && this.few.statements === this.many.statements };
    },
};

// What `talatctl webhook set` has the provider send.
const chosen = () => execFileSync(join(app, 'bin/talatctl'), ['--config', join(dir, 'talat.conf'), 'webhook', 'events'], { encoding: 'utf8' }).trim().split('\n');

// From the buyer's click on "pay" until the order is paid, and until nothing is left to be done
// for it (mail, push, kept pages made anew, also the second time 2 s later).
async function placeAndPay(side, { db, parts, round }, types) {
    const ready = [];
    await switches({ webhooks: { types } });
    forgetPages();
    for (const [n, { sku, slug }] of (await goods(db, ORDERS, `order ${side} ${round}`)).entries()) {
        const browser = new Browser({ agent: agents({ localAddress: `127.1.${n >> 8}.${n & 255}` }) });
        await browser.get(`/products/${slug}`); // so that it is a kept page
        await browser.add(sku);
        ready.push({ browser, form: await browser.toPay() });
    }
    await quiet(db);
    known(); // a worker that found Redis still loading takes it for a young one
    const last = await db.one('select coalesce(max(id), 0) from orders."order"');
    const before = cpu(parts), began = performance.now();
    const queue = [...ready];
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
        for (let one; (one = queue.pop());) {
            const got = await one.browser.post('/checkout/pay', one.form);
            if (got.status !== 303 || !sessionOf(got.headers.location)) throw new Error(`pay: ${got.status} ${got.body.slice(0, 300)}`);
            await payAt(sessionOf(got.headers.location));
        }
    }));
    const paid = () => db.one(`select count(*) from orders."order" where id > ${last} and payment_status = 'paid'`);
    for (const end = Date.now() + 20000; await paid() < ORDERS; await sleep(10))
        if (Date.now() > end) throw new Error(`of ${ORDERS} orders ${await paid()} were paid within 20 s`);
    const ms = performance.now() - began;
    await quiet(db);
    const used = spent(before, cpu(parts));
    for (const { browser } of ready) browser.agent.destroy();
    const times = await db.ask(`select extract(epoch from paid_at - placed_at) * 1000 from orders."order" where id > ${last}`);
    return figures(times.map(Number), ms, used);
}
const order = {
    name: 'order placed to paid',
    target: '<= 6000 us CPU',
    async prepare() {
        return { orders_a_round: ORDERS, clients: CLIENTS, events: this.events = chosen() };
    },
    sides: {
        it: (row, run) => placeAndPay('chosen', run, row.events),
        every_event: (row, run) => placeAndPay('all', run, null),
    },
    judge: (_, { it }) => ({ orders_per_second: it.requests_per_second, holds: it.cpu_us.all <= 6000 }),
};

// Until no event is unread and no job is waiting or about to be due.
export async function quiet(db) {
    for (const end = Date.now() + 30000; ; await sleep(100)) {
        const left = await db.one(`select (select count(*) from work.outbox where read_at is null)
            + (select count(*) from work.job where state = 'running' or (state = 'ready' and run_at < now() + interval '10 s'))`);
        if (!left) return;
        if (Date.now() > end) throw new Error(`the queue is not done within 30 s: ${await db.ask("select kind || ' ' || state || ' ' || coalesce(error, '') from work.job limit 5")}`);
    }
}

export const rows = [cart, order];
