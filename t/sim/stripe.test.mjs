// The simulator's own tests: `node --test t/sim/`. Nothing here needs a database or the network.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { after, before, beforeEach, describe, test } from 'node:test';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FormError, canonical, decodeForm } from './form.mjs';
import { chargeFault, format } from './money.mjs';
import { pauseAfter, sign, signatureHeader } from './hooks.mjs';
import { random, shuffled } from './switches.mjs';
import { luhn, readCard } from './cards.mjs';
import { WORDS } from './words.mjs';
import { startSimulator } from './stripe.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const DATA = process.env.TALAT_DATA ?? path.join(here, '../../../shared/data');
const FIXTURES = path.join(DATA, 'providers/stripe/fixtures3.json');
const KEY = 'sk_test_simulatorTests00';
const SECRET = 'whsec_tests';
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function until(what, condition, ms = 20000) {
    for (const end = Date.now() + ms; Date.now() < end; await pause(5)) {
        const value = await condition();
        if (value) return value;
    }
    return assert.fail(`waited ${ms} ms in vain for: ${what}`);
}

// One request, nothing added, nothing followed.
function ask(base, method, target, { headers = {}, body = '', agent, text = true } = {}) {
    return new Promise((done, failed) => {
        const bytes = Buffer.from(body);
        const request = http.request(new URL(target, base), {
            method, agent, headers: { ...headers, 'Content-Length': bytes.length },
        });
        request.on('error', failed);
        request.on('response', async (response) => {
            try {
                const parts = [];
                for await (const part of response) parts.push(part);
                const all = Buffer.concat(parts);
                done({ status: response.statusCode, headers: response.headers,
                    body: text ? all.toString() : all });
            } catch (error) {
                failed(error);
            }
        });
        request.end(bytes);
    });
}

const form = (pairs) => Object.entries(pairs)
    .map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join('&');

class Shop {
    static async open(options = {}) {
        const shop = new Shop();
        shop.got = [];
        shop.answerWith = () => 200;
        shop.server = http.createServer(async (req, res) => {
            const parts = [];
            for await (const part of req) parts.push(part);
            const raw = Buffer.concat(parts);
            const seen = { raw, path: req.url, headers: req.headers, at: Date.now(),
                event: JSON.parse(raw) };
            shop.got.push(seen);
            res.writeHead(shop.answerWith(seen, shop.got.length)).end();
        });
        shop.server.listen(0, '127.0.0.1');
        await once(shop.server, 'listening');
        shop.sim = await startSimulator({
            key: KEY, webhookSecret: SECRET, merchant: 'Test & Sons',
            webhookUrl: `http://127.0.0.1:${shop.server.address().port}/payments/stripe/webhook`,
            ...options,
        });
        [shop.base] = shop.sim.urls;
        return shop;
    }

    async close() {
        await this.sim.close();
        this.server.closeAllConnections?.();
        this.server.close();
    }

