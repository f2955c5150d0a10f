// What open pages hear: at once, by everybody it concerns, by nobody else, and without a gap.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { skip, Browser, admin, ask, calm, fields, goods, inner, invariants, isPaid, listen, one, payAt, redis, rows, setStock, shopper, sleep, sql, text, top,
    until, wholeForm, stopwatch, live, opened } from './shop.mjs';

before(async () => { if (!skip) await calm(); });

const accessLog = () => readFileSync(join(process.env.TALAT_VAR, 'log/access.log'), 'utf8').split('\n').slice(-2000);
const json = { headers: { accept: 'application/json' } };
const liveJson = (order) => order.path.replace('?', '/live.json?');
const named = (name, number) => (event) => event.event === name && (!number || JSON.parse(event.data).orderId === number);
// The one channel a line listens to, as nginx's log names it once the line has ended.
async function channelOf(path, browser) {
    const stream = await opened(path, { browser }), id = stream.headers['x-request-id'];
    stream.close();
    const line = await until(() => accessLog().find((one) => one.includes(id)), 5000, `${path}: not in the log`);
    return JSON.parse(line).path.replace(/^\/_sub\//, '');
}
// Ships a paid order as the merchant does; gives the time it was done.
async function ship(staff, number, status = 'shipped') {
    const got = await staff.post(`/admin/orders/${number}/status`, { status, carrier: 'Post', tracking: `T${number.slice(-4)}` });
    assert.equal(got.status, 303);
    return Date.now();
}

test('two tabs, another device and the merchant hear of a change within a second; others nothing', { skip, timeout: 180000 }, async (t) => {
    const tab = await shopper(), device = await shopper(), staff = await admin(), other = new Browser();
    const email = `other.${Date.now()}@example.test`;
    await other.register({ name: 'Other', email, password: 'a long enough one' });
    const streams = { tab: await opened('/-/live', { browser: tab }), tab2: await opened('/-/live', { browser: tab }), device: await opened('/-/live', { browser: device }),
        desk: await opened('/admin/live.json', { browser: staff }), rows: await opened('/admin/live', { browser: staff }) };
    const stranger = await opened('/-/live', { browser: other });
    for (const [name, stream] of Object.entries({ ...streams, stranger })) if (name !== 'rows') await stream.expect(named('connection:ready'), 2000, `${name}: not ready`);

    let at = Date.now();
    const thing = goods({ stock: 5 }), order = await tab.order(thing.sku);
    const page = await opened(live(order)), client = await opened(liveJson(order));
    for (const name of ['tab', 'tab2', 'device', 'desk']) {
        const event = await streams[name].expect(named('order:created', order.number), 3000, `${name}: not told of the order`);
        assert.deepEqual(JSON.parse(event.data), { orderId: order.number, paymentStatus: 'pending', orderStatus: 'pending' });
    }
    await streams.rows.expect(({ data }) => data.includes(order.number), 3000, 'the merchant\'s list does not show it');
    await payAt(order.session);
    await isPaid(order.number);
    const late = {};
    at = await ship(staff, order.number);
    const taken = stopwatch();
    const shipped = ({ event, data }) => event === 'order:updated' && JSON.parse(data).orderId === order.number && JSON.parse(data).orderStatus === 'shipped';
    for (const [name, stream] of Object.entries({ ...streams, client })) {
        if (name === 'rows') continue;
        const event = await stream.expect(shipped, 3000, `${name}: not told of the shipping`);
        assert.deepEqual(JSON.parse(event.data), { orderId: order.number, paymentStatus: 'paid', orderStatus: 'shipped' });
        late[name] = event.at - at;
    }
    const fragment = await page.expect(({ event, data }) => event === 'message' && data.includes(`T${order.number.slice(-4)}`), 3000, 'the page is not told');
    assert.match(fragment.data, new RegExp(`id="order-${order.number}"`));
    late.page = fragment.at - at;
    t.diagnostic(`ms after the merchant's click was answered: ${JSON.stringify(late)}`);
    const stood = Date.now() - at - taken(); // no processor was free so long
    for (const [name, ms] of Object.entries(late)) assert.ok(ms - stood < 1000, `${name}: ${ms} ms`);
    assert.deepEqual(stranger.events.filter(({ event }) => event !== 'connection:ready'), [], 'another user hears nothing');
    invariants();
});

test('who may not see an order may not hear it', { skip, timeout: 180000 }, async () => {
    const order = await new Browser().order(goods({ stock: 3 }).sku), mine = await shopper();
    for (const path of [`/orders/${order.number}/live`, `/orders/${order.number}/live?key=${order.key.slice(0, -1)}x`, `/orders/${order.number}/live.json`])
        for (const browser of [undefined, mine]) {
            const stream = listen(path, { browser });
            await stream.opened;
            assert.equal(stream.status, 404, path);
        }
    for (const path of ['/-/live', '/admin/live']) {
        const stream = listen(path, json);
        await stream.opened;
        assert.ok([303, 401].includes(stream.status), `${path}: ${stream.status}`);
    }
    const desk = listen('/admin/live', { browser: mine, ...json });
    await desk.opened;
    assert.equal(desk.status, 403);
    for (const path of ['/_sub/o/x', '/_sub/u/1.json', '/pub/u/1', '/push-status']) {
        assert.ok([404, 405].includes((await ask(path)).status), path);
        assert.ok([403, 404, 405].includes((await ask(path, { body: 'x' })).status), path);
    }
});

test('what was missed while the line was cut is heard afterwards, once', { skip, timeout: 180000 }, async () => {
    const staff = await admin(), order = await new Browser().order(goods({ stock: 3 }).sku);
    const first = await opened(liveJson(order));
    await first.expect(named('connection:ready'));
    await payAt(order.session);
    await first.expect((event) => event.event === 'order:updated' && JSON.parse(event.data).paymentStatus === 'paid');
    await sleep(300);
    first.close();
    const seen = first.lastId;
    await ship(staff, order.number);
    await sleep(1500);
    await ship(staff, order.number, 'delivered');
    await sleep(500);
    const again = await opened(liveJson(order), { headers: { 'last-event-id': seen } });
    await again.expect((event) => event.event === 'order:updated' && JSON.parse(event.data).orderStatus === 'delivered', 3000);
    await again.expect(named('connection:ready'));
    const states = again.events.filter(({ event }) => event === 'order:updated').map(({ data }) => JSON.parse(data).orderStatus);
    assert.deepEqual(states, ['shipped', 'delivered']);
});

test('an event between the page\'s making and its listening is not lost', { skip, timeout: 180000 }, async () => {
    const staff = await admin(), browser = new Browser(), order = await browser.order(goods({ stock: 3 }).sku);
    await payAt(order.session);
    await isPaid(order.number);
    const page = await browser.get(order.page);
    const since = /data-since="([^"]+)"/.exec(page.body)[1];
    await ship(staff, order.number);
    await sleep(2500); // the browser is slow
    const from = `${Math.floor(Date.parse(since) / 1000) - 3}:0`; // as js/live.js reckons
    const stream = await opened(`${live(order)}&last_event_id=${encodeURIComponent(from)}`);
    await stream.expect(({ data }) => data.includes(`T${order.number.slice(-4)}`), 2000, 'the gap swallowed it');
});

