// Who is erased: nothing in the whole database says any more who it was.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Browser, calm, goods, invariants, isPaid, one, orderRow, payAt, pg, quote, rows, sessionOf, simulator, skip, sql, until } from './shop.mjs';

after(() => skip || calm());

function dump() {
    const ran = spawnSync('/usr/lib/postgresql/15/bin/pg_dump', ['--data-only', '-d', pg], { encoding: 'utf8', maxBuffer: 1 << 29, timeout: 180000 });
    assert.equal(ran.status, 0, ran.stderr);
    return ran.stdout;
}
// {what: [the beginnings of the lines, and in which tables]} for whatever is found.
function traces(person) {
    const found = {};
    let table = '';
    for (const line of dump().split('\n')) {
        table = /^COPY (\S+)/.exec(line)?.[1] ?? table;
        for (const [what, needles] of Object.entries(person)) {
            if (needles.some((needle) => typeof needle === 'string' ? line.toLowerCase().includes(needle) : needle.test(line))) (found[what] ??= new Set()).add(table);
        }
    }
    return Object.fromEntries(Object.entries(found).map(([what, tables]) => [what, [...tables]]));
}
const someone = () => {
    const own = randomBytes(4).toString('hex'), digits = String(parseInt(own, 16)).padStart(10, '0').slice(-7);
    return { email: `erase.${own}@example.test`, name: `Zebedee Q${own}`, phone: `089${digits}`, mobile: `+6689${digits}`,
        line1: `77 Quokka${own} Road`, needles: { mail: [`erase.${own}`], name: [`q${own}`], telephone: [new RegExp(`(^|[^0-9a-z]|[^0-9a-z](0|66))89${digits}([^0-9a-z]|$)`, 'i')], street: [`quokka${own}`] } };
};
const password = 'seven quiet lanterns';

