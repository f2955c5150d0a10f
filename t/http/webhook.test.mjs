// talatctl webhook and what the doctor says of it: where the provider sends its events, which of them,
// and that nobody reads the secret but who made it.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { skip as noStack, calm, conf, confBut, confPath, sim, switches, url } from './shop.mjs';

const talatctl = process.env.TALAT_APP && join(process.env.TALAT_APP, 'bin/talatctl');
const skip = noStack || !talatctl;
const place = skip ? '' : mkdtempSync(join(tmpdir(), 'talat-webhook-'));
const VERSION = '2026-07-29.dahlia', elsewhere = 'https://shop.example', address = (base) => `${base}/payments/stripe/webhook`;
const configured = (changes = {}) => confBut(join(place, 'talat.conf'), { base_url: elsewhere, ...changes });
function tool(path, ...words) {
    return new Promise((done) => {
        const child = spawn(talatctl, ['--config', path, ...words]);
        const got = { out: '', err: '' };
        child.stdout.on('data', (piece) => { got.out += piece; });
        child.stderr.on('data', (piece) => { got.err += piece; });
        child.on('close', (code) => done({ ...got, code }));
    });
}
const webhook = (path, ...words) => tool(path, 'webhook', ...words);
const found = async (path) => JSON.parse((await tool(path, 'doctor', '--json')).out).findings.filter(({ check }) => check === 'webhooks');
const says = async (path, level, what, fix) => {
    const all = await found(path);
    assert.ok(all.some((f) => f.level === level && what.test(f.what) && fix.test(f.fix)), JSON.stringify(all));
    return all;
};

async function provider(method, path, form) {
    const got = await fetch(`${sim}/v1/webhook_endpoints${path}`, { method, ...(form && { body: new URLSearchParams(form) }),
        headers: { authorization: `Bearer ${conf('stripe_key')}`, connection: 'close' } });
    const data = await got.json();
    assert.equal(got.status, 200, JSON.stringify(data));
    return data;
}
const chosen = (kinds) => Object.fromEntries(kinds.map((kind, i) => [`enabled_events[${i}]`, kind]));
const those = async () => (await provider('GET', '?limit=100')).data;
const ours = async () => (await those()).filter((one) => one.url === address(elsewhere));
const make = (kinds, more = {}) => provider('POST', '', { url: address(elsewhere), ...chosen(kinds), ...more });

let needed;
before(async () => { if (!skip) needed = (await webhook(configured(), 'events')).out.trim().split('\n'); });
beforeEach(async () => {
    if (skip) return;
    await calm();
    for (const one of await those()) if (one.url !== address(url)) await provider('DELETE', `/${one.id}`);
});
after(async () => {
    if (skip) return;
    await calm();
    for (const one of await those()) if (one.url !== address(url)) await provider('DELETE', `/${one.id}`);
    rmSync(place, { recursive: true, force: true });
});

test('the one of this stack is sent everything, which is told, and is no warning', { skip }, async () => {
    const got = await webhook(confPath);
    assert.equal(got.code, 0, got.out + got.err);
    assert.ok(got.out.includes(address(url)));
    assert.match(got.out, /^endpoint +we_\w+, enabled$/m);
    assert.match(got.out, /^not needed +\*$/m);
    assert.match(got.out, /^-> talatctl webhook set: spares/m);
    await says(confPath, 'ok', /sends more than is needed: \*$/, /talatctl webhook set/);
});

test('where there is none it is made, and its secret is shown once', { skip }, async () => {
    const path = configured(), none = await webhook(path);
    assert.equal(none.code, 1);
    assert.match(none.out, /^endpoint +none/m);
    assert.match(none.out, /^-> talatctl webhook set: makes/m);
    await says(path, 'warning', /knows of no endpoint https:\/\/shop\.example\/payments\/stripe\/webhook/, /^talatctl webhook set$/);
    const made = await webhook(path, 'set');
    assert.equal(made.code, 0, made.err);
    const [, secret] = /^stripe_webhook_secret = (whsec_\w{32})$/m.exec(made.out);
    const [it, ...more] = await ours();
    assert.equal(more.length, 0);
    assert.deepEqual([it.enabled_events, it.api_version, it.status], [needed, VERSION, 'enabled']);
    assert.ok(it.description.includes('Talat'));
    const well = await webhook(path);
    assert.equal(well.code, 0);
    assert.doesNotMatch(well.out, /missing|not needed|->/);
    assert.ok(!(await found(path)).some(({ what }) => /endpoint/.test(what)));
    const again = await webhook(path, 'set');
    assert.equal(again.code, 0);
    assert.match(again.out, /its signing secret stays/);
    assert.equal((await ours()).length, 1);
    const logs = join(dirname(confPath), 'log');
    for (const text of [again.out, again.err, made.err, well.out, ...readdirSync(logs).filter((name) => name.endsWith('.log')).map((name) => readFileSync(join(logs, name), 'latin1'))])
        assert.ok(!text.includes(secret), 'the secret is shown again');
});