    async call(method, target, params, headers = {}) {
        const body = params === undefined || typeof params === 'string' ? params : form(params);
        const get = method === 'GET';
        const answer = await ask(this.base, method, get && body ? `${target}?${body}` : target, {
            headers: { Authorization: `Bearer ${KEY}`,
                ...(get ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
                ...headers },
            body: get ? '' : body ?? '',
        });
        return { ...answer, json: JSON.parse(answer.body) };
    }

    async sim_(method, target, value) {
        const answer = await ask(this.base, method, `/_sim/${target}`, {
            headers: { 'Content-Type': 'application/json' },
            body: value === undefined ? '' : JSON.stringify(value),
        });
        return { status: answer.status, json: JSON.parse(answer.body) };
    }

    async switches(value) {
        const { status, json } = await this.sim_('POST', 'switches', value);
        assert.equal(status, 200, JSON.stringify(json));
        return json;
    }

    session(more = {}, headers = {}) {
        return this.call('POST', '/v1/checkout/sessions', { ...SESSION, ...more }, headers);
    }

    types() {
        return this.got.map((seen) => seen.event.type);
    }

    stats(order) {
        return this.sim_('GET', `stats${order === undefined ? '' : `?order=${order}`}`)
            .then(({ json }) => json);
    }
}

const SESSION = {
    mode: 'payment',
    'line_items[0][quantity]': 1,
    'line_items[0][price_data][currency]': 'thb',
    'line_items[0][price_data][unit_amount]': 129000,
    'line_items[0][price_data][product_data][name]': 'Order <7> & more',
    client_reference_id: 'o7',
    'payment_intent_data[metadata][order_id]': 'o7',
    success_url: 'http://shop.test/return?s={CHECKOUT_SESSION_ID}',
    cancel_url: 'http://shop.test/cart',
};
const INTENT = {
    amount: 5000, currency: 'usd', 'automatic_payment_methods[enabled]': true,
    'automatic_payment_methods[allow_redirects]': 'never', 'metadata[order_id]': 'p1',
};

let shop;
before(async () => { shop = await Shop.open(); });
after(() => shop.close());
beforeEach(async () => {
    await shop.sim_('DELETE', 'switches');
    shop.answerWith = () => 200;
    shop.got = [];
});

describe('forms', () => {
    const plain = (tree) => JSON.parse(JSON.stringify(tree));

    test('nested brackets, lists and nulls are read as the SDK writes them', () => {
        assert.deepEqual(plain(decodeForm('a[b][c]=2&a[b][d]=3&e=')),
            { a: { b: { c: '2', d: '3' } }, e: '' });
        assert.deepEqual(plain(decodeForm('a[0][b]=c&a[1][b]=d')),
            { a: { 0: { b: 'c' }, 1: { b: 'd' } } });
        assert.deepEqual(plain(decodeForm('e[]=x&e[]=y')), { e: { 0: 'x', 1: 'y' } });
        assert.deepEqual(plain(decodeForm('l[][a]=1&l[][b]=2&l[][a]=3')),
            { l: { 0: { a: '1', b: '2' }, 1: { a: '3' } } });
        assert.deepEqual(plain(decodeForm('a%5Bb%5D=1+2%2B3&&x')), { a: { b: '1 2+3' }, x: '' });
        assert.deepEqual(plain(decodeForm('n=%E0%B8%95%F0%9F%98%80&n=last')), { n: 'last' });
        assert.deepEqual(plain(decodeForm('')), {});
    });

    test('names that JavaScript knows are ordinary names', () => {
        const tree = decodeForm('__proto__[polluted]=1&constructor=2');
        assert.equal({}.polluted, undefined);
        assert.deepEqual(Object.keys(tree), ['__proto__', 'constructor']);
    });

    for (const [name, body] of Object.entries({
        'a broken escape': 'a=%zz', 'a lone percent': 'a=5%', 'bytes that are not UTF-8': 'a=%ff',
        'a NUL': 'a=%00', 'an unclosed bracket': 'a[b=1', 'text after a bracket': 'a[b]c=1',
        'no name': '[b]=1', 'a value and a hash': 'a=1&a[b]=2', 'a hash and a value': 'a[b]=2&a=1',
        'nine levels': 'a[1][2][3][4][5][6][7][8]=1', 'too many pairs': 'a=1&'.repeat(1001),
    })) {
        test(`${name} is refused`, () => assert.throws(() => decodeForm(body), FormError));
    }

    test('raw bytes that are not UTF-8 are refused', () => {
        assert.throws(() => decodeForm(Buffer.from([0x61, 0x3d, 0xff])), FormError);
    });

    test('the canonical form does not depend on the order of parameters', () => {
        assert.equal(canonical(decodeForm('b=2&a[y]=1&a[x]=2')),
            canonical(decodeForm('a[x]=2&a[y]=1&b=2')));
        assert.notEqual(canonical(decodeForm('a=1')), canonical(decodeForm('a=2')));
    });
});

describe('money and cards', () => {
    test('amounts are written with the decimals their currency has', () => {
        assert.equal(format(129000, 'thb'), '฿1,290.00');
        assert.equal(format(1290000, 'vnd'), '₫1,290,000');
        assert.equal(format(5000, 'jpy'), '¥5,000');
        assert.equal(format(12340, 'kwd').replace(/\s/g, ' '), 'KWD 12.340');
    });

    test('the smallest and the largest charge are kept to the unit', () => {
        assert.equal(chargeFault(49, 'usd').code, 'amount_too_small');
        assert.equal(chargeFault(50, 'usd'), null);
        assert.equal(chargeFault(999, 'thb').code, 'amount_too_small');
        assert.equal(chargeFault(1000, 'thb'), null);
        assert.equal(chargeFault(99_999_999, 'vnd'), null);
        assert.equal(chargeFault(100_000_000, 'vnd').code, 'amount_too_large');
        assert.ok(chargeFault(12345, 'kwd'));
        assert.equal(chargeFault(12340, 'kwd'), null);
    });

    test('a typed card is checked before anything is tried', () => {
        const now = Date.UTC(2026, 10, 20);
        const card = { number: '4242 4242 4242 4242', month: '11', year: '26', cvc: '123' };
        assert.equal(readCard(card, now).card.last4, '4242');
        assert.equal(readCard({ ...card, number: '4242424242424241' }, now).fault.code,
            'incorrect_number');
        assert.equal(readCard({ ...card, month: '10' }, now).fault.code, 'invalid_expiry_month');
        assert.equal(readCard({ ...card, month: '13' }, now).fault.code, 'invalid_expiry_month');
        assert.equal(readCard({ ...card, year: '25' }, now).fault.code, 'invalid_expiry_year');
        assert.equal(readCard({ ...card, cvc: '12' }, now).fault.code, 'invalid_cvc');
        assert.equal(readCard({ ...card, number: '4111111111111111' }, now).does.decline_code,
            'test_mode_live_card');
        assert.ok(luhn('4000002500003155'));
    });

    test('every language says everything', () => {
        for (const words of Object.values(WORDS)) {
            assert.deepEqual(Object.keys(words), Object.keys(WORDS.en));
            for (const [key, value] of Object.entries(words)) {
                const holes = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
                assert.equal(holes(value), holes(WORDS.en[key]), key);
            }
        }
    });
});

describe('signatures', () => {
    test('the published vectors come out', () => {
        const t = 1492774577;
        const pretty = '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}';
        assert.equal(sign('whsec_test_secret', pretty, t),
            'c2f890decbc5ede7c5060bb9a6d31e0626a4342bacb9aeae2adb1bcea72f9812');
        assert.equal(signatureHeader('whsec_test_secret',
            '{"id":"evt_test_webhook","object":"event"}', t),
        `t=${t},v1=88a022085c6bdb887b02cb26ff76dd681234d9675c0f22844059f55552a8883a`);
        assert.equal(JSON.stringify({ id: 'evt_test_webhook', object: 'event' }, null, 2), pretty);
    });

    test('back-off doubles up to an hour and the speed divides it', () => {
        assert.deepEqual([1, 2, 3, 4].map((n) => pauseAfter(n, 1)), [1000, 2000, 4000, 8000]);
        assert.equal(pauseAfter(40, 1), 3_600_000);
        assert.equal(pauseAfter(3, 100), 40);
    });

    test('the shuffle is the same for the same seed', () => {
        const items = [1, 2, 3, 4, 5, 6, 7];
        assert.deepEqual(shuffled(items, random(9)), shuffled(items, random(9)));
        assert.notDeepEqual(shuffled(items, random(9)), shuffled(items, random(10)));
    });
});

describe('the door', () => {
    const path_ = '/v1/checkout/sessions';

    test('Bearer and Basic are taken, all else is 401', async () => {
        const basic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
        for (const [value, status] of [
            [`Bearer ${KEY}`, 200], [`bearer ${KEY}`, 200], [basic(`${KEY}:`), 200],
            [`Bearer ${KEY}x`, 401], [basic('sk_test_other:'), 401], ['Bearer', 401],
            [`Token ${KEY}`, 401], ['', 401],
        ]) {
            const answer = await ask(shop.base, 'GET', path_,
                { headers: { Authorization: value } });
            assert.equal(answer.status, status, value);
            if (status === 401) {
                assert.equal(JSON.parse(answer.body).error.type, 'invalid_request_error');
                assert.ok(!answer.body.includes(KEY));
            }
        }
        assert.equal((await ask(shop.base, 'GET', path_)).status, 401);
    });

    test('JSON bodies are refused', async () => {
        const answer = await shop.call('POST', path_, '{"mode":"payment"}',
            { 'Content-Type': 'application/json' });
        assert.equal(answer.status, 400);
        assert.equal(answer.json.error.type, 'invalid_request_error');
    });

    test('every answer carries a request id and the version', async () => {
        const answer = await shop.call('GET', path_, undefined, { 'Stripe-Version': '2024-06-20' });
        assert.match(answer.headers['request-id'], /^req_\w{14}$/);
        assert.equal(answer.headers['stripe-version'], '2024-06-20');
        assert.equal((await shop.call('GET', path_, undefined,
            { 'Stripe-Version': 'yesterday' })).status, 400);
    });

    for (const [name, change, param, code] of [
        ['an unknown parameter', { colour: 'red' }, 'colour', 'parameter_unknown'],
        ['a nested unknown parameter', { 'line_items[0][price_data][size]': 1 },
            'line_items[0][price_data][size]', 'parameter_unknown'],
        ['an upper-case currency', { 'line_items[0][price_data][currency]': 'THB' },
            'line_items[0][price_data][currency]'],
        ['no such currency', { 'line_items[0][price_data][currency]': 'zzz' },
            'line_items[0][price_data][currency]'],
        ['a fraction', { 'line_items[0][price_data][unit_amount]': '12.5' },
            'line_items[0][price_data][unit_amount]', 'parameter_invalid_integer'],
        ['an exponent', { 'line_items[0][price_data][unit_amount]': '1e3' },
            'line_items[0][price_data][unit_amount]', 'parameter_invalid_integer'],
        ['a negative price', { 'line_items[0][price_data][unit_amount]': -1 },
            'line_items[0][price_data][unit_amount]', 'parameter_invalid_integer'],
        ['too little', { 'line_items[0][price_data][unit_amount]': 999 }, 'line_items',
            'amount_too_small'],
        ['too much', { 'line_items[0][price_data][unit_amount]': 50_000_000,
            'line_items[0][quantity]': 2 }, 'line_items', 'amount_too_large'],
        ['no quantity', { 'line_items[0][quantity]': 0 }, 'line_items[0][quantity]',
            'parameter_invalid_integer'],
        ['a mode that is not built', { mode: 'subscription' }, 'mode'],
        ['a relative address', { success_url: '/thanks' }, 'success_url', 'url_invalid'],
        ['a script address', { cancel_url: 'javascript:alert(1)' }, 'cancel_url', 'url_invalid'],
        ['a broken email', { customer_email: 'nobody' }, 'customer_email', 'email_invalid'],
        ['an empty value', { client_reference_id: '' }, 'client_reference_id',
            'parameter_invalid_empty'],
        ['an end too soon', { expires_at: Math.floor(Date.now() / 1000) + 1700 }, 'expires_at'],
        ['an end too late', { expires_at: Math.floor(Date.now() / 1000) + 90_000 }, 'expires_at'],
        ['a long metadata key', { [`metadata[${'k'.repeat(41)}]`]: 1 },
            `metadata[${'k'.repeat(41)}]`],
        ['a long metadata value', { 'metadata[k]': 'v'.repeat(501) }, 'metadata[k]'],
    ]) {
        test(`${name} is named in a 400`, async () => {
            const { status, json } = await shop.session(change);
            assert.equal(status, 400, JSON.stringify(json));
            assert.equal(json.error.type, 'invalid_request_error');
            assert.equal(json.error.param, param);
            assert.equal(json.error.code, code);
            assert.ok(json.error.message.length > 10);
        });
    }

    test('a missing parameter is named', async () => {
        const { success_url: _, ...less } = SESSION;
        const { status, json } = await shop.call('POST', path_, less);
        assert.deepEqual([status, json.error.code, json.error.param],
            [400, 'parameter_missing', 'success_url']);
    });

    test('lines of two currencies are refused', async () => {
        const { json } = await shop.session({
            'line_items[1][price_data][currency]': 'usd',
            'line_items[1][price_data][unit_amount]': 100,
            'line_items[1][price_data][product_data][name]': 'x',
        });
        assert.equal(json.error.param, 'line_items[1][price_data][currency]');
    });

    test('unknown addresses and objects are 404', async () => {
        assert.equal((await shop.call('GET', '/v1/nothing')).status, 404);
        const { status, json } = await shop.call('GET', `${path_}/cs_test_no`);
        assert.deepEqual([status, json.error.code], [404, 'resource_missing']);
    });

    test('a body over a megabyte is refused', async () => {
        const answer = await ask(shop.base, 'POST', path_, {
            headers: { Authorization: `Bearer ${KEY}` }, body: 'a'.repeat((1 << 20) + 1),
        });
        assert.equal(answer.status, 413);
    });
});

describe('idempotency', () => {
    const key = (name) => ({ 'Idempotency-Key': `${name}-${Math.random()}` });

    test('the same key gives the same bytes and makes one object', async () => {
        const headers = key('same');
        const first = await shop.session({}, headers);
        const second = await shop.session({}, headers);
        assert.equal(second.body, first.body);
        assert.equal(first.headers['idempotent-replayed'], undefined);
        assert.equal(second.headers['idempotent-replayed'], 'true');
        assert.equal(second.headers['original-request'], first.headers['request-id']);
        assert.notEqual((await shop.session({}, key('same'))).json.id, first.json.id);
    });

    test('other parameters or another endpoint under the same key are refused', async () => {
        const headers = key('other');
        await shop.session({}, headers);
        for (const answer of [await shop.session({ client_reference_id: 'x' }, headers),
            await shop.call('POST', '/v1/payment_intents', INTENT, headers)]) {
            assert.equal(answer.status, 400);
            assert.equal(answer.json.error.type, 'idempotency_error');
            assert.equal(answer.headers['stripe-should-retry'], 'false');
        }
    });

    test('of two at once, one is told to come back', async () => {
        await shop.switches({ faults: [{ match: 'POST /v1/checkout/*', do: 'delay', ms: 150,
            times: 1 }] });
        const headers = key('race');
        const both = await Promise.all([shop.session({}, headers), shop.session({}, headers)]);
        assert.deepEqual(both.map((a) => a.status).sort(), [200, 409]);
        const conflict = both.find((a) => a.status === 409);
        assert.equal(conflict.headers['stripe-should-retry'], 'true');
        assert.equal(conflict.json.error.code, 'idempotency_key_in_use');
        const again = await shop.session({}, headers);
        assert.equal(again.body, both.find((a) => a.status === 200).body);
    });

    test('a refusal of the parameters is not kept, a refusal by the bank is', async () => {
        const headers = key('kept');
        assert.equal((await shop.session({ colour: 1 }, headers)).status, 400);
        const small = { 'line_items[0][price_data][unit_amount]': 1 };
        assert.equal((await shop.session(small, headers)).json.error.code, 'amount_too_small');
        assert.equal((await shop.session({}, headers)).status, 200);
        const bank = key('bank');
        const declined = { ...INTENT, payment_method: 'pm_card_chargeDeclined', confirm: true };
        const first = await shop.call('POST', '/v1/payment_intents', declined, bank);
        const second = await shop.call('POST', '/v1/payment_intents', declined, bank);
        assert.equal(first.status, 402);
        assert.equal(second.status, 402);
        assert.equal(second.body, first.body);
    });

    test('a 500 after the work had begun is kept', async () => {
        await shop.switches({ faults: [{ match: 'POST /v1/payment_intents', do: 'status',
            status: 500, at: 'after', save: true, times: 1 }] });
        const headers = key('crash');
        const first = await shop.call('POST', '/v1/payment_intents', INTENT, headers);
        const second = await shop.call('POST', '/v1/payment_intents', INTENT, headers);
        assert.deepEqual([first.status, second.status], [500, 500]);
        assert.equal(second.body, first.body);
    });

    test('a lost answer is found again under its key: 50 losses, 50 sessions', async () => {
        const drop = { match: 'POST /v1/checkout/sessions', do: 'drop', times: 1 };
        const before_ = (await shop.stats()).objects.session;
        const ids = new Set();
        for (let i = 0; i < 50; i++) {
            const headers = key(`lost${i}`);
            await shop.switches({ faults: [drop] });
            await assert.rejects(shop.session({}, headers), /hang up|ECONNRESET/);
            const found = await shop.session({}, headers);
            assert.equal(found.headers['idempotent-replayed'], 'true');
            ids.add(found.json.id);
        }
        assert.equal(ids.size, 50);
        assert.equal((await shop.stats()).objects.session - before_, 50);
    });

    test('a key of 256 characters is refused', async () => {
        assert.equal((await shop.session({}, { 'Idempotency-Key': 'k'.repeat(256) })).status, 400);
        assert.equal((await shop.session({}, { 'Idempotency-Key': 'k'.repeat(255) })).status, 200);
    });
});

const CARD = { email: 'a@b.example', number: '4242424242424242', exp: '12 / 34', cvc: '123',
    name: 'A "B" <C>' };

async function press(url, fields = CARD) {
    const at = new URL(url);
    return ask(shop.base, 'POST', at.pathname, {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: form(fields),
    });
}

async function look(url) {
    const at = new URL(url);
    return ask(shop.base, 'GET', at.pathname + at.search);
}

const readSession = (id) => shop.call('GET', `/v1/checkout/sessions/${id}`).then((a) => a.json);

describe('the hosted page', () => {
    test('shows what is to be paid, escaped, without script, under a strict policy', async () => {
        const { json } = await shop.session();
        const page = await look(json.url);
        assert.equal(page.status, 200);
        assert.match(page.body, /Pay ฿1,290\.00<\/button>/);
        assert.match(page.body, /Order &lt;7&gt; &amp; more/);
        assert.match(page.body, /Test &amp; Sons/);
        assert.match(page.body, /autocomplete="cc-number" inputmode="numeric"/);
        assert.match(page.body, /href="http:\/\/shop\.test\/cart"/);
        assert.match(page.body, /4000 0025 0000 3155/);
        assert.ok(!/<script|style=|onclick/i.test(page.body));
        const policy = page.headers['content-security-policy'];
        assert.match(policy, /default-src 'none'/);
        assert.match(policy, /form-action 'self' http:\/\/shop\.test;/);
        assert.match(policy, /frame-ancestors 'none'/);
        assert.equal(page.headers['x-content-type-options'], 'nosniff');
        assert.equal(page.headers['cache-control'], 'no-store');
    });

    test('writes dong without decimals and speaks the language of the session', async () => {
        const { json } = await shop.session({ locale: 'vi',
            'line_items[0][price_data][currency]': 'vnd' });
        const page = await look(json.url);
        assert.match(page.body, /<html lang="vi">/);
        assert.match(page.body, /129\.000\s₫/);
        assert.match((await look((await shop.session({ locale: 'th' })).json.url)).body,
            /หมายเลขบัตร/);
    });

    test('a good card pays: redirect, events in full, one charge', async () => {
        const { json } = await shop.session({ client_reference_id: 'good',
            'payment_intent_data[metadata][order_id]': 'good' });
        const answer = await press(json.url);
        assert.equal(answer.status, 303);
        assert.equal(answer.headers.location, `http://shop.test/return?s=${json.id}`);
        await until('events', () => shop.got.length >= 4);
        assert.deepEqual(shop.types().sort(), ['charge.succeeded', 'checkout.session.completed',
            'payment_intent.created', 'payment_intent.succeeded']);
        const done = shop.got.find((g) => g.event.type === 'checkout.session.completed').event;
        assert.equal(done.livemode, false);
        assert.equal(done.data.object.client_reference_id, 'good');
        assert.equal(done.data.object.payment_status, 'paid');
        assert.equal(done.data.object.customer_details.email, 'a@b.example');
        const paid = shop.got.find((g) => g.event.type === 'payment_intent.succeeded').event;
        assert.equal(paid.data.object.id, done.data.object.payment_intent);
        assert.deepEqual(paid.data.object.metadata, { order_id: 'good' });
        const { orders } = await shop.stats('good');
        assert.deepEqual(orders.good,
            { payments: 1, charges: 1, captured: 129000, refunded: 0 });
        const page = await look(json.url);
        assert.match(page.body, /already paid/);
        assert.match(page.body, new RegExp(`http://shop\\.test/return\\?s=${json.id}`));
        assert.match((await press(json.url)).body, /already paid/);
        assert.equal((await shop.stats('good')).orders.good.charges, 1);
    });

    test('a declined card says so, keeps what was typed but the card, and stays open', async () => {
        const { json } = await shop.session();
        const answer = await press(json.url, { ...CARD, number: '4000000000009995' });
        assert.equal(answer.status, 402);
        assert.match(answer.body, /role="alert"[\s\S]*insufficient funds/);
        assert.match(answer.body, /value="a@b\.example"/);
        assert.match(answer.body, /value="A &quot;B&quot; &lt;C&gt;"/);
        assert.match(answer.body, /name="number" value=""/);
        assert.match(answer.body, /name="cvc" value=""/);
        await until('failure', () => shop.types().includes('payment_intent.payment_failed'));
        const failed = shop.got.find((g) => g.event.type === 'payment_intent.payment_failed').event;
        assert.equal(failed.data.object.last_payment_error.decline_code, 'insufficient_funds');
        assert.equal(failed.data.object.status, 'requires_payment_method');
        const s = await readSession(json.id);
        assert.deepEqual([s.status, s.payment_status], ['open', 'unpaid']);
        assert.equal((await press(json.url)).status, 303);
        assert.equal((await readSession(json.id)).payment_intent, failed.data.object.id);
    });

    test('mistakes stand beside their field and reach no bank', async () => {
        const { json } = await shop.session();
        for (const [change, field] of [[{ email: 'x' }, 'email'], [{ number: '' }, 'number'],
            [{ number: '4242424242424241' }, 'number'], [{ exp: '13/34' }, 'exp'],
            [{ exp: 'soon' }, 'exp'], [{ cvc: '1' }, 'cvc'], [{ name: '' }, 'name']]) {
            const answer = await press(json.url, { ...CARD, ...change });
            assert.equal(answer.status, 422);
            assert.match(answer.body, new RegExp(`id="${field}-error"`), field);
        }
        assert.equal((await readSession(json.id)).payment_intent, null);
        assert.equal(shop.got.length, 0);
    });

    test('a test card can be filled in by a link', async () => {
        const { json } = await shop.session();
        const page = await look(`${json.url}?fill=asks`);
        assert.match(page.body, /name="number" value="4000002500003155"/);
    });

    test('3-D Secure: authorise pays, fail returns to the page', async () => {
        const { json } = await shop.session();
        const asked = await press(json.url, { ...CARD, number: '4000002500003155' });
        const bank = new URL(asked.headers.location, json.url).href;
        assert.match((await look(bank)).body, /3155/);
        assert.equal((await readSession(json.id)).status, 'open');
        const no = await press(bank, { answer: 'no' });
        const back = new URL(no.headers.location, bank).href;
        assert.match((await look(back)).body, /could not confirm/);
        assert.equal((await readSession(json.id)).status, 'open');
        const again = await press(json.url, { ...CARD, number: '4000002500003155' });
        const second = new URL(again.headers.location, json.url).href;
        assert.equal((await press(bank, { answer: 'yes' })).status, 404);
        const yes = await press(second, { answer: 'yes' });
        assert.equal(yes.headers.location, `http://shop.test/return?s=${json.id}`);
        assert.equal((await readSession(json.id)).payment_status, 'paid');
        assert.equal((await press(second, { answer: 'yes' })).status, 409);
        await until('events', () => shop.types().includes('checkout.session.completed'));
        await until('what came before', () => shop.types().includes('payment_intent.requires_action'));
    });

    for (const [number, type, paid] of [
        ['4000000000000077', 'checkout.session.async_payment_succeeded', 'paid'],
        ['4000000000000085', 'checkout.session.async_payment_failed', 'unpaid'],
    ]) {
        test(`a slow payment completes unpaid, then ${type}`, async () => {
            await shop.switches({ async_ms: 700 });
            const { json } = await shop.session();
            assert.equal((await press(json.url, { ...CARD, number })).status, 303);
            const s = await readSession(json.id);
            assert.deepEqual([s.status, s.payment_status], ['complete', 'unpaid']);
            assert.match((await look(json.url)).body, /on its way/);
            await until(type, () => shop.types().includes(type));
            assert.equal((await readSession(json.id)).payment_status, paid);
            await until('what came before', () => shop.types().includes('payment_intent.processing'));
        });
    }

    test('an expired session says so, cannot be paid, and cannot expire twice', async () => {
        const { json } = await shop.session();
        const expired = await shop.call('POST', `/v1/checkout/sessions/${json.id}/expire`);
        assert.deepEqual([expired.status, expired.json.status, expired.json.url],
            [200, 'expired', null]);
        const page = await look(json.url);
        assert.equal(page.status, 410);
        assert.match(page.body, /expired/);
        assert.equal((await press(json.url)).status, 410);
        assert.equal((await shop.call('POST', `/v1/checkout/sessions/${json.id}/expire`)).status,
            400);
        await until('event', () => shop.types().includes('checkout.session.expired'));
    });

    test('a paid session cannot be expired', async () => {
        const { json } = await shop.session();
        await press(json.url);
        const { status, json: error } = await shop.call('POST',
            `/v1/checkout/sessions/${json.id}/expire`);
        assert.equal(status, 400);
        assert.match(error.error.message, /complete/);
    });

    test('time ends a session by itself and its payment with it', async () => {
        await shop.switches({ min_expiry_s: 0 });
        const { json } = await shop.session({ expires_at: Math.floor(Date.now() / 1000) + 2 }); // a second at least to press in
        await press(json.url, { ...CARD, number: '4000000000000002' });
        for (const type of ['checkout.session.expired', 'payment_intent.canceled']) await until(type, () => shop.types().includes(type));
        assert.equal((await look(json.url)).status, 410);
    });

    test('while one payment is at the bank, no second and no expiry gets through', async () => {
        await shop.switches({ bank_ms: 800 });
        const { json } = await shop.session({ 'payment_intent_data[metadata][order_id]': 'busy' });
        const tries = Array.from({ length: 10 }, () => press(json.url));
        await pause(50);
        const expiry = await shop.call('POST', `/v1/checkout/sessions/${json.id}/expire`);
        assert.equal(expiry.status, 400);
        const statuses = (await Promise.all(tries)).map((a) => a.status).sort();
        assert.deepEqual(statuses, [303, ...Array(9).fill(409)]);
        assert.equal((await shop.stats('busy')).orders.busy.charges, 1);
    });

    test('no such page is a 404 that helps', async () => {
        for (const target of ['/c/pay/cs_test_none', '/c/pay/', '/elsewhere', '/c/3ds/pi_x']) {
            const page = await ask(shop.base, 'GET', target);
            assert.equal(page.status, 404);
            assert.match(page.body, /Check the address/);
        }
    });
});

describe('payment intents', () => {
    const create = (more = {}) => shop.call('POST', '/v1/payment_intents', { ...INTENT, ...more });
    const post = (id, verb, params = {}) =>
        shop.call('POST', `/v1/payment_intents/${id}${verb && `/${verb}`}`, params);

    test('create, confirm, read: one charge', async () => {
        const { json } = await create();
        assert.equal(json.status, 'requires_payment_method');
        assert.match(json.client_secret, new RegExp(`^${json.id}_secret_\\w{25}$`));
        const done = await post(json.id, 'confirm', { payment_method: 'pm_card_visa' });
        assert.deepEqual([done.json.status, done.json.amount_received], ['succeeded', 5000]);
        const read = await shop.call('GET', `/v1/payment_intents/${json.id}`,
            { 'expand[]': 'latest_charge' });
        assert.equal(read.json.latest_charge.object, 'charge');
        assert.equal(read.json.latest_charge.captured, true);
        const twice = await post(json.id, 'confirm', { payment_method: 'pm_card_visa' });
        assert.deepEqual([twice.status, twice.json.error.code],
            [400, 'payment_intent_unexpected_state']);
        assert.equal(twice.json.error.payment_intent.id, json.id);
    });

    test('a declined card is a 402 with all its codes, and the intent may try again', async () => {
        const { json } = await create();
        const no = await post(json.id, 'confirm', { payment_method: 'pm_card_chargeDeclined' });
        assert.equal(no.status, 402);
        assert.equal(no.json.error.type, 'card_error');
        assert.equal(no.json.error.code, 'card_declined');
        assert.equal(no.json.error.decline_code, 'generic_decline');
        assert.equal(no.json.error.payment_intent.status, 'requires_payment_method');
        assert.match(no.json.error.charge, /^ch_/);
        const yes = await post(json.id, 'confirm', { payment_method: 'pm_card_visa' });
        assert.equal(yes.json.status, 'succeeded');
        assert.equal(yes.json.last_payment_error, null);
    });

    test('capture by hand: in part, never more than is held, never twice', async () => {
        const { json } = await create({ capture_method: 'manual', confirm: true,
            payment_method: 'pm_card_visa' });
        assert.deepEqual([json.status, json.amount_capturable], ['requires_capture', 5000]);
        assert.equal((await post(json.id, 'capture', { amount_to_capture: 5001 })).status, 400);
        const done = await post(json.id, 'capture', { amount_to_capture: 3000 });
        assert.deepEqual([done.json.status, done.json.amount_received], ['succeeded', 3000]);
        assert.equal((await post(json.id, 'capture')).status, 400);
        const refund = (amount) => shop.call('POST', '/v1/refunds',
            { payment_intent: json.id, amount });
        assert.equal((await refund(3001)).status, 400);
        assert.equal((await refund(3000)).status, 200);
    });

    test('cancel frees what was held and is final', async () => {
        const { json } = await create({ capture_method: 'manual', confirm: true,
            payment_method: 'pm_card_visa' });
        const gone = await post(json.id, 'cancel', { cancellation_reason: 'abandoned' });
        assert.deepEqual([gone.json.status, gone.json.cancellation_reason],
            ['canceled', 'abandoned']);
        assert.equal((await post(json.id, 'capture')).status, 400);
        assert.equal((await post(json.id, 'cancel')).status, 400);
        const paid = await create({ confirm: true, payment_method: 'pm_card_visa' });
        assert.equal((await post(paid.json.id, 'cancel')).json.error.code,
            'payment_intent_unexpected_state');
    });

    test('a browser with the publishable key reaches only what it has the secret of', async () => {
        const { json } = await create({ 'automatic_payment_methods[allow_redirects]': 'always' });
        const browser = { Authorization: `Bearer ${KEY.replace('sk_', 'pk_')}` };
        const card = { type: 'card', 'card[number]': '4000002500003155', 'card[exp_month]': 12,
            'card[exp_year]': 2034, 'card[cvc]': 123 };
        const m = await shop.call('POST', '/v1/payment_methods', card, browser);
        assert.equal(m.json.card.last4, '3155');
        const confirm = (secret) => shop.call('POST', `/v1/payment_intents/${json.id}/confirm`, {
            payment_method: m.json.id, return_url: 'http://shop.test/back', client_secret: secret,
        }, browser);
        assert.equal((await confirm('guess')).status, 401);
        const asked = await confirm(json.client_secret);
        assert.equal(asked.json.status, 'requires_action');
        const answer = await press(asked.json.next_action.redirect_to_url.url, { answer: 'yes' });
        const back = new URL(answer.headers.location);
        assert.equal(back.searchParams.get('redirect_status'), 'succeeded');
        assert.equal(back.searchParams.get('payment_intent'), json.id);
        const read = await shop.call('GET', `/v1/payment_intents/${json.id}`,
            { client_secret: json.client_secret }, browser);
        assert.equal(read.json.status, 'succeeded');
        const list = await shop.call('GET', '/v1/payment_intents', undefined, browser);
        assert.equal(list.status, 401);
    });

    test('without a return address a redirecting method is refused, and nothing made', async () => {
        const count = (await shop.stats()).objects.intent;
        const answer = await create({ 'automatic_payment_methods[allow_redirects]': 'always',
            confirm: true, payment_method: 'pm_card_visa' });
        assert.deepEqual([answer.status, answer.json.error.param], [400, 'return_url']);
        assert.equal((await shop.stats()).objects.intent, count);
    });

    test('amount and metadata can change until it is paid', async () => {
        const { json } = await create();
        const changed = await post(json.id, '', { amount: 7000, 'metadata[a]': 1,
            'metadata[order_id]': '' });
        assert.equal(changed.json.amount, 7000);
        assert.deepEqual(changed.json.metadata, { a: '1' });
        await post(json.id, 'confirm', { payment_method: 'pm_card_visa' });
        assert.equal((await post(json.id, '', { amount: 8000 })).status, 400);
    });

    test('a payment is found again by its metadata', async () => {
        const { json } = await create({ 'metadata[order_id]': 'needle' });
        const found = await shop.call('GET', '/v1/payment_intents/search',
            { query: "metadata['order_id']:'needle' AND currency:'usd'" });
        assert.deepEqual(found.json.data.map((p) => p.id), [json.id]);
        assert.equal((await shop.call('GET', '/v1/payment_intents/search', { query: 'x' })).status,
            400);
    });
});

describe('refunds', () => {
    const paid = async (method = 'pm_card_visa') => (await shop.call('POST', '/v1/payment_intents',
        { ...INTENT, confirm: true, payment_method: method })).json;
    const refund = (id, more = {}) => shop.call('POST', '/v1/refunds',
        { payment_intent: id, ...more });

    test('no finer than a charge may be', async () => {
        for (const [currency, fine, whole] of [['kwd', 1234, 1230], ['isk', 1050, 1000]]) {
            const p = (await shop.call('POST', '/v1/payment_intents', { ...INTENT, currency,
                amount: 50000, confirm: true, payment_method: 'pm_card_visa' })).json;
            assert.equal((await refund(p.id, { amount: fine })).status, 400);
            assert.equal((await refund(p.id, { amount: whole })).json.status, 'succeeded');
        }
    });

    test('in part, then the rest, never more', async () => {
        const p = await paid();
        const first = await refund(p.id, { amount: 2000, reason: 'requested_by_customer' });
        assert.deepEqual([first.json.object, first.json.amount, first.json.status],
            ['refund', 2000, 'succeeded']);
        assert.equal((await refund(p.id, { amount: 3001 })).status, 400);
        assert.equal((await refund(p.id)).json.amount, 3000);
        assert.equal((await refund(p.id)).json.error.code, 'charge_already_refunded');
        const charge = await shop.call('GET', `/v1/charges/${p.latest_charge}`);
        assert.deepEqual([charge.json.amount_refunded, charge.json.refunded], [5000, true]);
        assert.equal(charge.json.refunds.data.length, 2);
        const told = (type) => shop.types().filter((t) => t === type).length;
        await until('events', () => told('refund.created') === 2);
        assert.equal(told('charge.refunded'), 2);
        const list = await shop.call('GET', '/v1/refunds', { payment_intent: p.id });
        assert.equal(list.json.data.length, 2);
    });

    test('200 parallel parts never exceed what was captured', async () => {
        const p = await paid();
        const answers = await Promise.all(Array.from({ length: 200 },
            () => refund(p.id, { amount: 70 })));
        const given = answers.filter((a) => a.status === 200).length;
        assert.equal(given, Math.floor(5000 / 70));
        const { payments } = await shop.stats();
        assert.equal(payments.find((row) => row.id === p.id).refunded, given * 70);
    });

    test('what was never paid cannot be refunded', async () => {
        const { json } = await shop.call('POST', '/v1/payment_intents', INTENT);
        assert.equal((await refund(json.id)).status, 400);
        assert.equal((await refund('pi_none')).status, 404);
        assert.equal((await shop.call('POST', '/v1/refunds', {})).status, 400);
        assert.equal((await refund(json.id, { amount: 0 })).status, 400);
    });

    test('a refund may fail later and gives the sum back', async () => {
        await shop.switches({ async_ms: 50 });
        const p = await paid('pm_card_refundFail');
        const made = await refund(p.id);
        await until('failure', () => shop.types().includes('refund.failed'));
        assert.equal((await shop.call('GET', `/v1/refunds/${made.json.id}`)).json.status, 'failed');
        const charge = await shop.call('GET', `/v1/charges/${p.latest_charge}`);
        assert.equal(charge.json.amount_refunded, 0);
    });
});

describe('disputes', () => {
    const paid = async (method = 'pm_card_visa') => (await shop.call('POST', '/v1/payment_intents',
        { ...INTENT, confirm: true, payment_method: method })).json;
    const opened = async (p, given = {}) => (await shop.sim_('POST', `dispute/${p.id}`, given)).json.dispute;
    const answer = (d, word) => shop.call('POST', `/v1/disputes/${d.id}`, { 'evidence[uncategorized_text]': word });
    const told = (d) => shop.got.filter((seen) => seen.event.data.object.id === d.id)
        .map((seen) => [seen.event.type.replace('charge.dispute.', ''), seen.event.data.object.status,
            seen.event.data.object.balance_transactions.map((m) => m.amount).join()]);

    test('the test cards are disputed a while after they were paid with', async () => {
        await shop.switches({ async_ms: 30 });
        for (const [card, reason, status, moved] of [
            ['pm_card_createDispute', 'fraudulent', 'needs_response', 1],
            ['pm_card_createDisputeProductNotReceived', 'product_not_received', 'needs_response', 1],
            ['pm_card_createDisputeInquiry', 'fraudulent', 'warning_needs_response', 0]]) {
            const p = await paid(card);
            const find = async () => (await shop.call('GET', '/v1/disputes', { payment_intent: p.id })).json.data[0];
            const d = await until('a dispute', find);
            assert.deepEqual([d.reason, d.status, d.amount, d.balance_transactions.length, d.is_charge_refundable],
                [reason, status, 5000, moved, !moved]);
            assert.equal((await shop.call('GET', `/v1/disputes/${d.id}`)).json.charge, p.latest_charge);
            assert.equal((await shop.call('GET', `/v1/charges/${p.latest_charge}`)).json.disputed, true);
        }
    });

    test('evidence decides, in the word of the test', async () => {
        const won = await opened(await paid()), lost = await opened(await paid(), { amount: 2000 });
        assert.equal((await answer(won, 'winning_evidence')).json.status, 'won');
        assert.equal((await answer(lost, 'losing_evidence')).json.status, 'lost');
        await until('events', () => told(won).length === 5 && told(lost).length === 4);
        assert.deepEqual(told(won), [['created', 'needs_response', '-5000'],
            ['funds_withdrawn', 'needs_response', '-5000'], ['updated', 'under_review', '-5000'],
            ['closed', 'won', '-5000,5000'], ['funds_reinstated', 'won', '-5000,5000']]);
        assert.deepEqual(told(lost).map(([type]) => type), ['created', 'funds_withdrawn', 'updated', 'closed']);
        assert.equal((await answer(won, 'losing_evidence')).status, 400);
        assert.equal((await shop.call('POST', `/v1/disputes/${lost.id}/close`)).status, 400);
    });

    test('what is known of the buyer stands as evidence that nobody has given yet', async () => {
        const { evidence, evidence_details: details } = await opened(await paid());
        assert.deepEqual([evidence.customer_purchase_ip, evidence.customer_signature], ['203.0.113.77', null]);
        assert.deepEqual([details.has_evidence, details.submission_count], [false, 0]);
    });

    test('what is only kept as evidence is not sent', async () => {
        const d = await opened(await paid());
        const { json } = await shop.call('POST', `/v1/disputes/${d.id}`, { 'evidence[customer_name]': 'Mali', submit: false });
        assert.deepEqual([json.status, json.evidence_details.has_evidence, json.evidence_details.submission_count],
            ['needs_response', true, 0]);
        assert.equal((await shop.call('POST', `/v1/disputes/${d.id}/close`)).json.status, 'lost');
    });

    test('a bank that asks takes nothing, and may take it after all', async () => {
        const asked = await opened(await paid(), { inquiry: true }), kept = await opened(await paid(), { inquiry: true });
        assert.equal((await answer(kept, 'winning_evidence')).json.status, 'warning_closed');
        const { json } = await answer(asked, 'escalate_inquiry_evidence');
        assert.deepEqual([json.status, json.balance_transactions.length], ['needs_response', 1]);
    });

    test('what a bank has taken back is not refunded, what it gave back is', async () => {
        const refund = (p) => shop.call('POST', '/v1/refunds', { payment_intent: p.id, amount: 100 });
        const p = await paid(), d = await opened(p, { amount: 3000 });
        assert.equal((await refund(p)).json.error.code, 'charge_disputed');
        await answer(d, 'winning_evidence');
        assert.equal((await refund(p)).status, 200);
        const q = await paid();
        await opened(q, { inquiry: true });
        assert.equal((await refund(q)).status, 200);
        const lost = await paid();
        await answer(await opened(lost), 'losing_evidence');
        assert.equal((await refund(lost)).json.error.code, 'charge_disputed');
    });
});

describe('lists', () => {
    test('pages join without gap or overlap, both ways', async () => {
        const made = [];
        for (let i = 0; i < 7; i++) {
            made.unshift((await shop.call('POST', '/v1/payment_intents', INTENT)).json.id);
        }
        const get = (params) => shop.call('GET', '/v1/payment_intents', params)
            .then(({ json }) => json);
        const first = await get({ limit: 3 });
        assert.deepEqual(first.data.map((p) => p.id), made.slice(0, 3));
        assert.equal(first.has_more, true);
        const second = await get({ limit: 3, starting_after: made[2] });
        assert.deepEqual(second.data.map((p) => p.id), made.slice(3, 6));
        const back = await get({ limit: 2, ending_before: made[4] });
        assert.deepEqual(back.data.map((p) => p.id), made.slice(2, 4));
        assert.equal(back.has_more, true);
        const newest = await get({ ending_before: made[1] });
        assert.deepEqual(newest.data.map((p) => p.id), [made[0]]);
        assert.equal(newest.has_more, false);
    });

    test('wrong limits and unknown anchors are refused', async () => {
        for (const params of [{ limit: 0 }, { limit: 101 }, { limit: 'x' },
            { starting_after: 'pi_none' }]) {
            const { status } = await shop.call('GET', '/v1/payment_intents', params);
            assert.ok(status === 400 || status === 404);
        }
    });

    test('events are listed by type and time and read one by one', async () => {
        const { json } = await shop.session();
        await shop.sim_('POST', `pay/${json.id}`, {});
        const list = await shop.call('GET', '/v1/events',
            { type: 'checkout.session.completed', limit: 1 });
        assert.equal(list.json.data[0].data.object.id, json.id);
        const one = await shop.call('GET', `/v1/events/${list.json.data[0].id}`);
        assert.deepEqual(one.json.data, list.json.data[0].data);
        const none = await shop.call('GET', '/v1/events',
            { 'created[gt]': Math.floor(Date.now() / 1000) + 10 });
        assert.equal(none.json.data.length, 0);
        const both = await shop.call('GET', '/v1/events',
            'types[]=charge.succeeded&types[]=payment_intent.succeeded&limit=2');
        assert.deepEqual(both.json.data.map((e) => e.type).sort(),
            ['charge.succeeded', 'payment_intent.succeeded']);
    });

    test('ids unfold where asked and nowhere else', async () => {
        const { json } = await shop.session();
        await shop.sim_('POST', `pay/${json.id}`, {});
        const read = (params) => shop.call('GET', `/v1/checkout/sessions/${json.id}`, params);
        const one = await read('expand[]=payment_intent.latest_charge&expand[]=line_items');
        assert.equal(one.json.payment_intent.latest_charge.object, 'charge');
        assert.equal(one.json.line_items.data[0].amount_total, 129000);
        assert.equal(typeof (await read()).json.payment_intent, 'string');
        assert.equal((await read('expand[]=colour')).status, 400);
        const all = await shop.call('GET', '/v1/checkout/sessions',
            'limit=1&expand[]=data.payment_intent');
        assert.equal(all.json.data[0].payment_intent.object, 'payment_intent');
    });
});

describe('webhooks', () => {
    const pay = async () => {
        const { json } = await shop.session();
        await shop.sim_('POST', `pay/${json.id}`, {});
        return json;
    };

    test('are signed over the very bytes that are sent', async () => {
        await pay();
        await until('events', () => shop.got.length >= 4);
        for (const { raw, headers, path: at } of shop.got) {
            assert.equal(at, '/payments/stripe/webhook');
            const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['stripe-signature']);
            assert.equal(v1, sign(SECRET, raw, t));
            assert.ok(Math.abs(Date.now() / 1000 - Number(t)) < 5);
        }
    });

    test('come again with growing pauses until 2xx, and then no more', async () => {
        await shop.switches({ webhooks: { speed: 20, types: ['checkout.session.completed'] } });
        shop.answerWith = (seen, n) => (n < 4 ? 500 : 204);
        await pay();
        await until('four tries', () => shop.got.length === 4);
        await pause(300);
        assert.equal(shop.got.length, 4);
        assert.equal(new Set(shop.got.map((g) => g.event.id)).size, 1);
        const gaps = shop.got.slice(1).map((g, i) => g.at - shop.got[i].at);
        assert.ok(gaps[0] >= 45 && gaps[1] >= 95 && gaps[2] >= 190, gaps.join());
        const event = await shop.call('GET', `/v1/events/${shop.got[0].event.id}`);
        assert.equal(event.json.pending_webhooks, 0);
    });

    test('redirects and other 3xx, 4xx count as failures', async () => {
        await shop.switches({ webhooks: { speed: 1000, types: ['checkout.session.completed'] } });
        shop.answerWith = (seen, n) => [302, 400, 404, 503, 200][n - 1] ?? 200;
        await pay();
        await until('five tries', () => shop.got.length === 5);
    });

    test('can be held back and let go, or be lost for good', async () => {
        await shop.switches({ webhooks: { hold: true } });
        await pay();
        await pause(50);
        assert.equal(shop.got.length, 0);
        await shop.switches({ webhooks: { hold: false } });
        await until('release', () => shop.got.length === 4);
        await shop.switches({ webhooks: { off: true } });
        await pay();
        await shop.switches({ webhooks: { off: false } });
        await pause(50);
        assert.equal(shop.got.length, 4);
    });

    test('can be doubled and shuffled, the same way for the same seed', async () => {
        const order = async (seed) => {
            shop.got = [];
            await shop.switches({ webhooks: { duplicate: 1, shuffle: { seed, window_ms: 30 } } });
            await pay();
            await until('doubles', () => shop.got.length === 8);
            return shop.types();
        };
        const one = await order(3);
        assert.deepEqual(await order(3), one);
        const others = [await order(4), await order(5), await order(6)];
        assert.ok(others.some((o) => o.join() !== one.join()));
        for (const type of new Set(one)) assert.equal(one.filter((t) => t === type).length, 2);
    });

    test('can be forged, aged, and falsified under a right signature', async () => {
        const next = async (webhooks) => {
            await shop.sim_('DELETE', 'switches');
            shop.got = [];
            await shop.switches({ webhooks: { types: ['payment_intent.succeeded'], ...webhooks } });
            await pay();
            return until('event', () => shop.got[0]);
        };
        const parts = (seen) => /^t=(-?\d+),v1=(\w+)$/.exec(seen.headers['stripe-signature']);
        const forged = await next({ corrupt_signature: true });
        assert.notEqual(parts(forged)[2], sign(SECRET, forged.raw, parts(forged)[1]));
        const old = await next({ skew_s: -301 });
        assert.ok(Date.now() / 1000 - parts(old)[1] >= 300);
        const wrong = await next({ wrong: { amount: -1, currency: 'usd', livemode: true } });
        assert.equal(parts(wrong)[2], sign(SECRET, wrong.raw, parts(wrong)[1]));
        assert.deepEqual([wrong.event.data.object.amount, wrong.event.data.object.currency,
            wrong.event.livemode], [128999, 'usd', true]);
        const other = await next({ secret: 'whsec_else' });
        assert.equal(parts(other)[2], sign('whsec_else', other.raw, parts(other)[1]));
    });

    test('one event goes out 1,000 times over 64 connections', async () => {
        await pay();
        await until('events', () => shop.got.length === 4);
        const { id } = shop.got[0].event;
        shop.got = [];
        const { json } = await shop.sim_('POST', `redeliver/${id}`, { times: 1000, parallel: 64 });
        assert.deepEqual(json.statuses, { 200: 1000 });
        assert.equal(shop.got.length, 1000);
        assert.deepEqual([...new Set(shop.got.map((g) => g.event.id))], [id]);
    });

    test('named events go out in the named order', async () => {
        await shop.switches({ webhooks: { off: true } });
        await pay();
        const { json } = await shop.call('GET', '/v1/events', { limit: 4 });
        const events = [2, 0, 3, 1, 0].map((i) => json.data[i].id);
        await shop.sim_('POST', 'deliver', { events });
        assert.deepEqual(shop.got.map((g) => g.event.id), events);
    });

    test('reach a shop behind a unix socket', async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sim-'));
        const socket = path.join(folder, 'shop');
        const hosts = [];
        const server = http.createServer((req, res) => {
            hosts.push(req.headers.host + req.url);
            req.resume().on('end', () => res.end());
        }).listen(socket);
        await once(server, 'listening');
        const other = await Shop.open({ webhookSocket: socket,
            webhookUrl: 'http://shop.test:8080/hook',
            listen: [`unix:${folder}/sim`, '127.0.0.1:0'] });
        try {
            assert.equal(other.base, `unix:${folder}/sim`);
            other.base = other.sim.urls[1];
            const { json } = await other.session();
            await other.sim_('POST', `pay/${json.id}`, {});
            await until('events', () => hosts.length === 4);
            assert.equal(hosts[0], 'shop.test:8080/hook');
        } finally {
            await other.close();
            server.close();
            fs.rmSync(folder, { recursive: true });
        }
    });
});

