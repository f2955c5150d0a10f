// For the tests that need real processes: a browser's manners without a browser (cookies, the
// form token as nginx wrote it into the page, Origin), the database as the superuser sees it,
// the payment provider's test door, and streams of events.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';

export const { TALAT_URL: url, TALAT_CONF: confPath, TALAT_SIM: sim, TALAT_RUN: run, TALAT_PG: pg } = process.env;
export const skip = !url || !confPath || !sim || !pg;
export const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { hostname, port, host } = new URL(url ?? 'http://localhost:1');
const address = process.env.TALAT_ADDRESS ?? (hostname === 'localhost' ? '127.0.0.1' : hostname);
const wire = url?.startsWith('https:') ? https : http; // an installed shop (t/e2e/installed) has TLS

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
// Waits for what must come at last: on a machine that is at ten other things that takes its time,
// however soon it is meant to be. What the shop promises by the second is asked by `within`.
const PATIENCE_MS = 30000;
export async function until(is, ms = 10000, what = 'it did not happen') {
    for (const began = Date.now(); ;) {
        const got = await is();
        if (got) return got;
        if (Date.now() > began + Math.max(ms, PATIENCE_MS)) assert.fail(`${typeof what === 'function' ? await what() : what} (after ${Date.now() - began} ms)`);
        await sleep(25);
    }
}
// Milliseconds since then, as a machine that has the time for it would take them: while a process of
// this stack or test stood ready and no processor was free for it, the clock stands. Several may have
// stood at once: a fifth of the time has passed in any case, so that every limit can be missed.
export function stopwatch() {
    const stood = () => {
        const ns = new Map();
        const take = (pid) => {
            try {
                ns.set(pid, Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]));
                for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)) take(child);
            } catch { /* it has just ended */ }
        };
        const etc = confPath && join(dirname(confPath), 'etc');
        for (const name of etc ? readdirSync(etc).filter((file) => file.endsWith('.pid')) : []) take(readFileSync(join(etc, name), 'utf8').split(' ')[0]);
        take(String(process.pid));
        return ns;
    };
    const began = performance.now(), before = stood();
    return () => {
        const all = performance.now() - began;
        let ready = 0;
        for (const [pid, ns] of stood()) ready += Math.max(0, ns - (before.get(pid) ?? 0)) / 1e6;
        return Math.max(all / 5, all - ready);
    };
}
export async function within(ms, is, what = 'it did not happen') {
    const taken = stopwatch(), got = await until(is, 10 * ms, what), took = taken();
    assert.ok(took <= ms, `${typeof what === 'function' ? await what() : what}: after ${Math.round(took)} ms, not ${ms}`);
    return got;
}
export function conf(name) {
    const line = readFileSync(confPath, 'utf8').split('\n').filter((one) => one.startsWith(`${name} =`)).at(-1);
    return line?.slice(name.length + 2).trim();
}
// A configuration as the stack's own but for some keys (null: without it), to be read by its owner alone.
export function confBut(path, changes) {
    const lines = readFileSync(confPath, 'utf8').trimEnd().split('\n').filter((line) => !Object.hasOwn(changes, line.split(' =')[0]));
    writeFileSync(path, [...lines, ...Object.entries(changes).filter(([, value]) => value !== null).map(([name, value]) => `${name} = ${value}`), ''].join('\n'), { mode: 0o600 });
    return path;
}
// The stack's own ./dev: start, stop, status, talatctl.
export function dev(...words) {
    const ran = spawnSync(join(top, 'dev'), words, { encoding: 'utf8', maxBuffer: 1 << 26 });
    assert.equal(ran.status, 0, `dev ${words.join(' ')}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout;
}
export const processes = () => JSON.parse(dev('status', '--json')).processes;
// The pools read their configuration again; until no worker answers by the one of before.
export async function reread() {
    const { web, slow } = processes(), workers = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    const old = [web, slow].flatMap(workers);
    for (const pid of [web, slow]) process.kill(pid, 'SIGHUP');
    await until(() => [web, slow].every((pid) => workers(pid).length && !workers(pid).some((one) => old.includes(one))), 60000, 'the old workers go on');
}

// ---- asking ---------------------------------------------------------------------------------------

export const agents = (more = {}) => new wire.Agent({ keepAlive: true, maxSockets: 256, ...more });
const shared = agents();

// Whether the shop has said that it had no time: it says so to who has waited for two seconds, and
// has begun nothing then. Its own log knows; that something is away has other words there.
export function hadNoTime({ status, headers }, logs = confPath && join(dirname(confPath), 'log')) {
    return status === 503 && logs !== undefined && headers['x-request-id'] != null && ['web', 'slow'].some((pool) => {
        const log = openSync(join(logs, `${pool}.log`)), { size } = fstatSync(log), end = Buffer.alloc(Math.min(size, 1 << 20));
        readSync(log, end, 0, end.length, size - end.length);
        closeSync(log);
        return end.toString().split('\n').some((line) => line.includes(headers['x-request-id']) && /"fault":"(late|auth\.busy)"/.test(line));
    });
}

// One request: {status, headers, raw, body, cookies, ms}. `form` is sent as a form. Who is told to
// come again because there was no time does; how often that was, a test may ask (seldom: `served`).
export const late = { n: 0 };
export async function ask(path, more = {}) {
    for (let tries = 0; ; tries++) {
        const got = await askOnce(path, more);
        if (tries === 40 || !hadNoTime(got, more.to?.logs)) return got;
        late.n++;
        await sleep(200 + 200 * Math.random());
    }
}
// That of so many requests next to none was sent away for want of time, for it was no sale day.
export function served(asked) {
    assert.ok(late.n <= Math.max(2, asked / 50), `${late.n} of ${asked} were told to come again`);
}
function askOnce(path, { method, headers = {}, form, body, agent = shared, timeout = 40000, to } = {}) {
    const sent = form ? new URLSearchParams(form).toString() : body;
    const began = performance.now();
    const where = to ?? { host: address, port, servername: hostname };
    return new Promise((done, fail) => {
        const out = (where.socketPath ? http : wire).request({ ...where, path, agent, timeout, method: method ?? (sent === undefined ? 'GET' : 'POST'),
            headers: { host, accept: 'text/html',
                ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
                ...(sent !== undefined && !headers['transfer-encoding'] && { 'content-length': Buffer.byteLength(sent) }), ...headers } }, (got) => {
            const parts = [];
            got.on('data', (part) => parts.push(part));
            got.on('error', fail);
            got.on('end', () => done({ status: got.statusCode, headers: got.headers, raw: got.rawHeaders,
                body: Buffer.concat(parts).toString(), cookies: got.headers['set-cookie'] ?? [], ms: performance.now() - began }));
        });
        out.on('timeout', () => out.destroy(new Error(`${path}: no answer in ${timeout} ms`)));
        // A kept connection that nginx closed at this very moment, before anything was sent on it.
        out.on('error', (why) => (out.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(why.code)
            ? done(askOnce(path, { method, headers, form, body, agent: new wire.Agent(), timeout, to })) : fail(why)));
        out.end(sent);
    });
}
export const inner = (path, more = {}) => ask(path, { agent: new http.Agent(), to: { socketPath: join(run, 'push.sock') }, ...more });

export const text = (html) => html.replace(/<script[\s\S]*?<\/script>/g, '').replace(/<[^>]+>/g, ' ').replace(/&#39;/g, "'").replace(/&amp;/g, '&').replace(/\s+/g, ' ');
// The fields of a page's form as it would send them, by a part of its action.
export function fields(html, action) {
    const form = [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)]
        .find(([, open]) => new RegExp(`action="[^"]*${action}"`).test(open.replace(/&amp;/g, '&')));
    assert.ok(form, `no form for ${action} in: ${text(html).slice(0, 400)}`);
    const out = {};
    for (const [input] of form[2].matchAll(/<(?:input|button)\b[^>]*>/g)) {
        const name = /\bname="([^"]*)"/.exec(input)?.[1], value = /\bvalue="([^"]*)"/.exec(input)?.[1] ?? '';
        if (!name || (/type="(radio|checkbox)"/.test(input) && !/\bchecked\b/.test(input))) continue;
        out[name] = value.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');
    }
    return out;
}
// The same with what stands in the page's text areas and lists, for a form of many fields.
export function wholeForm(html, action) {
    const form = fields(html, action);
    for (const [area] of html.matchAll(/<textarea[\s\S]*?<\/textarea>/g)) {
        const [, key] = /name="([^"]*)"/.exec(area), [, value] = />([\s\S]*)<\/textarea>/.exec(area);
        form[key] ??= value.replace(/&#39;/g, "'").replace(/&quot;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
    }
    for (const [select] of html.matchAll(/<select[\s\S]*?<\/select>/g)) {
        const [, key] = /name="([^"]*)"/.exec(select), chosen = /<option[^>]*value="([^"]*)"[^>]*selected/.exec(select);
        if (chosen) form[key] ??= chosen[1];
    }
    return form;
}

