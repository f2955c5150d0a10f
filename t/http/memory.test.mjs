// The workers' memory after very many requests of every kind is what it was before, to within
// 5 %. Recycling is off, and nginx left out: all of it is the workers' own work.
//
//   ./dev check t/http/memory                              TALAT_REQUESTS (10,000) of them
//   TALAT_FLAVOUR=up TALAT_REQUESTS=1000000 ./dev check t/http/memory
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as fcgi from './fcgi.mjs';
import { Node, rss } from './node.mjs';
import { skip as noStack, Browser, admin, ask, buyer, calm, goods, rows, shopper, sleep, until, url } from './shop.mjs';
import { random } from '../sim/switches.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const many = cpus().length > 24 && 'PostgreSQL has no room for so many workers';
const REQUESTS = Number(process.env.TALAT_REQUESTS ?? 10000), CLIENTS = 4, SEED = Number(process.env.TALAT_SEED ?? 20261121);
// The sanitizer keeps freed memory back for a while: not in this node.
const node = new Node({ recycle: 1e9, web_workers: 2 }, { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0` });
const fds = (pid) => readdirSync(`/proc/${pid}/fd`).length;
const sockets = (pid) => readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try { return [readlinkSync(`/proc/${pid}/fd/${fd}`)]; } catch { return []; } // just closed
}).filter((link) => link.startsWith('socket:'));
// One with two workers more than the machine has cores. Nobody asks it while the long test runs.
const quiet = new Node({ recycle: 1e9, web_workers: cpus().length + 2 });
let connected;

before(async () => {
    if (skip) return;
    await calm();
    await node.start();
    if (many) return;
    await quiet.start();
    // PostgreSQL's and Redis's; the listener is the leader's. (A worker may have been asked by start().)
    const leaders = new Set(sockets(quiet.processes.web.pid)), own = (pid) => sockets(pid).filter((one) => !leaders.has(one)).length;
    const all = () => quiet.workers('web').every((pid) => own(pid) >= 2);
    for (let i = 0; i < 100 && !all(); i++)
        await Promise.all(Array.from({ length: 4 * cpus().length + 8 }, (_, n) => ask(`/products/none-${i}-${n}`, { to: quiet.at })));
    assert.ok(all(), `each has asked both: ${quiet.workers('web').map(own)}`);
    let before; // a connection is closed a moment after its answer was read
    await until(async () => {
        const now = JSON.stringify([...(connected = new Map(quiet.workers('web').map((pid) => [pid, fds(pid)])))]);
        return before === (before = now);
    }, 5000, () => before);
});
after(async () => { if (!skip) { await node.stop(); if (!many) await quiet.stop(); } });

test(`${REQUESTS} requests of every kind: memory and descriptors stay as they are`, { skip, timeout: 6 * 3600 * 1000 }, async (t) => {
    const next = random(SEED), pick = (list) => list[Math.floor(next() * list.length)], thing = goods({ stock: 100000 });
    const slugs = rows(`select slug from catalog.product where status = 'published'`).map(({ slug }) => slug);
    const categories = rows('select slug from catalog.category').map(({ slug }) => slug);
    const words = ['lamp', 'speaker', 'ลำโพง', 'đèn', 'vinly', 'x', 'record player', 'zzzz'];
    const who = { member: (await shopper()).cookie, staff: (await admin()).cookie, guest: (await new Browser().add(thing.sku)).cookie };
    const socket = join(node.dir, 'web.sock'), { host } = new URL(url);
    const ask = (path, { cookie, accept = 'text/html', form } = {}) => {
        const lang = /^\/(th|vi)\b/.exec(path)?.[1] ?? 'en', body = form ? Buffer.from(new URLSearchParams(form).toString()) : Buffer.alloc(0);
        return fcgi.ask(socket, path, { body, params: { HTTP_HOST: host, HTTP_ACCEPT: accept, PAGE_LANGUAGE: lang, PAGE_CURRENCY: 'THB', PAGE_FORMAT: /json/.test(accept) ? 'json' : 'html',
            ...(cookie && { HTTP_COOKIE: cookie }), ...(form && { REQUEST_METHOD: 'POST', CONTENT_TYPE: 'application/x-www-form-urlencoded', HTTP_ORIGIN: url, HTTP_SEC_FETCH_SITE: 'same-origin' }) } });
    };
    const prefix = () => pick(['', '', '/th', '/vi']), json = { accept: 'application/json' };
    const token = (cookie) => /__Host-csrf=([^;]*)/.exec(cookie)?.[1] ?? '';
    const kinds = {
        product: () => ask(`${prefix()}/products/${pick(slugs)}`), 'product as JSON': () => ask(`/products/${pick(slugs)}`, json),
        list: () => ask(`${prefix()}/categories/${pick(categories)}?sort=${pick(['new', 'price_up', 'name'])}`), home: () => ask(`${prefix()}/`),
        search: () => ask(`${prefix()}/search?q=${encodeURIComponent(pick(words))}`), missing: () => ask(`/products/none-${Math.floor(next() * 1e6)}`),
        cart: () => ask('/cart', { cookie: pick([who.guest, who.member]) }), corner: () => ask('/-/me', { cookie: who.guest }),
        account: () => ask('/account', { cookie: pick([who.member, 'x=1']) }), desk: () => ask(pick(['/admin', '/admin/orders', '/admin/products']), { cookie: who.staff }),
        'into the cart': () => ask('/cart/lines', { cookie: who.guest, form: { csrf: token(who.guest), sku: pick([thing.sku, 'none']), quantity: 1 } }),
        'a wrong form': () => ask('/checkout', { cookie: who.guest, form: { ...buyer(), csrf: token(who.guest), email: 'no', name: 'x'.repeat(Math.floor(next() * 5000)) } }),
        'a broken body': () => ask('/cart/lines', { cookie: who.guest, form: { csrf: 'x', pad: 'x'.repeat(Math.floor(next() * 100000)) } }),
        'an event': () => ask('/payments/stripe/webhook', { form: { not: 'signed' } }),
    };
    const names = Object.keys(kinds), statuses = {};
    const go = async (n) => {
        await Promise.all(Array.from({ length: CLIENTS }, async () => {
            while (n-- > 0) {
                const name = pick(names), { status, how } = await kinds[name]();
                (statuses[name] ??= {})[status || how] = (statuses[name][status || how] ?? 0) + 1;
            }
        }));
    };
    const workers = node.workers('web'), look = () => workers.map((pid) => ({ rss: rss(pid), fds: fds(pid) }));
    await go(Math.max(REQUESTS * 0.2, 3000)); // everything has been met, by each
    const before = look(), began = Date.now(), steps = [];
    for (let i = 0; i < 4; i++) {
        await go(REQUESTS * 0.2);
        steps.push(look().map(({ rss: kib }) => kib).join('/'));
    }
    const end = look();
    t.diagnostic(`seed ${SEED}: ${Math.round(REQUESTS * 0.8 / (Date.now() - began) * 1000)} requests a second; KiB ${before.map(({ rss: kib }) => kib).join('/')}, then ${steps.join(', ')}`);
    t.diagnostic(JSON.stringify(statuses));
    assert.deepEqual(node.workers('web').sort(), workers.sort(), 'the same workers to the end');
    for (const [i, { rss: kib, fds: open }] of end.entries()) {
        assert.ok(kib <= before[i].rss * 1.05, `worker ${i}: ${before[i].rss} KiB, then ${kib}`);
        // The last client's may just be closing; one that was idle lets go of its stores' and takes them again.
        assert.ok(open <= before[i].fds + 3, `worker ${i}: ${before[i].fds} descriptors, then ${open}`);
    }
    for (const [name, seen] of Object.entries(statuses))
        assert.ok(Object.keys(seen).every((status) => Number(status) >= 200 && Number(status) < 500), `${name}: ${JSON.stringify(seen)}`);
    assert.ok(statuses.product[200] > 0 && statuses['into the cart'][303] > 0 && statuses.desk[200] > 0 && statuses.account[200] > 0, JSON.stringify(statuses));
});

test('of workers that nobody asks as many stay connected to the database as there are cores', { skip: skip || many, timeout: 60000 }, async () => {
    const has = () => [...connected].filter(([pid, open]) => fds(pid) === open).length;
    await until(() => has() === cpus().length, 20000, () => `${has()} of ${connected.size}`);
    assert.equal((await ask('/products/none', { to: quiet.at })).status, 404);
    await until(() => has() === cpus().length, 20000, () => `${has()} of ${connected.size} after another request`);
});

// What PostgreSQL has learnt for the back office is some 80 kB a statement.
test('of those, one that was asked little keeps its connection, and one that was asked much takes a new one', { skip: skip || many, timeout: 120000 }, async () => {
    const kept = () => [...connected].filter(([pid, open]) => fds(pid) === open).map(([pid]) => pid).sort();
    const now = (pids) => pids.map((pid) => sockets(pid).join());
    await until(() => kept().length === cpus().length, 20000, () => `${kept().length} of ${connected.size}`);
    const few = kept(), before = now(few);
    await sleep(9500);
    assert.deepEqual(now(few), before);

    const [{ slug }] = rows(`select slug from catalog.product where status = 'published' limit 1`), { cookie } = await admin();
    const paths = ['/', '/cart', '/account', '/checkout', '/search?q=lamp', `/products/${slug}`,
        ...['', '/orders', '/orders?status=processing', '/products', '/customers', '/health', '/settings', '/settings/categories', '/imports', '/team'].map((path) => `/admin${path}`)];
    for (let i = 0; i < 25; i++) // so that each has met most of them
        await Promise.all(paths.map((path) => ask(path, { to: quiet.at, headers: { cookie } })));
    const much = new Map(quiet.workers('web').map((pid) => [pid, sockets(pid).join()]));
    await until(() => kept().length === cpus().length && kept().every((pid) => sockets(pid).join() !== much.get(pid)), 25000,
        () => kept().map((pid) => `${much.get(pid)} then ${sockets(pid)}`).join('; '));
    assert.equal((await ask(`/products/${slug}`, { to: quiet.at })).status, 200);
});