describe('switches', () => {
    test('answers fail as often as said, before or after the work', async () => {
        await shop.switches({ faults: [
            { match: 'POST /v1/payment_intents', do: 'status', status: 503, times: 2 },
            { match: 'POST /v1/payment_intents', do: 'status', status: 429, times: 1,
                retry_after: 2 },
        ] });
        const count = (await shop.stats()).objects.intent;
        const answers = [];
        for (let i = 0; i < 4; i++) {
            answers.push(await shop.call('POST', '/v1/payment_intents', INTENT));
        }
        assert.deepEqual(answers.map((a) => a.status), [503, 503, 429, 200]);
        assert.equal(answers[2].headers['retry-after'], '2');
        assert.equal(answers[0].json.error.type, 'api_error');
        assert.equal((await shop.stats()).objects.intent, count + 1);
        await shop.switches({ faults: [{ do: 'status', at: 'after', times: 1 }] });
        assert.equal((await shop.call('POST', '/v1/payment_intents', INTENT)).status, 500);
        assert.equal((await shop.stats()).objects.intent, count + 2);
    });

    test('answers are delayed, cut, replaced, dripped or dropped', async () => {
        const get = (fault) => shop.switches({ faults: [{ match: 'GET /v1/*', ...fault }] })
            .then(() => ask(shop.base, 'GET', '/v1/payment_intents?limit=1',
                { headers: { Authorization: `Bearer ${KEY}` } }));
        const start = Date.now();
        assert.equal((await get({ do: 'delay', ms: 120 })).status, 200);
        assert.ok(Date.now() - start >= 115);
        for (const kind of ['garbage', 'truncate', 'html']) {
            const answer = await get({ do: kind });
            assert.equal(answer.status, 200, kind);
            assert.throws(() => JSON.parse(answer.body), SyntaxError, kind);
        }
        assert.match((await get({ do: 'html' })).headers['content-type'], /html/);
        JSON.parse((await get({ do: 'drip', ms: 0 })).body);
        await assert.rejects(get({ do: 'close' }), /hang up|ECONNRESET/);
        assert.equal((await get({ do: 'huge', bytes: 5_000_000 })).body.length, 5_000_009);
    });

    test('an endless answer stops when the caller hangs up', async () => {
        await shop.switches({ faults: [{ match: 'GET /v1/*', do: 'huge' }] });
        const size = await new Promise((done) => {
            let seen = 0;
            const request = http.get(`${shop.base}/v1/events`,
                { headers: { Authorization: `Bearer ${KEY}` } }, (response) => {
                    response.on('error', () => {});
                    response.on('data', (part) => {
                        seen += part.length;
                        if (seen > 4 << 20) {
                            request.destroy();
                            done(seen);
                        }
                    });
                });
            request.on('error', () => {});
        });
        assert.ok(size > 4 << 20);
        await shop.sim_('DELETE', 'switches');
        assert.equal((await shop.call('GET', '/v1/events')).status, 200);
    });

    test('chance follows its seed', async () => {
        const run = async () => {
            await shop.switches({ faults: [{ match: 'GET *', do: 'status', p: 0.5, seed: 42 }] });
            const out = [];
            for (let i = 0; i < 12; i++) out.push((await shop.call('GET', '/v1/events')).status);
            return out.join();
        };
        const first = await run();
        assert.ok(first.includes('200') && first.includes('500'));
        assert.equal(await run(), first);
    });

    test('what is not understood changes nothing', async () => {
        for (const value of [{ colour: 1 }, { faults: [{ do: 'explode' }] }, { faults: {} },
            { webhooks: { of: true } }, { webhooks: { speed: 0 } }, { async_ms: -1 },
            { bank_ms: 5, faults: [{ do: 'drop', times: 0 }] }]) {
            assert.equal((await shop.sim_('POST', 'switches', value)).status, 400);
        }
        const { json } = await shop.sim_('GET', 'switches');
        assert.deepEqual([json.bank_ms, json.faults.length], [0, 0]);
    });

    test('pages of other sites cannot reach the switches', async () => {
        const foreign = [{ Origin: 'http://evil.test' }, { 'Sec-Fetch-Site': 'cross-site' }];
        for (const headers of foreign) {
            const answer = await ask(shop.base, 'POST', '/_sim/switches', { headers, body: '{}' });
            assert.equal(answer.status, 403);
        }
    });
});