export class Browser {
    constructor(more = {}) {
        this.jar = new Map();
        this.agent = shared;
        Object.assign(this, more);
    }
    get cookie() {
        return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    }
    take(got) {
        for (const line of got.cookies) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
            if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line) || value === '') this.jar.delete(name);
            else this.jar.set(name, value);
        }
        return got;
    }
    async send(path, { headers = {}, ...more } = {}) {
        const got = this.take(await ask(path, { agent: this.agent, ...(this.to && { to: this.to }), ...more,
            headers: { ...(this.jar.size && { cookie: this.cookie }), ...headers } }));
        if (/^text\/html/.test(got.headers['content-type'] ?? '') && got.status < 300) this.page = got.body;
        return got;
    }
    get(path, more) { return this.send(path, more); }
    json(path, more = {}) {
        return this.send(path, { ...more, headers: { accept: 'application/json', ...more.headers } })
            .then((got) => ({ ...got, data: got.body ? JSON.parse(got.body) : null }));
    }
    // A form of ours, with the token the page had and the browser's own headers.
    post(path, form, { headers = {}, ...more } = {}) {
        return this.send(path, { form: { csrf: this.jar.get('__Host-csrf') ?? '', ...form }, ...more,
            headers: { origin: url, 'sec-fetch-site': 'same-origin', ...headers } });
    }
    async login(email, password = 'market-day-demo') {
        await this.get('/login');
        const got = await this.post('/login', { email, password });
        assert.equal(got.status, 303, `login: ${text(got.body).slice(0, 300)}`);
        return this;
    }
    // Makes an account and confirms it by the code that comes by mail; logged in afterwards.
    async register({ name, email, password }) {
        await this.get('/register');
        assert.equal((await this.post('/register', { name, email, password })).headers.location, '/verify');
        const got = await this.post('/verify', { code: await mailedCode(email) });
        assert.equal(got.status, 303, `verify: ${text(got.body).slice(0, 300)}`);
        return this;
    }
    async add(sku, quantity = 1) {
        const got = await this.post('/cart/lines', { sku, quantity });
        assert.equal(got.status, 303, `into the cart: ${got.status} ${text(got.body).slice(0, 300)}`);
        return this;
    }
    // From the cart to the last page before the money; gives that page's fields.
    async toPay(more = {}) {
        for (const [path, form] of [['/checkout', { ...buyer(), ...more }], ['/checkout/delivery', { method: more.method ?? 'standard' }]]) {
            const got = await this.post(path, form);
            assert.equal(got.status, 303, `${path}: ${got.status} ${text(got.body).slice(0, 600)}`);
        }
        const got = await this.get('/checkout/pay');
        assert.equal(got.status, 200, `/checkout/pay: ${got.status} ${got.headers.location}`);
        return fields(got.body, '/checkout/pay');
    }
    // A whole order, unpaid: {number, session, path, location}.
    async order(sku, quantity = 1, more = {}) {
        await this.add(sku, quantity);
        const seen = await this.toPay(more);
        const got = await this.post('/checkout/pay', seen);
        assert.equal(got.status, 303, `pay: ${got.status} ${text(got.body).slice(0, 600)}`);
        return orderOf(got.headers.location);
    }
}
let people = 0;
export const buyer = () => ({ email: `buyer${++people}.${randomBytes(3).toString('hex')}@example.test`, name: 'Mali Suwan', phone: '0812345678',
    line1: '9 Market Lane', city: 'Bangkok', region: 'Bangkok', postcode: '10200', country: 'TH' });

