// Many at once: the last piece, the same cart, opposite orders of things, and fields that a
// buyer has no business changing.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { skip, admin, Browser, calm, fields, goods, invariants, one, orderOf, orderRow, paymentsOf, payAt, isPaid, pg,
    rows, sessionOf, setStock, sql, stockOf, switches, text, until, url, wholeForm } from './shop.mjs';

before(async () => { if (!skip) await calm(); });

// So many browsers at the last page, each with its own cart.
async function ready(n, add) {
    const all = [];
    for (let i = 0; i < n; i += 10)
        all.push(...await Promise.all(Array.from({ length: Math.min(10, n - i) }, async (_, k) => {
            const browser = new Browser();
            await add(browser, i + k);
            return { browser, seen: await browser.toPay() };
        })));
    return all;
}
const tally = (answers) => answers.reduce((sum, { status }) => ({ ...sum, [status]: (sum[status] ?? 0) + 1 }), {});
// What there is of a thing: of others the provider may still be telling.
const counts = ({ item }) => rows(`with o as (select distinct order_id as id from orders.line where item_id = ${item})
    select (select count(*) from o) as orders, (select count(*) from payments.attempt where order_id in (select id from o)) as attempts,
    (select count(*) from payments.transaction where order_id in (select id from o)) as transactions,
    (select count(*) from inventory.hold where item_id = ${item}) as holds, (select count(*) from inventory.movement where item_id = ${item}) as movements`)[0];

test('200 clients, one piece: one order, and the others are told what to do', { skip, timeout: 180000 }, async (t) => {
    const thing = goods({ stock: 200 });
    const clients = await ready(200, (browser) => browser.add(thing.sku));
    setStock(thing.sku, 1);
    const before = one('select count(*) from orders."order"'), began = Date.now();
    const answers = await Promise.all(clients.map(({ browser, seen }) => browser.post('/checkout/pay', seen)));
    t.diagnostic(`${Date.now() - began} ms, ${JSON.stringify(tally(answers))}`);
    assert.deepEqual(tally(answers), { 303: 1, 409: 199 });
    assert.equal(one('select count(*) from orders."order"') - before, 1);
    assert.deepEqual(stockOf(thing.sku), { on_hand: 1, reserved: 1 });
    for (const { status, body } of answers) {
        if (status === 409) assert.match(text(body), /sold out|no longer be bought|Look at the cart/i);
    }
    const winner = answers.find(({ status }) => status === 303), order = orderOf(winner.headers.location);
    await payAt(order.session);
    await isPaid(order.number);
    assert.deepEqual(stockOf(thing.sku), { on_hand: 0, reserved: 0 });
    const late = await new Browser().post('/cart/lines', { sku: thing.sku, quantity: 1 });
    assert.equal(late.status, 409);
    assert.match(text(late.body), /sold out/i);
    invariants();
});

test('stock of ten, buyers of one to three pieces of two things in either order', { skip, timeout: 180000 }, async (t) => {
    const a = goods({ stock: 1000 }), b = goods({ stock: 1000 });
    const clients = await ready(60, async (browser, i) => {
        for (const thing of i % 2 ? [a, b] : [b, a]) await browser.add(thing.sku, 1 + i % 3);
    });
    setStock(a.sku, 10);
    setStock(b.sku, 10);
    const answers = await Promise.all(clients.map(({ browser, seen }) => browser.post('/checkout/pay', seen)));
    t.diagnostic(JSON.stringify(tally(answers)));
    assert.deepEqual(Object.keys(tally(answers)), ['303', '409']);
    const sold = answers.reduce((sum, { status }, i) => sum + (status === 303 ? 1 + i % 3 : 0), 0);
    for (const { sku } of [a, b]) assert.deepEqual(stockOf(sku), { on_hand: 10, reserved: sold });
    assert.ok(sold >= 8 && sold <= 10, `${sold} sold`);
    invariants();
});

