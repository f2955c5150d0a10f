// Accounts over sockets: many at once, and ended everywhere within a second.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Browser, mailTo, mailedCode, skip, until } from './shop.mjs';

const fresh = () => `acct.${Date.now()}.${Math.random().toString(36).slice(2, 8)}@example.test`;
const password = 'seven quiet lanterns';

test('ID-12 of fifty who use one code at once one makes the account', { skip, timeout: 60000 }, async () => {
    const email = fresh();
    const first = new Browser();
    await first.get('/register');
    assert.equal((await first.post('/register', { name: 'Ann', email, password })).status, 303);
    const code = await mailedCode(email);
    const all = await Promise.all(Array.from({ length: 50 }, async () => {
        const browser = new Browser();
        await browser.get('/verify');
        return browser.post('/verify', { email, code, password });
    }));
    const by = all.map(({ status }) => status);
    assert.equal(by.filter((status) => status === 303).length, 1, JSON.stringify(by));
    assert.ok(by.every((status) => [303, 422, 429, 503].includes(status)), JSON.stringify(by));
});

test('ID-02 of fifty who use one link at once one sets the password, and all sessions end', { skip, timeout: 60000 }, async () => {
    const email = fresh();
    const owner = await new Browser().register({ name: 'Ann', email, password });
    await owner.get('/password/forgotten');
    await owner.post('/password/forgotten', { email });
    const token = /\/password\/new\?token=([0-9a-f]+)/.exec(await mailTo(email, (text) => text.includes('/password/new')))[1];
    const asked = await Promise.all(Array.from({ length: 50 }, async (_, i) => {
        const browser = new Browser();
        await browser.get('/login');
        return browser.post('/password/new', { token, password: `lanterns of number ${i}` });
    }));
    const by = asked.map(({ status }) => status);
    assert.equal(by.filter((status) => status === 303).length, 1, JSON.stringify(by));
    const from = Date.now();
    await until(async () => (await owner.get('/account')).status === 303, 1000, 'the session lives on');
    assert.ok(Date.now() - from <= 1000);
    const winner = asked.findIndex(({ status }) => status === 303);
    await new Browser().login(email, `lanterns of number ${winner}`);
});