export const sessionOf = (location) => /\/c\/pay\/(cs_[A-Za-z0-9_]+)/.exec(location ?? '')?.[1];
export function orderOf(location) {
    const session = sessionOf(location);
    assert.ok(session, `not a payment page: ${location}`);
    const [row] = rows(`select o.id, o.number, a.request->>'success_url' as back from payments.attempt a
        join orders."order" o on o.id = a.order_id where a.session_id = ${quote(session)}`);
    assert.ok(row, `no order with ${session}`);
    const back = new URL(row.back);
    return { id: row.id, number: row.number, session, location, back: back.pathname + back.search, page: back.pathname.replace(/\/return$/, ''),
        path: back.pathname.replace(/\/return$/, '') + back.search, key: back.searchParams.get('key') };
}
export const admin = () => new Browser().login('admin@example.test');
export const shopper = () => new Browser().login('shopper@example.test');

// ---- the database, as the superuser ------------------------------------------------------------------

export const quote = (value) => value === null ? 'null' : `'${String(value).replace(/'/g, "''")}'`;
export function sql(query) {
    const ran = spawnSync('/usr/lib/postgresql/15/bin/psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', pg, '-f', '-'],
        { input: query, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 30000 });
    assert.equal(ran.status, 0, `${query.slice(0, 300)}: ${ran.stderr}`);
    return ran.stdout.trim();
}
export const rows = (query) => JSON.parse(sql(`select coalesce(json_agg(t), '[]') from (${query}) t`));
export const one = (query) => Number(sql(query));
// A SKU of the demo shop that is for sale in baht, with its price and product; each call another. Which,
// goes by the file's name (not by where it lies, or every machine would try others) and TALAT_GOODS.
const used = new Set();
// Not what the browser journeys (t/e2e) buy: they count on the demo's own stock.
const theirs = [
    'celadon-tea-set', 'cork-slipmat', 'inner-sleeves', 'klong-floor-speakers', 'linen-napkins',
    'mekhala-valve-amplifier', 'rain-on-tin-lp', 'rattan-stool', 'record-brush',
    'sai-thong-speaker-cable', 'snake-plant', 'soi-bookshelf-speakers', 'supper-plates',
    'tao-on-ear-headphones', 'temple-bell-chime', 'tuk-tuk-portable-speaker', 'watering-can',
];
export function goods({ stock = 100 } = {}) {
    const [found] = rows(`select v.sku, v.id as variant, v.item_id as item, p.slug, p.id as product, c.amount as price
        from catalog.variant v join catalog.product p on p.id = v.product_id and p.status = 'published'
        join catalog.price c on c.variant_id = v.id and c.currency = 'THB'
        join inventory.item i on i.id = v.item_id and i.tracked
        where v.active and p.slug not in (${theirs.map(quote).join(',')}) and v.sku not in ('', ${[...used].map(quote).join(',') || "''"}) and (select sum(s.reserved) from inventory.stock s where s.item_id = v.item_id) = 0 -- none where it was never counted
        order by md5(v.sku || ${quote(basename(process.argv[1] ?? '') + (process.env.TALAT_GOODS ?? ''))}) limit 1`);
    used.add(found.sku);
    setStock(found.sku, stock);
    return found;
}
// So many of it free from now on, with the movement that explains it.
export function setStock(sku, free) {
    sql(`with s as (select s.* from inventory.stock s join inventory.item i on i.id = s.item_id
             where i.sku = ${quote(sku)} order by s.location_id limit 1 for update of s),
         m as (insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause)
             select organisation_id, item_id, location_id, reserved + ${free} - on_hand, 'corrected', 'test ' || gen_random_uuid()
             from s where reserved + ${free} <> on_hand)
         update inventory.stock t set on_hand = s.reserved + ${free} from s
         where t.item_id = s.item_id and t.location_id = s.location_id`);
    sql(`select catalog.restock(id) from inventory.item where sku = ${quote(sku)}`);
}
export const stockOf = (sku) => rows(`select sum(s.on_hand)::int as on_hand, sum(s.reserved)::int as reserved
    from inventory.stock s join inventory.item i on i.id = s.item_id where i.sku = ${quote(sku)}`)[0];
