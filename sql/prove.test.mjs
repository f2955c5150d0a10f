// The proof is proved: for each query of prove.sql, and each of the things it looks for, something
// is done that it must find. All of it happens in a transaction that is rolled back, with triggers
// and foreign keys asleep.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { skip, Browser, calm, confPath, goods, isPaid, payAt, rows, sql, top } from '../t/http/shop.mjs';

const queries = [...readFileSync(join(top, 'sql/prove.sql'), 'utf8').matchAll(/^-- name: (\w+)\n([\s\S]*?;)\n/gm)]
    .map(([, name, text]) => ({ name, text }));
const to = {}; // what there is to spoil: a paid order and an unpaid one

// As the books see a refund that was booked; `state` and `booked` may disagree.
const refund = ({ state = 'done', amount = 100, booked = amount, captured = amount } = {}) => `
    with a as (select * from payments.attempt where order_id = ${to.paid} and state = 'paid'),
    r as (insert into payments.refund (order_id, attempt_id, key, amount, currency, state)
        select order_id, id, 't-refund', ${amount}, currency, '${state}' from a returning *),
    t as (insert into payments.transaction (order_id, cause, previous, hash) select order_id, 'refund:' || id, '', '' from r where ${booked} <> 0 returning *)
    insert into payments.entry (transaction_id, order_id, account, currency, amount)
        select t.id, t.order_id, u.account, r.currency, u.amount from t, r, (values ('buyer', ${booked}), ('provider', -${booked})) u(account, amount);`;
// A dispute of all of it, of which the books and the order know nothing.
const dispute = (state, money) => `insert into payments.dispute (order_id, attempt_id, provider, provider_id, payment_id, amount, currency, reason, state,
    money, said_at, opened_at) select order_id, id, provider, 'du_t', payment_id, amount, currency, 'general', '${state}', '${money}', 1, now()
    from payments.attempt where order_id = ${to.paid} and state = 'paid';`;
// What the books say of each other by foreign keys: between two tables that both name an
// organisation, or an order, and not by a key that holds these together itself.
const keys = () => {
    const columns = new Map(rows(`select attrelid::regclass::text as place, json_agg(attname) as names from pg_attribute where attnum > 0 group by 1`)
        .map(({ place, names }) => [place, names]));
    return rows(`select conrelid::regclass::text as child, confrelid::regclass::text as parent,
            (select json_agg(a.attname order by k.place) from unnest(conkey) with ordinality k(n, place) join pg_attribute a on a.attrelid = conrelid and a.attnum = k.n) as names,
            (select json_agg(a.attname order by k.place) from unnest(confkey) with ordinality k(n, place) join pg_attribute a on a.attrelid = confrelid and a.attnum = k.n) as theirs
        from pg_constraint where contype = 'f'`)
        .flatMap((key) => ['organisation_id', 'order_id'].filter((whose) => columns.get(key.child).includes(whose) && columns.get(key.parent).includes(whose)
            && !key.names.includes(whose)).map((whose) => ({ ...key, whose, key: key.names.join(' ') })))
        .filter(({ child, parent }) => !shared.includes(`${child} ${parent}`));
};
const shared = ['catalog.category catalog.category', 'catalog.product_category catalog.category']; // anybody's may stand in anybody's
// One row that points to another is not of the same any more. There are some in every shop, but for these.
const made = { 'payments.refund': () => refund(), 'payments.dispute': () => dispute('won', 'kept'),
    'catalog.picture_source': () => `insert into catalog.picture_source (product_id, source, picture_id, organisation_id)
        select product_id, 't', picture_id, organisation_id from catalog.product_picture limit 1;` };
const bent = ({ child, parent, names: [key], theirs: [its], whose }) => `${made[child]?.() ?? ''}
    update ${child} set ${whose} = ${whose} + 1000000 where ctid = (select min(c.ctid) from ${child} c join ${parent} p on c.${key} = p.${its})`;