test('logging out ends this session\'s streams and leaves the other device\'s', { skip, timeout: 180000 }, async () => {
    const here = await shopper(), there = await shopper();
    const order = await here.order(goods({ stock: 3 }).sku);
    const streams = [await opened('/-/live', { browser: here }), await opened(`/orders/${order.number}/live.json`, { browser: here })];
    const kept = await opened('/-/live', { browser: there });
    for (const stream of [...streams, kept]) await stream.expect(named('connection:ready'));
    assert.equal((await here.post('/logout', {})).status, 303);
    for (let i = 0; i < 600 && !streams.every(({ ended }) => ended); i++) await sleep(50);
    assert.deepEqual(streams.map(({ ended }) => ended), [true, true]);
    const again = listen('/-/live', { browser: here, ...json });
    await again.opened;
    assert.equal(again.status, 401);
    assert.equal(kept.ended, false);
    await payAt(order.session);
    await kept.expect(named('order:updated', order.number), 5000);
    const staff = await admin(), desk = await opened('/admin/live.json', { browser: staff });
    await desk.expect(named('connection:ready'));
    await staff.post('/logout', {});
    for (let i = 0; i < 600 && !desk.ended; i++) await sleep(50);
    assert.equal(desk.ended, true, 'the merchant\'s too');
});