// A copy of the shop has no workers who would let go in time of what is held; so nothing lapses.
export const holdOn = () => sql(`update inventory.hold set expires_at = now() + interval '1 hour' where state = 'held';
    update orders."order" set hold_until = now() + interval '1 hour' where is_held`);
export const orderRow = (number) => rows(`select * from orders."order" where number = ${quote(number)}`)[0];
// What must hold after every test: the books, and no job that died.
export function invariants() {
    const ran = spawnSync(join(process.env.TALAT_APP, 'bin/talatctl'), ['--config', confPath, 'prove'], { encoding: 'utf8', timeout: 60000 });
    assert.equal(ran.status, 0, `talatctl prove: ${ran.stdout}${ran.stderr}`);
    assert.deepEqual(rows(`select id, kind, key, error from work.job where state = 'dead'`), [], 'a job died');
}

// One command to Redis: a number, a text, null or a list of them.
export function redis(...words) {
    return new Promise((done, fail) => {
        const socket = net.connect(conf('redis')), got = [];
        const read = (lines) => {
            const [, kind, rest] = /^(.)(.*)$/.exec(lines.shift());
            if (kind === '-') throw new Error(rest);
            if (kind === '$') return rest === '-1' ? null : lines.shift();
            return kind === '*' ? Array.from({ length: Number(rest) }, () => read(lines)) : kind === ':' ? Number(rest) : rest;
        };
        socket.on('data', (part) => got.push(part)).on('error', fail);
        socket.on('end', () => { try { done(read(Buffer.concat(got).toString().split('\r\n'))); } catch (error) { fail(error); } });
        socket.write([words, ['QUIT']].map((command) => `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join('')}`).join(''));
    });
}