test('ID-20 after an erasure a dump of the whole database names nobody: mail, name, telephone, street', { skip, timeout: 120000 }, async (t) => {
    const p = someone();
    const address = { name: p.name, phone: p.phone, line1: p.line1, city: 'Bang Rak', region: 'Bangkok', postcode: '10500', country: 'TH' };
    // As a guest first, with the same address; one that arrived long ago, and one on its way.
    const numbers = [];
    for (const status of ['delivered', 'processing']) {
        const guest = new Browser();
        await guest.get('/cart');
        const order = await guest.order(goods().sku, 1, { ...address, email: p.email });
        await payAt(order.session, { email: p.email, name: p.name });
        await isPaid(order.number);
        if (status === 'delivered') sql(`update orders."order" set status = 'delivered', updated_at = now() - interval '31 days' where number = ${quote(order.number)}`);
        numbers.push(order.number);
    }
    const [old, open] = numbers;
    sql("update notify.sms set created_at = created_at - interval '25 hours'");
    const browser = await new Browser().register({ name: p.name, email: p.email, password });
    await browser.get('/account');
    assert.equal((await browser.post('/account/profile', { name: p.name, phone: p.phone, lang: 'en' })).status, 303);
    assert.equal((await browser.post('/account/addresses', address)).status, 303);
    assert.equal((await browser.post('/account/phone', { country: 'TH', number: p.mobile })).status, 303);
    const code = await until(async () => (await simulator(`texts?to=${encodeURIComponent(p.mobile)}`)).messages[0]?.body.slice(0, 6), 15000, 'no message');
    assert.equal((await browser.post('/account/phone/code', { code })).status, 303);
    const own = await browser.order(goods().sku, 1, { ...address, email: p.email });
    await payAt(own.session, { email: p.email, name: p.name });
    await isPaid(own.number);
    await browser.add(goods().sku);
    sql(`insert into auth.invitation (organisation_id, email, place, invited_by, expires_at) select min(id), ${quote(p.email)}, 'viewer', 1, now() + interval '1 day' from auth.organisation`);
    const id = one(`select id from auth.person where email = ${quote(p.email)}`);
    sql(`insert into watch.alert (kind, person_id, network, hour) values ('account-guessed', ${id}, '203.0.113.0/24', now())`);
    sql(`insert into watch.place (person_id, place) values (${id}, 'n203.0.113.0/24')`);
    await until(() => one(`select count(*) from notify.mail where recipient = ${quote(p.email)} and state = 'waiting'`) === 0, 10000, 'mails wait');
    const before = traces(p.needles);
    t.diagnostic(JSON.stringify(before));
    for (const what of ['mail', 'name']) assert.ok(before[what]?.length >= 2, what);
    for (const what of ['telephone', 'street']) assert.equal(before[what], undefined, `${what}: it is sealed`);
    const sealed = () => one(`select (select count(*) from orders."order" where number in (${[old, open, own.number].map(quote)}) and sealed <> '')
        + (select count(*) from account.address where person_id = ${id}) + (select count(*) from auth.person where id = ${id} and sealed <> '')`);
    assert.equal(sealed(), 5);

    assert.equal((await browser.post('/account/erase', { old: password, sure: '1' })).status, 409, 'an order is on its way');
    sql(`update orders."order" set status = 'delivered' where number = ${quote(own.number)}`);
    const page = await browser.json('/account/erase.json');
    assert.equal(page.data.later, 1);
    assert.match((await browser.get('/account/erase')).body, /1 order placed without logging in is not over yet/);
    assert.equal((await browser.post('/account/erase', { old: password, sure: '1' })).headers.location, '/login?done=erased');
    assert.equal(orderRow(old).email, '');
    assert.equal(orderRow(open).email, p.email, 'what is on its way keeps its address');
    assert.equal(one(`select count(*) from watch.alert where person_id = ${id}`) + one(`select count(*) from watch.place where person_id = ${id}`), 0);
    assert.equal(one(`select count(*) from cart.cart where person_id = ${id} and state = 'open'`), 0);

    // What a provider once said may hold a zero byte, which jsonb refuses.
    const about = `body like '%' || ${quote(p.email)} || '%'`;
    assert.ok(one(`select count(*) from payments.event where ${about}`) > 0);
    sql(`update payments.event set body = replace(body, '"livemode"', '"zero":"\\u0000","livemode"') where ${about}`);

    // The last order arrives, its time passes, and the last mail has gone.
    sql(`update orders."order" set status = 'delivered', updated_at = now() - interval '31 days' where number = ${quote(open)};
        update work.cron set last_run = last_run - interval '2 hours' where name = 'orders.erase_due'; notify work`);
    await until(() => orderRow(open).email === '', 20000, 'the guest order keeps its address');
    await until(() => one(`select count(*) from notify.mail where template = 'erased' and cause = 'person:${id}' and state = 'sent'`) === 1, 15000, 'no last mail');
    sql("update work.job set run_at = now() where kind in ('account.forget', 'payments.erase')");
    await until(() => one("select count(*) from work.job where kind in ('account.forget', 'payments.erase')") === 0, 20000, 'jobs wait');
    assert.deepEqual(traces(p.needles), {});
    assert.equal(sealed(), 0);

    // The books are whole, and what the provider said is still known to have been said.
    for (const number of [old, open, own.number]) {
        const row = orderRow(number);
        assert.ok(row.total > 0 && row.address.country === 'TH' && row.address.line1 === '');
    }
    const [event] = rows(`select body, event_id from payments.event where body like '%erased%' order by id desc limit 1`);
    const kept = JSON.parse(event.body);
    assert.equal(kept.id, event.event_id);
    assert.ok(kept.data.object.id && kept.type);
    invariants();
});