test('many paid in the same moment, of two things, while others order both: all are paid, and no two wait for each other', { skip, timeout: 180000 }, async (t) => {
    const a = goods({ stock: 1000 }), b = goods({ stock: 1000 });
    const ordered = await ready(40, (browser, i) => browser.add((i % 2 ? a : b).sku, 1));
    const later = await ready(40, async (browser) => { for (const { sku } of [a, b]) await browser.add(sku, 1); });
    const stuck = () => readFileSync(join(process.env.TALAT_CHECK, 'log/postgres.log'), 'utf8').split('deadlock detected').length;
    const orders = (await Promise.all(ordered.map(({ browser, seen }) => browser.post('/checkout/pay', seen)))).map(({ headers }) => orderOf(headers.location));
    const before = stuck();
    await switches({ webhooks: { hold: true } });
    try {
        for (const { session } of orders) await payAt(session);
    } finally { await calm(); } // and all that was held back comes
    const answers = await Promise.all(later.map(({ browser, seen }) => browser.post('/checkout/pay', seen)));
    assert.deepEqual(tally(answers), { 303: 40 });
    for (const { number } of orders) await isPaid(number);
    const quickest = one(`select count(*) from (select paid_at from orders."order" where number = any('{${orders.map(({ number }) => number)}}') group by paid_at having count(*) > 1) t`);
    t.diagnostic(`${quickest} times several at once`);
    assert.ok(quickest > 0, 'none were settled together');
    for (const { sku } of [a, b]) assert.deepEqual(stockOf(sku), { on_hand: 980, reserved: 40 });
    assert.equal(stuck() - before, 0, 'two of them waited for each other');
    invariants();
});

test('50 posts of one cart: one order, one attempt, one payment page, the same answer', { skip, timeout: 120000 }, async () => {
    const thing = goods({ stock: 10 }), browser = new Browser();
    await browser.add(thing.sku, 2);
    const seen = await browser.toPay(), was = counts(thing);
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.post('/checkout/pay', seen)));
    assert.deepEqual(tally(answers), { 303: 50 });
    assert.equal(new Set(answers.map(({ headers }) => headers.location)).size, 1);
    const now = counts(thing);
    assert.deepEqual([now.orders - was.orders, now.attempts - was.attempts, now.holds - was.holds], [1, 1, 1]);
    const order = orderOf(answers[0].headers.location);
    assert.deepEqual(stockOf(thing.sku), { on_hand: 10, reserved: 2 });
    await payAt(order.session);
    await isPaid(order.number);
    const { totals, payments } = await paymentsOf(order.number);
    assert.equal(payments.length, 1, JSON.stringify(totals));
    const again = await browser.post('/checkout/pay', seen); // the button of an old tab
    assert.notEqual(again.status, 500);
    assert.equal(sessionOf(again.headers.location), undefined, 'a paid order is not paid again');
    assert.equal(one(`select count(*) from payments.transaction where order_id = ${order.id}`), 1);
    invariants();
});

test('a cart changed after ordering: the new order takes the old one\'s place', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 5 }), browser = new Browser();
    const first = await browser.order(thing.sku, 2);
    await browser.add(thing.sku, 1);
    const second = orderOf((await browser.post('/checkout/pay', await browser.toPay())).headers.location);
    assert.notEqual(second.number, first.number);
    assert.equal(orderRow(first.number).status, 'cancelled');
    assert.deepEqual(stockOf(thing.sku), { on_hand: 5, reserved: 3 });
    assert.equal((await payAt(first.session)).outcome, 'closed', 'its page can no longer be paid');
    await payAt(second.session);
    await isPaid(second.number);
    assert.equal(orderRow(first.number).payment_status, 'pending');
    invariants();
});