// A tab that is open would go on hearing of the one before.
test('choosing another organisation ends the desk\'s streams of this session', { skip, timeout: 180000 }, async (t) => {
    const staff = await admin(), other = await admin(), slug = `other-desk-${Date.now()}`;
    sql(`insert into auth.organisation (slug, name) values ('${slug}', 'Other desk')`);
    t.after(() => sql(`delete from auth.organisation where slug = '${slug}'`));
    const desk = await opened('/admin/live.json', { browser: staff }), kept = await opened('/admin/live.json', { browser: other });
    for (const stream of [desk, kept]) await stream.expect(named('connection:ready'));
    assert.equal((await staff.post('/admin/organisation', { organisation: slug })).status, 303);
    for (let i = 0; i < 600 && !desk.ended; i++) await sleep(50);
    assert.equal(desk.ended, true);
    assert.equal(kept.ended, false, 'another session\'s goes on');
});

test('what programs listen to ends with their key and with their login', { skip, timeout: 180000 }, async () => {
    const login = async () => JSON.parse((await ask('/api/auth/login', { body: JSON.stringify({ email: 'admin@example.test', password: 'market-day-demo', tokenDelivery: 'body' }),
        headers: { 'content-type': 'application/json' } })).body).accessToken;
    const hears = (token) => ({ authorization: `Bearer ${token}` }), by = (token) => ({ accept: 'application/json', ...hears(token) });
    const token = await login(), ended = async (stream, why) => {
        for (let i = 0; i < 600 && !stream.ended; i++) await sleep(50);
        assert.equal(stream.ended, true, why);
    };
    const made = await ask('/admin/keys.json', { method: 'POST', body: JSON.stringify({ name: 'Listener', scopes: ['orders:read-all'], days: '30' }),
        headers: { ...by(token), 'content-type': 'application/json' } });
    assert.equal(made.status, 201, text(made.body));
    const { key, keys } = JSON.parse(made.body), { id } = keys.find(({ name }) => name === 'Listener');
    const desk = await opened('/admin/live.json', { headers: hears(key) }), own = await opened('/-/live', { headers: hears(token) });
    for (const stream of [desk, own]) await stream.expect(named('connection:ready'));
    assert.equal((await ask(`/admin/keys/${id}/revoke`, { method: 'POST', body: '{}', headers: { ...by(token), 'content-type': 'application/json' } })).status, 200);
    await ended(desk, 'a revoked key still listens');
    assert.equal(own.ended, false);
    assert.equal((await ask('/api/auth/logout', { method: 'POST', body: '{}', headers: { ...by(token), 'content-type': 'application/json' } })).status, 200);
    await ended(own, 'a login that has ended still listens');
});

test('a session that has ended is sent nothing, even on a line that was laid too late to be ended', { skip, timeout: 180000 }, async () => {
    const here = await shopper(), there = await shopper(), order = await here.order(goods({ stock: 3 }).sku);
    const kept = await opened('/-/live', { browser: there });
    const [ended, live] = await Promise.all([channelOf('/-/live', here), channelOf('/-/live', there)]);
    const queued = async (channel) => Number(/queued messages: (\d+)/.exec((await inner(`/pub/${channel}`)).body)?.[1] ?? 0);
    assert.ok(await queued(ended) > 0, 'it had been sent connection:ready');
    await here.post('/logout', {});
    await payAt(order.session);
    await kept.expect(named('order:updated', order.number), 5000);
    assert.ok(await queued(live) > 0);
    assert.equal(await queued(ended), 0);
});

