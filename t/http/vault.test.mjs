// Sealed columns through backups: the keys are in no backup, a new master key takes over, and what
// was destroyed stays closed whatever is restored. In a database and folders of its own.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import { skip as noStack, Browser, admin, ask, buyer as buyerOf, confPath, goods, holdOn, rows, run, sleep, sql, text } from './shop.mjs';

const talatctl = process.env.TALAT_APP && join(process.env.TALAT_APP, 'bin/talatctl');
const skip = noStack || !talatctl;
const bin = '/usr/lib/postgresql/15/bin/', database = 'talat_vault';
const place = skip ? '' : mkdtempSync(join(tmpdir(), 'talat-vault-'));
const folder = (name) => join(place, name);
const shell = (program, args, more = {}) => spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 27, ...more });
const asked = (text, at = database) => {
    const got = shell(`${bin}psql`, ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', run, '-U', 'postgres', '-d', at, '-c', text]);
    assert.equal(got.status, 0, got.stderr);
    return got.stdout.trim();
};
function shop(name, changes) {
    const lines = readFileSync(confPath, 'utf8').split('\n').filter((line) => !Object.keys(changes).some((key) => line.startsWith(`${key} =`)));
    writeFileSync(folder(`${name}.conf`), [...lines, ...Object.entries(changes).map(([key, value]) => `${key} = ${value}`), ''].join('\n'));
    return (...words) => {
        const got = shell(talatctl, ['--config', folder(`${name}.conf`), ...words]);
        return { code: got.status, said: got.stdout + got.stderr };
    };
}
const OWN = "the shop's own"; // as people name folders
const own = skip ? {} : { pg: `host=${run} user=talat_app dbname=${database}`, pg_owner: `host=${run} user=talat_owner dbname=${database}`,
    redis: folder('no-redis.sock'), media_dir: folder('media'), cache_dir: folder('cache'), backup_dir: folder(OWN) };
const here = skip ? null : shop('here', { backup_dir: folder('stack') });
const there = skip ? null : shop('there', own);
const ok = (got) => { assert.equal(got.code, 0, got.said); return got.said; };
const open = (got) => Number(/^(\d+) sealed values open/m.exec(ok(got))[1]);
const closed = (got) => Number(/, (\d+) are closed/.exec(ok(got))[1]);
const newest = (dir) => join(dir, readdirSync(dir).filter((name) => name.startsWith('talat-')).sort().at(-1));
const STREET = '77 Sealed Lane', PHONE = '0876543210'; // of one order, and of nothing else
const WHO = { name: 'Zqmali Sealed', email: `zq.${randomBytes(4).toString('hex')}@example.test`, city: 'Zqburi Nakhon' };
const words = () => asked(`select words from orders.words where order_id = ${order.id}`);
const buyer = () => asked(`select email || '|' || name || '|' || (address ->> 'city') from orders."order" where id = ${order.id}`);
const mailed = () => asked(`select (select string_agg(recipient, '') from notify.mail where order_id = ${order.id}) || '|'
    || (select string_agg(request ->> 'email', '') from payments.attempt where order_id = ${order.id})`);
let values, backup, order;

after(() => {
    if (skip) return;
    for (const name of ['', '_restore', '_before_restore']) asked(`drop database if exists ${database}${name} with (force)`, 'postgres');
    rmSync(place, { recursive: true, force: true });
});

test('SE-09 a provider\'s secret is sealed in the database, and the keys are in no backup', { skip, timeout: 180000 }, async () => {
    const json = { 'content-type': 'application/json' };
    const got = JSON.parse((await ask('/api/auth/login', { body: JSON.stringify({ email: 'shopper@example.test', password: 'market-day-demo' }), headers: json })).body);
    const sold = await ask('/api/orders', { body: JSON.stringify({ items: [{ sku: goods().sku, quantity: 1 }], paymentMethod: 'stripe' }),
        headers: { ...json, authorization: `Bearer ${got.accessToken}`, 'idempotency-key': randomBytes(9).toString('hex') } });
    assert.ok(sold.status < 300, sold.body);
    const { payment: { clientSecret, paymentId } } = JSON.parse(sold.body);
    const [{ client_secret: sealed }] = rows(`select client_secret from payments.attempt where payment_id = '${paymentId}'`);
    assert.match(sealed, /^v1\.\d+\.[\w-]{40,}$/);
    const mali = new Browser();
    order = await mali.order(goods().sku, 1, { line1: STREET, phone: PHONE, ...WHO });
    sql(`insert into notify.mail (order_id, template, cause, recipient, lang) values (${order.id}, 'order_paid', 'vault:${order.id}', '${WHO.email}', 'en')`);
    sql(`insert into payments.event (provider, event_id, kind, body, applied_at, outcome) values ('stripe', 'evt_vault_${order.id}', 'charge.updated',
        '{"billing_details":{"email": "${WHO.email}","name":"${WHO.name}","address":{"city":"${WHO.city}"}},"receipt_email":"\\"${WHO.email}\\u0022"}', now(), 'vault')`);
    const half = new Browser();
    await half.add(goods().sku, 1);
    await half.post('/checkout', { ...buyerOf(), ...WHO, line1: STREET, phone: PHONE });
    await mali.get(order.path); // its link opens it in this browser
    for (const said of [STREET, PHONE]) assert.ok(text((await mali.get(order.page)).body).includes(said));
    values = open(here('keys', 'check'));
    assert.ok(values >= 1);
    holdOn();
    ok(here('backup', '--to', folder('stack')));
    backup = newest(folder('stack'));
    const dumped = shell(`${bin}pg_restore`, ['-f', '-', join(backup, 'database.dump')]).stdout;
    const kept = (file) => (file.endsWith('.gz') ? gunzipSync(readFileSync(join(backup, file))).toString() : readFileSync(join(backup, file), 'utf8'));
    const attempts = kept('rows/payments.attempt.gz');
    assert.ok(attempts.includes(sealed) && !attempts.includes(clientSecret));
    assert.ok(kept('rows/orders.order.gz').includes(order.number));
    for (const file of [null, ...readdirSync(join(backup, 'rows')).map((name) => join('rows', name)), 'names', 'manifest.json']) {
        const text = file ? kept(file) : dumped;
        for (const said of [...Object.values(WHO), STREET, PHONE]) assert.ok(!text.toLowerCase().includes(said.toLowerCase()), `${said} is in ${file ?? 'the dump'}`);
    }
    for (const { wrapped } of rows("select wrapped from vault.key where wrapped <> ''")) assert.ok(!dumped.includes(wrapped), 'a key is in the backup');
    assert.ok(readFileSync(folder('stack/keys'), 'utf8').includes('"wrapped":'));
    assert.equal(statSync(folder('stack/keys')).mode & 0o77, 0);
});

test('SE-11 restored elsewhere it opens with the list of keys, and not without', { skip, timeout: 180000 }, () => {
    const alone = folder('alone'); // without the list of keys: on another machine, where no shop is
    shell('cp', ['-al', backup, alone]);
    const refused = there('restore', alone);
    assert.equal(refused.code, 1);
    assert.match(refused.said, /the buyers of [1-9]\d* rows cannot be read.*`keys`.*--without-names/s);
    assert.equal(asked(`select count(*) from pg_database where datname like '${database}%'`, 'postgres'), '0');
    ok(there('restore', alone, '--without-names'));
    assert.equal(buyer(), '||');
    assert.match(ok(there('restore', backup, '--replace')), /names and addresses of buyers: [1-9]\d* rows are open\n(?!warning)/);
    assert.equal(open(there('keys', 'check')), values);
    assert.equal(buyer(), `${WHO.email}|${WHO.name}|${WHO.city}`);
    assert.equal(mailed(), `${WHO.email}|${WHO.email}`);
    assert.ok(words().includes(WHO.email) && words().includes('zqmali'));
    assert.equal(asked(`select count(*) from checkout.draft where email = '${WHO.email}' and name = '${WHO.name}' and address ->> 'city' = '${WHO.city}'`), '2');
    const most = asked('select max(id) from orders."order"');
    for (const [table, id, columns] of [['orders."order"', 'id', 'email, name, address'], ['payments.attempt', 'order_id', 'request']]) {
        const all = `select count(*) || ' ' || md5(string_agg((id, ${columns})::text, '|' order by id)) from ${table} where ${id} <= ${most}`;
        assert.equal(asked(all), asked(all, 'talat'), table);
    }
    asked('delete from vault.key');
    const without = there('keys', 'check');
    assert.equal(open(without), 0);
    assert.equal(closed(without), values);
});

test('SE-09 what an older version left plain is named by the doctor and sealed at once when asked', { skip, timeout: 180000 }, () => {
    ok(there('restore', backup, '--replace'));
    asked(`update orders."order" set phone = '${PHONE}', sealed = '', clues = '{}', keeper = 0, address = address || '{"line1": "${STREET}"}' where sealed <> ''`);
    const plain = Number(asked('select count(*) from orders."order" where phone <> \'\''));
    assert.match(there('doctor').said, new RegExp(`${plain} addresses of an older version are not sealed yet`));
    assert.equal(ok(there('keys', 'seal')), `${plain} values sealed that were plain\n`);
    assert.equal(open(there('keys', 'check')), values);
    const dump = shell(`${bin}pg_dump`, ['-h', run, '-U', 'postgres', database]).stdout;
    assert.ok(dump.includes(order.number) && !dump.includes(STREET) && !dump.includes(PHONE));
    assert.doesNotMatch(there('doctor').said, /not sealed yet/);
});

test('SE-11 a new master key takes over; the one of before then opens nothing', { skip, timeout: 180000 }, () => {
    ok(there('restore', backup, '--replace'));
    writeFileSync(folder('master'), `${'m'.repeat(43)}\n`, { mode: 0o600 });
    const anew = shop('anew', { ...own, master_key_file: folder('master') });
    assert.match(anew('keys').said, /under another master key/);
    assert.match(ok(anew('keys', 'rewrap')), /^[1-9]\d* keys are under the master key/);
    assert.equal(open(anew('keys', 'check')), values);
    assert.equal(there('keys', 'check').code, 1, 'the old one opens it still');
    assert.match(there('keys', 'check').said, /another master key/);
    assert.match(there('doctor').said, /[1-9]\d* keys of the database are under another master key/);
    assert.doesNotMatch(anew('doctor').said, /under another master key/);
    asked("select setval('vault.key_id_seq', last_value + 5000000) from vault.key_id_seq"); // years later
    assert.match(ok(anew('keys', 'renew')), new RegExp(`^[1-9]\\d* new keys, ${values} values sealed anew`));
    assert.equal(open(anew('keys', 'check')), values);
    ok(anew('restore', backup, '--replace')); // keys of the shop that was there come with their numbers
    const [most, next] = asked('select max(id), (select last_value from vault.key_id_seq) from vault.key').split('|').map(Number);
    assert.ok(most > 5000000 && next >= most, `the next key after ${next} will be one of those up to ${most}`);
    const wrong = shell(talatctl, ['--config', folder('there.conf'), 'keys', 'check'], { env: { ...process.env, TALAT_MASTER_KEY: 'w'.repeat(40) } });
    assert.equal(wrong.status, 1);
});

test('SE-11 a backup with its secrets is read by them, though the master key was another since', { skip, timeout: 180000 }, () => {
    const key = (name, letter) => { writeFileSync(folder(name), `${letter.repeat(43)}\n`, { mode: 0o600 }); return folder(name); };
    copyFileSync(readFileSync(confPath, 'utf8').match(/^secret_file = (.*)$/m)[1], folder('own-secret'));
    const words = { ...own, secret_file: folder('own-secret'), backup_dir: folder('with-secrets') };
    const then = shop('then', { ...words, master_key_file: key('key-of-then', 'a') });
    const changing = shop('changing', { ...words, master_key_file: key('key', 'b'), master_key_before_file: folder('key-of-then') });
    const now = shop('now', { ...words, master_key_file: folder('key') });
    for (const name of ['', '_before_restore']) asked(`drop database if exists ${database}${name} with (force)`, 'postgres'); // the keys there are under another
    ok(there('restore', backup));
    ok(then('keys', 'rewrap'));
    ok(then('backup', '--with-secrets'));
    ok(changing('keys', 'rewrap'));
    assert.equal(open(now('keys', 'check')), values);
    ok(now('restore', newest(folder('with-secrets')), '--replace', '--with-secrets'));
    assert.equal(readFileSync(folder('key'), 'utf8').trim(), 'a'.repeat(43));
    assert.equal(open(now('keys', 'check')), values);
    assert.equal(buyer(), `${WHO.email}|${WHO.name}|${WHO.city}`);
});

test('SE-11 a second after its key was destroyed no worker shows an address, and all pages stand', { skip, timeout: 180000 }, async () => {
    const staff = await admin(), mali = new Browser();
    await mali.get(order.path);
    const pages = async () => [...await Promise.all([1, 2, 3, 4].map(() => mali.get(order.page))), await staff.get(`/admin/orders/${order.number}`)];
    for (const { body } of await pages()) assert.ok(text(body).includes(STREET));
    const [{ wrapped }] = rows("select wrapped from vault.key where whose = 'organisation' and is_current");
    sql("update vault.key set wrapped = '' where whose = 'organisation' and is_current");
    try {
        await sleep(1000);
        for (const got of await pages()) {
            assert.equal(got.status, 200);
            assert.ok(!text(got.body).includes(STREET) && !text(got.body).includes(PHONE));
            assert.match(text(got.body), /The address can no longer be read/);
        }
    } finally {
        sql(`update vault.key set wrapped = '${wrapped}' where whose = 'organisation' and is_current`);
    }
});

test('SE-11 what was destroyed stays closed, also out of a backup with its old list of keys', { skip, timeout: 180000 }, () => {
    asked('delete from vault.key'); // those of the test before, under its master key
    rmSync(folder(OWN), { recursive: true, force: true });
    ok(there('restore', backup, '--replace'));
    ok(there('backup', '--to', folder(OWN)));
    const old = newest(folder(OWN));
    copyFileSync(folder(`${OWN}/keys`), folder('keys-of-before'));
    assert.equal(there('keys', 'destroy', 'organisation', 'house').code, 2, 'not without the last word');
    ok(there('keys', 'destroy', 'organisation', 'house', '--for-ever'));
    asked("update vault.key set wrapped = '' where whose in ('house', 'person')"); // and those that no command destroys
    copyFileSync(folder('keys-of-before'), folder(`${OWN}/keys`));
    assert.match(ok(there('restore', old, '--replace')), /^warning: [1-9]\d* rows stay without the buyer's name/m);
    assert.equal(buyer(), '||');
    assert.equal(mailed(), '|');
    assert.equal(words(), order.number.toLowerCase());
    assert.equal(asked("select string_agg(distinct wrapped, '|') from vault.key"), '');
    assert.deepEqual([open(there('keys', 'check')), closed(there('keys', 'check'))], [0, values]);
});

test('ID-20 who was erased after a backup is erased again when it is restored', { skip, timeout: 180000 }, async () => {
    const own = randomBytes(4).toString('hex'), email = `again.${own}@example.test`, name = `Yolanda Z${own}`, password = 'seven quiet lanterns';
    const browser = await new Browser().register({ name, email, password });
    await browser.get('/account');
    assert.equal((await browser.post('/account/addresses', { name, phone: PHONE, line1: '5 Again Road', city: 'Bang Rak', region: 'Bangkok', postcode: '10500', country: 'TH' })).status, 303);
    const [{ id }] = rows(`select id from auth.person where email = '${email}'`);
    ok(here('backup', '--to', folder('stack')));
    const before = newest(folder('stack')), traces = () => asked(`select (select count(*) from auth.person where email = '${email}' and name = '${name}') + (select count(*) from account.address where name = '${name}')`);
    assert.equal((await browser.post('/account/erase', { old: password, sure: '1' })).headers.location, '/login?done=erased');
    ok(here('keys', 'rewrap'));
    const list = readFileSync(folder('stack/keys'), 'utf8');
    assert.ok(!list.includes(own) && list.trim().split('\n').flatMap((line) => JSON.parse(line).erased ?? []).some((person) => person.id === id), 'the list has numbers only');
    assert.match(ok(there('restore', before, '--replace')), /erased after the backup, and are again: 1$/m);
    assert.equal(traces(), '0');
    const dump = shell(`${bin}pg_dump`, ['-h', run, '-U', 'postgres', database]).stdout;
    assert.ok(dump.includes(`erased-${id}@invalid`) && !dump.includes(own), 'nothing else has a name');
});

test('ID-20 who had no key is erased again beside keys that were made after the backup', { skip, timeout: 180000 }, async () => {
    const of = () => { const own = randomBytes(4).toString('hex'); return { name: `Zoe ${own}`, email: `none.${own}@example.test`, password: 'seven quiet lanterns' }; };
    const none = of(), later = await new Browser().register(of());
    await new Browser().register(none);
    ok(here('backup', '--to', folder('stack')));
    const before = newest(folder('stack'));
    await later.get('/account');
    assert.equal((await later.post('/account/addresses', { name: 'Zoe', phone: PHONE, line1: '5 Later Road', city: 'Bang Rak', region: 'Bangkok', postcode: '10500', country: 'TH' })).status, 303);
    ok(here('keys', 'rewrap'));
    const [{ id, came }] = rows(`select id, (extract(epoch from created_at) * 1000000)::bigint::text as came from auth.person where email = '${none.email}'`);
    assert.equal(rows(`select id from vault.key where whose = 'person' and owner_id = ${id}`).length, 0);
    appendFileSync(folder('stack/keys'), `{"erased": [{"id": ${id}, "came_at": ${came}}]}\n`);
    assert.match(ok(there('restore', before, '--replace')), /erased after the backup, and are again: 1$/m);
    assert.equal(asked(`select wrapped from vault.key where whose = 'person' and owner_id = ${id}`), '');
});

test('SE-11 keys of another shop, which was here before, hide none of the backup\'s', { skip, timeout: 180000 }, () => {
    asked(`update auth.person set created_at = created_at - interval '1 s' where id = (select min(id) from auth.person);
        update vault.key set whose = 'person', owner_id = id + 5000000`);
    ok(there('backup', '--to', folder(OWN))); // its list lies where this machine's lists do
    const said = ok(there('restore', backup, '--replace'));
    assert.equal(open(there('keys', 'check')), values);
    assert.equal(asked('select count(*) from vault.key where owner_id > 5000000'), '0');
    assert.match(said, new RegExp(`^keys of sealed columns: ${asked('select count(*) from vault.key')}$`, 'm'));
});

test('SE-11 a new shop that backs itself up where another\'s backups lie leaves that its keys', { skip, timeout: 180000 }, () => {
    const alone = folder('lost'); // the backup itself has no list beside it
    shell('cp', ['-al', backup, alone]);
    ok(there('restore', backup, '--replace'));
    ok(there('backup'));
    asked(`update auth.person set created_at = created_at + interval '1 s' where id = (select min(id) from auth.person); delete from vault.key`);
    ok(there('backup'));
    ok(there('backup'));
    for (const name of ['', '_before_restore']) asked(`drop database if exists ${database}${name} with (force)`, 'postgres');
    ok(there('restore', alone));
    assert.equal(open(there('keys', 'check')), values);
});

test('the books are proved however long it takes', { skip, timeout: 180000 }, () => {
    const share = folder('share');
    mkdirSync(join(share, 'sql'), { recursive: true });
    for (const name of ['templates', 'static']) symlinkSync(join(process.env.TALAT_APP, 'share', name), join(share, name));
    writeFileSync(join(share, 'sql/prove.sql'), '-- name: I0_slow\nselect \'x\' as what from pg_sleep(6) where false;\n');
    assert.match(ok(shop('slow', { ...own, share_dir: share })('prove')), /holds +I0_slow/);
});

test('who is made a user again has no place in the house any more', { skip, timeout: 180000 }, () => {
    const as = (role) => shell(talatctl, ['--config', folder('there.conf'), 'user', 'add', 'back@example.test', '--role', role], { input: 'zebra-wagon-7731\n' });
    const places = () => asked("select count(*) from auth.member m join auth.person p on p.id = m.person_id where p.email = 'back@example.test'");
    assert.equal(as('admin').status, 0);
    assert.equal(places(), '1');
    assert.equal(as('user').status, 0);
    assert.equal(places(), '0');
});

test('SE-11 the list of keys is whole, however many write it at once', { skip, timeout: 180000 }, async () => {
    asked("insert into vault.key (whose, owner_id, wrapped) select 'person', n, '' from generate_series(7000001, 7002000) n");
    const write = () => new Promise((done) => spawn(talatctl, ['--config', folder('there.conf'), 'keys', 'rewrap'], { stdio: 'ignore' }).on('exit', done));
    assert.deepEqual(await Promise.all([1, 2, 3, 4, 5, 6].map(write)), [0, 0, 0, 0, 0, 0]);
    const list = readFileSync(folder(`${OWN}/keys`), 'utf8').trim().split('\n').flatMap((line) => JSON.parse(line).keys ?? []);
    assert.equal(list.length, Number(asked('select count(*) from vault.key')));
    assert.deepEqual(readdirSync(folder(OWN)).filter((name) => name.startsWith('.keys') && name !== '.keys.lock'), []);
});