test('a cancelled order does not stand in the cart\'s way', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 5 }), browser = new Browser();
    const first = await browser.order(thing.sku, 2);
    const cancel = await browser.post(`/orders/${first.number}/cancel`, { key: first.key });
    assert.equal(cancel.status, 303);
    assert.deepEqual(stockOf(thing.sku), { on_hand: 5, reserved: 0 });
    const got = await browser.post('/checkout/pay', await browser.toPay());
    assert.ok(sessionOf(got.headers.location), `${got.status} ${got.headers.location}: the cart can be ordered again`);
    invariants();
});

// The order's lock already lets one refund after the other; here nothing but the table's own rule.
test('refunds at once never give back more than was paid', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 5 }), order = await new Browser().order(thing.sku, 1);
    await payAt(order.session);
    await isPaid(order.number);
    const id = orderRow(order.number).id, part = Math.ceil(orderRow(order.number).total * 0.6);
    const refund = (n) => `begin;
        insert into payments.refund (order_id, attempt_id, key, amount, currency, state)
        select order_id, id, 'race-${id}-${n}', ${part}, currency, 'created' from payments.attempt where order_id = ${id} and state = 'paid';
        select pg_sleep(0.5); commit;`;
    const ends = await Promise.all(Array.from({ length: 8 }, (_, n) => new Promise((done) => {
        const psql = spawn('/usr/lib/postgresql/15/bin/psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', pg, '-c', refund(n)], { stdio: ['ignore', 'ignore', 'pipe'] });
        let said = '';
        psql.stderr.on('data', (some) => { said += some; });
        psql.on('close', (code) => done({ code, said }));
    })));
    sql(`update payments.refund set state = 'failed' where key like 'race-${id}-%'`); // no job asks for it
    assert.equal(ends.filter(({ code }) => code === 0).length, 1, JSON.stringify(ends));
    for (const { code, said } of ends) if (code !== 0) assert.match(said, /more than was paid/);
});

test('the books refuse a change by whoever it is', { skip, timeout: 180000 }, async () => {
    const order = await new Browser().order(goods({ stock: 5 }).sku, 1);
    await payAt(order.session);
    await isPaid(order.number);
    for (const [table, change] of [['payments.entry', 'amount = amount + 1'], ['payments.transaction', "cause = cause || 'x'"],
        ['inventory.movement', 'quantity = quantity + 1']]) {
        assert.throws(() => sql(`update ${table} set ${change}`), /never|change|refuse/i, table);
        assert.throws(() => sql(`delete from ${table}`), /never|change|refuse/i, table);
    }
});