test('stock that moves is told to everybody who looks at the product', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 4 });
    const page = (await ask(`/products/${thing.slug}.json`)).body;
    const id = JSON.parse(page).product.id;
    const stream = await opened(`/live/product/${id}.json`);
    await sleep(200);
    await new Browser().order(thing.sku, 2);
    // What the line has kept comes first: also of its sisters.
    const told = (event) => named('inventory:updated')(event) && JSON.parse(event.data).sku === thing.sku && JSON.parse(event.data).left === 2;
    const data = JSON.parse((await stream.expect(told, 3000)).data);
    assert.deepEqual([data.sku, data.left, data.inStock, data.slug], [thing.sku, 2, true, thing.slug]);
});

// An import of thousands of products would fill nchan's memory with what nobody asks for, and until
// that had had its time nobody would hear of an order.
test('what nobody hears is kept only of a product that was looked at, and while there is room', { skip, timeout: 180000 }, async (t) => {
    // Two products that nobody else looks at.
    const own = `zz-live-${Date.now()}`, file = join(mkdtempSync(join(tmpdir(), 'talat-live-')), 'two.csv');
    writeFileSync(file, `name,slug,sku,price,stockOnHand\nOne,${own}-1,${own.toUpperCase()}-1,10.00,5\nTwo,${own}-2,${own.toUpperCase()}-2,10.00,5\n`);
    const talatctl = (...words) => spawnSync(join(top, 'dev'), ['talatctl', ...words], { encoding: 'utf8' });
    const taken = talatctl('import', file, '--format', 'vendure', '--currency', 'THB');
    rmSync(dirname(file), { recursive: true });
    assert.equal(taken.status, 0, taken.stdout + taken.stderr);
    t.after(() => sql(`update catalog.product set status = 'archived' where slug like '${own}-%'`));
    const [thing, other] = await Promise.all([1, 2].map(async (n) => {
        const { id } = JSON.parse((await ask(`/products/${own}-${n}.json`)).body).product;
        return { slug: `${own}-${n}`, sku: `${own.toUpperCase()}-${n}`, id, product: one(`select id from catalog.product where slug = '${own}-${n}'`) };
    }));
    const { id } = thing, its = other.id;
    const kept = async (channel) => Number(/queued messages: (\d+)/.exec((await inner(`/pub/${channel}`)).body)?.[1] ?? 0);
    const nobodys = `live/product/${id}/en/THB`, buy = () => new Browser().order(thing.sku, 1);
    const full = async () => {
        const { body } = await inner('/push-status'), [used, limit] = ['used', 'limit'].map((what) => Number(new RegExp(`memory ${what}: (\\d+)K`).exec(body)[1]));
        return used / limit;
    };
    const heard = (left) => line.expect(({ data }) => data.includes(`data-variant="${thing.sku}"`) && data.includes(`เหลือเพียง ${left} `), 5000, `not told that ${left} are left`);
    const line = await opened(`/live/product/${id}/th/THB`);
    // As hours later: no page that shows it is being made anew.
    await until(() => rows("select from work.job where kind like 'refresh.%' or kind like 'catalog.%' union all select from work.outbox where read_at is null").length === 0,
        20000, 'pages are made anew all the time');
    // What was said when they were new is old by now; nchan drops an empty channel after a while.
    for (const channel of [nobodys, `live/product/${its}/en/THB`]) {
        await inner(`/pub/${channel}`, { method: 'DELETE' });
        await until(async () => (await inner(`/pub/${channel}`)).status === 404, 60000, `${channel} stays`);
    }
    await redis('del', `tag:product:${thing.product}`, `looked:product:${thing.product}`);
    await buy();
    await heard(4);
    assert.equal((await inner(`/pub/${nobodys}`)).status, 404);

    await ask(`/products/${thing.slug}?from=a-mail`); // which nginx does not keep
    await buy();
    await heard(3);
    await until(async () => await kept(nobodys) > 0, 5000, 'not kept for who has the page and is about to listen');

    const second = await opened(`/live/product/${its}/th/THB`);
    await ask(`/products/${other.slug}?from=a-mail`);
    const crowd = Array.from({ length: 32 }, (_, n) => Array.from({ length: 16 }, (_, k) => `t/crowd/${n}-${k}`).join(','));
    const fill = async (share) => {
        for (let n = 0; await full() < share; n++) {
            assert.ok(n < 1000, `${await full()} of the memory is in use`);
            await inner(`/pub/${crowd[n % crowd.length]}`, { body: 'x'.repeat(12000), headers: { 'content-type': 'text/plain' } });
        }
    };
    try {
        await fill(0.77);
        await new Browser().order(other.sku, 1);
        await second.expect(({ data }) => data.includes(`data-variant="${other.sku}"`), 5000, 'who listens is not told');
        await sleep(500);
        assert.equal((await inner(`/pub/live/product/${its}/en/THB`)).status, 404, 'kept, though there is little room');
        assert.match(talatctl('doctor').stdout, /memory for open pages is 7\d % full/);
        await fill(0.82);
        const then = await kept(nobodys);
        await buy();
        await until(() => rows("select from work.job where kind = 'catalog.stock' union all select from work.outbox where read_at is null").length === 0, 20000);
        assert.equal(await kept(nobodys), then);
    } finally {
        for (const channels of crowd) await inner(`/pub/${channels}`, { method: 'DELETE' });
        line.close();
        second.close();
    }
    assert.ok(await full() < 0.5, 'the memory is free again');
});

