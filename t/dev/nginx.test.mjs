// nginx's configuration on its own, in front of a stand-in worker: what is kept, what never
// is, what is sent with every answer, and how push channels behave.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync, chmodSync, renameSync, rmSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect as connectTLS } from 'node:tls';
import { connect as connect2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from './fcgi.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'talat-nginx-'));
const inner = join(dir, 'run/push.sock');
let port, nginx, web, slow, answer, seen = [];

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const freePort = () => new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = probe.address();
        probe.close(() => done(free));
    });
});

// One request; `over` is 'inner' for the unix socket. Resolves to {status, headers, raw, body}.
function ask(path, { method = 'GET', headers = {}, body, over } = {}) {
    const where = over === 'inner' ? { socketPath: inner } : { host: '127.0.0.1', port };
    return new Promise((done, fail) => {
        const out = request({ ...where, method, path, headers: { host: 'localhost', ...headers }, agent: false }, (got) => {
            const parts = [];
            got.on('data', (part) => parts.push(part));
            got.on('end', () => done({
                status: got.statusCode, headers: got.headers, raw: got.rawHeaders,
                bytes: Buffer.concat(parts), body: Buffer.concat(parts).toString(),
            }));
        });
        out.on('error', fail);
        out.end(body);
    });
}

// A stream: what came so far in .text, .until(pattern) waits for it.
function listen(path, headers = {}) {
    const stream = { text: '', ended: false };
    stream.ready = new Promise((done, fail) => {
        const out = request({ host: '127.0.0.1', port, path, agent: false,
            headers: { host: 'localhost', accept: 'text/event-stream', ...headers } }, (got) => {
            stream.status = got.statusCode;
            stream.headers = got.headers;
            got.on('data', (part) => { stream.text += part; });
            got.on('close', () => { stream.ended = true; });
            done(stream);
        });
        out.on('error', (err) => { stream.ended = true; fail(err); });
        stream.stop = () => out.destroy();
        out.end();
    });
    stream.ready.catch(() => {});
    stream.until = async (pattern, ms = 20000) => {
        for (let waited = 0; waited < ms; waited += 10) {
            if (pattern.test(stream.text)) return true;
            await sleep(10);
        }
        assert.fail(`no ${pattern} in: ${stream.text}`);
    };
    return stream;
}
// Whole pages that nginx keeps.
const pagesKept = (at = join(dir, 'state/cache')) => readdirSync(at, { withFileTypes: true })
    .reduce((n, one) => n + (one.isDirectory() ? pagesKept(join(at, one.name)) : /^[0-9a-f]{32}$/.test(one.name)), 0);
const publish = (channel, body, headers = {}) => ask(`/pub/${channel}`,
    { method: 'POST', body, over: 'inner', headers: { 'content-type': 'text/html', ...headers } });