// Its time is over, and the job that would let go has failed with that.
const overdue = (error) => `update inventory.hold set expires_at = now() - interval '61 seconds' where order_id = ${to.unpaid};
    ${error ? `insert into work.job (kind, key, error) values ('orders.lapse', 'orders.lapse:${to.unpaid}', '${error}: x') on conflict (key) do update set error = excluded.error` : 'select 1'}`;
// The keys of faults in these files: those of a provider that cannot be asked, and all others.
const faults = (folder, files) => files.flatMap((file) => [...readFileSync(join(top, folder, file), 'utf8').matchAll(/(E_[A-Z]+),\s*(?:\w+ \? "([a-z_]+\.[a-z_]+)"\s*: )?"([a-z_]+\.[a-z_]+)"/g)])
    .flatMap(([, code, ...either]) => either.filter(Boolean).map((key) => ({ key, isTheirs: code === 'E_PROVIDER' })));
const named = [...faults('src/payments', readdirSync(join(top, 'src/payments')).filter((file) => file.endsWith('.c'))), ...faults('src/io', ['http.c', 'pg_error.c', 'json.c'])];
const ourFaults = [...new Set(named.filter(({ isTheirs }) => !isTheirs).map(({ key }) => key)), 'the worker died'];
const theirFaults = new Set([...named.filter(({ isTheirs }) => isTheirs).map(({ key }) => key), 'payments.sum']);
// Each a statement, or several by what must be said of them.
const spoils = {
    I1_each_ledger_transaction_sums_to_zero: () => `update payments.entry set amount = amount + 1 where id = (select max(id) from payments.entry where order_id = ${to.paid})`,
    I1_the_whole_ledger_sums_to_zero: () => `delete from payments.entry where id = (select max(id) from payments.entry where order_id = ${to.paid})`,
    I1_each_ledger_transaction_has_entries: () => `delete from payments.entry where order_id = ${to.paid}`,
    I2_stock_is_never_oversold: () => `alter table inventory.stock drop constraint never_oversold; update inventory.stock set reserved = on_hand + 1 where item_id = ${to.item}`,
    I2_movements_explain_what_is_on_hand: () => ({
        [`^item ${to.item} at \\d+: \\d+ on hand`]: `update inventory.stock set on_hand = on_hand + 1 where item_id = ${to.item}`,
        [`^item ${to.item} at \\d+: nothing on hand`]: `delete from inventory.stock where item_id = ${to.item}`,
    }),
    I2_holds_explain_what_is_reserved: () => ({
        [`^item ${to.item} at \\d+: \\d+ reserved`]: `update inventory.hold set quantity = quantity + 1 where order_id = ${to.unpaid}`,
        [`^item ${to.item} at \\d+: nothing reserved`]: `delete from inventory.stock where item_id = ${to.item}`,
    }),
    I3_an_order_is_paid_when_its_money_is_here: () => `update orders."order" set payment_status = 'paid' where id = ${to.unpaid}`,
    I3_money_is_in_the_orders_own_currency: () => `update payments.entry set currency = 'USD' where order_id = ${to.paid}`,
    I3_an_open_payment_asks_for_the_orders_own_total: () => `update payments.attempt set amount = amount - 1 where order_id = ${to.unpaid}`,
    I3_a_paid_attempt_is_booked_with_its_amount: () => `update payments.attempt set state = 'paid' where order_id = ${to.unpaid}`,
    I4_refunds_are_at_most_what_was_paid: () => refund({ amount: 1e9, booked: 0 }),
    I4_the_ledger_gives_back_at_most_what_it_took: () => refund({ amount: 1e9 }),
    I4_a_refund_is_done_when_it_is_booked: () => refund({ state: 'pending' }),
    I4_a_dispute_is_booked_where_its_money_is: () => dispute('won', 'withdrawn'),
    I4_every_withdrawal_is_of_a_dispute: () => `insert into payments.transaction (order_id, cause) values (${to.paid}, 'dispute:0:1')`,
    I4_an_order_says_what_of_it_is_in_dispute: () => dispute('needs_response', 'kept'),
    I5_each_event_is_stored_once: () => `alter table payments.event drop constraint event_once; insert into payments.event (provider, event_id, kind, body)
        select provider, event_id, kind, body from payments.event limit 1`,
    I5_each_capture_is_booked_once: () => `alter table payments.transaction drop constraint once_per_cause; insert into payments.transaction (order_id, cause)
        select order_id, cause from payments.transaction where order_id = ${to.paid}`,
    I5_a_payment_pays_one_attempt: () => `update payments.attempt set state = 'paid', payment_id = (select payment_id from payments.attempt where order_id = ${to.paid} and state = 'paid')
        where order_id = ${to.unpaid}`,
    I8_a_row_is_of_its_parents_organisation_and_order: () => Object.fromEntries(keys().map((key) => [`^${key.child}\\.${key.key} .*: ${key.whose} `, bent(key)])),
    I8_what_no_key_holds_together_is_of_one_organisation: () => ({
        [`^line \\d+ of another's item`]: `update inventory.item set organisation_id = organisation_id + 1 where id = ${to.item}`,
        [`^line \\d+ of another's item$`]: `delete from inventory.item where id = ${to.item}`,
        [`^line \\d+ of another's product`]: `update catalog.product set organisation_id = organisation_id + 1 where id = ${to.product}`,
        [`^line \\d+ of another's variant`]: `update catalog.variant set organisation_id = organisation_id + 1 where item_id = ${to.item}`,
        [`^entry \\d+ of somebody`]: `update payments.entry set organisation_id = 1000000 where order_id = ${to.paid}`,
    }),
    I8_money_given_back_is_of_the_payments_currency: () => ({
        '^refund t-refund': `${refund()} update payments.refund set currency = 'USD' where order_id = ${to.paid}`,
        '^dispute du_t': `${dispute('won', 'kept')} update payments.dispute set currency = 'USD' where order_id = ${to.paid}`,
    }),
    I9_no_event_waits_longer_than_a_minute: () => `update work.outbox set read_at = null, created_at = now() - interval '61 seconds' where subject_id = ${to.paid}`,
    I9_events_are_numbered_without_a_gap: () => `delete from work.outbox where id = (select max(id) from work.outbox where subject_id = ${to.paid} and seq is not null)`,
    I10_no_stock_is_held_for_longer_than_was_said: () => overdue(null),
    I10_an_order_that_holds_nothing_has_no_hold: () => `update orders."order" set is_held = false where id = ${to.unpaid}`,
    I11_the_ledgers_chain_holds: () => `update payments.entry set amount = amount * 2 where order_id = ${to.paid}`,
    I11_nothing_may_change_a_ledger_row: () => 'alter table payments.entry disable trigger never_changed',
    I11_the_programs_may_only_add_to_a_ledger: () => 'grant update on payments.entry to talat_app',
    I11_an_address_is_the_one_it_was_written_with: () => `update orders.event set whence = '0123456789abcdef/203.0.113.9' where order_id = ${to.paid}`,
    I11_audit_seals_verify: () => `select audit.tell(null, 'event', 'planted', 'x', '', '{}'); insert into audit.unsealed select max(id) from audit.entry; select * from audit.seal_some();
        update audit.entry set action = 'something else' where action = 'planted'`,
    I11_each_audit_entry_is_sealed_once_or_waits_for_it: () => `select audit.tell(null, 'event', 'planted', 'x', '', '{}')`,
    the_rules_of_the_database_stand: () => 'drop index payments.one_open_attempt',
    every_tenants_rows_are_guarded: () => 'alter table orders.line no force row level security',
    the_lines_of_an_order_are_its_goods: () => `delete from orders.line where order_id = ${to.paid}; insert into orders.line (order_id, part_id, organisation_id, position,
        product_id, variant_id, item_id, slug, sku, name, quantity, unit_price, line_total, tax_rate_bp, tax) values (${to.paid}, 1, 1, 1, 1, 1, 1, '', '', '', 1, 1, 1, 0, 0)`,
    the_parts_of_an_order_are_its_goods: () => `update orders.part set goods_total = goods_total + 1 where order_id = ${to.paid}`,
};

