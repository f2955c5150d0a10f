// What stands on every answer, and who gets in: headers, cookies, forged forms, roles. The rows
// of the route table are asked one by one, so that a new row cannot be forgotten.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { skip, Browser, admin, ask, calm, dev, goods, rows, shopper, text, url } from './shop.mjs';

before(async () => { if (!skip) await calm(); });

const wanted = {
    'content-security-policy': /^default-src 'none'; script-src 'self'; style-src 'self';.*form-action 'self' http[^;]*; frame-ancestors 'none'/,
    'x-content-type-options': /^nosniff$/, 'referrer-policy': /^strict-origin-when-cross-origin$/, 'x-frame-options': /^DENY$/,
    'permissions-policy': /camera=\(\)/, 'cross-origin-opener-policy': /^same-origin$/,
};
function dressed(name, { headers, raw }) {
    for (const [header, is] of Object.entries(wanted)) {
        assert.match(headers[header] ?? '', is, `${name}: ${header}`);
        assert.equal(raw.filter((word, i) => i % 2 === 0 && word.toLowerCase() === header).length, 1, `${name}: ${header} twice`);
    }
    assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*/, name);
    assert.match(headers.server ?? 'nginx', /^nginx$/, name);
    assert.equal(headers['x-powered-by'], undefined, name);
}
function routes() {
    return JSON.parse(dev('talatctl', 'route-list', '--json')).flatMap((row) => String(row.methods ?? row.method).split(/[ ,|]+/).map((method) => ({ ...row, method })));
}
const filled = (path) => path.replace(/\{number\}/g, 'TL-AAAA-BBBB-CCCC').replace(/\{n\}/g, '1').replace(/\{[a-z_]+\}/g, 'nothing');