async function restartNginx(...words) {
    if (nginx?.kill('SIGTERM')) await new Promise((done) => nginx.once('exit', done)); // one that never ran has ended
    execFileSync(join(here, '../../nginx/render'), [join(dir, 'talat.conf'), join(dir, 'conf'),
        `LISTEN_PORT=${port}`, 'LISTEN_ON=127.0.0.1', `USER=${process.getuid() ? '' : 'www-data'}`, 'WORKERS=2',
        `STATE=${dir}/state`, `LOGS=${dir}/log`, `ERROR_LOG=${dir}/log/nginx.log warn`, `SLOW_ROUTES=${dir}/slow`, `ACME=${dir}/acme`, ...words]);
    nginx = spawn('nginx', ['-p', dir, '-c', join(dir, 'conf/nginx.conf'), '-e', join(dir, 'log/nginx.log'),
        '-g', 'daemon off;'], { stdio: 'inherit', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
    for (let i = 0; i < 1000; i++) {
        try { await ask('/push-status', { over: 'inner' }); return; } catch { await sleep(20); }
    }
    throw new Error(`nginx did not start: ${readFileSync(join(dir, 'log/nginx.log'))}`);
}

before(async () => {
    port = await freePort();
    for (const part of ['run', 'state/nginx', 'log', 'share/static/css', 'share/static/root', 'media', 'acme/.well-known/acme-challenge']) {
        mkdirSync(join(dir, part), { recursive: true });
    }
    for (const part of ['', 'run', 'media']) chmodSync(join(dir, part), 0o755);
    writeFileSync(join(dir, 'talat.conf'), `mode = dev\nshop_name = Mali \\ "Sons" & Co | Ltd\nbase_url = http://localhost:${port}\nrun_dir = ${dir}/run\n` +
        `share_dir = ${dir}/share\nmedia_dir = ${dir}/media\nrefresh_key = 0123456789abcdef\n` +
        'payment_origins = https://checkout.example\noidc_1 = one https://login.example/realm id secret One\n');
    writeFileSync(join(dir, 'slow'), 'POST /checkout/pay\nPOST|PUT /orders/{id}/pay\nGET /login/with/{provider}/callback\n');
    writeFileSync(join(dir, 'share/static/css/shop.12345678.css'), 'body{}');
    writeFileSync(join(dir, 'share/static/manifest'), 'css/shop.css css/shop.12345678.css\n');
    writeFileSync(join(dir, 'media/a.webp'), 'RIFF');
    writeFileSync(join(dir, 'media/a.html'), '<script>');
    writeFileSync(join(dir, 'acme/.well-known/acme-challenge/token_-1'), 'token_-1.thumb');
    writeFileSync(join(dir, 'acme/secret'), 'hush');
    for (const name of ['web', 'slow']) {
        const server = await serve(join(dir, `run/${name}.sock`), async (params, body) => {
            seen.push({ pool: name, params, body: body.toString() });
            return answer(params, body);
        });
        if (name === 'web') web = server; else slow = server;
        chmodSync(join(dir, `run/${name}.sock`), 0o777);
    }
    await restartNginx('UNCOUNTED=127.0.0.0/8');
});
after(async () => {
    nginx?.kill('SIGTERM');
    web?.close();
    slow?.close();
    if (nginx && nginx.exitCode === null) await new Promise((done) => nginx.once('exit', done));
    rmSync(dir, { recursive: true, force: true });
});

let count = 0;
const fresh = (name) => `/products/${name}-${++count}`;
const page = (extra = {}, type = 'text/html; charset=utf-8') => {
    let n = 0;
    return () => ({ headers: { 'Content-Type': type, ...extra }, body: `<p>render ${++n}</p>` });
};
const kept = { 'X-Accel-Expires': '60' };

test('security headers come once with every answer', async () => {
    answer = () => ({ status: 404, headers: { 'Content-Type': 'text/html', 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': 'x' }, body: 'no' });
    const answers = {
        app: await ask('/nowhere'), 'static': await ask('/static/css/shop.12345678.css'), 'static 404': await ask('/static/none.css'),
        media: await ask('/media/a.webp'), 'media 404': await ask('/media/none.webp'), '400': await ask('/x', { headers: { 'content-length': 'abc' } }),
        '413': await ask('/x', { method: 'POST', headers: { 'content-length': String(2 << 20) } }),
        push: await listen('/live/product/1').ready,
    };
    answers.push.stop();
    for (const [name, { headers, raw }] of Object.entries(answers)) {
        for (const [header, pattern] of Object.entries({
            'content-security-policy': /^default-src 'none'; script-src 'self'; style-src 'self';.* form-action 'self' https:\/\/checkout\.example https:\/\/login\.example; frame-ancestors 'none'/,
            'x-content-type-options': /^nosniff$/, 'referrer-policy': /^strict-origin-when-cross-origin$/,
            'permissions-policy': /camera=\(\)/, 'cross-origin-opener-policy': /^same-origin$/,
        })) {
            assert.match(headers[header] ?? '', pattern, `${name}: ${header}`);
            const times = (raw ?? []).filter((word, i) => i % 2 === 0 && word.toLowerCase() === header).length;
            if (raw) assert.equal(times, 1, `${name}: ${header} ${times} times`);
        }
        assert.equal(headers['strict-transport-security'], undefined, `${name}: HSTS without TLS`);
        assert.equal(headers.server, 'nginx', name);
    }
});

test('ID-01 ID-12 pages that other shops call otherwise are found', async () => {
    for (const [from, to] of [['/auth/register', '/register'], ['/th/auth/login?next=/cart', '/th/login?next=/cart'], ['/vi/auth/verify-otp', '/vi/verify'], ['/api', '/api/docs'], ['/api/', '/api/docs']]) {
        const { status, headers } = await ask(from);
        assert.deepEqual([status, headers.location], [301, to]);
    }
    answer = page();
    assert.equal((await ask('/auth/others')).status, 200, 'the worker is asked');
});

test('a page is kept only when the worker says so', async () => {
    for (const [name, headers, is] of [
        ['with X-Accel-Expires', kept, true], ['without', {}, false], ['Cache-Control alone', { 'Cache-Control': 'max-age=60' }, false],
        ['X-Accel-Expires 0', { 'X-Accel-Expires': '0' }, false], ['no-store', { ...kept, 'Cache-Control': 'no-store' }, false],
        ['private', { ...kept, 'Cache-Control': 'private, max-age=9' }, false], ['Set-Cookie', { ...kept, 'Set-Cookie': 'a=b' }, false],
    ]) {
        const at = fresh('keep');
        answer = page(headers);
        await ask(at);
        const second = await ask(at);
        assert.equal(second.body, is ? '<p>render 1</p>' : '<p>render 2</p>', name);
        assert.equal(second.headers['x-cache'], is ? 'HIT' : 'MISS', name);
        assert.equal(second.headers['x-accel-expires'], undefined, name);
        assert.equal(second.headers.vary, undefined, name);
    }
});

test('HEAD leaves a whole page behind and gets no body', async () => {
    const at = fresh('head');
    answer = page(kept);
    const before = pagesKept(), head = await ask(at, { method: 'HEAD' });
    assert.equal(head.body, '');
    assert.equal(seen.at(-1).params.REQUEST_METHOD, 'GET');
    // A HEAD is answered before the page has come to its end.
    for (let i = 0; i < 1000 && pagesKept() === before; i++) await sleep(20);
    assert.equal((await ask(at)).body, '<p>render 1</p>');
});

test('JSON, another currency and another language never answer for the page', async () => {
    const at = fresh('poison');
    answer = ({ PAGE_FORMAT, PAGE_CURRENCY }) => ({ headers: { 'Content-Type': PAGE_FORMAT === 'json' ? 'application/json' : 'text/html', ...kept },
        body: `${PAGE_FORMAT} ${PAGE_CURRENCY}` });
    const asks = [
        [{ accept: 'application/json' }, 'json THB'], [{ accept: 'text/html,application/xhtml+xml,*/*' }, 'html THB'],
        [{ cookie: '__Host-currency=VND' }, 'html VND'], [{ cookie: '__Host-currency=EUR' }, 'html THB'], [{ cookie: 'a=1; __Host-currency=USD' }, 'html USD'],
        [{ accept: '*/*' }, 'html THB'], [{ accept: 'application/json, text/html' }, 'html THB'],
    ];
    for (const round of [1, 2]) {
        for (const [headers, body] of asks) assert.equal((await ask(at, { headers })).body, body, `${round} ${JSON.stringify(headers)}`);
    }
    assert.equal((await ask(`${at}.json`)).body, 'json THB');
    answer = ({ PAGE_LANGUAGE }) => ({ headers: { 'Content-Type': 'text/html' }, body: PAGE_LANGUAGE });
    for (const [path, language] of [['/th/x', 'th'], ['/th', 'th'], ['/vi/', 'vi'], ['/x/th', 'en'], ['/thing', 'en'], ['/', 'en']]) {
        assert.equal((await ask(path)).body, language, path);
    }
});

test('a page is refreshed in place over the inner socket with the key, and nowhere else', async () => {
    const at = fresh('refresh');
    const key = { 'x-talat-refresh': '0123456789abcdef', 'x-talat-kind': 'plain' };
    answer = page(kept);
    await ask(at);
    await ask(at, { headers: key });
    await ask(at, { over: 'inner' });
    await ask(at, { over: 'inner', headers: { 'x-talat-refresh': 'wrong' } });
    assert.equal((await ask(at)).body, '<p>render 1</p>', 'outside, without or with a wrong key: nothing');
    await ask(at, { over: 'inner', headers: key });
    assert.equal(seen.at(-1).params.TALAT_INNER, '1');
    assert.equal(seen.at(-1).params.HTTP_X_TALAT_REFRESH ?? '', '');
    const now = await ask(at);
    assert.deepEqual([now.body, now.headers['x-cache']], ['<p>render 2</p>', 'HIT']);
    const other = fresh('outside');
    answer = page();
    await ask(other);
    assert.equal(seen.at(-1).params.TALAT_INNER, undefined);
});

test('a guest gets the page as it is kept, packed or plain, and nobody gets another kind', async () => {
    const at = fresh('kinds'), ssi = 'A<!--# echo var="csrf_token" default="" -->Z', token = { cookie: '__Host-csrf=Ab-_0123456789abcdef' };
    answer = ({ PAGE_KIND }) => ({ headers: { 'Content-Type': 'text/html; charset=utf-8', ...kept, ...(PAGE_KIND === 'gzip' && { 'Content-Encoding': 'gzip' }) },
        body: PAGE_KIND === 'gzip' ? gzipSync('packed '.repeat(300)) : PAGE_KIND === 'plain' ? `plain ${ssi}` : `${ssi} ${'long '.repeat(300)}` });
    const gzip = { 'accept-encoding': 'gzip, deflate, br' };
    const unpacked = ({ headers, bytes }) => (headers['content-encoding'] ? gunzipSync(bytes) : bytes).toString();
    const asks = [
        [{}, 'plain', undefined], [gzip, 'packed', 'gzip'], [{ 'accept-encoding': 'gzip;q=0' }, 'plain', undefined], [{ 'accept-encoding': 'deflate, gzip;q=0.5' }, 'packed', 'gzip'],
        [{ 'accept-encoding': 'x-gzipped' }, 'plain', undefined], [{ 'accept-encoding': 'identity' }, 'plain', undefined],
        [token, 'AAb-_0123456789abcdefZ', undefined], [{ ...token, ...gzip }, 'AAb-_0123456789abcdefZ', 'gzip'],
        [{ 'x-talat-kind': 'gzip' }, 'plain', undefined], [{ ...token, 'x-talat-kind': '|GET||gzip' }, 'AAb-_0123456789abcdefZ', undefined],
        [{ cookie: '__Host-currency=THB', ...gzip }, 'packed', 'gzip'],
    ];
    for (const round of [1, 2]) {
        for (const [headers, begins, encoding] of asks) {
            const got = await ask(at, { headers }), words = unpacked(got);
            assert.deepEqual([words.split(' ')[0], got.headers['content-encoding'], got.headers.vary], [begins, encoding, undefined], `${round} ${JSON.stringify(headers)}`);
            assert.ok(begins !== 'plain' || words.includes('<!--#'), 'a guest\'s page does not pass through SSI');
        }
    }
    const made = seen.length;
    for (const [headers] of asks) await ask(at, { headers });
    assert.equal(seen.length, made, 'three kinds are kept');
    assert.equal(new Set(seen.filter(({ params }) => params.REQUEST_URI === at).map(({ params }) => params.PAGE_KIND ?? '')).size, 3);
    assert.equal((await ask(at, { method: 'POST', body: 'a=1' })).body.slice(0, 2), 'AZ', 'what answers a form passes through SSI');

    // The refresher names the kind; each is renewed alone.
    const key = { 'x-talat-refresh': '0123456789abcdef' };
    for (const [kind, headers] of [['gzip', gzip], ['plain', {}], ['', token]]) {
        answer = () => ({ headers: { 'Content-Type': 'text/html', ...kept }, body: `new ${kind}` });
        await ask(at, { over: 'inner', headers: { ...key, 'x-talat-kind': kind } });
        assert.equal(seen.at(-1).params.PAGE_KIND ?? '', kind);
        assert.equal(seen.at(-1).params.HTTP_X_TALAT_KIND ?? '', '');
        assert.equal(unpacked(await ask(at, { headers })), `new ${kind}`);
    }
});

test('the header part is asked only for who has a session or cart, and can fail alone', async () => {
    const at = fresh('me');
    const text = '<!--# if expr="$has_me" --><!--# include virtual="/th/-/me" --><!--# endif -->|<input value="<!--# echo var="csrf_token" default="" -->">';
    let me = () => ({ headers: { 'Content-Type': 'text/html' }, body: 'Mali' });
    answer = (params) => (params.REQUEST_URI === '/th/-/me' ? me(params)
        : { headers: { 'Content-Type': 'text/html; charset=utf-8', ...kept }, body: params.PAGE_KIND ? `for a guest, ${params.PAGE_KIND}` : text });
    const before = seen.length;
    assert.equal((await ask(at)).body, 'for a guest, plain');
    assert.equal((await ask(at, { headers: { cookie: '__Host-csrf=Ab-_0123456789abcdef' } })).body, '|<input value="Ab-_0123456789abcdef">');
    assert.equal(seen.length, before + 2);
    const cookie = '__Host-currency=THB; __Host-sid=abc; __Host-csrf=Ab-_0123456789abcdef';
    assert.equal((await ask(at, { headers: { cookie } })).body, 'Mali|<input value="Ab-_0123456789abcdef">');
    assert.equal(seen.at(-1).params.PAGE_LANGUAGE, 'th');
    for (const nobodys of ['__Host-csrf="><script>alert(1)</script>', 'x__Host-csrf=Ab-_0123456789abcdef'])
        assert.equal((await ask(at, { headers: { cookie: nobodys } })).body, 'for a guest, plain');
    assert.equal((await ask(at, { headers: { cookie: '__Host-cart=abc; __Host-csrf="><script>alert(1)</script>' } })).body, 'Mali|<input value="">');
    for (const status of [500, 503, 404]) {
        me = () => ({ status, headers: { 'Content-Type': 'text/html' }, body: 'trouble' });
        const got = await ask(at, { headers: { cookie } });
        assert.deepEqual([got.status, got.body.split('|')[0]], [200, ''], `me answers ${status}`);
    }
    assert.equal((await ask('/th/-/me')).headers['x-cache'], undefined, 'never kept');
});

test('kept pages outlive the workers, others get a friendly page in their language', async () => {
    const at = fresh('away');
    let up = true;
    answer = () => (up ? { headers: { 'Content-Type': 'text/html', 'X-Accel-Expires': '1' }, body: 'whole' }
        : { status: 503, headers: { 'Content-Type': 'text/html', 'Retry-After': '5' }, body: 'database away' });
    await ask(at);
    await sleep(2200);
    up = false;
    assert.deepEqual([(await ask(at)).body, (await ask(at)).headers['x-cache']], ['whole', 'STALE'], 'worker says 503');
    const own = await ask(fresh('unkept'));
    assert.deepEqual([own.status, own.body, own.headers['retry-after']], [503, 'database away', '5'], "the worker's own page passes");
    await new Promise((done) => web.close(done));
    assert.equal((await ask(at)).body, 'whole', 'no worker at all');
    for (const [path, lang, words] of [['/cart', 'en', /busy right now/], ['/th/cart', 'th', /ตะกร้า/], ['/vi/cart?x=1', 'vi', /Giỏ hàng/]]) {
        const got = await ask(path, { method: 'POST', body: 'a=1' });
        assert.equal(got.status, 503, path);
        assert.equal(got.headers['retry-after'], '5', path);
        assert.match(got.headers['content-type'], /^text\/html/);
        assert.match(got.body, new RegExp(`<html lang="${lang}">`));
        assert.match(got.body, words);
        assert.match(got.body, /href="\/static\/css\/shop\.12345678\.css"/);
    }
    const json = await ask('/cart', { headers: { accept: 'application/json' } });
    assert.match(json.headers['content-type'], /^application\/json/);
    assert.equal(JSON.parse(json.body).code, 'busy');
    web = await serve(join(dir, 'run/web.sock'), async (params, body) => {
        seen.push({ pool: 'web', params, body: body.toString() });
        return answer(params, body);
    });
    chmodSync(join(dir, 'run/web.sock'), 0o777);
    up = true;
    assert.equal((await ask(fresh('back'))).body, 'whole', 'back at once');
});

test('slow routes have a pool of their own', async () => {
    answer = page();
    for (const [path, pool] of [['/checkout/pay', 'slow'], ['/th/checkout/pay', 'slow'], ['/orders/7/pay.json', 'slow'],
        ['/checkout/pays', 'web'], ['/orders/7', 'web'], ['/orders/7/8/pay', 'web']]) {
        await ask(path, { method: 'POST', body: 'a=1' });
        assert.equal(seen.at(-1).pool, pool, path);
        assert.equal(seen.at(-1).body, 'a=1', path);
    }
    for (const [method, path, pool] of [['GET', '/checkout/pay', 'web'], ['HEAD', '/th/checkout/pay', 'web'], ['GET', '/orders/7/pay.json', 'web'],
        ['PUT', '/orders/7/pay', 'slow'], ['DELETE', '/orders/7/pay', 'web'], ['GET', '/th/login/with/line/callback', 'slow'],
        ['HEAD', '/login/with/line/callback', 'slow'], ['POST', '/login/with/line/callback', 'web']]) {
        await ask(path, { method });
        assert.equal(seen.at(-1).pool, pool, `${method} ${path}`);
    }
});

test('SE-19 bodies have a ceiling, a higher one in the back office', async () => {
    answer = page();
    const size = (n) => ({ method: 'POST', body: Buffer.alloc(n) });
    assert.equal((await ask('/cart', size(1 << 20))).status, 200);
    const over = await ask('/cart', size((1 << 20) + 1));
    assert.equal(over.status, 413);
    assert.match(over.body, /too large/);
    assert.equal((await ask('/admin/products/1/pictures', size(11 << 20))).status, 200);
    assert.equal((await ask('/admin/products', size(13 << 20))).status, 413);
});

test('SE-19 what a client says about addresses, proxies and ids is not passed on', async () => {
    answer = page();
    const got = await ask('/who', { headers: { proxy: 'http://evil.example', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', forwarded: 'for=6.6.6.6', 'x-request-id': 'evil' } });
    const { params } = seen.at(-1);
    for (const name of ['HTTP_PROXY', 'HTTP_X_FORWARDED_FOR', 'HTTP_X_FORWARDED_PROTO', 'HTTP_FORWARDED', 'HTTP_X_REQUEST_ID']) {
        assert.equal(params[name] ?? '', '', name);
    }
    assert.equal(params.REMOTE_ADDR, '127.0.0.1');
    assert.match(params.REQUEST_ID, /^[0-9a-f]{32}$/);
    assert.equal(got.headers['x-request-id'], params.REQUEST_ID);
});

test('files never change under their name, and only pictures leave the picture folder', async () => {
    const css = await ask('/static/css/shop.12345678.css', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(css.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.match(css.headers['content-type'], /^text\/css/);
    assert.equal((await ask('/media/a.webp')).headers['content-type'], 'image/webp');
    assert.doesNotMatch((await ask('/media/a.html')).headers['content-type'], /html/);
    for (const path of ['/static/manifest', '/static/../manifest', '/media/../talat.conf', '/static/%2e%2e/manifest', '/static../manifest']) {
        assert.notEqual((await ask(path)).body.includes('shop.css'), true, path);
    }
});

test('a message published inside reaches who listens outside, and is replayed', async () => {
    const stream = await listen('/live/product/7/th/THB').ready;
    assert.match(stream.headers['content-type'], /^text\/event-stream/);
    const sent = await publish('live/product/7/th/THB', '<b>2 left</b>');
    assert.ok([201, 202].includes(sent.status), sent.status); // 202: this worker has not heard of the listener yet
    await stream.until(/data: <b>2 left<\/b>/);
    const id = /id: (\S+)/.exec(stream.text)[1];
    stream.stop();
    await publish('live/product/7/th/THB', 'while away');
    const again = await listen('/live/product/7/th/THB', { 'last-event-id': id }).ready;
    await again.until(/data: while away/);
    assert.match(again.text, /2 left[^]*while away/, 'all that is kept, whatever id is brought');
    again.stop();
    const newest = await listen('/live/product/7/th/THB').ready;
    await publish('live/product/7/th/THB', 'third');
    await newest.until(/2 left[^]*while away[^]*data: third/);
    newest.stop();
});

test('a named message carries its name', async () => {
    const stream = await listen('/live/product/8.json').ready;
    await publish('live/product/8.json', '{"left":2}', { 'x-eventsource-event': 'inventory:updated', 'content-type': 'application/json' });
    await stream.until(/event: inventory:updated\nid: \S+\ndata: {"left":2}/);
    stream.stop();
});

test('nobody publishes or reaches a personal channel from outside', async () => {
    answer = () => ({ status: 404, headers: { 'Content-Type': 'text/html' }, body: 'no such page' });
    assert.equal((await ask('/pub/live/product/7', { method: 'POST', body: 'x' })).status, 404);
    assert.equal((await ask('/_sub/user/1')).status, 404);
    assert.equal((await ask('/live/product/7', { method: 'POST', body: 'x', headers: { accept: 'text/event-stream' } })).status, 403);
    assert.equal((await ask('/live/user/1,live/product/7')).status, 404);
});

test('the app hands a personal stream over, from where the page ended', async () => {
    let channel = '/_sub/s/1/json';
    answer = ({ HTTP_COOKIE }) => (HTTP_COOKIE === '__Host-sid=good' ? { headers: { 'X-Accel-Redirect': channel, 'Content-Type': 'text/html', 'Cache-Control': 'no-store' } }
        : { status: 401, headers: { 'Content-Type': 'application/json' }, body: '{}' });
    assert.equal((await listen('/account/live').ready).status, 401);
    const stream = await listen('/account/live', { cookie: '__Host-sid=good' }).ready;
    assert.match(stream.headers['content-type'], /^text\/event-stream/);
    await publish('s/1/json', 'paid');
    await publish('s/2/json', 'not yours');
    await stream.until(/paid/);
    assert.doesNotMatch(stream.text, /not yours/);
    const id = /id: (\S+)\ndata: paid/.exec(stream.text)[1];
    stream.stop();
    await publish('s/1/json', 'shipped');
    const again = await listen('/account/live', { cookie: '__Host-sid=good', 'last-event-id': id }).ready;
    await again.until(/shipped/);
    assert.doesNotMatch(again.text, /paid/);
    again.stop();
    channel = `/_sub/s/1/json?last_event_id=${Math.floor(Date.now() / 1000) - 60}:0`;
    const first = await listen('/account/live', { cookie: '__Host-sid=good' }).ready;
    await first.until(/paid[^]*shipped/);
    first.stop();
});

test('one request publishes to sixteen channels, and each replays it; a seventeenth is refused', async () => {
    const names = Array.from({ length: 17 }, (_, i) => `s/many${i}/en`);
    answer = ({ REQUEST_URI }) => ({ headers: { 'X-Accel-Redirect': `/_sub/${REQUEST_URI.slice(3)}` } });
    const lines = await Promise.all(names.slice(0, 8).map((name) => listen(`/x/${name}`).ready));
    await publish(names.slice(0, 16).join(','), 'to all of you', { 'x-eventsource-event': 'order:updated' });
    for (const line of lines) {
        await line.until(/event: order:updated\nid: \S+\ndata: to all of you/);
        line.stop();
    }
    const late = await listen(`/x/${names[15]}`, { 'last-event-id': `${Math.floor(Date.now() / 1000) - 60}:0` }).ready;
    await late.until(/to all of you/);
    late.stop();
    assert.ok((await publish(names.join(','), 'x')).status >= 400);
});

test('deleting channels ends their streams, and no other', async () => {
    answer = ({ REQUEST_URI }) => ({ headers: { 'X-Accel-Redirect': `/_sub/${REQUEST_URI.slice(3)}` } });
    const own = await listen('/x/s/x/en').ready, desk = await listen('/x/d/x/json').ready, other = await listen('/x/s/y/en').ready;
    await publish('s/x/en,d/x/json,s/y/en', 'one');
    for (const stream of [own, desk, other]) await stream.until(/one/);
    const got = await ask('/pub/s/x/en,s/x/th,s/x/json,d/x/en,d/x/json', { method: 'DELETE', over: 'inner' });
    assert.equal(got.status, 200);
    for (let i = 0; i < 1000 && !(own.ended && desk.ended); i++) await sleep(20);
    assert.deepEqual([own.ended, desk.ended, other.ended], [true, true, false]);
    await publish('s/y/en', 'two');
    await other.until(/two/);
    other.stop();
});

test('who does not ask for a stream is told how', async () => {
    for (const [path, accept] of [['/live/product/7.json', 'application/json'], ['/live/product/7/th/THB', 'text/html'], ['/live/product/7/en/THB', '*/*']]) {
        const got = await ask(path, { headers: { accept } });
        assert.equal(got.status, 406, path);
        assert.match(got.body, /text\/event-stream/);
        assert.equal(/json/.test(got.headers['content-type']), accept === 'application/json');
    }
    const stream = await listen('/live/product/7.json', { accept: 'application/json, text/event-stream' }).ready;
    assert.equal(stream.status, 200);
    stream.stop();
});

test('another site may not listen', async () => {
    const stream = await listen('/live/product/9', { origin: 'https://evil.example' }).ready;
    stream.stop();
    assert.equal(stream.status, 403);
    const own = await listen('/live/product/9', { origin: `http://localhost:${port}` }).ready;
    own.stop();
    assert.equal(own.status, 200);
    assert.equal(own.headers['access-control-allow-credentials'], undefined);
});

test('any language may be the one without a prefix, and the others are known by theirs', async () => {
    const conf = readFileSync(join(dir, 'talat.conf'), 'utf8'), cookie = '__Host-cart=abc';
    writeFileSync(join(dir, 'talat.conf'), `${conf}language = th\n`);
    await restartNginx('UNCOUNTED=127.0.0.0/8');
    answer = ({ REQUEST_URI }) => ({ headers: { 'Content-Type': 'text/html; charset=utf-8' },
        body: REQUEST_URI.endsWith('/-/me') ? 'Mali' : '<!--# if expr="$has_me" --><!--# include virtual="/en/-/me" --><!--# endif -->|' });
    for (const [path, method] of [['/en/cart', 'GET'], ['/en/login', 'POST']]) {
        const before = seen.length;
        assert.equal((await ask(path, { method, headers: { cookie }, body: method === 'POST' ? 'a=1' : undefined })).body, 'Mali|', path);
        assert.deepEqual(seen.slice(before).map(({ params }) => `${params.REQUEST_METHOD} ${params.REQUEST_URI} ${params.PAGE_LANGUAGE}`),
            [`${method} ${path} en`, 'GET /en/-/me en']);
    }
    answer = page();
    for (const [path, language] of [['/', 'th'], ['/cart', 'th'], ['/th/cart', 'th'], ['/en', 'en'], ['/en.json', 'en'], ['/vi/x', 'vi'], ['/entry', 'th']]) {
        await ask(path);
        assert.equal(seen.at(-1).params.PAGE_LANGUAGE, language, path);
    }
    for (const path of ['/checkout/pay', '/en/checkout/pay', '/vi/orders/7/pay.json']) {
        await ask(path, { method: 'POST', body: 'a=1' });
        assert.equal(seen.at(-1).pool, 'slow', path);
    }
    assert.equal((await ask('/en/admin/products/1/pictures', { method: 'POST', body: Buffer.alloc(2 << 20) })).status, 200);
    assert.equal((await ask('/en/auth/login')).headers.location, '/en/login');
    for (const [path, lang, home] of [['/cart', 'th', '/'], ['/en/cart', 'en', '/en/'], ['/vi/cart', 'vi', '/vi/']]) {
        const got = await ask(path, { method: 'POST', body: Buffer.alloc(2 << 20) });
        assert.equal(got.status, 413, path);
        assert.match(got.body, new RegExp(`<html lang="${lang}">[^]*class="button" href="${home}"`));
    }
    assert.throws(() => {
        writeFileSync(join(dir, 'talat.conf'), `${conf}language = de\n`);
        execFileSync(join(here, '../../nginx/render'), [join(dir, 'talat.conf'), join(dir, 'none')], { stdio: 'pipe' });
    }, /language must be en, th or vi/);
    writeFileSync(join(dir, 'talat.conf'), conf);
});

test('SE-19 a flood from one address is turned away with a friendly page', async () => {
    await restartNginx();
    answer = page();
    const got = await Promise.all(Array.from({ length: 200 }, () => ask('/cart', { method: 'POST', body: 'a=1' })));
    const refused = got.filter(({ status }) => status === 429);
    assert.ok(refused.length > 30, `${refused.length} refused`);
    assert.equal(refused[0].headers['retry-after'], '10');
    assert.deepEqual(['limit', 'remaining', 'reset'].map((name) => refused[0].headers[`x-ratelimit-${name}`]), ['30', '0', '10']);
    assert.match(refused[0].body, /wait a few seconds/);
    const hooks = await Promise.all(Array.from({ length: 80 }, () => ask('/payments/stripe/webhook', { method: 'POST', body: '{}' })));
    assert.ok(hooks.every(({ status }) => status === 200), 'webhooks are not counted');
});

test('SE-19 what a browser reports by itself does not use up what its person may send', async () => {
    await restartNginx();
    answer = page();
    const report = () => ask('/-/csp', { method: 'POST', body: '{}', headers: { 'content-type': 'application/csp-report' } });
    const taken = (await Promise.all(Array.from({ length: 90 }, report))).filter(({ status }) => status === 200).length;
    assert.ok(taken >= 61 && taken < 80, `${taken} of 90`);
    for (let i = 0; i < 25; i++) assert.equal((await ask('/cart/lines', { method: 'POST', body: 'a=1' })).status, 200, `line ${i}`);
});

test('SE-19 open pages behind one address leave room for others, and are themselves not without end', async () => {
    answer = ({ REQUEST_URI }) => (/\/(-|admin|T-1)\/live(\.json)?$/.test(REQUEST_URI) ? { headers: { 'X-Accel-Redirect': '/_sub/s/crowd/en' } }
        : { headers: { 'Content-Type': 'text/html' }, body: 'sold' });
    let lines = [];
    const open = async (path, n) => {
        const more = await Promise.all(Array.from({ length: n }, () => listen(path).ready));
        lines.push(...more);
        return more.filter(({ status }) => status === 200).length;
    };
    for (const kind of ['.json', '']) { // those of programs, and of pages
        for (const line of lines) line.stop();
        lines = [];
        await restartNginx();
        assert.equal(await open('/live/product/7/th/THB', 105), 105);
        for (const [path, n] of [['/orders/T-1/live', 36], ['/th/-/live', 35], ['/admin/live', 34]]) assert.equal(await open(path + kind, n), n, path + kind);
        for (const path of ['/', '/admin', '/products/live']) assert.equal((await ask(path)).body, 'sold', path);
    }
    assert.equal(await open('/live/product/7/en/THB', 900), 790, 'a thousand');
    for (const line of lines) line.stop();
});

test('nginx that was killed starts again, by what its unit does before', async () => {
    const unit = readFileSync(join(here, '../../system/nginx.service.d/talat.conf'), 'utf8');
    const workers = execFileSync('pgrep', ['-P', String(nginx.pid)], { encoding: 'utf8' }).trim().split('\n').map(Number);
    for (const pid of [nginx.pid, ...workers]) process.kill(pid, 'SIGKILL'); // as systemd does with what its main process leaves
    await new Promise((done) => nginx.once('exit', done));
    assert.ok(existsSync(inner), 'what it listened at stays behind');
    for (const [, line] of unit.matchAll(/^ExecStartPre=-?(.*)$/gm)) {
        const [tool, ...words] = line.replaceAll('/run/talat/', `${dir}/run/`).split(' ');
        execFileSync(tool, words);
    }
    await restartNginx('UNCOUNTED=127.0.0.0/8');
    answer = page();
    assert.equal((await ask(fresh('back'))).status, 200);
    for (const line of ['Restart=on-failure', 'OOMPolicy=continue', 'StartLimitIntervalSec=0']) assert.ok(unit.includes(`\n${line}\n`), line);
});

test('SE-10 in production: TLS with HSTS, plain HTTP redirected, no word about the cache', async () => {
    const cert = join(dir, 'cert.pem'), key = join(dir, 'key.pem'), plain = await freePort();
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
        '-subj', '/CN=shop.example', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const conf = readFileSync(join(dir, 'talat.conf'), 'utf8');
    const withTLS = (more = '') => {
        writeFileSync(join(dir, 'talat.conf'), `${conf.replace('mode = dev', 'mode = production').replace(/base_url = .*/, 'base_url = https://shop.example')}${more}`);
        return restartNginx(`TLS_CERT=${cert}`, `TLS_KEY=${key}`, `HTTP_PORT=${plain}`);
    };
    const over2 = () => new Promise((done, fail) => {
        const client = connect2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }).on('error', fail);
        const stream = client.request({ ':method': 'POST', ':path': '/api/x', 'content-length': String(2 << 20) }, { endStream: false });
        let status, text = '';
        stream.on('response', (got) => { status = got[':status']; });
        stream.on('data', (part) => { text += part; });
        stream.on('end', () => { client.destroy(); done([status, JSON.parse(text).error]); });
        stream.on('error', fail);
    });
    await withTLS();
    answer = page(kept);
    const securely = (path = '/x', host = 'shop.example', method = 'GET') => new Promise((done, fail) => secureRequest({ host: '127.0.0.1', port, path, method, headers: { host }, rejectUnauthorized: false, agent: false },
        (got) => { got.resume(); done(got); }).on('error', fail).end());
    const secure = await securely();
    assert.equal(secure.statusCode, 200);
    assert.equal(secure.headers['strict-transport-security'], 'max-age=63072000; includeSubDomains');
    assert.equal(secure.headers['x-cache'], undefined);
    assert.equal(seen.at(-1).params.HTTPS, 'on');
    for (const host of ['SHOP.example', `shop.example:${port}`]) assert.equal((await securely('/x', host)).statusCode, 200, host);
    for (const host of ['www.shop.example', 'shop1example', '127.0.0.1', '[::1]']) {
        for (const method of ['GET', 'HEAD']) {
            const sent = await securely('/x?y=1', host, method);
            assert.deepEqual([sent.statusCode, sent.headers.location], [302, 'https://shop.example/x?y=1'], `${method} ${host}`);
        }
        for (const path of ['/health', '/api/orders', '/.well-known/acme-challenge/token_-1']) assert.equal((await securely(path, host)).statusCode, 200, path);
        assert.equal((await securely('/payments/stripe/webhook', host, 'POST')).statusCode, 200, 'what a provider sends');
    }
    assert.deepEqual(await over2(), [413, 'That is too large: a request may have 1 MiB, one with files 12 MiB.'], 'a body too large, in HTTP/2');
    const moved = await new Promise((done, fail) => request({ host: '127.0.0.1', port: plain, path: '/x?key=hush', agent: false,
        headers: { host: 'evil.example' } }, (got) => { got.resume(); done(got); }).on('error', fail).end());
    assert.deepEqual([moved.statusCode, moved.headers.location], [301, 'https://shop.example/x?key=hush']);
    const challenge = (path) => new Promise((done, fail) => request({ host: '127.0.0.1', port: plain, path, agent: false }, (got) => {
        let text = '';
        got.on('data', (part) => { text += part; });
        got.on('end', () => done([got.statusCode, text]));
    }).on('error', fail).end());
    assert.deepEqual(await challenge('/.well-known/acme-challenge/token_-1'), [200, 'token_-1.thumb'], 'who signs certificates asks by HTTP');
    assert.deepEqual([(await challenge('/.well-known/acme-challenge/none'))[0], (await challenge('/.well-known/acme-challenge/../../secret'))[0], (await challenge('/secret'))[0]], [404, 301, 301]);
    const program = await new Promise((done, fail) => request({ host: '127.0.0.1', port: plain, path: '/api/orders', agent: false }, (got) => { got.resume(); done(got); }).on('error', fail).end());
    assert.deepEqual([program.statusCode, program.headers.location], [403, undefined], 'a program is not helped on');
    const speak = (maxVersion, ciphers) => new Promise((done) => {
        const socket = connectTLS({ host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion, ciphers: `${ciphers}:@SECLEVEL=0` },
            () => { done(socket.getProtocol()); socket.destroy(); }).on('error', () => done(null));
    });
    for (const [oldest, all] of [['', ['TLSv1.3']], ['tls_oldest = 1.2\n', ['TLSv1.2', 'TLSv1.3']]]) {
        await withTLS(oldest); // what has ended has written its log
        const log = readFileSync(join(dir, 'log/access.log'), 'utf8');
        assert.match(log, /"path":"\/x","status":301,/);
        assert.doesNotMatch(log, /hush/);
        for (const version of ['TLSv1.1', 'TLSv1.2', 'TLSv1.3']) {
            assert.equal(await speak(version, 'DEFAULT'), all.includes(version) ? version : null, `${oldest}: ${version}`);
        }
    }
    for (const [suite, takes] of [['ECDHE-ECDSA-AES128-GCM-SHA256', true], ['ECDHE-ECDSA-CHACHA20-POLY1305', true],
        ['ECDHE-ECDSA-AES128-SHA', false], ['ECDHE-ECDSA-AES256-SHA384', false], ['ECDHE-ECDSA-AES128-CCM', false]]) {
        assert.equal(await speak('TLSv1.2', suite), takes ? 'TLSv1.2' : null, suite);
    }
    await withTLS('proxies = 10.0.0.0/8\n');
    assert.equal((await securely('/x', 'node1.internal')).statusCode, 200, 'as a balancer may ask');
    await withTLS('hsts_subdomains = off\n'); // hosts below the name that are not the shop's
    assert.equal((await securely()).headers['strict-transport-security'], 'max-age=63072000');
    writeFileSync(join(dir, 'talat.conf'), conf);
});

test('behind a named proxy the visitor\'s address is the one it forwards', async () => {
    const conf = readFileSync(join(dir, 'talat.conf'), 'utf8');
    writeFileSync(join(dir, 'talat.conf'), `${conf}proxies = 127.0.0.1 10.0.0.0/8\n`);
    await restartNginx();
    answer = page();
    await ask(fresh('proxied'), { headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.1.2.3' } });
    assert.equal(seen.at(-1).params.REMOTE_ADDR, '203.0.113.9', 'the nearest that is no proxy');
    writeFileSync(join(dir, 'talat.conf'), conf);
});

// nginx's error log has a request's whole line and where it came from.
test('what goes wrong stands in the access log, and no link of anybody\'s in any', async () => {
    const link = '/orders/T1?key=hush', from = { referer: `http://localhost${link}` }, socket = join(dir, 'run/web.sock');
    writeFileSync(join(dir, 'media/closed.webp'), 'RIFF');
    chmodSync(join(dir, 'media/closed.webp'), 0);
    await restartNginx('UNCOUNTED=127.0.0.0/8', 'ERROR_LOG=');
    try {
        answer = () => ({ headers: { 'torn\0': 'x' } });
        assert.equal((await ask(link)).status, 503);
        for (const [away, back] of [[socket, `${socket}.away`], [`${socket}.away`, socket]]) {
            renameSync(away, back);
            if (away === socket) assert.equal((await ask(link)).status, 503);
        }
        for (const path of ['/media/closed.webp', '/media/none.webp', '/static/none.css']) await ask(path, { headers: from });
        await ask(link, { method: 'POST', headers: { 'content-length': String(2 << 20) } });
        await sleep(1500); // until it is written
        for (const name of readdirSync(join(dir, 'log'))) assert.doesNotMatch(readFileSync(join(dir, 'log', name), 'utf8'), /hush/, name);
        const lines = readFileSync(join(dir, 'log/access.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
        const told = (of) => lines.filter(({ path }) => path === of).map(({ status, upstream }) => `${status} ${upstream}`).sort(); // each of nginx's workers writes in its own time
        assert.deepEqual(told('/orders/T1'), ['413 ', '503 502', '503 502']);
        for (const [path, status] of [['/media/closed.webp', '403 '], ['/media/none.webp', '404 '], ['/static/none.css', '404 ']])
            assert.equal(told(path).at(-1), status);
    } finally {
        await restartNginx('UNCOUNTED=127.0.0.0/8');
    }
});

test('nothing alarming stands in the error log', () => {
    const log = existsSync(join(dir, 'log/nginx.log')) ? readFileSync(join(dir, 'log/nginx.log'), 'utf8') : '';
    assert.doesNotMatch(log, /exited on signal|\[emerg\]|\[alert\]|\[crit\](?!.*connect\(\))/);
});

test('a telephone that keeps the shop calls it by its own name', async () => {
    const got = await ask('/shop.webmanifest');
    assert.equal(got.status, 200);
    assert.equal(got.headers['content-type'], 'application/manifest+json');
    assert.equal(JSON.parse(got.body).name, 'Mali \\ "Sons" & Co | Ltd');
});

test('robots are told where the map of the shop lies', async () => {
    const got = await ask('/robots.txt');
    assert.equal(got.status, 200);
    assert.match(got.headers['content-type'], /^text\/plain/);
    assert.match(got.body, /^User-agent: \*$/m);
    assert.equal(got.body.match(/^Sitemap: (.*)$/m)[1], `http://localhost:${port}/sitemap.xml`);
});