describe('the process', () => {
    const script = path.join(here, 'stripe.mjs');
    const run = (args, env = {}) => {
        const child = spawn(process.execPath, [script, ...args],
            { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
        child.out = '';
        child.err = '';
        child.stdout.on('data', (d) => { child.out += d; });
        child.stderr.on('data', (d) => { child.err += d; });
        return child;
    };

    for (const [name, args, env, words] of [
        ['--mode production', ['--key', KEY, '--mode', 'production'], {}, /production/],
        ['TALAT_MODE=production', ['--key', KEY], { TALAT_MODE: 'production' }, /production/],
        ['a live key', ['--key', 'sk_live_abcdefghij'], {}, /live key/],
        ['no key', [], {}, /--key/],
        ['webhooks without a secret', ['--key', KEY, '--webhook-url', 'http://x.test/'], {},
            /secret/],
        ['an unknown option', ['--key', KEY, '--colour', 'red'], {}, /colour/],
    ]) {
        test(`${name}: it refuses to start, says why, and ends with 2`, async () => {
            const child = run([...args, '--listen', '127.0.0.1:0'], env);
            const [code] = await once(child, 'exit');
            assert.equal(code, 2, child.err);
            assert.match(child.err, words);
            assert.equal(child.out, '');
            assert.ok(!child.err.includes('sk_live_abc'));
        });
    }

    test('keeps everything over kill -9 and sends what was not delivered', async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sim-'));
        const state = path.join(folder, 'state');
        const hook = `http://127.0.0.1:${shop.server.address().port}/payments/stripe/webhook`;
        const start = async () => {
            const child = run(['--key', KEY, '--listen', '127.0.0.1:0', '--state', state,
                '--webhook-url', hook, '--webhook-secret', SECRET]);
            const line = await until('a line', () => child.out.includes('\n') && child.out);
            assert.match(line, /^stripe simulator listens on http:\/\/127\.0\.0\.1:\d+, .*\n$/);
            assert.ok(!line.includes(SECRET) && !line.includes(KEY));
            const other = Object.assign(new Shop(), { base: line.match(/http:\/\/[\d.:]+/)[0] });
            return { child, other };
        };
        try {
            const one = await start();
            const headers = { 'Idempotency-Key': 'over the restart' };
            shop.answerWith = () => 500;
            const made = await one.other.session({}, headers);
            await one.other.sim_('POST', `pay/${made.json.id}`, {});
            await until('first tries', () => shop.got.length >= 4);
            one.child.kill('SIGKILL');
            await once(one.child, 'exit');
            fs.appendFileSync(state, '[["session",{"id":"cs_torn'); // a write cut short
            shop.answerWith = () => 200;
            shop.got = [];
            const two = await start();
            await until('second tries', () => shop.got.length === 4);
            const replayed = await two.other.session({}, headers);
            assert.equal(replayed.body, made.body);
            const s = await two.other.call('GET', `/v1/checkout/sessions/${made.json.id}`);
            assert.deepEqual([s.json.status, s.json.payment_status], ['complete', 'paid']);
            assert.equal((await two.other.stats('o7')).orders.o7.charges, 1);
            assert.ok(!/4242424242424242/.test(fs.readFileSync(state, 'utf8')));
            two.child.kill('SIGTERM');
            const [code] = await once(two.child, 'exit');
            assert.equal(code, 0);
        } finally {
            fs.rmSync(folder, { recursive: true });
        }
    });

    test('remembers no more than it was told to', async () => {
        const small = await Shop.open({ keep: 100 });
        try {
            for (let i = 0; i < 130; i++) await small.session();
            const { objects } = await small.stats();
            assert.equal(objects.session, 100);
        } finally {
            await small.close();
        }
    });
});

// Keys must be the same at every depth, except where the fixture is only one of several forms or
// the keys are the merchant's own.
const FREE = new Set(['metadata', 'payment_method_options', 'next_action', 'last_payment_error',
    'processing', 'fraud_details', 'destination_details.card', 'automatic_payment_methods']);

function compare(ours, theirs, at = '') {
    const names = (object) => Object.keys(object).sort();
    assert.deepEqual(names(ours), names(theirs), `keys at ${at || 'top'}`);
    for (const [key, value] of Object.entries(ours)) {
        const here_ = at ? `${at}.${key}` : key;
        const object = (x) => x !== null && typeof x === 'object' && !Array.isArray(x);
        if (FREE.has(here_) || !object(value) || !object(theirs[key])) continue;
        if (Object.keys(theirs[key]).length) compare(value, theirs[key], here_);
    }
}

describe('webhook endpoints', () => {
    const at = '/v1/webhook_endpoints';
    const own = () => `http://127.0.0.1:${shop.server.address().port}`;
    const list = async (params) => (await shop.call('GET', at, params)).json;
    const make = (more = {}, headers = {}) => shop.call('POST', at,
        { url: `${own()}/other`, 'enabled_events[0]': 'payment_intent.succeeded', ...more }, headers);
    const pay = async () => shop.sim_('POST', `pay/${(await shop.session()).json.id}`, {});
    const withPath = (name) => shop.got.filter((seen) => seen.path === name);
    let started;

    beforeEach(async () => {
        const { data } = await list({ limit: 100 });
        started = data.at(-1);
        for (const { id } of data.slice(0, -1)) await shop.call('DELETE', `${at}/${id}`);
        await shop.call('POST', `${at}/${started.id}`, { 'enabled_events[0]': '*', disabled: 'false' });
    });

    test('the one it was started with is there, and is told everything', async () => {
        const { data, has_more, object, url } = await list();
        assert.deepEqual([data.length, has_more, object, url], [1, false, 'list', at]);
        const [e] = data;
        assert.match(e.id, /^we_1\w{23}$/);
        assert.deepEqual([e.object, e.api_version, e.enabled_events, e.status, e.livemode, e.url],
            ['webhook_endpoint', '2026-07-29.dahlia', ['*'], 'enabled', false, `${own()}/payments/stripe/webhook`]);
        assert.ok(!('secret' in e));
        await pay();
        await until('events', () => shop.got.length === 4);
    });

    test('one that is made has a secret of its own, shown once, and is told what it chose', async () => {
        const { status, json } = await make({ api_version: '2025-03-31.basil', description: 'Shop',
            'metadata[a]': 'b' });
        assert.equal(status, 200);
        assert.deepEqual([json.description, json.metadata, json.api_version], ['Shop', { a: 'b' }, '2025-03-31.basil']);
        const { json: again } = await shop.call('GET', `${at}/${json.id}`);
        const { secret, ...rest } = json;
        assert.match(secret, /^whsec_\w{32}$/);
        assert.deepEqual(again, rest);
        await pay();
        await until('events', () => shop.got.length === 5);
        const [seen, ...more] = withPath('/other');
        assert.deepEqual([more.length, seen.event.type, seen.event.api_version], [0, 'payment_intent.succeeded', '2025-03-31.basil']);
        const [, t, v1] = /^t=(\d+),v1=(\w+)$/.exec(seen.headers['stripe-signature']);
        assert.equal(v1, sign(secret, seen.raw, t));
    });

    test('the same Idempotency-Key makes one, and tells its secret again', async () => {
        const key = { 'Idempotency-Key': `hook-${Date.now()}` };
        const [first, second] = [await make({}, key), await make({}, key)];
        assert.deepEqual(second.json, first.json);
        assert.equal((await list()).data.length, 2);
    });

    test('what is not chosen, disabled or deleted is not told, and an event waits for nobody', async () => {
        const { json } = await make();
        await shop.call('POST', `${at}/${started.id}`, { 'enabled_events[0]': 'payment_intent.succeeded',
            'enabled_events[1]': 'checkout.session.completed' });
        await pay();
        await until('three', () => shop.got.length === 3);
        const changed = await shop.call('POST', `${at}/${json.id}`, { disabled: 'true', description: '', 'metadata[x]': 'y' });
        assert.deepEqual([changed.json.status, changed.json.description, changed.json.metadata], ['disabled', null, { x: 'y' }]);
        await pay();
        await until('five', () => shop.got.length === 5);
        assert.equal(withPath('/other').length, 1);
        const gone = await shop.call('DELETE', `${at}/${started.id}`);
        assert.deepEqual(gone.json, { id: started.id, object: 'webhook_endpoint', deleted: true });
        assert.equal((await shop.call('GET', `${at}/${started.id}`)).status, 404);
        assert.equal((await shop.call('DELETE', `${at}/${started.id}`)).status, 404);
        await pay();
        await pause(50);
        assert.equal(shop.got.length, 5);
        const { data } = (await shop.call('GET', '/v1/events', { limit: 100 })).json;
        await until('nothing waits', async () => (await shop.call('GET', `/v1/events/${data[0].id}`)).json.pending_webhooks === 0);
        await shop.close();
        shop = await Shop.open();
    });

    test('of two that want an event each is tried until it has taken it', async () => {
        await make();
        await shop.switches({ webhooks: { speed: 100, types: ['payment_intent.succeeded'] } });
        shop.answerWith = (seen) => (seen.path === '/other' && withPath('/other').length < 3 ? 500 : 200);
        await pay();
        await until('tries', () => withPath('/other').length === 3);
        await pause(100);
        assert.equal(shop.got.length, 4);
    });

    test('there may be sixteen; the list goes by pages', async () => {
        for (let i = 0; i < 15; i++) assert.equal((await make()).status, 200);
        const { status, json } = await make();
        assert.deepEqual([status, json.error.type], [400, 'invalid_request_error']);
        assert.match(json.error.message, /maximum of 16/);
        const one = await list({ limit: 10 }), two = await list({ limit: 10, starting_after: one.data.at(-1).id });
        assert.deepEqual([one.has_more, two.has_more, two.data.length], [true, false, 6]);
        assert.equal(new Set([...one.data, ...two.data].map(({ id }) => id)).size, 16);
    });

    test('what cannot be is refused by name', async () => {
        for (const [more, param] of [[{ url: 'nowhere' }, 'url'], [{ 'enabled_events[0]': 'payment_intent.paid' }, 'enabled_events[0]'],
            [{ api_version: 'newest' }, 'api_version'], [{ colour: 'red' }, 'colour']]) {
            const { status, json } = await make(more);
            assert.deepEqual([status, json.error.param], [400, param], JSON.stringify(json));
        }
        const none = await shop.call('POST', at, { url: own() });
        assert.deepEqual([none.status, none.json.error.param], [400, 'enabled_events']);
        const version = await shop.call('POST', `${at}/${started.id}`, { api_version: '2026-07-29.dahlia' });
        assert.equal(version.json.error.code, 'parameter_unknown');
    });
});

describe('shapes', { skip: fs.existsSync(FIXTURES) ? false : 'no fixtures found' }, () => {
    let known;
    before(() => { known = JSON.parse(fs.readFileSync(FIXTURES, 'utf8')).resources; });

    test('a session has the keys of the provider, open, paid and expired', async () => {
        const { json } = await shop.session();
        compare(json, known['checkout.session']);
        const { json: paid } = await shop.sim_('POST', `pay/${json.id}`, {});
        compare(paid.session, known['checkout.session']);
        const other = (await shop.session()).json.id;
        compare((await shop.call('POST', `/v1/checkout/sessions/${other}/expire`)).json,
            known['checkout.session']);
    });

    test('intent, charge, refund and method have the keys of the provider', async () => {
        const { json } = await shop.session();
        for (const card of ['4000000000000002', '4000002500003155']) {
            await shop.sim_('POST', `pay/${json.id}`, { card, authorise: null });
            const s = await shop.call('GET', `/v1/checkout/sessions/${json.id}`,
                'expand[]=payment_intent');
            compare(s.json.payment_intent, known.payment_intent);
        }
        await shop.sim_('POST', `pay/${json.id}`, { card: '4000002500003155' });
        const { json: s } = await shop.call('GET', `/v1/checkout/sessions/${json.id}`,
            'expand[]=payment_intent.latest_charge&expand[]=line_items');
        const { latest_charge: charge, ...rest } = s.payment_intent;
        compare({ ...rest, latest_charge: charge.id }, known.payment_intent);
        compare(charge, known.charge);
        compare(s.line_items.data[0], known.item);
        const refund = await shop.call('POST', '/v1/refunds', { payment_intent: rest.id });
        compare(refund.json, known.refund);
        const method = await shop.call('GET', `/v1/payment_methods/${rest.payment_method}`);
        compare(method.json, known.payment_method);
        const { json: { dispute } } = await shop.sim_('POST', `dispute/${rest.id}`);
        compare(dispute, known.dispute);
        compare(dispute.balance_transactions[0], known.balance_transaction);
        const { json: { data: [endpoint] } } = await shop.call('GET', '/v1/webhook_endpoints');
        compare(endpoint, known.webhook_endpoint);
    });

    test('an event has the keys of the provider', async () => {
        const { json } = await shop.session();
        await shop.sim_('POST', `pay/${json.id}`, {});
        await until('events', () => shop.got.length >= 4);
        for (const { event } of shop.got) {
            assert.deepEqual(Object.keys(event).sort(), Object.keys(known.event).sort());
            assert.deepEqual(Object.keys(event.request).sort(),
                Object.keys(known.event.request).sort());
            compare(event.data.object, known[event.data.object.object]);
        }
    });

    test('an error has only keys the provider documents', async () => {
        const keys = new Set(['charge', 'code', 'decline_code', 'doc_url', 'message', 'param',
            'payment_intent', 'payment_method', 'request_log_url', 'type']);
        const declined = { ...INTENT, payment_method: 'pm_card_chargeDeclined', confirm: true };
        for (const { json } of [await shop.session({ colour: 1 }),
            await shop.call('GET', '/v1/charges/ch_none'),
            await shop.call('POST', '/v1/payment_intents', declined)]) {
            assert.deepEqual(Object.keys(json), ['error']);
            for (const key of Object.keys(json.error)) assert.ok(keys.has(key), key);
            assert.ok(json.error.type && json.error.message);
            if (json.error.payment_intent) {
                compare(json.error.payment_intent, known.payment_intent);
            }
        }
    });
});