// After wrong passwords the account's next try has to wait, for a second at first; so long that a
// test finds it still waiting however slow the machine.
export async function waitsOn(email) {
    const key = `login-wait:${createHash('sha256').update(email).digest('hex').slice(0, 24)}`;
    assert.equal(await redis('EXISTS', key), 1, `nobody has to wait for ${email}`);
    await redis('SET', key, (Date.now() + 60000) * 1000, 'EX', 300);
}

// ---- the provider ---------------------------------------------------------------------------------------

export async function simulator(path, body, method = body === undefined ? 'GET' : 'POST') {
    // A connection of its own: one that is kept may end while this process waits for another program.
    const got = await fetch(`${sim}/_sim/${path}`, { method, headers: { connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }) });
    const answer = await got.json();
    assert.equal(got.status, 200, JSON.stringify(answer));
    return answer;
}
export const switches = (given) => simulator('switches', given);
export const calm = () => simulator('switches', undefined, 'DELETE');
export const payAt = (session, given = {}) => simulator(`pay/${session}`, given);
export const paymentsOf = (number) => simulator(`stats?order=${encodeURIComponent(number)}`);
export const isPaid = (number, ms = 10000) => until(() => orderRow(number).payment_status === 'paid', ms, `${number} is not paid`);

// A signed event, as the provider would send it; `change` may spoil anything.
export const signature = (body, secret, t) => createHmac('sha256', secret).update(`${t}.`).update(body).digest('hex');
export function webhook(event, { secret = conf('stripe_webhook_secret'), t = Math.floor(Date.now() / 1000), header, headers = {}, ...more } = {}) {
    const body = typeof event === 'string' || Buffer.isBuffer(event) ? event : JSON.stringify(event);
    const sent = header === undefined ? `t=${t},v1=${signature(body, secret, t)}` : header;
    return ask('/payments/stripe/webhook', { method: 'POST', body, ...more,
        headers: { 'content-type': 'application/json', ...(sent !== null && { 'stripe-signature': sent }), ...headers } });
}
export function paidEvent(order, { id = `evt_${randomBytes(9).toString('hex')}`, type = 'checkout.session.completed', object = {}, ...more } = {}) {
    const [a] = rows(`select * from payments.attempt where order_id = ${order.id} order by id desc limit 1`);
    return { id, object: 'event', api_version: '2026-07-29.dahlia', created: Math.floor(Date.now() / 1000), livemode: false, type,
        data: { object: { id: a.session_id, object: 'checkout.session', status: 'complete', payment_status: 'paid',
            amount_total: a.amount, currency: a.currency.toLowerCase(), payment_intent: `pi_${randomBytes(9).toString('hex')}`,
            client_reference_id: order.number, metadata: { order_id: order.number, attempt: a.key }, ...object } }, ...more };
}