test('ID-20 an address that was never confirmed takes no guest\'s order along', { skip, timeout: 180000 }, async () => {
    const p = someone();
    const guest = new Browser();
    await guest.get('/cart');
    const order = await guest.order(goods().sku, 1, { email: p.email });
    await payAt(order.session, { email: p.email });
    await isPaid(order.number);
    sql(`update orders."order" set status = 'delivered', updated_at = now() - interval '31 days' where number = ${quote(order.number)}`);
    const browser = await new Browser().register({ name: p.name, email: p.email, password });
    sql(`update auth.person set verified_at = null where email = ${quote(p.email)}`);
    assert.equal((await browser.post('/account/erase', { old: password, sure: '1' })).status, 303);
    assert.equal(orderRow(order.number).email, p.email);
});

test('ID-20 what is sent while somebody is erased is not kept: nothing stands there afterwards', { skip, timeout: 120000 }, async () => {
    for (let round = 0; round < 3; round++) {
        const p = someone();
        const browser = await new Browser().register({ name: p.name, email: p.email, password });
        await browser.get('/account');
        const id = one(`select id from auth.person where email = ${quote(p.email)}`);
        const address = (n) => ({ name: p.name, phone: p.phone, line1: `${n} ${p.line1}`, city: 'Bang Rak', region: 'Bangkok', postcode: '10500', country: 'TH' });
        const sent = [1, 2, 3].flatMap((n) => [browser.post('/account/addresses', address(n)), browser.post('/account/profile', { name: p.name, phone: p.phone, lang: 'en' })]);
        sent.splice(2 * round, 0, browser.post('/account/erase', { old: password, sure: '1' }));
        const erased = (await Promise.all(sent)).find(({ headers }) => headers.location === '/login?done=erased');
        assert.ok(erased, 'the erasure went through');
        assert.equal(one(`select count(*) from account.address where person_id = ${id}`), 0);
        assert.equal(one(`select count(*) from auth.person where id = ${id} and name = '' and sealed = '' and phone = ''`), 1);
        assert.deepEqual(rows(`select distinct wrapped from vault.key where whose = 'person' and owner_id = ${id}`), [{ wrapped: '' }]);
    }
});

test('ID-20 an order that is placed while its buyer is erased forgets them when it is over', { skip, timeout: 120000 }, async () => {
    const p = someone();
    const browser = await new Browser().register({ name: p.name, email: p.email, password });
    await browser.get('/account');
    await browser.add(goods().sku);
    const seen = await browser.toPay({ email: p.email, name: p.name });
    const id = one(`select id from auth.person where email = ${quote(p.email)}`);
    // Both need the cart, which somebody holds: the order comes first, and neither knows of the other.
    const holder = spawn('/usr/lib/postgresql/15/bin/psql', ['-XqAt', '-d', pg]);
    const waiting = () => one("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'talat_app'");
    let placed, erased;
    try {
        holder.stdin.write(`begin; select id from cart.cart where person_id = ${id} for update;\n`);
        await once(holder.stdout, 'data');
        placed = browser.post('/checkout/pay', seen);
        await until(() => waiting() === 1, 10000, 'the order does not wait');
        erased = browser.post('/account/erase', { old: password, sure: '1' });
        await until(() => waiting() === 2, 10000, 'the erasure does not wait');
    } finally {
        holder.stdin.end('commit;\n');
    }
    assert.equal((await placed).status, 303);
    assert.equal((await erased).headers.location, '/login?done=erased');
    const [{ number }] = rows(`select number from orders."order" where person_id = ${id}`);
    assert.equal(orderRow(number).email, p.email, 'it is to be delivered');
    await payAt(sessionOf((await placed).headers.location), { email: p.email });
    await isPaid(number);
    sql(`update work.job set run_at = now() where key = 'orders.erase_late:${id}'; notify talat_work`);
    await until(() => one(`select count(*) from work.job where key = 'orders.erase_late:${id}'`) === 0, 20000, 'the job waits');
    sql(`update orders."order" set status = 'delivered', updated_at = now() - interval '31 days' where number = ${quote(number)};
        update work.cron set last_run = last_run - interval '2 hours' where name = 'orders.erase_due'; notify work`);
    await until(() => orderRow(number).email === '', 20000, 'the order keeps its address');
    assert.equal(orderRow(number).name, '');
});
