// Each life of a payment twice: Stripe sends all it has, and only what `talatctl webhook events` names.
// Both end in the same state, of order, payments, refunds, disputes, books and stock.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { skip as noStack, Browser, ask, calm, conf, confPath, goods, invariants, isPaid, one, orderOf, orderRow, payAt, rows, sessionOf, setStock, sim,
    simulator, sql, stockOf, switches, until, url } from './shop.mjs';

const talatctl = process.env.TALAT_APP && join(process.env.TALAT_APP, 'bin/talatctl');
const skip = noStack || !talatctl;
const needed = skip ? [] : spawnSync(talatctl, ['--config', confPath, 'webhook', 'events'], { encoding: 'utf8' }).stdout.trim().split('\n');
const ways = { all: null, needed };
const fresh = () => randomBytes(9).toString('hex');

before(async () => {
    if (skip) return;
    await calm();
    for (const one of [staff, me]) one.token = JSON.parse((await ask('/api/auth/login', { body: JSON.stringify({ email: one.email, password: 'market-day-demo' }),
        headers: { 'content-type': 'application/json' } })).body).accessToken;
});
after(async () => { if (!skip) await calm(); });

// ---- who acts --------------------------------------------------------------------------------------

const staff = { email: 'admin@example.test' }, me = { email: 'shopper@example.test' };
async function call(who, path, body) {
    const got = await ask(path, { method: 'POST', body: JSON.stringify(body), headers: { accept: '*/*', 'content-type': 'application/json',
        authorization: `Bearer ${who.token}`, 'idempotency-key': fresh() } });
    assert.equal(got.status, 201, got.body);
    return JSON.parse(got.body).data ?? JSON.parse(got.body);
}
// At Stripe's own desk; or as its script in a buyer's browser does, with the publishable key.
async function desk(path, form = {}, key = conf('stripe_key')) {
    const got = await fetch(`${sim}/v1/${path}`, { method: 'POST', body: new URLSearchParams(form),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' } });
    return { status: got.status, data: await got.json() };
}
const buy = async (thing) => {
    const browser = new Browser(), order = await browser.order(thing.sku);
    return Object.assign(order, { browser, thing });
};
async function byIntent(thing) {
    const { order, payment } = await call(me, '/api/orders', { items: [{ sku: thing.sku, quantity: 1 }], paymentMethod: 'stripe' });
    const { id, number } = orderRow(order.id);
    const confirm = (method) => desk(`payment_intents/${payment.paymentId}/confirm`, { client_secret: payment.clientSecret, payment_method: method, return_url: url },
        conf('stripe_key').replace(/^sk_/, 'pk_'));
    return { id, number, thing, payment: payment.paymentId, confirm };
}
const paid = async (order, more) => {
    assert.equal((await payAt(order.session, more)).outcome, 'paid');
    await isPaid(order.number);
    order.payment = rows(`select payment_id from payments.attempt where order_id = ${order.id} and state = 'paid'`)[0].payment_id;
    return order;
};
const giveBack = (order, amount) => call(staff, `/api/orders/${order.number}/refunds`, amount ? { amount } : {});
const attempt = (order) => rows(`select state from payments.attempt where order_id = ${order.id} order by id desc limit 1`)[0].state;
const declined = ({ id, number }) => until(() => one(`select count(*) from orders.event where order_id = ${id} and kind = 'payment_declined'`) === 1, 20000, `${number} was not declined`);
const becomes = (order, state) => until(() => attempt(order) === state, 20000, () => `${order.number}'s attempt is ${attempt(order)}, not ${state}`);
const is = (order, status) => until(() => orderRow(order.number).payment_status === status, 20000, () => `${order.number} is ${orderRow(order.number).payment_status}, not ${status}`);
// As if the hold's fifteen minutes were over, and the clock had found it.
const lapse = ({ id }) => sql(`update orders."order" set hold_until = now() - interval '1 second' where id = ${id};
    update inventory.hold set expires_at = now() - interval '1 second' where order_id = ${id};
    select work.add_job('orders.lapse', 'orders.lapse:${id}', null, ${id}, '{}', '', null, 0, true)`);

// ---- how it ends -----------------------------------------------------------------------------------

// Until Stripe has sent, and the shop has done, all there is of it; what is asked for comes once more.
// (Of payments that are nobody's the shop waits for minutes.)
async function quiet({ id, number }) {
    const waiting = `with a as (select * from payments.attempt where order_id = ${id}),
        e as (select id from payments.event where applied_at is null and body like any (select '%' || w || '%' from a
            cross join unnest(array['${number}', a.key, a.session_id, a.payment_id]) w where w <> ''))
        select (select count(*) from e) + (select count(*) from work.job where state in ('ready', 'running') and (
            (kind in ('payments.ask', 'payments.ask_refunds') and subject_id in (select id from a))
            or (kind = 'payments.refund' and subject_id in (select id from payments.refund where order_id = ${id}))
            or (kind = 'payments.ask_dispute' and subject_id in (select id from payments.dispute where order_id = ${id}))))`;
    for (let calmed = 0; calmed < 2; calmed++) {
        await until(async () => (await simulator('stats?brief')).webhooks.pending === 0, 20000, 'events wait at the provider');
        await until(() => one(waiting) === 0, 40000, () => `${number}: ${one(waiting)} are under way`);
    }
}
const stateOf = ({ id, thing }) => ({
    order: rows(`select status, payment_status, refunded_total, disputed_total, is_held, left_cart from orders."order" where id = ${id}`)[0],
    attempts: rows(`select kind, state, coalesce(payment_id, '') <> '' as has_payment, error from payments.attempt where order_id = ${id} order by id`),
    refunds: rows(`select amount, reason, state, error from payments.refund where order_id = ${id} order by id`),
    disputes: rows(`select amount, reason, state, money, bookings, movements, is_answered, closed_at is not null as is_over from payments.dispute where order_id = ${id} order by id`),
    books: rows(`select e.account, sum(e.amount)::bigint as amount from payments.entry e where e.order_id = ${id} group by 1 order by 1`),
    holds: rows(`select state, quantity from inventory.hold where order_id = ${id} order by id`),
    story: rows(`select kind, count(*)::int as n from orders.event where order_id = ${id} group by kind order by kind`),
    on_hand: stockOf(thing.sku).on_hand,
});
const heard = ({ id }) => rows(`select e.kind from payments.event e join payments.attempt a on a.id = e.attempt_id where a.order_id = ${id} order by e.id`).map(({ kind }) => kind);

let thing;
// `live` makes an order and lives its life; `ends` looks at the state that both come to.
// counts: of its story also how often; not where two steps told at once may be heard as one.
function life(name, live, ends, { counts = true } = {}) {
    test(name, { skip, timeout: 240000 }, async (t) => {
        const states = {};
        thing ??= goods({ stock: 10 });
        for (const [way, types] of Object.entries(ways)) {
            setStock(thing.sku, 10 - stockOf(thing.sku).reserved);
            await calm();
            await switches({ async_ms: 400, webhooks: { types } });
            const order = await live(thing);
            await quiet(order);
            states[way] = stateOf(order);
            if (!counts) states[way].story = states[way].story.map(({ kind }) => kind);
            const kinds = heard(order);
            t.diagnostic(`${way}: ${kinds.join(' ')}`);
            if (types) for (const kind of kinds) assert.ok(/\.(asked|answered)$/.test(kind) || types.includes(kind), kind);
            assert.ok(states[way].story.length, 'an order has a story');
            ends(states[way], kinds, way);
            sql(`update orders."order" set hold_until = now() - interval '1 second' where id = ${order.id} and is_held`);
            invariants();
        }
        assert.deepEqual(states.needed, states.all);
    });
}
const ended = (status, payment, ...attempts) => (state) => {
    assert.deepEqual([state.order.status, state.order.payment_status, ...state.attempts.map((a) => a.state)], [status, payment, ...attempts]);
};

test('the list is what is said, and no more', { skip }, () => {
    assert.ok(needed.length > 10 && needed.every((kind) => /^[a-z_]+(\.[a-z_]+)+$/.test(kind)), needed.join());
    for (const kind of ['checkout.session.completed', 'charge.succeeded', 'payment_intent.created', 'charge.refunded']) assert.ok(!needed.includes(kind), kind);
});

// ---- a page ----------------------------------------------------------------------------------------

life('a page, paid by card: one event is enough', async (goods) => paid(await buy(goods)), (state, kinds, way) => {
    ended('processing', 'paid', 'paid')(state);
    if (way === 'needed') assert.deepEqual(kinds, ['payment_intent.succeeded']);
});

life('a page: declined, then paid', async (goods) => {
    const order = await buy(goods);
    assert.equal((await payAt(order.session, { card: '4000000000000002' })).outcome, 'failed');
    await declined(order);
    return paid(order);
}, ended('processing', 'paid', 'paid'));

life('a page: the bank asks, and is told no, then yes', async (goods) => {
    const order = await buy(goods), card = '4000002500003155';
    assert.equal((await payAt(order.session, { card, authorise: false })).outcome, 'failed');
    await declined(order); // said after the money came it would be old news
    return paid(order, { card });
}, ended('processing', 'paid', 'paid'));

const settle = (id) => simulator(`settle/${id}`, {}); // the bank has taken its days
const slowly = async (goods, card) => {
    const order = await buy(goods);
    await switches({ async_ms: 600000 });
    assert.equal((await payAt(order.session, { card })).outcome, 'later');
    await becomes(order, 'processing');
    assert.equal(orderRow(order.number).left_cart, true, 'it has left the cart');
    await settle(order.session);
    return order;
};
life('a page: the bank takes days and says yes', async (goods) => {
    const order = await slowly(goods, '4000000000000077');
    await isPaid(order.number);
    return order;
}, ended('processing', 'paid', 'paid'));

life('a page: the bank takes days and says no; paid on another', async (goods) => {
    const order = await slowly(goods, '4000000000000085');
    await becomes(order, 'failed');
    await quiet(order);
    const { session } = orderOf((await order.browser.post(`/orders/${order.number}/pay`, { key: order.key })).headers.location);
    assert.notEqual(session, order.session);
    return paid(Object.assign(order, { session }));
}, ended('processing', 'paid', 'failed', 'paid'));

life('a page: the bank says no, and nobody comes back', async (goods) => {
    const order = await slowly(goods, '4000000000000085');
    await becomes(order, 'failed');
    await quiet(order);
    lapse(order);
    await until(() => !orderRow(order.number).is_held, 40000, 'it is still held');
    return order;
}, (state) => {
    ended(state.order.status, 'pending', 'failed')(state);
    assert.ok(state.holds.every((hold) => !['held', 'sold'].includes(hold.state)), JSON.stringify(state.holds));
});

life('a page whose time ran out; paid on another', async (goods) => {
    const order = await buy(goods);
    assert.equal((await payAt(order.session, { card: '4000000000000002' })).outcome, 'failed'); // it has a payment, which ends with it
    await simulator(`expire/${order.session}`, {});
    await becomes(order, 'expired');
    const { session } = orderOf((await order.browser.post(`/orders/${order.number}/pay`, { key: order.key })).headers.location);
    return paid(Object.assign(order, { session }));
}, ended('processing', 'paid', 'expired', 'paid'));

life('a page that is left: closed with its hold', async (goods) => {
    const order = await buy(goods);
    lapse(order);
    await until(() => !orderRow(order.number).is_held, 40000, 'it is still held');
    assert.equal((await payAt(order.session)).outcome, 'closed');
    return order;
}, (state) => {
    ended(state.order.status, 'pending', 'expired')(state);
    assert.ok(state.holds.every((hold) => !['held', 'sold'].includes(hold.state)), JSON.stringify(state.holds));
});

// ---- money back ------------------------------------------------------------------------------------

life('given back in part, then the rest', async (goods) => {
    const order = await paid(await buy(goods));
    await giveBack(order, 100);
    await until(() => orderRow(order.number).refunded_total === 100, 20000, 'the part');
    await giveBack(order);
    await is(order, 'refunded');
    return order;
}, (state) => assert.deepEqual(state.refunds.map(({ state: is_ }) => is_), ['done', 'done']));

life('given back, which is pending first', async (goods) => {
    const order = await paid(await buy(goods), { card: '4000000000007726' });
    await giveBack(order);
    await is(order, 'refunded');
    return order;
}, (state) => assert.deepEqual(state.refunds.map(({ state: is_ }) => is_), ['done']));

life('given back, which fails after all', async (goods) => {
    const order = await paid(await buy(goods), { card: '4000000000005126' });
    await giveBack(order);
    await until(() => one(`select count(*) from payments.refund where order_id = ${order.id} and state = 'failed'`) === 1, 20000, 'it has not failed');
    return order;
}, (state) => {
    ended('processing', 'paid', 'paid')(state);
    assert.equal(state.order.refunded_total, 0);
});

for (const [words, card] of [['', '4242424242424242'], [', pending first', '4000000000007726'], [', which fails after all', '4000000000005126']])
    life(`given back at Stripe's own desk${words}: a part, then the rest`, async (goods) => {
        const order = await paid(await buy(goods), { card }), { total } = orderRow(order.number);
        for (const amount of [100, total - 100]) {
            assert.equal((await desk('refunds', { payment_intent: order.payment, amount })).status, 200);
            const settled = () => rows(`select state from payments.refund where order_id = ${order.id} and amount = ${amount}`)[0]?.state === (card.endsWith('5126') ? 'failed' : 'done');
            await until(settled, 20000, `${amount} is not heard of`);
            await quiet(order);
        }
        return order;
    }, (state) => {
        assert.deepEqual(state.refunds.map(({ state: is_ }) => is_), card.endsWith('5126') ? ['failed', 'failed'] : ['done', 'done']);
        ended('processing', card.endsWith('5126') ? 'paid' : 'refunded', 'paid')(state);
    });

// ---- the buyer's bank ------------------------------------------------------------------------------

const taken = async (goods, more = {}) => {
    const order = await paid(await buy(goods)), { dispute } = await simulator(`dispute/${order.payment}`, more);
    await until(() => one(`select count(*) from payments.dispute where order_id = ${order.id}`) === 1, 20000, 'the dispute is not heard of');
    return Object.assign(order, { dispute: dispute.id });
};
const answer = async (order, word) => {
    assert.equal((await desk(`disputes/${order.dispute}`, { 'evidence[uncategorized_text]': word, submit: 'true' })).status, 200);
    return order;
};
const over = (order, state) => until(() => rows(`select state from payments.dispute where order_id = ${order.id}`)[0].state === state, 20000, `it is not ${state}`);
for (const [word, state, money] of [['winning_evidence', 'won', 'kept'], ['losing_evidence', 'lost', 'lost']])
    life(`a bank takes it back: ${state}`, async (goods) => {
        const order = await answer(await taken(goods), word);
        await over(order, state);
        return order;
    }, ({ disputes: [it] }) => assert.deepEqual([it.state, it.money, it.is_answered, it.is_over], [state, money, true, true]));

life('a bank takes it back, and nobody has answered yet', (goods) => taken(goods, { reason: 'product_not_received' }),
    ({ disputes: [it] }) => assert.deepEqual([it.state, it.money, it.is_over], ['needs_response', 'withdrawn', false]));

life('a bank only asks, and is content', async (goods) => {
    const order = await answer(await taken(goods, { inquiry: true }), 'This is what was sent.');
    assert.equal((await desk(`disputes/${order.dispute}/close`)).status, 200);
    await over(order, 'warning_closed');
    return order;
}, ({ disputes: [it] }) => assert.deepEqual([it.state, it.money, it.movements], ['warning_closed', 'kept', 0]));

life('a bank asks, takes it, and gives it back', async (goods) => {
    const order = await answer(await taken(goods, { inquiry: true }), 'escalate_inquiry_evidence');
    await over(order, 'needs_response');
    await answer(order, 'winning_evidence');
    await over(order, 'won');
    return order;
}, ({ disputes: [it] }) => assert.deepEqual([it.state, it.money, it.movements], ['won', 'kept', 2]), { counts: false });

// ---- orders of other programs, by intent -----------------------------------------------------------

life('an intent: declined, the bank asks, paid', async (goods) => {
    const order = await byIntent(goods);
    assert.equal((await order.confirm('pm_card_chargeDeclined')).status, 402);
    await declined(order);
    assert.equal((await order.confirm('pm_card_threeDSecure2Required')).data.status, 'requires_action');
    assert.equal((await order.confirm('pm_card_visa')).data.status, 'succeeded');
    await isPaid(order.number);
    return order;
}, ended('processing', 'paid', 'paid'));

for (const [method, words] of [['pm_sim_async_success', 'yes'], ['pm_sim_async_failure', 'no; then another card']])
    life(`an intent: the bank takes days and says ${words}`, async (goods) => {
        const order = await byIntent(goods);
        await switches({ async_ms: 600000 });
        assert.equal((await order.confirm(method)).data.status, 'processing');
        await becomes(order, 'processing');
        await settle(order.payment);
        if (words !== 'yes') {
            await becomes(order, 'open');
            assert.equal((await order.confirm('pm_card_visa')).data.status, 'succeeded');
        }
        await isPaid(order.number);
        return order;
    }, ended('processing', 'paid', 'paid'));

life('an intent that is cancelled at Stripe\'s own desk', async (goods) => {
    const order = await byIntent(goods);
    assert.equal((await desk(`payment_intents/${order.payment}/cancel`)).status, 200);
    await becomes(order, 'expired');
    return order;
}, ended('pending', 'pending', 'expired'));
