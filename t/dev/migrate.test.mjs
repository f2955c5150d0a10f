// The schema's way forward: a database of the first version, taken through every change, must be
// the one that a new shop gets. In databases of its own, beside the shop of the check.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { TALAT_PG: pg, TALAT_CONF: conf, TALAT_APP: app } = process.env;
const skip = !pg || !conf || !app;
const host = /host=(\S+)/.exec(pg ?? '')?.[1];
const bin = '/usr/lib/postgresql/15/bin/';
const dir = mkdtempSync(join(tmpdir(), 'talat-migrate-'));
const share = join(dir, 'share');
const OLD = 'talat_t_old', NEW = 'talat_t_new';

const at = (database, user = 'talat_owner') => `host=${host} user=${user} dbname=${database}`;
const psql = (where, ...words) => execFileSync(`${bin}psql`, ['-XqAt', '-v', 'ON_ERROR_STOP=1', where, ...words], { encoding: 'utf8' }).trim();

// What talatctl migrate says and how it ends, in that database.
let migrations = 0; // each with a file of its own: several at once would read what another is writing
function migrate(database, ...words) {
    const path = join(dir, `${database}-${migrations++}.conf`);
    const lines = readFileSync(conf, 'utf8').split('\n').filter((line) => !/^(pg_owner|share_dir) =/.test(line));
    writeFileSync(path, [...lines, `pg_owner = ${at(database)}`, `share_dir = ${share}`].join('\n'));
    const child = spawn(join(app, 'bin/talatctl'), ['--config', path, 'migrate', ...words]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => { said += part; });
    return new Promise((done) => child.on('close', (code) => done({ code, said })));
}
function make(database) {
    psql(at('postgres', 'postgres'), '-c', `drop database if exists ${database}`, '-c', `create database ${database} owner talat_owner encoding 'UTF8' locale 'C.UTF-8' template template0`);
    psql(at(database, 'postgres'), '-c', 'create extension pg_trgm; create extension unaccent; create extension btree_gin; create extension btree_gist',
        '-c', 'revoke create on schema public from public');
}
const plant = (name, sql) => writeFileSync(join(share, 'sql/change', name), sql);

