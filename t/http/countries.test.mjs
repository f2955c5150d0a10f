// Countries of logins through nginx and workers that go on while the map of addresses is changed.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countries } from './countries.mjs';
import { Node } from './node.mjs';
import { skip as noStack, Browser, agents, ask, one, quote, rows, sleep, sql } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const place = skip ? '' : mkdtempSync(join(tmpdir(), 'talat-countries-')), file = join(place, 'country.mmdb');
const node = new Node({ proxies: '127.0.0.1', country_file: file, limits: 'on', limit_classes: 'general-address 100000/60,logins-address 100000/900', web_workers: 3, slow_workers: 1 },
    {}, ['UNCOUNTED=0.0.0.0/0']);
const agent = agents(), run = Date.now(), password = 'seven slow lanterns';

const replace = (halves) => { writeFileSync(`${file}.new`, countries(halves), { mode: 0o644 }); renameSync(`${file}.new`, file); };
before(async () => {
    if (skip) return;
    chmodSync(place, 0o755); // the workers run as somebody else
    replace(['TH', 'VN']);
    await node.start();
});
after(async () => {
    if (skip) return;
    await node.stop();
    rmSync(place, { recursive: true, force: true });
});

async function somebody(name) {
    const email = `${name}.${run}@example.test`;
    await new Browser().register({ name: 'Mali', email, password });
    return { email, id: one(`select id from auth.person where email = ${quote(email)}`) };
}
const logIn = (email, from) => ask('/api/auth/login', { to: node.at, agent, body: JSON.stringify({ email, password }), headers: { 'x-forwarded-for': from, 'content-type': 'application/json' } });
const countriesOf = (id) => rows(`select country from auth.device where person_id = ${id} order by id`).map(({ country }) => country);

test('SE-14 staff who come from a new country twelve times at once are told of once', { skip, timeout: 180000 }, async (t) => {
    const { email, id } = await somebody('abroad');
    t.after(() => sql(`delete from auth.member where person_id = ${id}`));
    sql(`insert into auth.member (organisation_id, person_id, place) values (1, ${id}, 'viewer')`);
    assert.equal((await logIn(email, '12.0.0.9')).status, 200);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => logIn(email, `200.0.${i}.9`)));
    assert.deepEqual(answers.map(({ status }) => status), Array(12).fill(200));
    assert.deepEqual(countriesOf(id).slice(-13), ['TH', ...Array(12).fill('VN')]);
    assert.deepEqual(rows(`select kind, country, count from watch.alert where person_id = ${id} and kind = 'new-country'`), [{ kind: 'new-country', country: 'VN', count: 1 }]);
    assert.equal(one(`select count(*) from audit.entry where action = 'new_country' and thing_id = '${id}' and person_id = ${id} and source like 'web %'`), 1);
});

test('SE-14 a map may be replaced, or written over, while people log in', { skip, timeout: 180000 }, async (t) => {
    const { email, id } = await somebody('moving'), pids = node.workers('web');
    let goesOn = true, n = 0;
    const logins = Array.from({ length: 4 }, async (_, lane) => {
        for (; goesOn; n++) assert.equal((await logIn(email, `12.0.${lane}.9`)).status, 200);
    });
    for (let i = 0; i < 40 || (n <= 20 && i < 2000); i++) {
        if (i % 2) replace(['TH', 'VN']);
        else writeFileSync(file, i % 4 ? countries(['TH', 'VN']) : 'torn');
        await sleep(50);
    }
    goesOn = false;
    await Promise.all(logins);
    t.diagnostic(`${n} logins`);
    assert.ok(n > 20);
    assert.deepEqual(node.workers('web'), pids, 'no worker has died of it');
    assert.deepEqual(countriesOf(id).filter((code) => !['TH', ''].includes(code)), []);
});