before(async () => {
    if (skip) return;
    await calm();
    const thing = goods({ stock: 9 }), paid = await new Browser().order(thing.sku), unpaid = await new Browser().order(thing.sku);
    await payAt(paid.session);
    await isPaid(paid.number);
    Object.assign(to, { paid: paid.id, unpaid: unpaid.id, item: thing.item, product: thing.product });
});

test('every query has something planted for it, and I1 to I11 each have a query', { skip }, () => {
    assert.deepEqual(queries.map(({ name }) => name).sort(), Object.keys(spoils).sort());
    const ids = new Set(queries.map(({ name }) => /^I\d+/.exec(name)?.[0]));
    for (const id of [1, 2, 3, 4, 5, 8, 9, 10, 11]) assert.ok(ids.has(`I${id}`), `I${id}`); // 6 and 7: payouts, coupons
});

const found = (text, plant) => JSON.parse(sql(`begin; set local lock_timeout = '10s'; set local session_replication_role = replica;
    ${plant}; select coalesce(jsonb_agg(q), '[]') from (${text.replace(/;\s*$/, '')}) q; rollback;`).split('\n').at(-1)).map(({ what }) => what);

for (const { name, text } of queries) {
    test(`found: ${name}`, { skip }, () => {
        const planted = spoils[name]();
        assert.deepEqual(found(text, 'select'), [], 'before');
        for (const [says, plant] of typeof planted === 'string' ? [['.', planted]] : Object.entries(planted)) {
            const said = found(text, plant);
            assert.ok(said.every((what) => what?.length > 0) && said.some((what) => new RegExp(says).test(what)), `not found: ${says}: ${JSON.stringify(said)}`);
        }
    });
}