// A dump without what may differ: a column's place in its table, and comments. Statements are
// sorted, since what is made later is sometimes printed later.
function shape(database) {
    const dump = execFileSync(`${bin}pg_dump`, ['--schema-only', '--no-owner', '-d', at(database, 'postgres')], { encoding: 'utf8', maxBuffer: 1 << 26 });
    const lines = dump.split('\n').filter((line) => line && !/^(--|SET |SELECT pg_catalog|\\)/.test(line));
    const text = lines.join('\n').replace(/^CREATE TABLE (\S+) \(\n([^;]*)\n\);?/gm, (whole, name, columns) =>
        `CREATE TABLE ${name} (\n${columns.split('\n').map((line) => line.replace(/,$/, '')).sort().join('\n')}\n);`);
    return text.split(/;\n/).sort();
}
const owners = (database) => psql(at(database, 'postgres'), '-c', `
    select n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || pg_get_userbyid(c.relowner) || ' ' || c.relrowsecurity::text || c.relforcerowsecurity::text
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pg_|information_schema)'
    union all select p.oid::regprocedure::text || ' ' || pg_get_userbyid(p.proowner)
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^(pg_|information_schema|public)' order by 1`).split('\n');
// What the schema itself puts in: channels, settings. When it was put in does not matter.
const rows = (database) => execFileSync(`${bin}pg_dump`, ['--data-only', '--column-inserts', '-T', 'ops.change', '-T', 'audit.*', '-d', at(database, 'postgres')], { encoding: 'utf8', maxBuffer: 1 << 26 })
    .split('\n').filter((line) => line.startsWith('INSERT')).map((line) => line.replace(/'\d{4}-\d\d-\d\d \d\d:\d\d:[^']*'/g, "'then'")).sort();

// Three seals of the trail before 0221, one of them broken.
const trailOfBefore = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    do $$ begin
        for n in 1..3 loop
            insert into audit.entry (source, kind, action, thing, thing_id) values ('web 203.0.113.9 x', 'content', 'update', 'catalog.product', n);
            perform audit.seal_some();
        end loop;
    end $$;
    create policy bends on audit.entry for update to talat_owner using (true);
    alter table audit.entry disable trigger never_changed;
    update audit.entry set thing_id = 'bent' where thing_id = '2' and thing = 'catalog.product';
    alter table audit.entry enable trigger never_changed;
    drop policy bends on audit.entry;`;
// A role and a key that may read all orders, as that was called before 0285.
const rightsOfBefore = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    insert into auth.organisation (slug, name) values ('before', 'Before');
    insert into auth.person (email, password_hash) values ('before@example.test', '');
    insert into auth.role (organisation_id, name, permissions)
        select id, 'Packers', '{orders:read,catalog:read}' from auth.organisation where slug = 'before';
    insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes)
        select o.id, p.id, 'Books', 'tlt_before01', '', '{orders:read}' from auth.organisation o, auth.person p where slug = 'before' and email like 'before@%';`;

// What stood before 0280, under the house's key: an address, a telephone, a half-filled checkout. It is
// the same afterwards, for the programs to take it forward, and then goes.
const sealedBefore = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    insert into auth.person (id, email, password_hash, sealed) overriding system value values (9900280, 'sealed@example.test', '', 'v1.1.phone');
    insert into account.address (person_id, name, phone, line1, country, sealed) values (9900280, 'Ann', '', '', 'TH', 'v1.1.street');
    insert into cart.cart (id, person_id, state) overriding system value values (9900281, 9900280, 'open');
    insert into checkout.draft (cart_id, sealed) values (9900281, 'v1.1.draft');`;
const sealedAfter = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    do $$ begin
        assert (select sealed || keeper from checkout.draft where cart_id = 9900281) = 'v1.1.draft0', 'the checkout';
        assert (select sealed from account.address where person_id = 9900280) = 'v1.1.street', 'the address';
        assert (select sealed from auth.person where id = 9900280) = 'v1.1.phone', 'the telephone';
    end $$;
    delete from cart.cart where id = 9900281;
    delete from account.address where person_id = 9900280;
    delete from auth.person where id = 9900280;`;

// Before 0396 and 0397: what a provider said of a dispute, with the evidence; cards without the words
// that another language than English has for them.
const wordsBefore = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    insert into payments.event (provider, event_id, kind, body) values
        ('stripe', 'evt_t_evidence', 'charge.dispute.updated', '{"id":"evt_t_evidence","data":{"object":{"id":"du_t","evidence":{"customer_name":"Zz\\u0000"},"evidence_details":{"due_by":5}},"previous_attributes":{"evidence":{"customer_name":"Zz"}}}}'),
        ('stripe', 'evt_t_other', 'payment_intent.succeeded', '{"description":"Zz, without \\"evidence\\""}');
    insert into auth.organisation (id, slug, name) overriding system value values (9900397, 'cards', 'Cards');
    insert into catalog.product (id, organisation_id, slug, status) overriding system value values (9900397, 9900397, 'zz-cards', 'draft');
    insert into catalog.product_text (product_id, organisation_id, lang, name, summary) values
        (9900397, 9900397, 'en', 'Lamp', ''), (9900397, 9900397, 'th', 'โคม', 'สว่าง');
    insert into catalog.card (product_id, lang, organisation_id, slug, name, summary, brand, featured, newness, has_options)
        select 9900397, l.lang, 9900397, 'zz-cards', 'Lamp', l.summary, '', false, 1, false
          from (values ('en', ''), ('vi', ''), ('th', 'สว่าง')) l(lang, summary);`;
const wordsAfter = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    do $$ begin
        assert (select body::jsonb from payments.event where event_id = 'evt_t_evidence')
             = '{"id":"evt_t_evidence","data":{"object":{"id":"du_t","evidence_details":{"due_by":5}},"previous_attributes":{}}}', 'the evidence';
        assert (select body from payments.event where event_id = 'evt_t_other') like '%Zz, without%', 'of another kind';
        assert (select string_agg(summary, '|') from catalog.card where product_id = 9900397) = 'สว่าง|สว่าง|สว่าง', 'the cards';
    end $$;
    delete from payments.event where event_id like 'evt_t_%';
    delete from catalog.product where id = 9900397;
    delete from auth.organisation where id = 9900397;`;

// Before 0447: codes of ways of delivery that no buyer could choose.
const codesBefore = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    insert into shipping.method (id, code, names) overriding system value values
        (9900447, 'Next day, before noon, wherever you are in town', '{"en": "a"}'), (9900448, 'ส่งด่วน', '{"en": "b"}'), (9900449, 'EMS_2', '{"en": "c"}');`;
const codesAfter = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    do $$ begin
        assert (select string_agg(code, ' ' order by id) from shipping.method where id >= 9900447) = 'next-day-before-noon-9900447 way-9900448 EMS_2', 'the codes';
    end $$;
    delete from shipping.method where id >= 9900447;`;

// Before 0450: of what is unpaid, a bank is at work on all of a cart, and on some of another.
const unpaidBefore = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    insert into auth.organisation (id, slug, name) overriding system value values (9900450, 'unpaid', 'Unpaid');
    insert into cart.cart (id, revision) overriding system value values (9900451, 1), (9900452, 2), (9900453, 1);
    insert into cart.line (cart_id, variant_id, quantity, seen_price, seen_currency, held) values
        (9900451, 1, 2, 1, 'THB', 2), (9900452, 1, 2, 1, 'THB', 2), (9900452, 2, 1, 1, 'THB', 0), (9900453, 1, 2, 1, 'THB', 2);
    do $$ begin
        for n in 9900451..9900453 loop
            insert into orders."order" (id, number, cart_id, cart_revision, email, name, phone, address, lang, currency, goods_total, delivery_total, tax_total, total,
                tax_inclusive, rounding, delivery_method, trace, hold_until)
                overriding system value values (n, 'UNPAID-' || n, n, 1, '', '', '', '{}', 'en', 'THB', 2, 0, 0, 2, true, 'per_line', 'post', '{}', now());
            insert into orders.part (id, order_id, organisation_id, goods_total, tax_total) overriding system value values (n, n, 9900450, 2, 0);
            insert into orders.line (order_id, part_id, organisation_id, position, product_id, variant_id, item_id, slug, sku, name, quantity, unit_price, line_total, tax_rate_bp, tax)
                values (n, n, 9900450, 1, 1, 1, 1, 'a', 'a', 'a', 2, 1, 2, 0, 0);
            insert into payments.attempt (order_id, provider, key, amount, currency, state, request, expires_at)
                values (n, 'stripe', 'unpaid-' || n, 2, 'THB', case n when 9900453 then 'open' else 'processing' end, '{}', now());
        end loop;
    end $$;`;
const unpaidAfter = `set local lock_timeout = '3s';
    select set_config('app.platform', 'on', true);
    do $$ begin
        assert (select string_agg(left_cart::text, ' ' order by id) from orders."order" where id between 9900451 and 9900453) = 'true true false', 'who has left';
        assert (select string_agg(state || revision, ' ' order by id) from cart.cart where id between 9900451 and 9900453) = 'ordered1 open3 open1', 'the carts';
        assert (select string_agg(held::text, ' ' order by id) from cart.cart where id between 9900452 and 9900453) = '{} {"1": 2}', 'what is kept';
        assert (select string_agg(variant_id || '*' || quantity, ' ') from cart.line where cart_id = 9900452) = '2*1', 'the rest';
    end $$;
    delete from payments.attempt where key like 'unpaid-%';
    delete from orders.line where order_id between 9900451 and 9900453;
    delete from orders.part where order_id between 9900451 and 9900453;
    delete from orders."order" where id between 9900451 and 9900453;
    delete from cart.cart where id between 9900451 and 9900453;
    delete from auth.organisation where id = 9900450;`;

before(() => {
    if (skip) return;
    mkdirSync(share);
    cpSync(join(app, 'share/sql'), join(share, 'sql'), { recursive: true });
    for (const name of ['templates', 'static']) symlinkSync(join(app, 'share', name), join(share, name));
});
after(() => {
    if (!skip) for (const database of [OLD, NEW]) psql(at('postgres', 'postgres'), '-c', `drop database if exists ${database} with (force)`);
    rmSync(dir, { recursive: true, force: true });
});

test('a database of the first version and a new one end up the same', { skip }, async () => {
    make(OLD);
    psql(at(OLD), '-1', '-f', join(here, 'schema-0.1.sql'));
    make(NEW);
    assert.equal((await migrate(NEW, '--check')).code, 3, 'there is nothing yet');
    plant('0220_zz_trail_of_before.sql', trailOfBefore);
    plant('0284_zz_rights_of_before.sql', rightsOfBefore);
    plant('0279_zz_sealed_before.sql', sealedBefore);
    plant('0284_zy_sealed_after.sql', sealedAfter);
    plant('0395_zz_words_before.sql', wordsBefore);
    plant('0397_zz_words_after.sql', wordsAfter);
    plant('0446_zz_codes_before.sql', codesBefore);
    plant('0447_zz_codes_after.sql', codesAfter);
    plant('0449_zz_unpaid_before.sql', unpaidBefore);
    plant('0452_zz_unpaid_after.sql', unpaidAfter);
    const fresh = await migrate(NEW);
    assert.equal(fresh.code, 0, fresh.said);
    const taken = await migrate(OLD);
    assert.equal(taken.code, 0, taken.said);
    assert.equal(psql(at(OLD, 'postgres'), '-c', `select e.after ->> 'broken' = '[' || s.id || ']' from audit.entry e, audit.seal s, audit.entry b
         where e.action = 'resealed' and b.thing_id = 'bent' and b.id = any(s.entries)`), 't', 'the seal that was broken is told, and no other');
    assert.equal(psql(at(OLD, 'postgres'), '-c', `select array_to_string(permissions || scopes, ' ') from auth.role, auth.api_key`),
        'orders:read catalog:read orders:read-all orders:read orders:read-all', 'who read all orders still does');
    psql(at(OLD, 'postgres'), '-c', 'delete from auth.api_key; delete from auth.role; delete from auth.person; delete from auth.organisation');
    assert.deepEqual(shape(OLD), shape(NEW));
    assert.deepEqual(owners(OLD), owners(NEW));
    assert.deepEqual(rows(OLD), rows(NEW));
    for (const database of [OLD, NEW]) {
        const check = await migrate(database, '--check');
        assert.deepEqual([check.code, check.said], [0, 'the schema is up to date\n'], database);
    }
});

// As after it, before its commit: what a change that takes minutes has locked until then.
test('a change that goes through all rows of the trail stops nobody who sells', { skip }, () => {
    const held = psql(at(OLD), '-c', 'begin', '-f', join(share, 'sql/change/0295_trail_rows.sql'), '-c', `select 'held ' || relation::regclass || ' ' || mode
         from pg_locks where pid = pg_backend_pid() and locktype = 'relation' and mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')`, '-c', 'rollback');
    assert.doesNotMatch(held, /held/);
    assert.match(psql(at(OLD), '-c', `select prosrc from pg_proc where oid = 'audit.refuse_change'::regproc`), /never changed/);
});

