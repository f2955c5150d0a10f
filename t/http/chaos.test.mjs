// Buyers buy over HTTP and pay at the simulator while parts of the shop are killed, restarted or
// refuse. Afterwards the books must close, and what the provider took must be what we booked.
//
//   ./dev check t/http/chaos                      each fault for TALAT_CHAOS seconds (5)
//   TALAT_CHAOS=full ./dev check t/http/chaos     ... for two minutes
//   TALAT_SEED=7                                  other victims, other moments
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { skip as noStack, Browser, agents, ask, calm, confPath, dev, goods, invariants, one, orderOf, payAt, processes, quote, rows,
    sessionOf, simulator, sleep, sql, switches, top, until } from './shop.mjs';
import { random } from '../sim/switches.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const full = process.env.TALAT_CHAOS === 'full';
const SECONDS = full ? 120 : Number(process.env.TALAT_CHAOS ?? 5);
const SEED = Number(process.env.TALAT_SEED ?? 20261121);
const BUYERS = 5;
const PATIENCE_MS = 25000; // so long a buyer tries one step again before leaving

// Not spawnSync: the buyers go on meanwhile.
const devLater = (...words) => new Promise((done, fail) => {
    const child = spawn(join(top, 'dev'), words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (part) => { said += part; });
    child.on('exit', (code) => (code === 0 ? done() : fail(new Error(`dev ${words.join(' ')}: ${said}`))));
});
const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const kill = (pid, signal) => { try { process.kill(pid, signal); } catch { /* gone already */ } };
const isGone = (pid) => !existsSync(`/proc/${pid}/stat`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
// Stands while PostgreSQL itself reads its log again: how long that takes is the disk's doing. Patience is counted by it.
let away = 0, since = 0;
const clock = () => (since || Date.now()) - away;
// ./dev finds it dead, and starts it as after an accident.
const revive = async (name) => {
    for (const end = Date.now() + 15000; ;) {
        try {
            return await devLater('start', name);
        } catch (error) {
            if (Date.now() > end) throw error;
            await sleep(100);
        }
    }
};
const answers = () => new Promise((done) => spawn('/usr/lib/postgresql/15/bin/pg_isready', ['-q', '-h', process.env.TALAT_RUN]).on('exit', (code) => done(code === 0)));
const siteConf = () => join(dirname(confPath), 'etc/nginx/site.conf');

// strike: once, again and again, with `pause` ms between; good: how many of the answers to the
// two watched pages must be 200: kept by nginx, and made by a worker.
const faults = {
    'workers are killed': {
        pause: 300, good: { kept: 1, made: 0.97 },
        strike: (pids, next) => {
            const name = ['web', 'work', 'slow', 'web'][Math.floor(next() * 4)], all = children(pids[name]);
            kill(all[Math.floor(next() * all.length)], 'SIGKILL');
            return name;
        },
    },
    'Redis is killed and started': {
        pause: 1500, good: { kept: 1, made: 0.99 },
        strike: async (pids, next) => {
            const { redis } = processes();
            kill(redis, 'SIGKILL');
            await sleep(300 + next() * 1500);
            await until(() => isGone(redis));
            await revive('redis');
        },
    },
    'PostgreSQL dies and is started': {
        pause: 2500, good: { kept: 1, made: 0.1 },
        strike: async (pids, next) => {
            const { postgres } = processes();
            kill(postgres, 'SIGQUIT'); // at once, without a checkpoint
            await sleep(200 + next() * 800);
            await until(() => isGone(postgres)); // or it would not be started
            since = Date.now();
            await revive('postgres');
            await until(answers, 60000, 'PostgreSQL does not come back'); // a slow disk mends for seconds: struck meanwhile, it would never be there
            away += Date.now() - since;
            since = 0;
        },
    },
    'nginx is reloaded': { pause: 500, good: { kept: 1, made: 1 }, strike: (pids) => { kill(pids.nginx, 'SIGHUP'); } },
    'nchan takes no messages': {
        pause: 1e9, good: { kept: 1, made: 1 },
        strike: async (pids) => {
            const was = readFileSync(siteConf(), 'utf8'), now = was.replace('nchan_publisher http;', 'return 503;');
            assert.notEqual(now, was);
            writeFileSync(siteConf(), now);
            kill(pids.nginx, 'SIGHUP');
        },
        mend: (pids) => {
            writeFileSync(siteConf(), readFileSync(siteConf(), 'utf8').replace('return 503;', 'nchan_publisher http;'));
            kill(pids.nginx, 'SIGHUP');
        },
    },
};

// One buyer after another, each patient: what fails is tried again, as people press reload, and
// who is told that the cart has changed looks at it anew.
async function buy(tally, browser, thing, next) {
    const end = clock() + PATIENCE_MS;
    const met = (error) => tally.met.add(error.message.replace(/[0-9a-z]{12,}|TL-[-A-Z0-9]+/g, '#').slice(0, 120));
    const again = async (step) => {
        for (;;) {
            try {
                return await step();
            } catch (error) {
                met(error);
                if (error.anew || clock() > end) throw error;
            }
            tally.retries++;
            await sleep(100 + next() * 200);
        }
    };
    const anew = (what) => Object.assign(new Error(what), { anew: true });
    const toTheMoney = async () => {
        await again(() => browser.add(thing.sku, 1 + Math.floor(next() * 2)));
        const seen = await again(() => browser.toPay().catch((error) => { throw /303 \/(cart|checkout)/.test(error.message) ? anew(error.message) : error; }));
        return again(async () => {
            const got = await browser.post('/checkout/pay', seen);
            if (got.status === 409) throw anew(`pay: ${/role="alert"[^>]*>([\s\S]*?)</.exec(got.body)?.[1].trim() ?? 'changed'}`);
            if (got.status !== 303) throw new Error(`pay: ${got.status}`);
            return got.headers.location;
        });
    };
    let location;
    while (!location) {
        location = await toTheMoney().catch((error) => {
            if (!error.anew || clock() > end) throw error;
            tally.anew++;
        });
    }
    if (!sessionOf(location)) { // the order is kept; its page offers to pay again
        const at = new URL(location, 'http://x'), number = at.pathname.split('/').at(-1);
        location = await again(async () => {
            const got = await browser.post(`/orders/${number}/pay`, {});
            if (!sessionOf(got.headers.location)) throw new Error(`paying again: ${got.status}`);
            return got.headers.location;
        });
    }
    const session = sessionOf(location);
    tally.placed.push(session);
    if (next() < 0.15) return; // looks at the provider's page, and walks away
    const { outcome } = await payAt(session);
    if (outcome !== 'paid') return void tally.met.add(`the page is ${outcome}`);
    tally.paid.push(session);
    // Back in the shop, the buyer waits to see it said.
    const paid = Date.now(), back = await again(() => `${orderOf(location).page}/return`).catch(() => null);
    for (let said = !back; !said && Date.now() < paid + PATIENCE_MS; await sleep(300)) {
        const page = await browser.get(back).catch(() => ({}));
        said = page.status === 200 && !/Waiting for your bank/.test(page.body);
    }
    tally.seen.push(Date.now() - paid);
}

// Asks for two pages all the time, for the share of good answers and the longest time without.
async function watch(tally, page, is) {
    const seen = { asked: 0, good: 0, statuses: {}, gap: 0 }, agent = agents();
    let last = clock();
    while (is()) {
        const { status } = await ask(page(), { agent, timeout: 20000 }).catch(({ message }) => ({ status: message.slice(0, 40) }));
        seen.asked++;
        seen.statuses[status] = (seen.statuses[status] ?? 0) + 1;
        if (status === 200) {
            seen.good++;
            last = clock();
        }
        seen.gap = Math.max(seen.gap, clock() - last);
        await sleep(20);
    }
    return seen;
}

before(async () => {
    if (skip) return;
    await calm();
    await switches({ webhooks: { speed: 60 } }); // a minute of the provider's patience is a second
});
after(async () => {
    if (skip) return;
    for (const part of ['postgres', 'redis', 'sim', 'web', 'slow', 'work', 'nginx']) dev('start', part);
    await until(() => calm().then(() => true, () => false)); // a kept connection may just have ended
});

let number = 0;
for (const [name, fault] of Object.entries(faults)) {
    test(`${name}, ${SECONDS} s of buying`, { skip, timeout: (SECONDS + 240) * 1000 }, async (t) => {
        const seed = SEED + number++, next = random(seed), pids = processes();
        const things = [goods({ stock: 100000 }), goods({ stock: 100000 })], [{ now: began }] = rows('select now()');
        const tally = { placed: [], paid: [], seen: [], left: 0, retries: 0, anew: 0, looked: 0, met: new Set() };
        await ask(`/products/${things[0].slug}`);
        let going = true, strikes = 0;
        const member = await new Browser().login('shopper@example.test');
        const buyers = Array.from({ length: BUYERS }, async (_, i) => {
            const chance = random(seed * 100 + i);
            while (going) {
                await buy(tally, i ? new Browser() : member, things[Math.floor(chance() * 2)], chance)
                    .catch((error) => { tally.left++; tally.met.add(error.message.slice(0, 90)); });
            }
        });
        const watching = [watch(tally, () => `/products/${things[0].slug}`, () => going), watch(tally, () => `/search?q=word${tally.looked++}`, () => going)];
        const end = Date.now() + SECONDS * 1000;
        try {
            while (Date.now() < end - 500) {
                await sleep(Math.min(200 + next() * 400, end - Date.now()));
                await fault.strike(pids, next);
                strikes++;
                await sleep(Math.min(fault.pause * (0.5 + next()), Math.max(end - Date.now(), 0)));
            }
        } finally {
            await fault.mend?.(pids);
            going = false;
        }
        const [kept, made] = await Promise.all(watching);
        await Promise.all(buyers);
        const stopped = Date.now();

        // Those who walked away: as if their quarter of an hour were over.
        const mine = (sessions) => sessions.map(quote).join(',') || "''";
        const orders = () => rows(`select distinct o.id, o.number, o.total, o.currency, o.payment_status, o.is_held from orders."order" o join orders.line l on l.order_id = o.id
            where l.item_id in (${things.map(({ item }) => item).join()}) and o.placed_at >= ${quote(began)}`);
        await until(() => one(`select count(*) from payments.attempt where session_id in (${mine(tally.paid)}) and state <> 'paid'`) === 0, 60000,
            () => JSON.stringify(rows(`select key, state, error, asked_at from payments.attempt where session_id in (${mine(tally.paid)}) and state <> 'paid' limit 5`)));
        const paidAfter = Date.now() - stopped;
        const unpaid = orders().filter(({ payment_status: status }) => status === 'pending').map(({ id }) => id);
        if (unpaid.length) {
            sql(`update orders."order" set hold_until = now() - interval '1 second' where id in (${unpaid}) and is_held;
                update inventory.hold set expires_at = now() - interval '1 second' where order_id in (${unpaid}) and state = 'held';
                update work.cron set last_run = last_run - interval '1 minute' where name = 'orders.lapsing'; notify work`);
        }
        await until(() => one(`select count(*) from inventory.hold where state = 'held' and order_id in (${[0, ...unpaid]})`) === 0, 60000,
            () => `still held: ${JSON.stringify(rows(`select kind, key, attempt, error from work.job where kind like 'orders.lapse%' limit 5`))}`);
        await until(() => one('select count(*) from work.outbox where read_at is null') === 0
            && one(`select count(*) from work.job where state <> 'dead' and run_at < now() and kind not like 'node.catch%' and kind not like 'refresh.%'`) === 0, 60000,
        () => JSON.stringify(rows(`select kind, state, attempt, error from work.job where run_at < now() limit 8`)));

        t.diagnostic(`seed ${seed}: ${strikes} strikes; ${tally.placed.length} orders placed, ${tally.paid.length} paid, ${tally.retries} steps again, ${tally.anew} carts looked at anew, ${tally.left} buyers left`);
        t.diagnostic(`kept page ${kept.good}/${kept.asked}, longest gap ${kept.gap} ms; made page ${made.good}/${made.asked} ${JSON.stringify(made.statuses)}, longest gap ${made.gap} ms; all paid ${paidAfter} ms after; a buyer saw it after ${tally.seen.sort((a, b) => a - b)[tally.seen.length >> 1]} ms, the last ${tally.seen.at(-1)} ms`);
        if (tally.met.size) t.diagnostic(`met: ${[...tally.met].slice(0, 12).join(' | ')}`);
        assert.ok(strikes > 0 && tally.paid.length >= SECONDS / 4, `${strikes} strikes, ${tally.paid.length} paid`);
        assert.equal(tally.left, 0, `buyers who gave up: ${[...tally.met].join(' | ')}`);
        for (const [which, seen] of Object.entries({ kept, made })) {
            assert.ok(seen.good >= fault.good[which] * seen.asked, `${which} page: ${JSON.stringify(seen)}`);
            assert.ok(Object.keys(seen.statuses).every((status) => status === '200' || status === '503'), `${which}: ${JSON.stringify(seen.statuses)}`);
        }
        assert.ok(made.gap < 15000, `no page was made for ${made.gap} ms`);

        // What the provider took is what we booked, order by order, and nobody paid twice.
        const ours = orders(), byNumber = new Map(ours.map((order) => [order.number, order]));
        const { payments } = await simulator('stats'), took = new Map();
        for (const payment of payments.filter((one) => byNumber.has(one.order) && one.charges))
            took.set(payment.order, [...(took.get(payment.order) ?? []), payment]);
        const booked = new Map(rows(`select o.number, sum(e.amount)::bigint as amount, count(*)::int as captures from payments.transaction t
            join payments.entry e on e.transaction_id = t.id and e.account = 'provider' join orders."order" o on o.id = t.order_id
            where o.id in (${[0, ...ours.map(({ id }) => id)]}) group by o.number`).map((row) => [row.number, row]));
        for (const [order, charges] of took) {
            assert.equal(charges.length, 1, `${order} was charged ${charges.length} times`);
            assert.deepEqual([byNumber.get(order).payment_status, booked.get(order)], ['paid', { number: order, amount: charges[0].captured, captures: 1 }], order);
        }
        assert.equal(took.size, booked.size, 'the ledger knows a payment that the provider does not');
        const known = new Set(rows(`select session_id from payments.attempt where state = 'paid'`).map(({ session_id: session }) => session));
        assert.deepEqual(tally.paid.filter((session) => !known.has(session)), [], 'paid, and lost');
        invariants();
    });
}
