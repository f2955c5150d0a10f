// Codes by text message over sockets: many at once, through the workers and the simulated provider.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Browser, rows, simulator, skip, sql, until } from './shop.mjs';

const fresh = () => `sms.${Date.now()}.${Math.random().toString(36).slice(2, 8)}@example.test`;
const aNumber = () => `+6689${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
const password = 'seven quiet lanterns';
const texts = (number) => simulator(`texts?to=${encodeURIComponent(number)}`);
const register = async () => {
    const email = fresh();
    // What other tests sent within the hour is not this test's.
    sql("update notify.sms set created_at = created_at - interval '25 hours'");
    return { email, browser: await new Browser().register({ name: 'Ann', email, password }) };
};
const tally = (all) => all.reduce((by, { status }) => ({ ...by, [status]: (by[status] ?? 0) + 1 }), {});

test('ID-12 of thirty who ask at once three get their message, and of fifty who show its code one', { skip, timeout: 180000 }, async () => {
    const { email, browser } = await register();
    const number = aNumber();
    await browser.get('/account/phone');
    const asked = tally(await Promise.all(Array.from({ length: 30 }, () => browser.post('/account/phone', { country: 'TH', number }))));
    assert.deepEqual(asked, { 303: 3, 429: 27 });
    const person = Number(sql(`select id from auth.person where email = '${email}'`));
    assert.equal(Number(sql(`select count(*) from notify.sms where person_id = ${person}`)), 3);
    // Those that a newer one took the place of are not sent any more.
    await until(async () => Number(sql(`select count(*) from notify.sms where person_id = ${person} and state in ('sent', 'failed')`)) === 3, 20000, 'messages wait');
    const { messages } = await texts(number);
    assert.ok(messages.length >= 1 && messages.length <= 3, String(messages.length));
    const code = messages.at(-1).body.slice(0, 6);
    const shown = tally(await Promise.all(Array.from({ length: 50 }, () => browser.post('/account/phone/code', { code }))));
    assert.equal(shown[303], 1, JSON.stringify(shown));
    assert.equal(rows(`select count(*) as n from auth.phone where person_id = ${person}`)[0].n, 1);
});

test('NO-03 the provider reports a delivery, signed, and nobody reads the number in a log', { skip, timeout: 180000 }, async () => {
    const { email, browser } = await register();
    const number = aNumber();
    await browser.get('/account/phone');
    assert.equal((await browser.post('/account/phone', { country: 'TH', number })).status, 303);
    const state = () => rows(`select s.state, s.delivery from notify.sms s join auth.person p on p.id = s.person_id where p.email = '${email}'`)[0];
    await until(async () => state().delivery === 'delivered', 20000, 'no report came');
    const { messages } = await texts(number);
    assert.equal(messages.length, 1);
    // The provider hears our answer a moment after it is true here.
    const answered = async () => (await texts(number)).reports.filter(({ sid }) => sid === messages[0].sid).map(({ status, answered: by }) => [status, by]);
    await until(async () => (await answered()).length === 2, 10000, 'a report has no answer');
    assert.deepEqual(await answered(), [['sent', 200], ['delivered', 200]]);
    const code = messages[0].body.slice(0, 6);
    assert.equal((await browser.post('/account/phone/code', { code })).status, 303);
    const logs = join(dirname(process.env.TALAT_CONF), 'log');
    for (const name of readdirSync(logs).filter((file) => file.endsWith('.log'))) {
        // Microseconds, bytes and pids are numbers as well, some of six digits.
        const text = readFileSync(join(logs, name), 'utf8').replace(/"(us|db_us|redis_us|bytes|pid|job|ms|wait)":"\d+"/g, '');
        assert.ok(!text.includes(number.slice(1)), `${name} has the number`);
        assert.ok(!text.includes(`"${code}"`) && !text.includes(`code=${code}`), `${name} has the code`);
    }
});
