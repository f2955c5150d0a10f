// Accounts over sockets: many at once, and ended everywhere within a second.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Browser, admin, mailTo, mailedCode, one, quote, skip, sql, within } from './shop.mjs';

const fresh = () => `acct.${Date.now()}.${Math.random().toString(36).slice(2, 8)}@example.test`;
const password = 'seven quiet lanterns';

test('ID-12 of fifty who use one code at once one makes the account', { skip, timeout: 180000 }, async () => {
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

test('ID-02 of fifty who use one link at once one sets the password, and all sessions end', { skip, timeout: 180000 }, async () => {
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
    await within(1000, async () => (await owner.get('/account')).status === 303, 'the session lives on');
    const winner = asked.findIndex(({ status }) => status === 303);
    await new Browser().login(email, `lanterns of number ${winner}`);
});

test('no account is closed while its logins go on', { skip, timeout: 180000 }, async () => {
    const email = fresh();
    const person = await new Browser().register({ name: 'Ann', email, password });
    const house = await admin();
    const { accounts } = JSON.parse((await house.get(`/admin/accounts.json?q=${email}`)).body);
    const block = () => house.post(`/admin/accounts/${accounts[0].id}/block`, { reason: 'Stolen card' });
    const fails = `fails_${Date.now()}`;
    const id = one(`select id from auth.person where email = ${quote(email)}`);
    sql(`create function ${fails}() returns trigger language plpgsql as $$ begin raise exception 'away'; end $$;
        create trigger ${fails} before update of ended_at on auth.device for each row
            when (old.person_id = ${id}) execute function ${fails}()`);
    try {
        assert.equal((await block()).status, 500);
    } finally {
        sql(`drop function ${fails} cascade`);
    }
    assert.equal(sql(`select blocked_at is null from auth.person where email = ${quote(email)}`).trim(), 't');
    assert.equal((await block()).status, 303);
    await within(1000, async () => (await person.get('/account')).status === 303, 'the session lives on');
    assert.equal((await house.post(`/admin/accounts/${accounts[0].id}/unblock`)).status, 303);
});