test('no field of the client changes a price', { skip, timeout: 120000 }, async (t) => {
    const thing = goods({ stock: 50 }), browser = new Browser(), was = counts(thing);
    const odd = ['-1', '0', '2147483648', '9223372036854775808', '1e3', '1.5', '0x10', 'NaN', '', ' ', '１', '1000', "1' or '1'='1", '1\0'];
    for (const quantity of odd) {
        const got = await browser.post('/cart/lines', { sku: thing.sku, quantity });
        const lines = (await browser.json('/cart')).data.cart.lines;
        if (quantity === '') { // nothing said: one
            assert.equal(got.status, 303);
            await browser.post(`/cart/lines/${lines[0].id}`, { quantity: 0 });
            continue;
        }
        assert.ok([400, 422].includes(got.status), `${JSON.stringify(quantity)}: ${got.status}`);
        assert.deepEqual(lines, [], JSON.stringify(quantity));
    }
    await browser.post('/cart/lines', { sku: thing.sku, quantity: 2, price: 1, unit_price: 1, seen_price: 1, total: 2, currency: 'USD',
        organisation: 99, organisation_id: 99, variant_id: 1, person_id: 1, cart_id: 1, status: 'paid' });
    const { cart } = (await browser.json('/cart')).data;
    assert.deepEqual([cart.currency, cart.goods, cart.lines.length], ['THB', 2 * thing.price, 1]);
    for (const quantity of odd.filter((text) => text !== '0')) {
        const got = await browser.post(`/cart/lines/${cart.lines[0].id}`, { quantity });
        assert.ok([400, 422].includes(got.status), `${JSON.stringify(quantity)}: ${got.status}`);
    }
    assert.equal((await browser.json('/cart')).data.cart.lines[0].quantity, 2);
    for (const id of ['0', '1', '-1', 'zzzzzzzz', cart.lines[0].id.replace(/.$/, (end) => end === '0' ? '1' : '0')]) {
        const got = await browser.post(`/cart/lines/${id}`, { quantity: 1 });
        assert.ok([404, 422].includes(got.status), `line ${id}: ${got.status}`);
    }
    const stranger = new Browser();
    await stranger.add(thing.sku);
    assert.equal((await stranger.post(`/cart/lines/${cart.lines[0].id}`, { quantity: 9 })).status, 404, 'the line of another cart');

    const seen = await browser.toPay();
    const wrong = { total: ['1', '0', '-1', '2147483648', '1e3', 'NaN', '', String(Number(seen.total) - 1)],
        revision: ['0', '-1', '99', '1e3', ''], currency: ['USD', 'VND', 'thb', 'x'] };
    for (const [name, values] of Object.entries(wrong)) {
        for (const value of values) {
            const got = await browser.post('/checkout/pay', { ...seen, [name]: value });
            assert.ok([409, 422].includes(got.status), `${name} ${JSON.stringify(value)}: ${got.status} ${got.headers.location ?? ''}`);
        }
    }
    for (const method of ['free', 'standard\' --', '', 'STANDARD'])
        assert.ok([409, 422].includes((await browser.post('/checkout/delivery', { method })).status), method);
    assert.deepEqual(counts(thing), was, 'nothing was written');
    const got = await browser.post('/checkout/pay', { ...seen, price: 1, amount: 1, tax: 0, delivery: 0, discount: 100,
        organisation: 99, person: 1, status: 'paid', payment_status: 'paid' });
    const row = orderRow(orderOf(got.headers.location).number);
    assert.deepEqual([row.currency, row.goods_total, row.total, row.payment_status], ['THB', 2 * thing.price, Number(seen.total), 'pending']);
    t.diagnostic(`${odd.length * 2} quantities`);
    invariants();
});

test('a draft, an archived and an unknown product cannot be bought', { skip }, async () => {
    const thing = goods({ stock: 5 }), browser = new Browser();
    const shelved = (change) => sql(`${change}; select catalog.reshelve(${thing.product})`);
    await browser.add(thing.sku);
    for (const status of ['draft', 'archived']) {
        shelved(`update catalog.product set status = '${status}' where id = ${thing.product}`);
        try {
            assert.equal((await new Browser().post('/cart/lines', { sku: thing.sku, quantity: 1 })).status, 404);
            const { cart } = (await browser.json('/cart')).data;
            assert.equal(cart.isBlocked, true);
            assert.equal(cart.lines[0].problem, 'gone');
        } finally {
            shelved(`update catalog.product set status = 'published' where id = ${thing.product}`);
        }
    }
    assert.equal((await new Browser().post('/cart/lines', { sku: 'NO-SUCH', quantity: 1 })).status, 404);
});

test('a price that changes on the way is said, never silently taken', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 5 }), browser = new Browser();
    await browser.add(thing.sku);
    const seen = await browser.toPay();
    const set = (amount) => sql(`update catalog.price set amount = ${amount}, compare_at = null where variant_id = ${thing.variant} and currency = 'THB';
        select catalog.reshelve(${thing.product})`);
    set(thing.price + 100);
    try {
        const got = await browser.post('/checkout/pay', seen);
        assert.equal(got.status, 409);
        assert.match(text(got.body), /has changed/i);
        const now = fields((await browser.get('/checkout/pay')).body, '/checkout/pay');
        assert.ok(Number(now.total) > Number(seen.total));
        assert.equal((await browser.post('/checkout/pay', now)).status, 303);
    } finally {
        set(thing.price);
    }
    invariants();
});