test('a kept product page hears its own words anew, in its language and currency, and nothing else', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 9 }), staff = await admin(), path = `/products/${thing.slug}`;
    const lines = {};
    for (const [name, at, currency] of [['en', path, 'THB'], ['th', `/th${path}`, 'THB'], ['vnd', `/vi${path}`, 'VND']]) {
        const page = await ask(at, { headers: { cookie: `__Host-currency=${currency}` } });
        const [, line, since] = /data-live="([^"]+)" data-since="([^"]+)"/.exec(page.body);
        assert.match(line, new RegExp(`^/live/product/[^/]+/${name === 'vnd' ? 'vi' : name}/${currency}$`));
        lines[name] = { page: page.body, stream: await opened(`${line}?last_event_id=${Math.floor(Date.parse(since) / 1000) - 3}:0`) };
    }
    const template = (html) => new RegExp(`<template id="offer-[^"]+" data-variant="${thing.sku}"[^>]*>[^]*?</template>`).exec(html)?.[0];
    for (const { page } of Object.values(lines)) assert.ok(template(page), 'the page has the same fragment');

    // Sold but for two, and sold out: the fragment of this variant only. What the lines have kept comes
    // first: also of its sisters, which tests before this one have sold.
    const own = ({ data }) => data.includes(`data-variant="${thing.sku}"`);
    await new Browser().order(thing.sku, 7);
    const heard = await lines.en.stream.expect((event) => own(event) && event.data.includes('Only 2 left'), 3000, 'not told of the stock');
    assert.equal(heard.data.match(/<template/g).length, 1);
    assert.match(heard.data, /data-for-sale/);
    await lines.vnd.stream.expect((event) => own(event) && /₫/.test(event.data), 3000, 'no dong');
    await lines.th.stream.expect((event) => own(event) && /[\u0E00-\u0E7F]/.test(event.data), 3000, 'no Thai');
    assert.equal(lines.th.stream.events.some(({ data }) => data.includes('Only 2 left')), false);
    // The page is made anew by a job of its own, which may come after the news.
    await until(async () => template((await ask(path)).body) === heard.data.trim(), 10000, 'as the page is made');
    await new Browser().order(thing.sku, 2);
    const gone = await lines.en.stream.expect((event) => own(event) && event.data.includes('Sold out'), 3000, 'not told that it is sold out');
    assert.doesNotMatch(gone.data, /data-for-sale/);

    // A new price, by the merchant's own form: all variants as one.
    const form = wholeForm((await staff.get(`/admin/products/${thing.slug}`)).body, `/admin/products/${thing.slug}`);
    const price = Object.keys(form).find((name) => /thb/i.test(name) && Number(form[name]) * 100 === thing.price);
    assert.ok(price, Object.keys(form).join(' '));
    const save = async (value) => {
        const saved = await staff.post(`/admin/products/${thing.slug}`, { ...form, [price]: value });
        assert.equal(saved.status, 303, text(saved.body).slice(0, 500));
    };
    const was = form[price], now = String(Number(was) - 1), shown = Number(now).toLocaleString('en-US');
    await save(now);
    const dearer = await lines.en.stream.expect(({ data }) => data.includes(`฿${shown}`), 3000, 'not told of the price');
    assert.match(dearer.data, /^<div id="offers"/);
    assert.ok(!lines.vnd.stream.events.some(({ data }) => data.includes(`฿${shown}`)), 'another currency');
    Object.assign(form, fields((await staff.get(`/admin/products/${thing.slug}`)).body, `/admin/products/${thing.slug}`));
    await save(was);
    setStock(thing.sku, 100);
    for (const { stream } of Object.values(lines)) stream.close();
});

