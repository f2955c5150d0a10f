// A purchase while Redis is away, orders across a death of PostgreSQL and of workers: what was
// acknowledged stays, and everything comes back by itself. Parts are stopped by ./dev, which
// works on the stack of this check.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { skip as noStack, Browser, admin, ask, calm, dev, goods, invariants, isPaid, orderOf, orderRow, payAt, processes, rows, sql,
    sessionOf, shopper, sleep, stockOf, until, within } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
before(async () => { if (!skip) await calm(); });
after(() => {
    if (skip) return;
    for (const part of ['postgres', 'redis', 'sim', 'web', 'slow', 'work']) dev('start', part);
});
// What is killed has ended, and what it had begun: only then does ./dev start it anew.
const gone = (pid) => until(() => !existsSync(`/proc/${pid}/stat`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), 20000, `${pid} lives on`);
const well = () => until(async () => (await ask('/health')).status === 200, 10000, 'the shop is not well again');

test('Redis away: a signed-in buyer and a guest go on to the end', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 9 }), buyer = await shopper(), guest = new Browser(), staff = await admin();
    await guest.add(thing.sku);
    await buyer.get('/cart');
    dev('stop', 'redis');
    try {
        assert.equal((await buyer.get('/account')).status, 200, 'the session is made again from its device row');
        assert.equal((await staff.get('/admin/orders')).status, 200);
        assert.equal((await guest.json('/cart')).data.cart.count, 1, 'the cart is not in Redis');
        for (const path of ['/', `/products/${thing.slug}`, '/products', '/search?q=lamp']) assert.equal((await ask(path)).status, 200, path);
        const orders = [];
        for (const browser of [guest, buyer]) {
            if (browser === buyer) await browser.add(thing.sku, 2);
            const got = await browser.post('/checkout/pay', await browser.toPay());
            orders.push(orderOf(got.headers.location));
        }
        for (const { session, number } of orders) {
            await payAt(session);
            await isPaid(number);
        }
        const fresh = await shopper(), page = await fresh.get('/account');
        assert.equal(page.status, 200, 'logging in works too');
        const metrics = (await ask('/metrics')).body;
        assert.match(metrics, /^talat_limits_local_total [1-9]/m);
        // Logged out while it was away: dead also when it is back.
        const gone = new Browser({ jar: new Map(fresh.jar) });
        assert.equal((await fresh.post('/logout', {})).status, 303);
        assert.equal((await gone.get('/account')).status, 303);
        dev('start', 'redis');
        await within(5000, async () => JSON.parse((await ask('/health')).body).redis === true, 'Redis is not found again');
        assert.equal((await gone.get('/account')).status, 303);
        assert.equal((await buyer.get('/account')).status, 200);
    } finally {
        dev('start', 'redis');
    }
    await well();
    invariants();
});

test('a restart of Redis keeps sessions', { skip, timeout: 180000 }, async () => {
    const buyer = await shopper();
    dev('stop', 'redis');
    dev('start', 'redis');
    assert.equal((await buyer.get('/account')).status, 200);
    await well();
});

test('workers killed during checkouts: replaced, no paid order lost, no stock held for nobody', { skip, timeout: 120000 }, async (t) => {
    const thing = goods({ stock: 5000 }), paid = [], bad = [];
    let going = true, asked = 0;
    const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    const buyers = Promise.all(Array.from({ length: 6 }, async () => {
        while (going) {
            try {
                asked++;
                const order = await new Browser().order(thing.sku);
                await payAt(order.session);
                paid.push(order);
            } catch (error) {
                bad.push(error.message.slice(0, 120));
            }
        }
    }));
    let killed = 0;
    for (let i = 0; i < 8; i++) {
        await sleep(500);
        const { web, slow } = processes(), workers = children(i % 2 ? web : slow);
        process.kill(workers[i % workers.length], 'SIGKILL');
        killed++;
    }
    await until(() => paid.length > 20 || bad.length > killed * 2, 30000, () => `${paid.length} orders paid`);
    going = false;
    await buyers;
    t.diagnostic(`${paid.length} orders paid, ${killed} workers killed, ${bad.length} of ${asked} buyers met one`);
    assert.ok(paid.length > 20);
    assert.ok(bad.length <= killed * 2, bad.join('\n'));
    for (const { number } of paid) await isPaid(number, 30000);
    await until(() => rows(`select id from work.job where state = 'ready' and kind not like 'refresh.%' and run_at < now()`).length === 0, 20000);
    invariants();
    await well();
});