test('what is missing is named, and set, and what is too much goes', { skip }, async () => {
    const path = configured(), kinds = needed.filter((kind) => !/^refund\.(updated|failed)$/.test(kind));
    await make([...kinds, 'charge.succeeded'], { api_version: VERSION });
    const got = await webhook(path);
    assert.equal(got.code, 1);
    assert.match(got.out, /^missing +refund\.updated\n +refund\.failed\nnot needed +charge\.succeeded$/m);
    await says(path, 'warning', /does not send: refund\.updated refund\.failed$/, /^talatctl webhook set$/);
    assert.equal((await webhook(path, 'set')).code, 0);
    assert.deepEqual((await ours())[0].enabled_events, needed);
    assert.equal((await webhook(path)).code, 0);
});

test('one that was switched off is switched on', { skip }, async () => {
    const path = configured(), { id } = await make(needed, { api_version: VERSION });
    await provider('POST', `/${id}`, { disabled: 'true' });
    const got = await webhook(path);
    assert.deepEqual([got.code, /DISABLED/.test(got.out)], [1, true]);
    await says(path, 'warning', /is disabled at the provider/, /talatctl webhook set/);
    await says(configured({ mode: 'staging', demo: 'off' }), 'wrong', /is disabled at the provider/, /talatctl webhook set/);
    assert.match((await webhook(configured({ stripe_webhook_secret: null }), 'set')).out, /stripe_webhook_secret is not set/);
    assert.equal((await ours())[0].status, 'enabled');
});

test('one of another version is told of; of two the better one', { skip }, async () => {
    const path = configured();
    await make(needed, { api_version: '2025-03-31.basil' });
    const got = await webhook(path);
    assert.equal(got.code, 1);
    assert.match(got.out, /2025-03-31\.basil, and the shop speaks another/);
    assert.match(got.out, /cannot be changed: delete it/);
    await says(path, 'warning', /of version 2025-03-31\.basil, the shop speaks 2026-07-29\.dahlia/, /delete it/);
    const set = await webhook(path, 'set');
    assert.equal(set.code, 0);
    assert.match(set.out, /of version 2025-03-31\.basil.*cannot be changed/);
    await make(needed);
    const own = await webhook(path);
    assert.match(own.out, /2 endpoints have this address/);
    await make(needed, { api_version: VERSION });
    const best = await webhook(path);
    assert.deepEqual([best.code, best.out.includes(VERSION), /3 endpoints/.test(best.out)], [1, true, true]);
    await says(path, 'warning', /3 endpoints at the provider have our address/, /delete all but one/);
});

test('a key that may not, a provider that is away, and too many', { skip }, async () => {
    const path = configured(), fault = (method, more) => switches({ faults: [{ match: `${method} /v1/webhook_endpoints*`, times: null, ...more }] });
    await fault('GET', { do: 'status', status: 403 });
    const looks = await webhook(path);
    assert.equal(looks.code, 1);
    assert.match(looks.err, /needs the right "Webhook Endpoints": Read\n.*talatctl webhook events/);
    const all = await says(path, 'ok', /may not look/, /"Webhook Endpoints": Read/);
    assert.ok(!all.some(({ what }) => /no endpoint/.test(what)));
    await fault('POST', { do: 'status', status: 403 });
    const sets = await webhook(path, 'set');
    assert.equal(sets.code, 1);
    assert.match(sets.err, /needs the right "Webhook Endpoints": Write/);
    await fault('GET', { do: 'close' });
    assert.equal((await webhook(path)).code, 1);
    assert.ok(!(await found(path)).some(({ what }) => /no endpoint/.test(what)), 'that is nobody\'s endpoint');
    await calm();
    for (let i = (await those()).length; i < 16; i++) await make(['charge.failed'], { url: `${elsewhere}/${i}` });
    const full = await webhook(path, 'set');
    assert.equal(full.code, 1);
    assert.match(full.err, /maximum of 16/);
});

test('an answer that is lost makes no second one', { skip }, async () => {
    const path = configured();
    for (const how of ['drop', 'truncate']) {
        await switches({ faults: [{ match: 'POST /v1/webhook_endpoints', do: how, times: 1 }] });
        const made = await webhook(path, 'set');
        assert.equal(made.code, 0, made.err);
        assert.match(made.out, /^stripe_webhook_secret = whsec_\w{32}$/m);
        const [{ id }, ...more] = await ours();
        assert.equal(more.length, 0, how);
        await provider('DELETE', `/${id}`);
    }
});

test('where nobody from outside can reach, nothing is made; the rest is misuse', { skip }, async () => {
    for (const base_url of ['https://localhost', 'https://127.0.0.1:8443', url]) {
        const got = await webhook(configured({ mode: 'staging', demo: 'off', base_url }), 'set');
        assert.equal(got.code, 1, got.out);
        assert.match(got.err, /base_url/);
        assert.equal((await those()).length, 1);
    }
    for (const words of [['unset'], ['set', 'now'], ['events', 'x']]) {
        const got = await webhook(configured(), ...words);
        assert.equal(got.code, 2);
        assert.match(got.err, /usage: talatctl webhook \[events \| set\]/);
    }
    const without = await webhook(configured({ stripe_key: null }));
    assert.equal(without.code, 1);
    assert.match(without.err, /no payment provider is configured/);
});
