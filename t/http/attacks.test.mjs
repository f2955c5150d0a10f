// What attackers send: broken lines, forged hosts, ways off the site and out of the folders,
// guesses from everywhere. On a node of its own whose limits are as in production and which
// stands behind a proxy, so that each request may come from an address of its own.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from './node.mjs';
import { skip as noStack, Browser, admin, ask, calm, conf, confPath, dev, goods, mails, mailTo, redis, rows, shopper, text, top, until,
    url, waitsOn } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const friend = 'https://app.example.com';
const node = new Node({ proxies: '127.0.0.1', limits: 'on', limit_classes: 'general-address 100000/60', cors_origins: `${friend} http://localhost:3000`, web_workers: 3, slow_workers: 1 });
const { hostname, port, host } = new URL(url ?? 'http://localhost:1');
let thing;

before(async () => {
    if (skip) return;
    await calm();
    thing = goods({ stock: 500 });
    await node.start();
});
after(async () => { if (!skip) await node.stop(); });

const at = (address, more = {}) => ({ ...more, to: node.at, headers: { 'x-forwarded-for': address, ...more.headers } });
let last = 0;
const somewhere = () => `100.64.${Math.floor(++last / 250) % 256}.${last % 250 + 1}`;
const routes = () => JSON.parse(dev('talatctl', 'route-list', '--json')).flatMap((row) => row.methods.split(', ').map((method) => ({ ...row, method })));
const filled = (path) => path.replace(/\{number\}/g, 'TL-AAAA-BBBB-CCCC').replace(/\{n\}/g, '1').replace(/\{[a-z_]+\}/g, 'nothing');
// Bytes as they are, on a connection of their own, which is for the shop to end; of a stream the head.
const raw = (bytes, to = { host: '127.0.0.1', port: Number(port) }) => new Promise((done) => {
    let got = '';
    const socket = net.connect(to, () => socket.write(bytes));
    socket.setTimeout(20000, () => socket.destroy());
    socket.on('data', (part) => {
        got += part.toString('latin1');
        if (/^content-type: text\/event-stream[^]*\r\n\r\n/im.test(got)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => done(got));
});

// ---- headers --------------------------------------------------------------------------------------

test('SE-08 the headers of the house stand once on the answer of every route', { skip, timeout: 180000 }, async (t) => {
    const staff = await admin(), wanted = { 'content-security-policy': /^default-src 'none';.*form-action 'self'.*frame-ancestors 'none'.*report-to csp$/, 'x-content-type-options': /^nosniff$/,
        'referrer-policy': /^strict-origin-when-cross-origin$/, 'x-frame-options': /^DENY$/, 'permissions-policy': /camera=\(\)/, 'reporting-endpoints': /csp="/, 'x-request-id': /^[0-9a-f]{32}$/ };
    const paths = [...new Set(routes().filter(({ path }) => !/live$/.test(path)).map(({ path }) => path))];
    let n = 0;
    for (const path of paths) {
        for (const browser of [new Browser(), staff]) {
            const got = await browser.send(filled(path), { method: 'GET', headers: { accept: n % 2 ? 'application/json' : 'text/html' } });
            for (const [name, is] of Object.entries(wanted)) {
                assert.match(got.headers[name] ?? '', is, `${path} (${got.status}): ${name}`);
                assert.equal(got.raw.filter((word, i) => i % 2 === 0 && word.toLowerCase() === name).length, 1, `${path}: ${name} twice`);
            }
            assert.doesNotMatch(got.headers['content-security-policy'], /unsafe|\*/);
            n++;
        }
    }
    const stream = await raw(`GET /live/product/7.json HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
    for (const name of Object.keys(wanted)) assert.match(stream.toLowerCase(), new RegExp(`\r\n${name}: `), `a stream: ${name}`);
    t.diagnostic(`${paths.length} paths, ${n} answers`);
});

test('SE-05 an origin that is listed may ask and read under /api/, and no other', { skip, timeout: 180000 }, async () => {
    const preflight = (origin, path = '/api/auth/login') => ask(path, at(somewhere(), { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' } }));
    for (const origin of [friend, 'http://localhost:3000']) {
        const got = await preflight(origin);
        assert.equal(got.status, 204);
        assert.equal(got.headers['access-control-allow-origin'], origin);
        assert.match(got.headers['access-control-allow-methods'], /POST/);
        assert.match(got.headers['access-control-allow-headers'], /Authorization, Content-Type/);
        assert.equal(got.headers.vary, 'Origin');
        const seen = await ask('/api/openapi.json', at(somewhere(), { headers: { origin } }));
        assert.equal(seen.headers['access-control-allow-origin'], origin);
        assert.match(seen.headers['access-control-expose-headers'], /X-RateLimit-Remaining/);
        assert.equal(seen.headers['access-control-allow-credentials'], undefined, 'never with cookies');
        const missing = await ask('/api/none', at(somewhere(), { headers: { origin } }));
        assert.deepEqual([missing.status, missing.headers['access-control-allow-origin']], [404, origin], 'errors too');
        for (const path of ['/', '/cart', `/products/${thing.slug}`, '/apis', '/account']) {
            const page = await ask(path, at(somewhere(), { headers: { origin } }));
            assert.equal(page.headers['access-control-allow-origin'], undefined, path);
            assert.equal(page.headers.vary, undefined, `${path}: what is kept carries no Vary`);
        }
    }
    for (const origin of ['https://app.example.com.evil.example', 'https://evil.example', 'https://xapp.example.com', 'https://appxexample.com', 'http://app.example.com', 'https://app.example.com:8443',
        'https://APP.example.com', 'null', '*', `${friend} https://evil.example`, `${friend}/`, 'http://localhost:30000', url]) {
        for (const got of [await preflight(origin), await ask('/api/openapi.json', at(somewhere(), { headers: { origin } }))])
            assert.equal(got.headers['access-control-allow-origin'], undefined, origin);
    }
    const login = (origin, more = {}) => ask('/api/auth/login', at(somewhere(), { body: '{"email":"shopper@example.test","password":"market-day-demo"}', headers: { origin, 'content-type': 'application/json', 'sec-fetch-site': 'cross-site', ...more } }));
    assert.equal((await login(friend)).status, 200, 'a program of a listed origin logs in');
    assert.equal((await login('https://evil.example')).status, 403);
    assert.equal((await login(friend, { cookie: '__Host-sid=somebody' })).status, 403, 'but not with a cookie of ours');
    assert.equal((await ask('/login', at(somewhere(), { form: { email: 'a@example.test', password: 'x' }, headers: { origin: friend } }))).status, 403, 'and our pages\' forms are not its');
});

test('SE-04 no GET or HEAD writes, whatever it says it is', { skip, timeout: 180000 }, async () => {
    const staff = await admin(), sums = () => rows(`select (select count(*) from orders."order") as a, (select sum(revision) from cart.cart) as c, (select count(*) from catalog.product) as d,
        (select sum(version) from catalog.product) as e, (select count(*) from auth.person) as f, (select count(*) from auth.device where ended_at is not null) as g`)[0];
    const was = sums();
    for (const { path, method } of routes().filter((row) => !/GET|HEAD/.test(row.method))) {
        for (const verb of ['GET', 'HEAD']) {
            const got = await ask(`${filled(path)}?_method=${method}&csrf=${staff.jar.get('__Host-csrf')}`, { method: verb, headers: { cookie: staff.cookie, origin: url,
                'x-http-method-override': method, 'x-http-method': method, 'x-method-override': method, 'x-csrf-token': staff.jar.get('__Host-csrf') } });
            assert.ok([200, 301, 303, 400, 401, 403, 404, 405, 410, 422].includes(got.status), `${verb} ${path}: ${got.status}`);
        }
    }
    for (const verb of ['GET', 'HEAD', 'TRACE', 'x'])
        assert.ok([400, 403].includes((await staff.post('/currency', { _method: verb, currency: 'THB' }, { headers: { origin: 'https://evil.example' } })).status), verb);
    assert.deepEqual(sums(), was);
    assert.equal((await staff.get('/admin')).status, 200, 'nobody was logged out');
});

test('SE-04 only what is signed or only counts is without a form token', { skip }, () => {
    const exempt = routes().filter(({ raw: bytes }) => bytes).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(exempt.sort(), ['POST /-/csp', 'POST /notify/sms/status', 'POST /payments/stripe/webhook']);
});

test('SE-04 JSON is no way around the token', { skip, timeout: 180000 }, async () => {
    const buyer = await shopper(), token = buyer.jar.get('__Host-csrf');
    for (const [headers, status] of [[{ 'content-type': 'application/json' }, 403], [{ 'content-type': 'application/json', 'x-csrf-token': 'x'.repeat(60) }, 403], [{ 'content-type': 'application/json', 'x-csrf-token': token, origin: 'https://evil.example' }, 403],
        [{ 'content-type': 'text/plain', 'x-csrf-token': 'x' }, 403], [{ 'content-type': 'application/json', 'x-csrf-token': token }, 200]]) {
        const got = await ask('/cart/lines', { body: JSON.stringify({ sku: thing.sku, csrf: token }), headers: { accept: 'application/json', cookie: buyer.cookie, ...headers } });
        assert.equal(got.status, status, JSON.stringify(headers));
    }
    const { data } = await buyer.json('/api/csrf/csrf-token');
    assert.equal(data.csrfToken, buyer.jar.get('__Host-csrf'), 'the token by its own address');
});

// ---- lines that are broken -------------------------------------------------------------------------

const breaks = ['%0d%0aX-Evil:%201', '%0aX-Evil:1', '%0dX-Evil:1', '%0d%0a%0d%0a<script>', '%E5%98%8A%E5%98%8DX-Evil:1', '%c4%8d%c4%8aX-Evil:1', '\\r\\nX-Evil:1', '%250d%250aX-Evil:1', '%00%0d%0aX-Evil:1', '%u000d%u000aX-Evil:1'];
test('SE-06 nothing sent becomes a header or a line of its own', { skip, timeout: 180000 }, async () => {
    const browser = new Browser(), plain = '\r\nX-Evil: 1';
    await browser.get('/cart');
    const seen = [];
    for (const one of breaks) {
        for (const path of [`/${one}`, `/products/${one}`, `/cart/${one}/`, `/th/${one}/`, `/search?q=${one}`, `/login?next=/${one}`, `/live/product/${one}`, `/static/${one}`, `/orders/${one}?key=${one}`, `/api/${one}`])
            seen.push([path, await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)]);
        const words = decodeURIComponent(one.replace(/%u/g, 'u'));
        seen.push([`next ${one}`, JSON.stringify((await browser.post('/currency', { currency: 'THB', next: `/${words}` })).headers)]);
        seen.push([`currency ${one}`, JSON.stringify((await browser.post('/currency', { currency: `THB${words}`, next: '/' })).headers)]);
        seen.push([`sku ${one}`, JSON.stringify((await browser.post('/cart/lines', { sku: `x${words}` })).headers)]);
    }
    for (const header of ['User-Agent', 'Accept-Language', 'Cookie', 'X-Request-Id', 'Accept', 'Referer'])
        seen.push([header, await raw(`GET /cart HTTP/1.1\r\nHost: ${host}\r\n${header}: a\rX-Evil: 1\r\nConnection: close\r\n\r\n`)]);
    for (const [what, got] of seen) assert.match(got, /^(HTTP\/1\.1 \d|\{")/, `${what}: no answer`);
    for (const [what, got] of seen) assert.doesNotMatch(got.split('\r\n\r\n')[0], /(^|[\r\n]|","|\{")x-evil/i, `${what}: ${got.slice(0, 400)}`);
    // ... nor a line of a mail or of the log.
    const email = `lines.${Date.now()}@example.test`;
    await browser.get('/register');
    await browser.post('/register', { name: `Mali${plain}\r\nBcc: evil@example.test`, email, password: 'a long enough one' });
    await browser.post('/register', { name: 'Mali', email: `${email}${plain}`, password: 'a long enough one' });
    for (const mail of mails()) assert.doesNotMatch(mail.text, /^(Bcc|X-Evil):/im);
    for (const name of ['web.log', 'slow.log', 'access.log'])
        for (const line of readFileSync(join(process.env.TALAT_VAR, 'log', name), 'utf8').trimEnd().split('\n').slice(-500))
            assert.doesNotMatch(line, /^\s*(X-Evil|<script)/i, name);
});

// ---- hosts and what is kept --------------------------------------------------------------------------

test('SE-06 a forged host or forwarded header stands in no page, kept or not', { skip, timeout: 180000 }, async () => {
    const forged = [{ 'x-forwarded-host': 'evil.example' }, { 'x-host': 'evil.example' }, { forwarded: 'host=evil.example' }, { 'x-forwarded-proto': 'evil' }, { 'x-forwarded-prefix': '/evil.example' }, { 'x-original-url': '/admin' }, { 'x-rewrite-url': '/admin' },
        { 'x-forwarded-server': 'evil.example' }, { 'x-forwarded-port': '31337evil' }, { host: 'evil.example' }, { host: `${host}@evil.example` }, { host: `evil.example:${port}` }, { 'accept-language': 'evil.example' }, { 'x-talat-refresh': '1' }, { 'x-accel-redirect': '/_sub/x' }];
    const { slug } = goods(), paths = [`/products/${slug}`, '/', '/login', '/nowhere', '/cart', '/account'];
    for (const path of paths) {
        for (const headers of forged) {
            const got = await ask(path, { headers });
            assert.ok(!/evil\.example|31337evil/.test(got.body + JSON.stringify(got.headers)), `${path} with ${JSON.stringify(headers)}`);
            assert.doesNotMatch(got.body, /Back office/);
        }
        const clean = await ask(path);
        assert.ok(!clean.body.includes('evil'), `${path} afterwards`);
    }
    const { email } = await somebody('forged'); // nor in what is mailed
    for (const headers of forged) await ask('/password/forgotten', at(somewhere(), { form: { email }, headers: { origin: url, ...headers } }));
    const browser = new Browser();
    await browser.get('/password/forgotten');
    assert.equal((await browser.post('/password/forgotten', { email }, { headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', 'x-forwarded-server': 'evil.example' } })).status, 303);
    assert.ok((await mailTo(email, (words) => /\/password\/new\?token=/.test(words))).includes(`${conf('base_url')}/password/new?token=`));
    for (const { text: words } of mails().filter((mail) => mail.text.includes(email))) assert.doesNotMatch(words, /evil/);
});

test('SE-06 a personal page is never kept, whatever its address ends in', { skip, timeout: 180000 }, async () => {
    const buyer = await shopper(), { email } = (await buyer.json('/account')).data.person;
    for (const path of ['/account', '/orders', '/cart', '/checkout', '/account.json', '/th/account'])
        for (const end of ['', '/x.css', '/x.js', '/x.png', ';x.css', '%2fx.css', '/..%2fx.css', '%00.css', '?x.css', '%3fx.css', '%23x.css', '/%2e%2e/x.css', '.css', '//x.css']) {
            const own = await buyer.get(path + end), other = await ask(path + end);
            assert.ok(!other.body.includes(email), `${path}${end}: a stranger reads it`);
            assert.match(own.headers['cache-control'] ?? '', /no-store|immutable|no-cache/, `${path}${end}`);
            if (own.body.includes(email)) assert.equal(own.headers['cache-control'], 'no-store', `${path}${end}`);
        }
});

// ---- ways off the site and out of the folders --------------------------------------------------------

const ways = ['https://evil.example', 'http://evil.example', '//evil.example', '///evil.example', '////evil.example', '/\\evil.example', '\\\\evil.example', '\\/evil.example', '/\\/evil.example', '//evil.example/%2e%2e', 'https:evil.example', 'https:/evil.example', 'http:///evil.example',
    'javascript:alert(1)', 'JavaScript:alert(1)', 'java\tscript:alert(1)', 'data:text/html,x', 'vbscript:x', 'mailto:x@evil.example', '/\t/evil.example', '/\n/evil.example', '/\r/evil.example', '/ /evil.example', ' //evil.example', '\t//evil.example', '//evil.example\\@shop', '//user@evil.example',
    `//${host}@evil.example`, `https://${host}.evil.example`, `https://evil.example/${host}`, `https://evil.example?${host}`, `https://evil.example#${host}`, `${host}.evil.example`, '.evil.example', '@evil.example', ':80', '%2f%2fevil.example', '/%2fevil.example', '/%5cevil.example', '%5c%5cevil.example', '/%09/evil.example',
    '/%0d/evil.example', '//%65vil.example', '//evil%E3%80%82example', '//evil。example', '/.//evil.example', '/..//evil.example', '/x/..//evil.example', '/./\\evil.example', 'evil.example', 'www.evil.example', '?//evil.example', '#//evil.example', ';//evil.example', '//[::1]', '//2130706433', '//0x7f.1', 'ftp://evil.example', 'file:///etc/passwd',
    'ws://evil.example', '//evil.example:443', '//evil.example/..', '/https://evil.example', '/http:evil.example', '/%68ttps://evil.example', '\u0000//evil.example', '/\u0000/evil.example', '\u2028//evil.example', '/\u2029/evil.example', '\u00a0//evil.example', '\ufeff//evil.example', '/\u200b/evil.example', '〱//evil.example', '／／evil.example', '/／evil.example', '\\\\\\evil.example', '/\\\\evil.example',
    '//\\evil.example', '\\t//evil.example', 'https://', 'https:', '//', '/\\', '\\', 'http://evil.example\\@x', '//evil.example%00', '//evil.example%0a', '//evil.example%20', '/%2e%2e//evil.example', '/th//evil.example', '/th/\\evil.example', '/vi/..//evil.example', '/en//evil.example', '//th/evil.example', '/.evil.example', '/@evil.example', '/:@evil.example', '/x@evil.example', 'x:/evil.example', '///\\;@evil.example', '//;@evil.example', '/;//evil.example', '<>//evil.example', "'//evil.example"];
test('SE-06 a hundred ways to lead off the site lead nowhere', { skip, timeout: 180000 }, async (t) => {
    assert.ok(ways.length >= 100, String(ways.length));
    const inside = new Browser(await shopper()), guest = new Browser(), places = routes().filter(({ inputs }) => /\bnext\b/.test(inputs ?? ''));
    await guest.get('/cart');
    let n = 0;
    const safe = (got, what) => {
        const { location } = got.headers, refresh = got.headers.refresh ?? '';
        n++;
        assert.equal(refresh, '');
        if (location === undefined) return;
        assert.equal(new URL(location, url).origin, new URL(url).origin, `${what}: ${location}`);
        assert.doesNotMatch(location, /^[/\\]{2}|[\r\n\\]/, what);
    };
    for (const { method, path } of places) {
        if (method === 'HEAD' || /\{/.test(path)) continue;
        for (const way of ways) {
            if (method === 'GET') safe(await inside.get(`${path}?next=${encodeURIComponent(way)}`), `GET ${path} ${JSON.stringify(way)}`);
            else if (!/login|register/.test(path)) safe(await guest.post(path, { next: way, currency: 'THB', sku: thing.sku, quantity: 1 }), `${method} ${path} ${JSON.stringify(way)}`);
        }
    }
    for (const way of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
        const browser = new Browser();
        await browser.get(`/login?next=${encodeURIComponent(way)}`);
        safe(await browser.post('/login', { email: 'shopper@example.test', password: 'market-day-demo', next: way }), `login ${way}`);
    }
    t.diagnostic(`${n} answers at ${places.length} places`);
});

const steps = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..%252f', '%252e%252e%252f', '..%c0%af', '%c0%ae%c0%ae/', '..%e0%80%af', '%uff0e%uff0e/', '..\\', '..%5c', '%2e%2e%5c', '..%255c', '....//', '..././', '..;/', '.%00./', '..%00/', '..%0d/', '..%ef%bc%8f', '．．/', './../', '%2e/%2e%2e/', '..//', '/..//../', '%2e%2e;/', '..%2f..%5c'];
test('SE-06 no address leads out of its folder', { skip, timeout: 180000 }, async (t) => {
    const targets = ['etc/passwd', 'talat.conf', 'etc/talat.conf', 'proc/self/environ'], roots = ['/static/', '/media/', '/products/', '/', '/th/', '/live/product/', '/orders/', '/static/css/', '/api/'];
    let n = 0;
    const look = async (path, to) => {
        const got = await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, to);
        assert.match(got, /^(HTTP\/1\.1 \d|<)/, `${path}: no answer`);
        assert.doesNotMatch(got, /root:x:|stripe_key|refresh_key|secret_file|TALAT_/, path);
        assert.doesNotMatch(got, /^HTTP\/1\.1 5/, path);
        n++;
    };
    for (const step of steps) {
        for (const base of roots) await look(base + step.repeat(6) + targets[n % targets.length]);
        for (const base of ['/static', '/media', '/static/x', '/media/x']) await look(base + step + targets[n % targets.length]);
    }
    for (const path of ['//etc/passwd', '/static//etc/passwd', '/media//etc/passwd', 'http://127.0.0.1/etc/passwd', '/file:///etc/passwd', '/static/css/%2e%2e/manifest', '/-/error/../../etc/passwd', '/-/error/404', '/_sub/x', '/pub/x', '/push-status', '/static/manifest', '/.git/config', '/.env', '/var/talat.conf', '/talat.conf']) await look(path);
    for (const folder of ['/static/', '/static', '/static/css/', '/static/js/', '/media/', '/media', '/static/root/']) {
        const got = await ask(folder);
        assert.ok([403, 404].includes(got.status), `${folder}: ${got.status}`);
        assert.doesNotMatch(got.body, /Index of/i, `${folder} is listed`);
    }
    const browser = new Browser(); // and in what is no address: languages, currencies, file names
    for (const word of ['../../etc/passwd', '..%2f..%2fetc/passwd', '/etc/passwd', '..\\..\\talat.conf', 'th/../../x']) {
        for (const got of [await browser.get('/', { headers: { cookie: `__Host-currency=${word}`, 'accept-language': word } }), await browser.get(`/${encodeURIComponent(word)}/cart`), await browser.get(`/products?category=${encodeURIComponent(word)}`)]) assert.doesNotMatch(got.body, /root:x:|secret_file/);
    }
    t.diagnostic(`${n} addresses`);
});

// ---- guesses --------------------------------------------------------------------------------------------

const guess = (email, address, password = 'wrong') => ask('/api/auth/login', at(address, { body: JSON.stringify({ email, password }), headers: { 'content-type': 'application/json' } }));
async function somebody(name) {
    const email = `${name}.${Date.now()}@example.test`, browser = new Browser();
    await browser.get('/register');
    await browser.register({ name, email, password: 'a long enough one' });
    return { email, browser };
}

test('SE-01 an account takes ten guesses, from however many addresses, one by one or all at once', { skip, timeout: 180000 }, async (t) => {
    const one = await somebody('onebyone'), many = await somebody('atonce'), counts = {};
    const tried = (answers) => answers.filter(({ status }) => status !== 429).length;
    const slowly = [];
    for (let i = 0; i < 25; i++) slowly.push(await guess(one.email, somewhere()));
    counts.slowly = tried(slowly);
    counts.together = tried(await Promise.all(Array.from({ length: 40 }, () => guess(many.email, somewhere()))));
    t.diagnostic(JSON.stringify(counts));
    assert.ok(counts.slowly <= 10 && counts.slowly > 0, `one by one: ${counts.slowly}`);
    assert.ok(counts.together <= 10, `at once: ${counts.together}`);
    for (const { email, browser } of [one, many]) {
        assert.equal((await browser.get('/account')).status, 200, 'who is logged in stays so');
        await waitsOn(email);
        assert.equal((await guess(email, somewhere(), 'a long enough one')).status === 200, false, 'and the right word is not tried either');
    }
});

test('SE-02 only the address a trusted proxy saw counts, not what the client says', { skip, timeout: 180000 }, async () => {
    const report = (forwarded, to = node.at) => ask('/-/csp', { to, body: '{}', headers: { 'content-type': 'application/csp-report', 'x-forwarded-for': forwarded } });
    const from = `198.51.100.${Date.now() % 250 + 1}`, statuses = [];
    for (let i = 0; i < 32; i++) statuses.push((await report(`10.9.8.${i}, 203.0.113.${i}, ${from}`)).status);
    assert.deepEqual([statuses.slice(0, 30).every((status) => status === 204), statuses[30], statuses[31]], [true, 429, 429], String(statuses));
    assert.deepEqual(await redis('KEYS', `rl:*${from}`), [`rl:reports-address:${from}`], 'what browsers report is not counted among what their people send');
    assert.equal((await report(somewhere())).status, 204, 'another address goes on');
    await redis('DEL', 'rl:reports-address:127.0.0.1');
    const direct = [];
    for (let i = 0; i < 31; i++) direct.push((await report(`203.0.113.${i}`, null)).status);
    assert.equal(direct.at(-1), 429, 'without a proxy in the configuration nobody\'s word is taken');
    await redis('DEL', 'rl:reports-address:127.0.0.1');
});

test('SE-03 who asks too often is told how much and how long', { skip, timeout: 180000 }, async () => {
    const browser = new Browser({ jar: new Map((await shopper()).jar) }), [{ id }] = rows("select id from auth.person where email = 'shopper@example.test'"), theirs = async () => (await redis('KEYS', 'rl:general:p*')).sort();
    for (const key of await theirs()) await redis('DEL', key);
    const answers = [];
    for (let i = 0; i < 102; i++) answers.push(await browser.get('/cart', at(somewhere())));
    assert.equal(answers[0].headers['x-ratelimit-limit'], '100');
    assert.equal(answers[0].headers['x-ratelimit-remaining'], '99');
    assert.ok(Number(answers[0].headers['x-ratelimit-reset']) <= 60);
    assert.deepEqual([answers[99].status, answers[100].status], [200, 429]);
    assert.ok(Number(answers[100].headers['retry-after']) >= 1);
    assert.equal((await browser.json('/cart', at(somewhere()))).data.code, 'limit');
    const [key] = await theirs();
    assert.equal(await redis('GET', key), '103', 'the key is rl:<class>:<who>');
    assert.ok(!key.endsWith(`p${id}`) && key.length > 24, `and tells no number of theirs: ${key}`);
    await redis('DEL', key);
});

test('SE-13 what was refused stands in the log with its reason and the request\'s id', { skip, timeout: 180000 }, async () => {
    const buyer = await shopper(), wrong = `wrong.${Date.now()}@example.test`, log = () => ['web', 'slow'].map((pool) => readFileSync(join(process.env.TALAT_VAR, `log/${pool}.log`), 'utf8')).join('');
    const refusals = [[await buyer.get('/admin'), 403, 'permission'], [await ask('/cart/lines', { form: { sku: 'x' }, headers: { origin: 'https://evil.example' } }), 403, 'csrf'],
        [await ask('/api/orders', { method: 'POST', headers: { origin: url } }), 401, 'login'], [await ask('/api/auth/login', { body: JSON.stringify({ email: wrong, password: 'x' }), headers: { 'content-type': 'application/json' } }), 401, 'auth.wrong'],
        [await ask('/orders/TL-AAAA-BBBB-CCCC'), 404, '']];
    for (const [got, status, fault] of refusals) {
        assert.equal(got.status, status, fault);
        const line = JSON.parse(log().split('\n').find((one) => one.includes(`"id":"${got.headers['x-request-id']}"`) && one.includes('"request"')) ?? '{}');
        assert.deepEqual([String(line.status), fault ? line.fault : ''], [String(status), fault], JSON.stringify(line));
        assert.match(line.time ?? line.at ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
    assert.ok(!log().includes(wrong), 'but not who was tried');
});

test('SE-06 passwords are typed hidden, and password managers may help', { skip, timeout: 180000 }, async () => {
    let n = 0;
    for (const path of ['/login', '/register', '/th/login', '/vi/register']) {
        const { body } = await ask(path);
        assert.doesNotMatch(body, /on(paste|copy|drop|contextmenu)=|autocomplete="off"[^>]*password|password[^>]*autocomplete="off"/i);
        for (const [input] of body.matchAll(/<input\b[^>]*name="[^"]*password[^"]*"[^>]*>/g)) {
            assert.match(input, /type="password"/);
            assert.match(input, /autocomplete="(current|new)-password"/);
            n++;
        }
    }
    assert.ok(n >= 3, `${n} fields`);
});

test('no script of ours names a key by what comes from outside', { skip }, () => {
    const folder = join(top, 'static/js'), files = readdirSync(folder).filter((name) => name.endsWith('.js'));
    const ways = /\b\w+(?:\.\w+)*\[[^\]'"]*[A-Za-z_][^\]'"]*\]\s*=(?!=)|__proto__|\.prototype\b|setPrototypeOf|Object\.(?:assign|defineProperty|fromEntries)|\beval\b|new Function|\.\.\.JSON/;
    for (const planted of ['all[name] = value;', 'a.b[x.y] = 1;', 'x.__proto__', 'Object.assign(all, JSON.parse(text))', '({ ...JSON.parse(t) })']) assert.match(planted, ways);
    assert.ok(files.length >= 4);
    for (const file of files) for (const [n, line] of readFileSync(join(folder, file), 'utf8').split('\n').entries()) assert.doesNotMatch(line.replace(/\/\/.*/, ''), ways, `${file}:${n + 1}`);
});

test('no script of ours keeps anything in the browser', { skip }, () => {
    const folder = join(top, 'static/js'), ways = /\b(?:localStorage|sessionStorage|indexedDB|caches|document\.cookie)\b|cookieStore/;
    const kept = readdirSync(folder).filter((name) => name.endsWith('.js')).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n')
        .filter((line) => ways.test(line.replace(/\/\/.*/, ''))).map((line) => `${file}: ${line.trim()}`));
    assert.deepEqual(kept, []);
});

// ---- what is said when something goes wrong -----------------------------------------------------------

test('SE-16 an error says what to do, has the request\'s id, and nothing of the inside', { skip, timeout: 180000 }, async (t) => {
    const buyer = await shopper(), seen = new Set(), json = { accept: 'application/json' }, far = { origin: url };
    const table = [
        [400, '/products/%ff'], [400, '/cart?a=%zz'], [401, '/api/orders', { method: 'POST', headers: far }], [403, '/admin', { headers: { cookie: buyer.cookie } }],
        [403, '/cart/lines', { form: { sku: 'x' }, headers: { origin: 'https://evil.example' } }], [404, '/nowhere'], [404, '/products/none'], [404, '/orders/TL-AAAA-BBBB-CCCC'], [404, '/static/none.css'], [404, '/media/none.webp'],
        [405, '/cart', { method: 'DELETE', headers: far }], [406, '/live/product/7'], [413, '/cart/lines', { body: 'x'.repeat(1100000), headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
        [414, `/cart?a=${'x'.repeat(9000)}`], [415, '/cart/lines', { body: '<x/>', headers: { 'content-type': 'application/xml', ...far } }], [422, '/cart/lines', { form: {}, headers: far }],
        [400, '/cart/lines', { body: '{', headers: { 'content-type': 'application/json', ...far } }], [400, '/payments/stripe/webhook', { body: '{}' }], [429, '/-/csp', at('192.0.2.250', { body: '{}' })],
    ];
    for (let i = 0; i < 31; i++) await ask('/-/csp', at('192.0.2.250', { body: '{}' }));
    for (const [status, path, more = {}] of table) {
        for (const format of [{ accept: 'text/html' }, json]) {
            const got = await ask(path, { ...more, headers: { ...more.headers, ...format } }), what = `${status} ${path.slice(0, 60)} ${format.accept}`;
            assert.equal(got.status, status, `${what}: ${got.status}`);
            seen.add(status);
            const id = got.headers['x-request-id'];
            assert.match(id ?? '', /^[0-9a-f]{32}$/, what);
            if (!(status === 422 && format !== json)) { // a form comes back as a form
                assert.ok(got.body.includes(id), `${what}: the id is not in the body: ${got.body.slice(-300)}`);
            }
            assert.doesNotMatch(got.body, /\/(src|work|usr|var|tmp|home)\/|\.c:\d|\bselect \w|\binsert into|relation "|libpq|hiredis|PGRES|SQLSTATE|errno|stack|AddressSanitizer|\bnginx\b|0x[0-9a-f]{6}/i, what);
            if (/json/.test(got.headers['content-type'] ?? '')) {
                const { error, code, requestId, ...rest } = JSON.parse(got.body);
                assert.equal(typeof error, 'string', what);
                assert.ok(code && requestId, what);
                for (const key of Object.keys(rest)) assert.ok(['fields', 'required', 'role'].includes(key), `${what}: ${key}`);
            }
        }
    }
    // Programs are told what may be sent, not to choose another file.
    for (const path of ['/api/auth/login', '/cart/lines.json']) {
        const { status, headers, body } = await ask(path, { body: `{"pad":"${'x'.repeat(1100000)}"}`, headers: { 'content-type': 'application/json', ...far } });
        assert.equal(status, 413, path);
        assert.match(headers['content-type'], /json/, path);
        assert.equal(JSON.parse(body).code, 'too_large');
        assert.match(JSON.parse(body).error, /1 MiB/);
    }
    // Of too long a first line nothing but its begin is known, not what is accepted.
    for (const path of ['/api/orders', '/cart.json', '/th/cart.json']) {
        const { status, headers, body } = await ask(`${path}?a=${'x'.repeat(9000)}`);
        assert.deepEqual([status, headers['content-type'], JSON.parse(body).requestId], [414, 'application/json', headers['x-request-id']], path);
        assert.equal(/[\u0e00-\u0e7f]/.test(body), path.startsWith('/th'), body);
    }
    // What nginx itself makes of what is hardly a request.
    for (const [status, bytes] of [[400, 'GARBAGE\r\n\r\n'], [400, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'], [400, `GET /api/x HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n`],
        [400, `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: abc\r\nConnection: close\r\n\r\n`], [501, `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: other\r\nConnection: close\r\n\r\n`], [505, `GET / HTTP/3.7\r\nHost: ${host}\r\nConnection: close\r\n\r\n`]]) {
        const got = await raw(bytes), id = /^X-Request-Id: ([0-9a-f]{32})\r$/m.exec(got)?.[1];
        assert.match(got, new RegExp(`^HTTP/1.1 ${status} `), bytes);
        assert.ok(id && got.split('\r\n\r\n').slice(1).join('').includes(id), `${bytes}: ${got}`);
    }
    t.diagnostic([...seen].sort().join(' '));
});

test('SE-12 what is secret stands in no log and in no answer', { skip, timeout: 180000 }, async () => {
    const mark = `Planted${Date.now()}`, word = `${mark}Password`, card = '4000056655665556', token = `${mark}.token.value`, key = `${mark}Key`, answers = [];
    const { email } = await somebody('inthelog'), browser = new Browser(); // whose guesses are nobody else's
    await browser.get('/login');
    answers.push(await browser.post('/login', { email, password: word }));
    answers.push(await browser.post('/login', { email, password: word, card }));
    answers.push(await ask('/api/auth/login', { body: JSON.stringify({ email, password: word, card }), headers: { 'content-type': 'application/json' } }));
    answers.push(await ask('/api/orders', { method: 'POST', body: JSON.stringify({ card, items: [] }), headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } }));
    answers.push(await ask('/account', { headers: { cookie: `__Host-sid=${mark}Session; __Host-csrf=${mark}Form` } }));
    answers.push(await ask(`/orders/TL-AAAA-BBBB-CCCC?key=${key}`));
    answers.push(await ask(`/login?next=/x&password=${word}`));
    answers.push(await ask(`/cart?card=${card}`, { headers: { referer: `${url}/x?key=${key}`, 'user-agent': 'x' } }));
    answers.push(await ask(`/nowhere?token=${token}`));
    answers.push(await ask('/payments/stripe/webhook', { body: `{"client_secret":"${mark}Secret"}`, headers: { 'stripe-signature': `t=1,v1=${mark}` } }));
    answers.push(await ask('/cart/lines', { body: `{"sku":"${mark}Sku"`, headers: { 'content-type': 'application/json', origin: url } }));
    const { jar } = await shopper(), logs = [join(process.env.TALAT_VAR, 'log'), node.dir].flatMap((dir) => readdirSync(dir).filter((name) => name.endsWith('.log')).map((name) => join(dir, name)));
    await new Promise((done) => setTimeout(done, 1200)); // nginx writes every second
    const secrets = [mark, card, 'market-day-demo', jar.get('__Host-sid'), jar.get('__Host-csrf'), conf('stripe_key'), conf('stripe_webhook_secret'), conf('refresh_key'), readFileSync(conf('secret_file'), 'utf8').trim()];
    assert.ok(logs.length >= 6 && secrets.every((one) => one?.length > 8), JSON.stringify(secrets.map((one) => one?.length)));
    for (const [i, { body, headers }] of answers.entries()) for (const one of [...i < 5 ? [word, card, token] : [], ...secrets.slice(5)]) assert.ok(!(body + JSON.stringify({ ...headers, location: '' })).includes(one), `an answer: ${one.slice(0, 8)}…`);
    for (const file of logs.filter((name) => !/demo\.log|sim\.log/.test(name))) {
        const all = readFileSync(file, 'utf8');
        for (const one of secrets) assert.ok(!all.includes(one), `${file}: ${one.slice(0, 8)}… stands at: ${all.slice(Math.max(0, all.indexOf(one) - 200), all.indexOf(one) + 20)}`);
    }
});

test('SE-12 what is secret stands in no list of programs', { skip, timeout: 180000 }, async (t) => {
    const planted = `Planted${randomBytes(12).toString('hex')}`, secrets = [planted, conf('stripe_key'), conf('stripe_webhook_secret'), conf('refresh_key'), readFileSync(conf('secret_file'), 'utf8').trim()], seen = new Map();
    const look = () => { // as everybody may: /proc/*/cmdline is open, /proc/*/environ is not
        for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
            try { seen.set(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), pid); } catch { /* it has ended */ }
        }
        return [...seen.keys()].filter((line) => !/ \S*\/sim\/stripe\.mjs /.test(line) && secrets.some((one) => line.includes(one))); // the provider of tests is none of ours
    };
    const canary = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20000)', planted], { stdio: 'ignore' }), backup = mkdtempSync(join(tmpdir(), 'talat-ps-'));
    try {
        await until(() => look().length === 1, 5000, 'what is there is not found');
        secrets.shift();
        for (const words of [['doctor'], ['backup', '--to', backup], ['keys', 'check']]) {
            const child = spawn(join(process.env.TALAT_APP, 'bin/talatctl'), ['--config', confPath, ...words], { stdio: 'ignore' });
            let ended = false;
            child.on('close', () => { ended = true; });
            while (!ended) {
                assert.deepEqual(look(), []);
                await new Promise((done) => setTimeout(done, 20));
            }
        }
        assert.ok([...seen.keys()].some((line) => /talatctl.* backup/.test(line)) && [...seen.keys()].some((line) => /pg_dump/.test(line)), 'the programs were seen at work');
    } finally {
        canary.kill('SIGKILL');
        rmSync(backup, { recursive: true, force: true });
    }
    t.diagnostic(`${seen.size} programs`);
});