// What is published within the first milliseconds of a line, before and after it stands: hundreds of
// times, on each kind of line, over the inner socket as the job publishes.
test('nothing is lost on a line that is just being laid', { skip, timeout: 120000 }, async (t) => {
    const buyer = await shopper(), staff = await admin(), order = await buyer.order(goods({ stock: 3 }).sku);
    const asked = order.path.replace(/\?.*/, '/live');
    const kinds = {
        'a guest\'s page': [live(order), undefined], 'a guest\'s client': [liveJson(order), undefined],
        'a buyer\'s page': [asked, buyer], 'a buyer\'s client': [`${asked}.json`, buyer], 'all of a person\'s orders': ['/-/live', buyer],
        'the merchant\'s page': ['/admin/live', staff], 'the merchant\'s client': ['/admin/live.json', staff],
    };
    const channels = Object.fromEntries(await Promise.all(Object.entries(kinds).map(async ([kind, [path, browser]]) => [kind, await channelOf(path, browser)])));
    for (const channel of Object.values(channels)) assert.match(channel, /^[ods]\/[0-9A-Za-z]{13,32}\/(en|json)$/);
    const lost = {};
    let tries = 0;
    for (const [kind, [path, browser]] of Object.entries(kinds)) {
        const channel = channels[kind];
        lost[kind] = 0;
        for (let i = 0; i < 60; i++, tries++) {
            const since = `${Math.floor(Date.now() / 1000) - 3}:0`, word = `w${process.pid}-${tries}`;
            const stream = listen(`${path}${path.includes('?') ? '&' : '?'}last_event_id=${since}`, { browser });
            await sleep(i % 6);
            const sent = await inner(`/pub/${channel}`, { body: word, headers: { 'content-type': 'text/plain' } });
            assert.ok([201, 202].includes(sent.status), `${kind}: ${sent.status}`); // 202: nobody is there yet
            await stream.opened;
            const heard = () => stream.events.some(({ data }) => data === word);
            for (let k = 0; k < 1000 && !heard(); k++) await sleep(10);
            if (!heard()) lost[kind]++;
            stream.close();
        }
    }
    t.diagnostic(`${tries} tries, lost: ${JSON.stringify(lost)}`);
    assert.deepEqual(Object.values(lost).filter((n) => n), []);
});