test('staff give back and cancel at once, many times: each thing is done once and told once', { skip, timeout: 120000 }, async () => {
    const thing = goods({ stock: 5 }), order = await new Browser().order(thing.sku), staff = await admin();
    await payAt(order.session);
    await isPaid(order.number);
    const { id, total } = orderRow(order.number), desk = `/admin/orders/${order.number}`;
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => i % 2 ? staff.post(`${desk}/cancel`, {})
        : staff.post(`${desk}/refund`, { kept: total, part: 1, amount: '10.00' })));
    // 503: it has waited for the others' turn long enough. What it was about may then be asked again.
    for (const { status } of answers) assert.ok([303, 409, 503].includes(status), `${status}`);
    if (orderRow(order.number).status !== 'cancelled') assert.equal((await staff.post(`${desk}/cancel`, {})).status, 303);
    assert.equal(orderRow(order.number).status, 'cancelled');
    await until(() => orderRow(order.number).payment_status === 'refunded', 30000, 'the money is not back');
    const told = (template) => one(`select count(*) from notify.mail where order_id = ${id} and template = '${template}'`);
    const apart = one(`select count(*) from payments.refund where order_id = ${id} and reason = 'requested_by_customer'`);
    assert.ok(apart <= 1, `${apart} refunds of the same rest`);
    assert.equal(one(`select sum(amount) from payments.refund where order_id = ${id}`), total);
    assert.deepEqual([told('order_cancelled'), told('order_refunded'), told('refund_failed')], [1, apart, 0]);
    assert.deepEqual(stockOf(thing.sku), { on_hand: 5, reserved: 0 });
    invariants();
});

test('two categories moved under each other at once: one is; and who saves a product into one that goes hears of it', { skip, timeout: 60000 }, async () => {
    const thing = goods(), one_is = await admin(), other = await admin(), at = '/admin/settings/categories';
    const made = async (slug) => assert.equal((await one_is.post(at, { slug, name_en: slug })).status, 303);
    try {
        await made('zz-race-a');
        await made('zz-race-b');
        for (let round = 0; round < 5; round++) {
            const under = (who, slug, parent) => who.post(`${at}/${slug}`, { name_en: slug, parent });
            const ends = await Promise.all([under(one_is, 'zz-race-a', 'zz-race-b'), under(other, 'zz-race-b', 'zz-race-a')]);
            assert.deepEqual(tally(ends), { 303: 1, 422: 1 });
            await under(one_is, 'zz-race-a', '');
            await under(one_is, 'zz-race-b', '');
        }
        const page = `/admin/products/${thing.slug}`, ticked = rows(`select c.slug from catalog.product_category pc join catalog.category c on c.id = pc.category_id
            join catalog.product p on p.id = pc.product_id where p.slug = '${thing.slug}'`).map(({ slug }) => slug);
        for (let round = 0; round < 5; round++) {
            await made('zz-race-c');
            const { category, ...seen } = wholeForm((await other.get(page)).body, page);
            const form = [...Object.entries({ csrf: other.jar.get('__Host-csrf'), ...seen }), ...[...ticked, 'zz-race-c'].map((slug) => ['category', slug])];
            const [gone, saved] = await Promise.all([one_is.post(`${at}/zz-race-c/remove`, { to: '-' }),
                other.send(page, { form, headers: { origin: url, 'sec-fetch-site': 'same-origin' } })]);
            assert.equal(gone.status, 303);
            assert.ok([303, 409, 422].includes(saved.status), String(saved.status));
        }
    } finally {
        for (const slug of ['zz-race-c', 'zz-race-a', 'zz-race-b']) await one_is.post(`${at}/${slug}/remove`, { to: '-' });
    }
    assert.equal(one("select count(*) from catalog.category where slug like 'zz-race%'"), 0);
    assert.equal(one('select count(*) from catalog.product_category pc where not exists (select from catalog.category c where c.id = pc.category_id)'), 0);
});
