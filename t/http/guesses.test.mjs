// Who guesses: passwords and codes, thousands at a time, of one account and of many, from one address
// and from everywhere; and how long an answer takes, by which an account must not be told from
// none. TALAT_GUESSES (1,000) tries of each kind, TALAT_SAMPLES (1,000) answers of each form.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Node } from './node.mjs';
import { skip as noStack, Browser, agents, ask, calm, mailedCode, one, quote, waitsOn } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const TRIES = Number(process.env.TALAT_GUESSES ?? 1000), AT_ONCE = 40, CHECKS = 10;
const node = new Node({ proxies: '127.0.0.1', limits: 'on', limit_classes: 'general-address 100000/60,logins-address 100000/900', web_workers: 3, slow_workers: 1 },
    {}, ['UNCOUNTED=0.0.0.0/0']); // nginx's own brake would be there first
const agent = agents(), run = Date.now();

before(async () => {
    if (skip) return;
    await calm();
    await node.start();
});
after(async () => { if (!skip) await node.stop(); });

const block = 1 + run % 120; // of addresses, another each time
const address = (n) => `${block + 100}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const at = (n) => ({ to: node.at, agent, headers: { 'x-forwarded-for': address(n) } });
const guess = (email, from, password = `wrong ${from}`) => {
    const { headers, ...more } = at(from);
    return ask('/api/auth/login', { ...more, body: JSON.stringify({ email, password }), headers: { ...headers, 'content-type': 'application/json' } });
};
// `of(i)` for each i, so many at a time: how often each status was the answer.
async function all(n, of) {
    const tally = {};
    let i = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        while (i < n) {
            const { status } = await of(i++);
            tally[status] = (tally[status] ?? 0) + 1;
        }
    }));
    return tally;
}
async function owner(name) {
    const email = `${name}.${run}@example.test`, password = 'seven slow lanterns';
    return { email, password, browser: await new Browser().register({ name: 'Mali', email, password }) };
}

test('SE-01 of thousands of tries at one account ten are looked at, and its owner stays in', { skip, timeout: 600000 }, async (t) => {
    const { email, password, browser } = await owner('one');
    const tally = await all(TRIES, (i) => guess(email, i));
    t.diagnostic(JSON.stringify(tally));
    assert.deepEqual(Object.keys(tally).filter((status) => !['401', '429'].includes(status)), []);
    assert.ok(tally[401] > 0 && tally[401] <= CHECKS, `${tally[401]} were looked at`);
    assert.equal((await browser.get('/account')).status, 200, 'who is logged in stays so');
    await waitsOn(email);
    assert.equal((await guess(email, TRIES + 1, password)).status, 429, 'the right one is not looked at either');
    const known = await browser.send('/login', { ...at(TRIES + 2), form: { email, password, csrf: browser.jar.get('__Host-csrf') } });
    assert.equal(known.status, 303, 'but from a browser the owner has used before');
});

test('SE-01 of thousands of tries at as many accounts an address has a hundred', { skip, timeout: 600000 }, async (t) => {
    const { email, password } = await owner('sprayed'), from = 1 << 20;
    const tally = await all(TRIES, (i) => guess(i === TRIES - 1 ? email : `nobody.${i}.${run}@example.test`, from));
    t.diagnostic(JSON.stringify(tally));
    assert.deepEqual(tally, { 401: 100, 429: TRIES - 100 });
    assert.equal((await guess(email, from + 1, password)).status, 200, 'from elsewhere the account is open');
});

test('SE-01 many addresses, many accounts: each account has ten', { skip, timeout: 600000 }, async (t) => {
    const mine = await owner('many'), emails = [mine.email, ...Array.from({ length: 5 }, (_, i) => `many.${i}.${run}@example.test`)], looked = {};
    const tally = await all(TRIES, async (i) => {
        const email = emails[i % emails.length], got = await guess(email, (2 << 20) + i);
        if (got.status === 401) looked[email] = (looked[email] ?? 0) + 1;
        return got;
    });
    t.diagnostic(JSON.stringify(tally));
    assert.equal(Object.keys(looked).length, emails.length);
    for (const [email, n] of Object.entries(looked)) assert.ok(n <= CHECKS, `${email}: ${n}`);
    assert.equal((await mine.browser.get('/account')).status, 200);
});

test('SE-01 a code by mail has five tries, from however many addresses', { skip, timeout: 600000 }, async (t) => {
    const email = `code.${run}@example.test`, browser = new Browser();
    await browser.get('/register');
    await browser.post('/register', { name: 'Mali', email, password: 'seven slow lanterns' });
    const right = await mailedCode(email), wrong = right === '000000' ? '111111' : '000000', form = { csrf: browser.jar.get('__Host-csrf'), code: wrong };
    const tally = await all(TRIES, (i) => { // each as if it were the first: what is set is not taken up
        const { headers, ...more } = at((3 << 20) + i);
        return ask('/verify', { ...more, form, headers: { ...headers, cookie: browser.cookie, accept: 'application/json', 'sec-fetch-site': 'same-origin' } });
    });
    t.diagnostic(JSON.stringify(tally));
    assert.deepEqual(Object.keys(tally), ['422']);
    assert.equal(one(`select tries from auth.code where address = ${quote(email)}`), 5);
    assert.equal((await browser.post('/verify', { code: right })).status, 422, 'the right one comes too late');
    assert.equal(one(`select count(*) from auth.person where email = ${quote(email)}`), 0);
});

// The forms are asked in the C tests, in turn for known and unknown; hashing takes most of the time,
// so the two that hash go side by side.
test('SE enumeration: no form takes longer for an account that there is', { skip, timeout: 3600000 }, async (t) => {
    const samples = process.env.TALAT_SAMPLES ?? '1000';
    const ask = (...which) => new Promise((done) => {
        let said = '';
        const child = spawn(join(process.env.TALAT_BUILD, 't/tests'), which.map((name) => `timing/SE_enumeration_${name}`), { env: { ...process.env, TALAT_SAMPLES: samples } });
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => { said += part; });
        child.on('close', (code) => done({ code, said }));
    });
    for (const { code, said } of await Promise.all([ask('a_login'), ask('registering', 'asking')])) {
        assert.equal(code, 0, said);
        assert.match(said, /^ok 1 /m);
        assert.doesNotMatch(said, /# SKIP/i, said);
        assert.doesNotMatch(said, /^not ok/m, said);
        for (const [line] of said.matchAll(/^# .*$/gm)) t.diagnostic(line.slice(2));
    }
});