// The owner sees of rows what the policies show it, also when a key is looked through.
test('what moved without a stock there is found when the key is looked through', { skip }, () => {
    const forced = (...sql) => psql(at(OLD, 'postgres'), '-c', 'set session_replication_role = replica', ...sql.flatMap((one) => ['-c', one]));
    const anew = 'drop constraint movement_item_id_location_id_fkey, add foreign key (item_id, location_id) references inventory.stock not valid';
    const through = () => psql(at(OLD), '-c', 'begin', '-f', join(share, 'sql/change/0532_stock_is_there.sql'), '-c', 'rollback');
    forced(`alter table inventory.movement ${anew}`,
        "insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause) values (1, 987654, 987654, 1, 'received', 't')");
    try {
        assert.throws(through, /violates foreign key constraint/);
    } finally {
        forced("delete from inventory.movement where cause = 't'");
    }
    through();
    psql(at(OLD, 'postgres'), '-c', 'alter table inventory.movement validate constraint movement_item_id_location_id_fkey');
});

test('--check names what would be made, how long the tables are it goes through, and makes nothing', { skip }, async () => {
    plant('9001_first.sql', "set local lock_timeout = '3s';\ncreate table ops.planted (one int);\n");
    const check = await migrate(NEW, '--check');
    assert.deepEqual([check.code, check.said], [3, 'would apply 9001_first.sql\n']);
    assert.equal(psql(at(NEW), '-c', "select to_regclass('ops.planted')"), '');
    plant('9001_first.sql', "-- meanwhile: nobody is planted\n-- rows: ops.planted, ops.change\nset local lock_timeout = '3s';\ncreate table ops.planted (one int);\ncreate index if not exists planted_one on ops.planted (one)\n    where one > 0;\n");
    psql(at(NEW), '-c', 'analyze ops.change');
    const rows = psql(at(NEW), '-c', 'select count(*) from ops.change');
    assert.equal((await migrate(NEW, '--check')).said, `would apply 9001_first.sql\n    meanwhile nobody is planted\n    goes through ops.change: about ${rows} rows\n    made before by hand nobody waits: create index concurrently if not exists planted_one on ops.planted (one) where one > 0;\n`);
});