test('goods are kept beyond their time only for a provider that cannot be asked', { skip }, () => {
    const { text } = queries.find(({ name }) => name === 'I10_no_stock_is_held_for_longer_than_was_said');
    assert.ok(theirFaults.size > 5 && ourFaults.length > 5, 'the faults are named in the sources');
    for (const key of theirFaults) assert.deepEqual(found(text, overdue(key)), [], key);
    for (const key of ourFaults) assert.equal(found(text, overdue(key)).length, 1, key);
    assert.deepEqual([...text.matchAll(/'((?:http|payments)\.\w+)'/g)].map(([, key]) => key).sort(), [...theirFaults].sort(), 'no other');
});

test('talatctl prove says what is broken, and fails', { skip }, () => {
    const prove = () => spawnSync(join(process.env.TALAT_APP, 'bin/talatctl'), ['--config', confPath, 'prove'], { encoding: 'utf8', timeout: 60000 });
    const [{ id }] = rows(`select id from orders.part where order_id = ${to.paid}`);
    sql(`update orders.part set goods_total = goods_total + 1 where id = ${id}`);
    try {
        const { status, stdout } = prove();
        assert.equal(status, 1);
        assert.match(stdout, new RegExp(`BROKEN the_parts_of_an_order_are_its_goods\\n +part ${id}\\n`));
        assert.equal(stdout.match(/BROKEN/g).length, 1);
    } finally {
        sql(`update orders.part set goods_total = goods_total - 1 where id = ${id}`);
    }
    const { status, stdout } = prove();
    assert.equal(status, 0, stdout);
    assert.equal(stdout.match(/^holds /gm).length, queries.length);
});