// ---- streams --------------------------------------------------------------------------------------------------

// An EventSource as a browser has it, but for reconnecting by itself: .events is what came.
export function listen(path, { browser, headers = {}, to = { host: address, port } } = {}) {
    const stream = { events: [], text: '', ended: false, lastId: undefined };
    stream.opened = new Promise((done, fail) => {
        const out = http.request({ ...to, path, agent: false, headers: { host, accept: 'text/event-stream',
            ...(browser?.jar.size && { cookie: browser.cookie }), ...headers } }, (got) => {
            Object.assign(stream, { status: got.statusCode, headers: got.headers });
            let rest = '';
            got.on('data', (part) => {
                stream.text += part;
                const blocks = (rest + part).replace(/\r/g, '').split('\n\n');
                rest = blocks.pop();
                for (const block of blocks) {
                    const event = { event: 'message', data: [], at: Date.now() };
                    for (const line of block.split('\n')) {
                        const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
                        if (name === 'data') event.data.push(value);
                        else if (name === 'event') event.event = value;
                        else if (name === 'id') stream.lastId = event.id = value;
                    }
                    event.data = event.data.join('\n');
                    if (event.data || event.id) stream.events.push(event);
                }
            });
            got.on('close', () => { stream.ended = true; });
            got.on('error', () => {});
            done(stream);
        });
        out.on('error', (error) => { stream.ended = true; fail(error); });
        out.on('socket', (socket) => socket.unref()); // a stream left open keeps no test waiting
        stream.close = () => out.destroy();
        out.end();
    });
    stream.opened.catch(() => {});
    let timer;
    stream.opened = Promise.race([stream.opened, new Promise((done, fail) => { timer = setTimeout(() => fail(new Error(`${path}: no answer in 30 s`)), PATIENCE_MS); })]).finally(() => clearTimeout(timer));
    stream.opened.catch(() => {});
    stream.find = (is) => stream.events.find((event) => is(event));
    stream.expect = (is, ms = 5000, what = 'no such event') => until(() => stream.find(is), ms,
        () => `${what}; came: ${JSON.stringify(stream.events.map(({ event, data }) => [event, data.slice(0, 200)]))}, ${stream.ended ? 'ended' : 'open'}, ${stream.status}`);
    return stream;
}
// One that is open, and that of an order's page.
export async function opened(path, more) {
    const stream = listen(path, more);
    await stream.opened;
    assert.equal(stream.status, 200, path);
    return stream;
}
export const live = (order) => order.path.replace('?', '/live?');
export const mails = () => {
    const at = conf('mail_dir');
    return existsSync(at) ? readdirSync(at).filter((name) => !name.startsWith('.')).map((name) => ({ name, text: readFileSync(join(at, name), 'utf8') })) : [];
};
// The newest mail to an address that `is` wanted, in plain letters.
export const mailTo = (email, is = () => true, ms = 8000) => until(() => mails()
    .map(({ text }) => text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))))
    .filter((text) => text.includes(`To: <${email}>`) && is(text)).at(-1), ms, () => `no mail to ${email}`);
const CODE = /^ {4}(\d{6})\r?$/m;
export const mailedCode = async (email) => CODE.exec(await mailTo(email, (text) => CODE.test(text)))[1];
