// Every limit at its edge: what just fits is taken as ever, one more is refused with a 4xx, at
// once and without harm to the worker. All of it goes to a node of its own, so that its workers'
// memory can be watched.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Node, rss } from './node.mjs';
import { skip as noStack, Browser, admin, agents, ask, buyer, calm, goods, rows, sql, text, url, webhook, stopwatch } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
// What the sanitizer keeps back of freed memory would look like growth.
const node = new Node({ recycle: 1e9, worker_memory_mb: 4096, web_workers: 1, slow_workers: 1 }, { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0` });
const agent = agents(), KB = 1024, MB = 1024 * KB;
let thing, staff, sku; // something to buy, somebody who may upload

before(async () => {
    if (skip) return;
    await calm();
    await node.start();
    thing = goods({ stock: 5000 });
    ({ sku } = thing);
    staff = new Browser({ jar: (await admin()).jar, to: node.at });
});
after(async () => { if (!skip) await node.stop(); });

const x = (n) => 'x'.repeat(n);
const said = ({ body }) => text(body).replace(/[0-9a-f]{16,}/g, ''); // without the number of the request
const origin = { origin: url, 'sec-fetch-site': 'same-origin' };
const get = (path, headers = {}) => ask(path, { to: node.at, agent, headers });
const guest = () => new Browser({ to: node.at, agent });
const post = (path, body, type, more = {}) => ask(path, { to: node.at, agent, body, headers: { ...origin, 'content-type': type, ...more } });
const form = (path, fields) => post(path, new URLSearchParams(fields).toString(), 'application/x-www-form-urlencoded');
const padded = (length) => { const start = `sku=${sku}&pad=`; return start + x(length - start.length); };
const json = (value) => post('/cart/lines', typeof value === 'string' ? value : JSON.stringify(value), 'application/json', { accept: 'application/json' });
const paddedJson = (length) => { const [start, end] = [`{"sku":"${sku}","pad":"`, '"}']; return start + x(length - start.length - end.length) + end; };
const deep = (n) => `{"sku":"${sku}","pad":${'['.repeat(n - 1)}${']'.repeat(n - 1)}}`;
const many = (n, of = (i) => [`f${i}`, '1']) => Object.fromEntries(Array.from({ length: n }, (_, i) => of(i)));
function parts(list, boundary = 'limit-of-parts') {
    const body = list.map(({ name, value = '1', file }) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file ? `; filename="${file}"` : ''}\r\n\r\n${value}\r\n`).join('');
    return post('/cart/lines', `${body}--${boundary}--\r\n`, `multipart/form-data; boundary=${boundary}`);
}
const withSku = (list) => [{ name: 'sku', value: sku }, ...list];
const around = () => {
    const start = `--b\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n${staff.jar.get('__Host-csrf')}\r\n--b\r\ncontent-disposition: form-data; name="pictures"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n`;
    return [start, '\r\n--b--\r\n'];
};
const picture = (length) => staff.send(`/admin/products/${thing.slug}/pictures`, { method: 'POST', body: around().join(x(length)),
    headers: { ...origin, 'content-type': 'multipart/form-data; boundary=b' } });
const upload = (length) => picture(length - around().join('').length);
const event = (length) => { const [start, end] = [`{"id":"evt_limit_${length}","object":"event","type":"customer.created","livemode":false,"data":{"object":{"object":"customer","id":"`, '"}}}'];
    return webhook(start + x(length - start.length - end.length) + end, { to: node.at, agent }); };
// A cart with so many lines, and one more put in.
async function lines(n) {
    const browser = await guest().add(sku), [{ id }] = rows(`select max(cart_id) as id from cart.line l join catalog.variant v on v.id = l.variant_id where v.sku = '${sku}'`);
    sql(`insert into cart.line (cart_id, variant_id, quantity, seen_price, seen_currency) select ${id}, 1000000000 + i, 1, 1, 'THB' from generate_series(1, ${n - 2}) i`);
    return browser.post('/cart/lines', { sku: other.sku, quantity: 1 });
}
let other;
const address = async (change) => { const browser = await guest().add(sku); return browser.post('/checkout', { ...buyer(), ...change }); };
const long = (name, n) => (name === 'postcode' ? '10200'.padEnd(n, '-') : '1'.repeat(n)); // what stands between is no matter
const email = (n) => `${x(60)}@${Array.from({ length: 4 }, () => x(47)).join('.').slice(0, n - 61 - 5)}.test`;

// [what, at the limit, these are right; one more, these are right].
const refused = [400, 409, 413, 414, 422, 431];
const table = [
    ['a form of 1 MiB', () => post('/cart/lines', padded(MB), 'application/x-www-form-urlencoded'), [303], () => post('/cart/lines', padded(MB + 1), 'application/x-www-form-urlencoded'), [413]],
    ['a form of 1 MiB whose length is not said', () => post('/cart/lines', padded(MB), 'application/x-www-form-urlencoded', { 'transfer-encoding': 'chunked' }), [303],
        () => post('/cart/lines', padded(MB + 1), 'application/x-www-form-urlencoded', { 'transfer-encoding': 'chunked' }), [413]],
    ['200 fields of a form', () => form('/cart/lines', { sku, ...many(199) }), [303], () => form('/cart/lines', { sku, ...many(200) }), [400]],
    ['200 fields of a query', () => get(`/cart?${new URLSearchParams(many(200))}`), [200], () => get(`/cart?${new URLSearchParams(many(201))}`), [400]],
    ['200 fields of query and form', () => form(`/cart/lines?${new URLSearchParams(many(100))}`, { sku, ...many(99) }), [303],
        () => form(`/cart/lines?${new URLSearchParams(many(100))}`, { sku, ...many(100) }), [400]],
    ['200 fields of JSON', () => json({ sku, ...many(199) }), [200, 201, 303], () => json({ sku, ...many(200) }), [400]],
    ['JSON of 1 MiB', () => json(paddedJson(MB)), [200, 201, 303], () => json(paddedJson(MB + 1)), [413]],
    ['JSON 32 deep', () => json(deep(32)), [200, 201, 303], () => json(deep(33)), [400]],
    ['200 parts', () => parts(withSku(Object.keys(many(199)).map((name) => ({ name })))), [303], () => parts(withSku(Object.keys(many(200)).map((name) => ({ name })))), [400]],
    ['50 files', () => parts(withSku(Object.keys(many(50)).map((name) => ({ name, file: 'a.png' })))), [303], () => parts(withSku(Object.keys(many(51)).map((name) => ({ name, file: 'a.png' })))), [400]],
    ['a file name of 255 letters', () => parts(withSku([{ name: 'f', file: x(255) }])), [303], () => parts(withSku([{ name: 'f', file: x(256) }])), [400]],
    ['2 KiB of a part\'s header', () => parts(withSku([{ name: x(2048 - 'content-disposition: form-data; name=""'.length) }])), [303],
        () => parts(withSku([{ name: x(2049 - 'content-disposition: form-data; name=""'.length) }])), [400]],
    ['a boundary of 70', () => parts(withSku([]), x(70)), [303], () => parts(withSku([]), x(71)), [400]],
    ['a picture of 10 MiB', () => picture(10 * MB), [415], () => picture(10 * MB + 1), [413]],
    ['a body of 12 MiB', () => upload(12 * MB), [413], () => upload(12 * MB + 1), [413], said], // the picture is too large; all of it is
    ['a webhook of 1 MiB', () => event(MB), [200], () => event(MB + 1), [413]],
    ['an address of 8,000 bytes', () => get(`/cart?a=${x(8000 - '/cart?a='.length)}`), [200], () => get(`/cart?a=${x(8001 - '/cart?a='.length)}`), [400]],
    ['a first line of 8 KiB', () => get(`/cart?a=${x(8 * KB - 'GET /cart?a= HTTP/1.1\r\n'.length)}`), [400], () => get(`/cart?a=${x(8 * KB)}`), [414]],
    ['a header of 8 KiB', () => get('/cart', { 'x-long': x(8 * KB - 'x-long: \r\n'.length) }), [200], () => get('/cart', { 'x-long': x(8 * KB) }), [431]],
    ['a cookie of 8 KiB', () => get('/cart', { cookie: `a=${x(8 * KB - 'cookie: a=\r\n'.length)}` }), [200], () => get('/cart', { cookie: `a=${x(8 * KB)}` }), [431]],
    ['four long headers', () => get('/cart', many(3, (i) => [`x-${i}`, x(8000)])), [200], () => get('/cart', many(5, (i) => [`x-${i}`, x(8000)])), [431]],
    ['some 370 headers', () => get('/cart', many(350, (i) => [`x-${i}`, '1'])), [200], () => get('/cart', many(400, (i) => [`x-${i}`, '1'])), [400, 431]],
    ['999 of one thing', () => guest().post('/cart/lines', { sku, quantity: 999 }), [303], () => guest().post('/cart/lines', { sku, quantity: 1000 }), [422]],
    ['100 lines of a cart', () => lines(100), [303], () => lines(101), [409]],
    ['a SKU of 80', () => form('/cart/lines', { sku: x(80) }), [404], () => form('/cart/lines', { sku: x(81) }), [422]],
    ...Object.entries({ name: 120, phone: 30, line1: 200, line2: 200, city: 100, region: 100, postcode: 12 }).map(([name, most]) =>
        [`${name} of ${most}`, () => address({ [name]: long(name, most) }), [303], () => address({ [name]: long(name, most + 1) }), [422]]),
    ['an e-mail address of 254', () => address({ email: email(254) }), [303], () => address({ email: email(255) }), [422]],
    ['letters of three bytes count once', () => address({ city: 'ก'.repeat(100) }), [303], () => address({ city: 'ก'.repeat(101) }), [422]],
    ['a search of 100', () => get(`/search?q=${x(100)}`), [200], () => get(`/search?q=${x(101)}`), [400, 422]],
    ['a password of 256', () => form('/login', { email: 'none@example.test', password: x(256) }), [401], () => form('/login', { email: 'none@example.test', password: x(257) }), [422]],
    ['where to go next, 500', () => form('/cart/lines', { sku, next: `/${x(499)}` }), [303], () => form('/cart/lines', { sku, next: `/${x(500)}` }), [422]],
];

for (const [what, at, right, beyond, wrong, differ] of table) {
    test(what, { skip, timeout: 180000 }, async () => {
        other ??= goods({ stock: 500 });
        const fits = await at();
        assert.ok(right.includes(fits.status), `at the limit: ${fits.status} ${text(fits.body).slice(0, 300)}`);
        const over = await beyond();
        assert.ok(wrong.includes(over.status) && over.status >= 400 && over.status < 500, `one more: ${over.status} ${text(over.body).slice(0, 300)}`);
        if (differ) assert.notEqual(differ(fits), differ(over), 'two limits, two refusals');
        assert.equal((await get('/cart')).status, 200, 'and the next one is answered');
    });
}

test('far beyond every limit: refused at once', { skip, timeout: 180000 }, async () => {
    const far = {
        '10^5 fields': () => form('/cart/lines', many(1e5, (i) => [`f${i.toString(36)}`, ''])), 'JSON 10^5 deep': () => json(deep(1e5)), 'a list of 10^5': () => json(`{"a":[${'0,'.repeat(1e5)}0]}`),
        '17 parts of a path': () => get(`/${Array.from({ length: 17 }, () => 'x').join('/')}`), '10^4 parts of a path': () => get(`/${'x/'.repeat(1e4)}`),
        '5,000 headers': () => get('/cart', many(5000, (i) => [`a${i.toString(36)}`, ''])), '64 KiB in the path': () => get(`/${x(64 * KB)}`),
    };
    for (const [name, send] of Object.entries(far)) {
        const taken = stopwatch(), got = await send().catch(({ code, message }) => ({ status: 0, why: code ?? message, ms: 0 }));
        assert.ok(refused.includes(got.status) || (/^a list|parts of a path/.test(name) && got.status < 500 && got.status >= (name.startsWith('a list') ? 200 : 400)), `${name}: ${got.status} ${got.why ?? text(got.body).slice(0, 200)}`);
        assert.ok(taken() < 2000, `${name}: ${got.ms} ms`);
    }
});

test('what was refused leaves no memory behind: at most 1 MB more for each worker', { skip, timeout: 120000 }, async (t) => {
    const pids = [...node.workers('web'), ...node.workers('slow')];
    const all = async () => { for (const [, , , beyond] of table) await beyond().catch(() => {}); };
    for (let i = 0; i < 2; i++) await all(); // each worker has met the largest
    const before = new Map(pids.map((pid) => [pid, rss(pid)]));
    for (let i = 0; i < 3; i++) await all();
    const grown = pids.map((pid) => rss(pid) - before.get(pid));
    t.diagnostic(`KiB more for each worker: ${grown.join(', ')}`);
    assert.deepEqual([...node.workers('web'), ...node.workers('slow')].sort(), pids.sort(), 'nobody died');
    assert.ok(grown.every((kib) => kib <= 1024), String(grown));
});