test('several at once: each change is made once, and nobody fails', { skip }, async () => {
    plant('9002_slow.sql', "-- slow\nset local lock_timeout = '1s';\nselect pg_sleep(1);\ninsert into ops.planted values (2);\n");
    const all = await Promise.all([1, 2, 3].map(() => migrate(NEW)));
    for (const one of all) assert.equal(one.code, 0, one.said);
    assert.equal(all.filter((one) => one.said.includes('applied 9002_slow.sql')).length, 1);
    assert.equal(psql(at(NEW), '-c', 'select count(*) from ops.planted'), '1');
});

test('a change that does not limit its waiting is refused, and nothing before it is made', { skip }, async () => {
    plant('9003_good.sql', "set local lock_timeout = '3s';\ninsert into ops.planted values (3);\n");
    plant('9004_bad.sql', "-- set local lock_timeout = '3s';\ninsert into ops.planted values (4);\n");
    for (const words of [['--check'], []]) {
        const got = await migrate(NEW, ...words);
        assert.equal(got.code, 1);
        assert.match(got.said, /9004_bad\.sql does not begin with set local lock_timeout/);
    }
    assert.equal(psql(at(NEW), '-c', 'select max(one) from ops.planted'), '2');
    rmSync(join(share, 'sql/change/9004_bad.sql'));
});