test('security headers stand on every kind of answer, once', { skip, timeout: 180000 }, async () => {
    const { slug } = goods(), buyer = await shopper();
    const css = readdirSync(join(process.env.TALAT_APP, 'share/static/css')).find((name) => name.endsWith('.css'));
    const page = (await ask(`/products/${slug}`)).body, picture = /\/media\/[^" ]+\.webp/.exec(page)?.[0];
    const big = 'x'.repeat(1100000);
    const answers = {
        page: await ask('/cart'), kept: await ask(`/products/${slug}`), 'kept again': await ask(`/products/${slug}`), json: await ask('/cart.json'), static: await ask(`/static/css/${css}`),
        'no static': await ask('/static/css/none.css'), ...(picture && { media: await ask(picture) }), 'no media': await ask('/media/none.webp'), missing: await ask('/nowhere'),
        'no product': await ask('/products/none'), method: await ask('/cart', { method: 'DELETE' }), 'too large': await ask('/cart/lines', { body: big, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
        redirect: await ask('/account'), moved: await ask('/cart/'), forged: await ask('/cart/lines', { form: { sku: 'x' }, headers: { origin: 'http://evil.example' } }),
        wrong: await ask('/cart/lines', { form: {} }), denied: await buyer.get('/admin'), login: await ask('/login'), health: await ask('/health'), robots: await ask('/robots.txt'),
        'bad escape': await ask('/products/%ff'), hook: await ask('/payments/stripe/webhook', { body: '{}' }), thai: await ask('/th/nowhere'),
    };
    const expected = { missing: 404, 'no product': 404, method: 405, 'too large': 413, redirect: 303, moved: 301, forged: 403, wrong: 422, denied: 403, hook: 400, static: 200, 'no static': 404, 'no media': 404 };
    for (const [name, got] of Object.entries(answers)) {
        dressed(name, got);
        if (expected[name]) assert.equal(got.status, expected[name], name);
    }
    assert.match(answers.method.headers.allow ?? '', /GET/);
    assert.match(answers.static.headers['cache-control'], /immutable/);
    for (const name of ['missing', 'method', 'too large', 'forged']) assert.match(answers[name].body, /<html lang="en"/, name);
    assert.match(answers.thai.body, /<html lang="th"/);
    assert.ok(picture, 'the demo has pictures');
    assert.equal(answers.media.headers['content-type'], 'image/webp');
});

test('ID-11 SE-15 cookies are __Host-, Secure, HttpOnly and SameSite', { skip }, async () => {
    const browser = new Browser(), set = [];
    const note = (got) => { set.push(...got.cookies); return got; };
    note(await browser.post('/cart/lines', { sku: goods().sku, quantity: 1 }));
    note(await browser.get('/cart'));
    note(await browser.get('/login'));
    note(await browser.post('/login', { email: 'shopper@example.test', password: 'market-day-demo' }));
    note(await browser.post('/currency', { currency: 'USD', next: '/' }));
    note(await browser.post('/logout', {}));
    assert.ok(set.length >= 5, set.join('\n'));
    for (const line of set) {
        const name = line.split('=')[0];
        assert.match(line, /; ?Path=\/(;|$)/i, line);
        assert.match(line, /; ?SameSite=(Lax|Strict)/i, line);
        assert.match(name, /^__Host-/);
        for (const word of [/; ?Secure/i, ...(name === '__Host-currency' ? [] : [/; ?HttpOnly/i])]) // the currency's is for scripts too
            assert.match(line, word, line);
        assert.doesNotMatch(line, /Domain=/i);
    }
});

test('a new session at login; the old one and the logged-out one are dead', { skip }, async () => {
    const browser = new Browser();
    browser.jar.set('__Host-sid', 'A'.repeat(43));
    await browser.get('/login');
    assert.equal((await browser.post('/login', { email: 'shopper@example.test', password: 'market-day-demo' })).status, 303);
    assert.notEqual(browser.jar.get('__Host-sid'), 'A'.repeat(43), 'a session that was put there is not taken up');
    const first = await shopper(), sid = first.jar.get('__Host-sid');
    const thief = new Browser({ jar: new Map(first.jar) });
    assert.equal((await thief.get('/account')).status, 200);
    assert.equal((await first.post('/logout', {})).status, 303);
    assert.equal((await thief.get('/account')).status, 303);
    assert.equal(first.jar.has('__Host-sid'), false);
    const second = await shopper();
    assert.notEqual(second.jar.get('__Host-sid'), sid);
    const planted = 'B'.repeat(43), fresh = new Browser({ jar: new Map([['__Host-sid', planted]]) });
    await fresh.register({ name: 'Mali', email: `planted.${Date.now()}@example.test`, password: 'a long enough one' });
    assert.equal((await fresh.get('/account')).status, 200);
    assert.notEqual(fresh.jar.get('__Host-sid'), planted, 'nor when an account is made');
    for (const dead of ['A'.repeat(43), planted]) assert.equal((await new Browser({ jar: new Map([['__Host-sid', dead]]) }).get('/account')).status, 303);
});

test('every route that changes something refuses forged forms', { skip, timeout: 120000 }, async (t) => {
    const buyer = await shopper(), staff = await admin(), other = await shopper();
    const changing = routes().filter(({ method, raw }) => !/^(GET|HEAD)$/.test(method) && !raw); // RAW ones: t/http/attacks.test.mjs
    assert.ok(changing.length > 10, `${changing.length} routes`);
    const sums = () => rows(`select (select count(*) from orders."order") as a, (select count(*) from cart.line) as b, (select sum(revision) from cart.cart) as c,
        (select count(*) from catalog.product) as d, (select sum(version) from catalog.product) as e, (select count(*) from auth.person) as f`)[0];
    const was = sums();
    for (const { method, path } of changing) {
        const at = filled(path);
        for (const [who, browser] of Object.entries({ buyer, staff })) {
            const good = browser.jar.get('__Host-csrf');
            const tries = {
                'no token': { form: { x: 1 }, headers: { origin: url } }, 'an empty token': { form: { csrf: '' }, headers: { origin: url } },
                'the token of another': { form: { csrf: other.jar.get('__Host-csrf') }, headers: { origin: url } },
                'another origin': { form: { csrf: good }, headers: { origin: 'https://evil.example' } },
                'a near origin': { form: { csrf: good }, headers: { origin: `${url}.evil.example` } },
                'no origin at all': { form: { csrf: good }, headers: { origin: 'null' } },
                'another site': { form: { csrf: good }, headers: { 'sec-fetch-site': 'cross-site' } },
                'a neighbour': { form: { csrf: good }, headers: { 'sec-fetch-site': 'same-site' } },
                'plain text': { body: `csrf=${good}`, headers: { origin: url, 'content-type': 'text/plain' } },
                'JSON as text': { body: '{"csrf":1}', headers: { origin: url, 'content-type': 'text/plain' } },
                'JSON without a token': { body: '{"x":1}', headers: { origin: url, 'content-type': 'application/json' } },
                'JSON from another site': { body: '{"x":1}', headers: { 'x-csrf-token': good, 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' } },
                'the token of another in both': { form: { csrf: other.jar.get('__Host-csrf') }, headers: { origin: url, cookie: `__Host-sid=${browser.jar.get('__Host-sid')}; __Host-csrf=${other.jar.get('__Host-csrf')}` } },
            };
            for (const [how, sent] of Object.entries(tries)) {
                const got = await ask(at, { method, ...sent, headers: { cookie: browser.cookie, ...sent.headers } });
                assert.equal(got.status, 403, `${method} ${path} by ${who} with ${how}: ${got.status}`);
            }
        }
        const guest = await ask(at, { method, form: { csrf: 'x' }, headers: { origin: 'https://evil.example' } });
        assert.ok([403, 303, 401].includes(guest.status), `${method} ${path} by a guest elsewhere: ${guest.status}`);
        if (guest.status === 303) assert.match(guest.headers.location, /\/login/);
    }
    assert.deepEqual(sums(), was, 'and nothing was written');
    assert.equal((await buyer.get('/account')).status, 200, 'nobody was logged out');
    t.diagnostic(`${changing.length} routes`);
});

test('each route lets in whom its row names', { skip, timeout: 120000 }, async (t) => {
    const people = { stranger: new Browser(), buyer: await shopper(), staff: await admin() };
    const all = routes().filter(({ path, method, raw }) => method !== 'HEAD' && !raw && path !== '/logout' && !(method === 'POST' && /login|register/.test(path)));
    let n = 0;
    for (const { method, path, permission, need } of all) {
        const asks = String(permission ?? need);
        for (const [who, browser] of Object.entries(people)) {
            const at = filled(path), own = asks === 'anyone' || asks === 'metrics:read', mine = ['account:own', 'orders:create', 'orders:read'].includes(asks);
            const may = own || (mine && who !== 'stranger') || who === 'staff';
            for (const format of ['html', 'json']) {
                if (may && method !== 'GET') continue; // what it then does is others' test
                const got = await ask(at, { method, ...(method !== 'GET' && { form: { csrf: browser.jar.get('__Host-csrf') ?? '' } }), ...(/\/live\b/.test(path) && { timeout: 8000 }), headers: { origin: url,
                    ...(browser.jar.size && { cookie: browser.cookie }), accept: format === 'json' ? 'application/json' : 'text/html' }, ...(/\/live\b/.test(path) && { method: 'GET' }) })
                    .catch((error) => { if (may && /\/live\b/.test(path)) return { status: 200, headers: {} }; throw error; });
                const name = `${method} ${path} (${asks}) as ${who}, ${format}: ${got.status}`;
                if (may) assert.ok(![401].includes(got.status) && !/\/login/.test(got.headers.location ?? '') && got.status < 500, name);
                else if (who !== 'stranger') assert.ok([403, 404].includes(got.status), name);
                else if (format === 'json' || /^\/(api|-\/constant)\//.test(path)) assert.equal(got.status, 401, name);
                else assert.ok(got.status === 303 && /\/login/.test(got.headers.location) || got.status === 403, name);
                n++;
            }
        }
    }
    assert.ok(n > 100);
    t.diagnostic(`${all.length} routes, ${n} asks`);
});

test('another\'s order, cart line and account are not there', { skip, timeout: 180000 }, async () => {
    const mine = await shopper(), order = await mine.order(goods({ stock: 3 }).sku), guest = new Browser(), email = `nosy.${Date.now()}@example.test`;
    await guest.register({ name: 'Nosy', email, password: 'a long enough one' });
    for (const path of [`/orders/${order.number}`, `/orders/${order.number}.json`, `/orders/${order.number}/return`, `/orders/${order.number}?key=`, `/orders/${order.number}?key=AAAAAAAAAAAAAAAAAAAAAA`, `/orders/${order.number.toLowerCase()}`])
        for (const browser of [guest, new Browser()]) {
            const got = await browser.get(path);
            assert.equal(got.status, 404, path);
            assert.doesNotMatch(got.body, /Mali Suwan|0812345678/);
        }
    for (const verb of ['pay', 'cancel']) assert.equal((await guest.post(`/orders/${order.number}/${verb}`, { key: 'x' })).status, 404);
    assert.equal((await mine.get(`/orders/${order.number}`)).status, 200);
    const reader = new Browser(), opened = await reader.get(order.path);
    assert.deepEqual([opened.status, opened.headers.location], [303, `/orders/${order.number}`], 'the signed link opens it');
    const page = await reader.get(opened.headers.location);
    assert.equal(page.status, 200);
    assert.ok(!page.body.includes(order.key), 'and its key stands in no page and no address');
    const other = await new Browser().order(goods({ stock: 3 }).sku);
    assert.equal((await new Browser().get(`/orders/${other.number}?key=${order.key}`)).status, 404, 'a key is of one order');
    assert.ok(!(await guest.get('/orders')).body.includes(order.number));
});

test('wrong password and unknown account answer alike; guessing ends', { skip, timeout: 180000 }, async () => {
    const say = async (email, password) => {
        const browser = new Browser();
        await browser.get('/login');
        const got = await browser.post('/login', { email, password });
        return [got.status, text(got.body).replaceAll(email, '').replace(/[0-9a-f]{32}/g, '')];
    };
    const email = `guess.${Date.now()}@example.test`, browser = new Browser();
    await browser.register({ name: 'Guess', email, password: 'a long enough one' });
    const known = await say(email, 'wrong password'), unknown = await say(`un${email}`, 'wrong password');
    assert.deepEqual(known, unknown);
    let last;
    for (let i = 0; i < 12; i++) [last] = await say(email, `wrong password ${i}`);
    assert.equal(last, 429);
    assert.equal((await say(email, 'a long enough one'))[0], 429, 'not even the right one, for a while');
    assert.equal((await browser.get('/account')).status, 200, 'who is logged in stays so');
});

test('next leads only into this shop', { skip, timeout: 180000 }, async () => {
    const browser = new Browser();
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '\\\\evil.example', 'javascript:alert(1)', '/\t/evil.example', '/\r\nX: 1', 'evil.example', '///evil.example', '/%0d%0aX:1', ' //evil.example', 'http:/evil.example', '/.//evil.example']) {
        const got = await browser.post('/currency', { currency: 'THB', next });
        const to = new URL(got.headers.location ?? '/', url);
        assert.equal(to.origin, new URL(url).origin, `${JSON.stringify(next)}: ${got.headers.location}`);
        assert.doesNotMatch(got.headers.location ?? '', /[\r\n]/);
        assert.equal(got.headers.x, undefined);
    }
});

test('odd requests are refused, and the shop stays well', { skip, timeout: 180000 }, async () => {
    const { hostname, port } = new URL(url);
    const raw = (words) => new Promise((done) => {
        const socket = net.connect(Number(port), '127.0.0.1', () => socket.write(words));
        let got = '';
        socket.on('data', (part) => { got += part; });
        socket.on('close', () => done(got));
        socket.on('error', () => done(got));
        setTimeout(() => (got ? socket.destroy() : setTimeout(() => socket.destroy(), 15000)), 1500);
    });
    const host = `Host: ${hostname}:${port}\r\n`;
    for (const words of [
        `POST /cart/lines HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n${host}\r\n`,
        `POST /cart/lines HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde`,
        `POST /cart/lines HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
        `GET /../../etc/passwd HTTP/1.1\r\n${host}\r\n`, `GET /static/..%2f..%2ftalat.conf HTTP/1.1\r\n${host}\r\n`, `GET /media/%2e%2e/talat.conf HTTP/1.1\r\n${host}\r\n`,
        `GET /%00 HTTP/1.1\r\n${host}\r\n`, `GET / HTTP/1.1\r\nHost: a b\r\n\r\n`, `\x00\x01\x02\r\n\r\n`, `GET / HTTP/1.1\r\n${host}Cookie: ${'a=b; '.repeat(3000)}\r\n\r\n`,
        `GET /?${'a=b&'.repeat(1500)} HTTP/1.1\r\n${host}\r\n`, `PROPFIND / HTTP/1.1\r\n${host}\r\n`, `TRACE / HTTP/1.1\r\n${host}\r\n`,
    ]) {
        const got = await raw(words), statuses = [...got.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
        assert.ok(statuses.length && statuses.every((status) => status < 500), `${JSON.stringify(words.slice(0, 80))}: ${statuses}`);
        assert.doesNotMatch(got, /root:x:|stripe_key|Back office/);
    }
    assert.equal((await ask('/cart')).status, 200);
});