test('PostgreSQL dies under load: nothing that was acknowledged is lost, and all is back within 5 s', { skip, timeout: 120000 }, async (t) => {
    const thing = goods({ stock: 5000 }), placed = [], statuses = {};
    let going = true;
    const buyers = Promise.all(Array.from({ length: 4 }, async () => {
        while (going) {
            const browser = new Browser();
            try {
                await browser.add(thing.sku);
                const got = await browser.post('/checkout/pay', await browser.toPay());
                statuses[got.status] = (statuses[got.status] ?? 0) + 1;
                const session = sessionOf(got.headers.location);
                if (session) placed.push(session);
            } catch { // a step before the last met the gap
                await sleep(50);
            }
        }
    }));
    await until(() => placed.length > 5, 10000, 'nobody buys');
    const { postgres } = processes();
    process.kill(postgres, 'SIGQUIT'); // at once, without a checkpoint
    await gone(postgres);
    const other = await ask('/cart', { headers: { cookie: '__Host-cart=x' } }), shelf = await ask('/orders/TL-AAAA-BBBB-CCCC');
    assert.ok([200, 503].includes(other.status));
    assert.equal(shelf.status, 503);
    assert.match(shelf.headers['retry-after'], /^\d+$/);
    await until(() => { try { dev('start', 'postgres'); return true; } catch { return false; } }, 10000);
    const began = Date.now();
    await until(async () => (await ask('/health')).status === 200, 60000, 'not well'); // a slow disk mends for seconds
    t.diagnostic(`well again ${Date.now() - began} ms after PostgreSQL was started; ${JSON.stringify(statuses)}`);
    const before = placed.length;
    await until(() => placed.length > before + 5, 10000, 'nobody buys afterwards');
    going = false;
    await buyers;
    const known = new Set(rows('select session_id from payments.attempt').map(({ session_id: id }) => id));
    assert.deepEqual(placed.filter((session) => !known.has(session)), []);
    // Of a page whose name is lost all the same, what is paid on it is found by the key that the provider was given.
    const nameless = placed.at(-1), id = sql(`select id from payments.attempt where session_id = '${nameless}'`);
    sql(`update payments.attempt set state = 'created', session_id = null, url = null where id = ${id}`);
    await payAt(nameless);
    await until(() => sql(`select state from payments.attempt where id = ${id}`) === 'paid', 10000, 'what was paid on a page without a name is not found');
    assert.ok(Object.keys(statuses).every((status) => ['303', '503'].includes(status)), JSON.stringify(statuses));
    const stock = stockOf(thing.sku);
    assert.ok(stock.reserved <= stock.on_hand);
    invariants();
});

test('no work is lost while nobody does it', { skip, timeout: 180000 }, async () => {
    dev('stop', 'work');
    const order = await new Browser().order(goods({ stock: 3 }).sku);
    await payAt(order.session);
    await sleep(500);
    assert.equal(orderRow(order.number).payment_status, 'pending');
    const reader = new Browser(), { headers } = await reader.get(order.back), page = await reader.get(headers.location);
    assert.match(page.body, /Waiting for your bank/);
    dev('start', 'work');
    await isPaid(order.number);
    invariants();
});

test('the simulator away: the order is kept and paid when it is back', { skip, timeout: 180000 }, async () => {
    const browser = new Browser();
    await browser.add(goods({ stock: 3 }).sku);
    const seen = await browser.toPay();
    dev('stop', 'sim');
    let told;
    try {
        told = await browser.post('/checkout/pay', seen);
        assert.equal(told.status, 303);
        assert.equal(sessionOf(told.headers.location), undefined);
        const at = new URL(told.headers.location, 'http://x'), page = await browser.get(at.pathname + at.search);
        assert.match(page.body, /\/pay"/);
    } finally {
        dev('start', 'sim');
    }
    const at = new URL(told.headers.location, 'http://x'), number = at.pathname.split('/').at(-1);
    const got = await until(async () => {
        const again = await browser.post(`/orders/${number}/pay`, {});
        return sessionOf(again.headers.location) && again;
    }, 45000, 'paying again does not work');
    await payAt(sessionOf(got.headers.location));
    await isPaid(number);
    invariants();
});