test('a change that fails leaves those before it, itself not at all, and is tried again', { skip }, async () => {
    plant('9005_fails.sql', "set local lock_timeout = '3s';\ninsert into ops.planted values (5);\ninsert into ops.nowhere values (1);\n");
    const got = await migrate(NEW);
    assert.equal(got.code, 1);
    assert.match(got.said, /applied 9003_good\.sql\nFAILED 9005_fails\.sql\n.*nowhere/);
    assert.equal(psql(at(NEW), '-c', 'select max(one) from ops.planted'), '3');
    plant('9005_fails.sql', "set local lock_timeout = '3s';\ninsert into ops.planted values (5);\n");
    assert.equal((await migrate(NEW)).said, 'applied 9005_fails.sql\n');
    assert.equal(psql(at(NEW), '-c', 'select max(one) from ops.planted'), '5');
});

// As `create index concurrently` leaves it when rows are in its way: there, and of no use.
test('an index that was made by hand and is not valid is not taken for made', { skip }, async () => {
    psql(at(NEW), '-c', 'insert into ops.planted values (7), (7)');
    assert.throws(() => psql(at(NEW), '-c', 'create unique index concurrently planted_unique on ops.planted (one)'), /duplicate|unique/);
    plant('9007_before.sql', "set local lock_timeout = '3s';\ninsert into ops.planted values (70);\n");
    plant('9008_unique.sql', "-- rows: ops.planted\nset local lock_timeout = '3s';\ncreate unique index if not exists planted_unique on ops.planted (one);\ndelete from ops.planted where one = 5;\n");
    for (const words of [['--check'], []]) {
        const got = await migrate(NEW, ...words);
        assert.equal(got.code, 1, got.said);
        assert.match(got.said, /9008_unique\.sql: the index ops\.planted_unique is there but not valid.*drop index concurrently ops\.planted_unique/);
    }
    assert.equal(psql(at(NEW), '-c', 'select count(*) from ops.planted where one in (5, 70)'), '1', 'nothing was made');
    psql(at(NEW), '-c', 'drop index ops.planted_unique', '-c', 'delete from ops.planted where one = 7');
    psql(at(NEW), '-c', 'analyze ops.planted');
    assert.match((await migrate(NEW, '--check')).said, /by hand nobody waits: create unique index concurrently if not exists planted_unique on ops\.planted \(one\);/);
    assert.equal((await migrate(NEW)).code, 0);
    assert.equal(psql(at(NEW), '-c', 'select count(*) from ops.planted where one in (5, 70)'), '1');
});

test('a lock that somebody holds is waited for as long as the change says, no longer', { skip }, async () => {
    plant('9006_locked.sql', "set local lock_timeout = '300ms';\nalter table ops.planted add two int;\n");
    const holder = spawn(`${bin}psql`, ['-XqAt', at(NEW), '-c', 'begin; lock table ops.planted in access share mode; select 1; select pg_sleep(40)']);
    for (let i = 0; i < 500 && psql(at(NEW), '-c', "select count(*) from pg_locks where relation = 'ops.planted'::regclass and granted and pid <> pg_backend_pid()") === '0'; i++)
        await new Promise((done) => setTimeout(done, 20));
    const from = performance.now(), got = await migrate(NEW), took = performance.now() - from;
    psql(at(NEW, 'postgres'), '-c', `select pg_terminate_backend(pid, 10000) from pg_stat_activity where query like '%pg_sleep(40)%' and pid <> pg_backend_pid()`);
    holder.kill();
    assert.equal(got.code, 1, got.said);
    assert.match(got.said, /lock timeout/i);
    assert.ok(took < 15000, `${took} ms`); // not as long as it is held
    assert.equal((await migrate(NEW)).code, 0);
});
