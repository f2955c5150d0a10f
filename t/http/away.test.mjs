// What the shop does while one of its parts is away, and how soon it is itself again. Parts
// are stopped and started by ./dev, which works on the stack of this check (TALAT_VAR).
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hadNoTime, stopwatch } from './shop.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { TALAT_URL: url, TALAT_VAR: folder } = process.env;
const skip = !url || !folder;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
function dev(...words) {
    const ran = spawnSync(join(top, 'dev'), words, { encoding: 'utf8' });
    assert.equal(ran.status, 0, `dev ${words.join(' ')}: ${ran.stderr}`);
}
async function get(path, headers = {}) {
    const got = await fetch(url + path, { redirect: 'manual', headers: { accept: 'text/html', connection: 'close', ...headers } });
    if (hadNoTime({ status: got.status, headers: { 'x-request-id': got.headers.get('x-request-id') } })) return get(path, headers);
    return { status: got.status, headers: got.headers, body: await got.text() };
}
const health = async () => JSON.parse((await get('/health')).body);
// How long until the answer is as wanted; fails after the five seconds the shop has.
async function again(path, is) {
    const taken = stopwatch(), end = Date.now() + 60000;
    let got;
    do {
        got = await get(path);
        if (is(got)) return Math.round(taken());
        await sleep(50);
    } while (taken() < 5000 && Date.now() < end);
    return assert.fail(`${path} after 5 s: ${got.status} ${got.body.slice(0, 300)}`);
}
async function metric(name) {
    const line = (await get('/metrics')).body.split('\n').find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
    return line && Number(line.split(' ').at(-1));
}

after(() => {
    if (skip) return;
    for (const part of ['postgres', 'redis', 'web', 'slow', 'work']) dev('start', part);
});

test('PostgreSQL away: kept pages are shown, others say 503 and when to come back', { skip }, async (t) => {
    assert.equal((await get('/products')).status, 200);
    dev('stop', 'postgres');
    const kept = await get('/products');
    const other = await get('/products/none-such');
    const json = await get('/products/none-such', { accept: 'application/json' });
    const well = await get('/health');
    dev('start', 'postgres');
    t.diagnostic(`well again after ${await again('/health', ({ status }) => status === 200)} ms`);
    await again('/products/none-such', ({ status }) => status === 404);
    assert.equal(kept.status, 200);
    assert.match(kept.body, /<html/);
    assert.equal(other.status, 503, other.body.slice(0, 300));
    assert.match(other.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.match(other.body, /<html/);
    assert.equal(json.status, 503);
    assert.match(json.headers.get('content-type'), /^application\/json/);
    JSON.parse(json.body);
    assert.equal(well.status, 503);
    assert.equal(JSON.parse(well.body).postgres, false);
});

test('Redis away: pages, cart and forms go on, and the metrics say so', { skip }, async (t) => {
    dev('stop', 'redis');
    const home = await get('/'), cart = await get('/cart'), login = await get('/login'), now = await health();
    const alone = await metric('talat_limits_local_total');
    dev('start', 'redis');
    const found = await again('/health', ({ body }) => JSON.parse(body).redis === true);
    t.diagnostic(`Redis is found again after ${found} ms`);
    assert.deepEqual([home.status, cart.status, login.status], [200, 200, 200]);
    assert.equal(now.redis, false);
    assert.equal(now.postgres, true);
    assert.ok(alone > 0, 'talat_limits_local_total');
});

test('no workers: a friendly page in the language of the path, and back at once', { skip }, async () => {
    dev('stop', 'web');
    const got = { en: await get('/cart'), th: await get('/th/cart'), vi: await get('/vi/cart') };
    dev('start', 'web');
    for (const [lang, { status, headers, body }] of Object.entries(got)) {
        assert.equal(status, 503);
        assert.match(headers.get('retry-after'), /^\d+$/);
        assert.match(body, new RegExp(`<html lang="${lang}">`));
        assert.ok(body.includes(headers.get('x-request-id')), 'the id of the request');
        assert.equal(headers.get('x-content-type-options'), 'nosniff');
    }
    await again('/cart', ({ status }) => status === 200);
});

test('a reload drops no request of 32 clients', { skip }, async (t) => {
    const { status } = await get('/cart');
    assert.equal(status, 200);
    const said = spawnSync(join(top, 'dev'), ['status', '--json'], { encoding: 'utf8' });
    const { processes } = JSON.parse(said.stdout);
    let going = true, answers = 0;
    const bad = [];
    const client = async () => {
        while (going) {
            const got = await get('/cart').catch((error) => ({ status: 0, body: String(error.cause ?? error) }));
            answers++;
            if (got.status !== 200) bad.push(`${got.status} ${got.body.slice(0, 100)}`);
        }
    };
    const clients = Array.from({ length: 32 }, client);
    for (let i = 0; i < 5; i++) {
        await sleep(400);
        process.kill(processes.web, 'SIGHUP');
    }
    for (let i = 0; i < 600 && (i < 6 || answers <= 100); i++) await sleep(100);
    going = false;
    await Promise.all(clients);
    t.diagnostic(`${answers} answers over 5 reloads`);
    assert.deepEqual(bad, []);
    assert.ok(answers > 100);
});
