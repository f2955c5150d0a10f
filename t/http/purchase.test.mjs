// A purchase from the shelf to the doorstep, by plain HTTP as a browser without scripts does it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { skip, Browser, admin, calm, fields, goods, invariants, isPaid, live, mails, opened, orderOf,
    orderRow, payAt, stockOf, text, until, url } from './shop.mjs';

test('ID-24 a guest buys, the merchant ships, the buyer hears of it', { skip }, async () => {
    await calm();
    const thing = goods({ stock: 5 }), guest = new Browser();
    const shelf = await guest.get(`/products/${thing.slug}`);
    assert.equal(shelf.status, 200);
    assert.equal((await guest.get('/cart')).status, 200);

    const put = await guest.post('/cart/lines', { sku: thing.sku, quantity: 2 });
    assert.equal(put.status, 303);
    assert.equal(new URL(put.headers.location, url).pathname, '/cart');
    const cart = await guest.json('/cart');
    assert.equal(cart.data.cart.lines[0].quantity, 2);
    assert.equal(cart.data.cart.goods, 2 * thing.price);

    const seen = await guest.toPay({ email: 'guest@example.test' });
    assert.deepEqual(stockOf(thing.sku), { on_hand: 5, reserved: 0 }, 'nothing is held before the order');
    const go = await guest.post('/checkout/pay', seen);
    assert.equal(go.status, 303, text(go.body).slice(0, 500));
    const order = orderOf(go.headers.location);
    assert.deepEqual(stockOf(thing.sku), { on_hand: 5, reserved: 2 });
    const hosted = await fetch(order.location);
    assert.equal(hosted.status, 200);

    const back = await guest.get(order.back); // the key it carries is of use once
    assert.equal(back.headers.location, `${order.page}/return`);
    const waiting = await guest.get(back.headers.location);
    assert.equal(waiting.status, 200);
    assert.match(waiting.body, /Waiting for your bank/);
    assert.equal(orderRow(order.number).payment_status, 'pending', 'coming back proves nothing');
    const stream = await opened(live(order));

    assert.equal((await payAt(order.session)).outcome, 'paid');
    await isPaid(order.number);
    const paid = await guest.get(order.page);
    assert.doesNotMatch(paid.body, /Waiting for your bank/);
    const json = await guest.json(order.path);
    assert.equal(json.data.order.paymentStatus, 'paid');
    assert.equal(json.data.order.status, 'processing');
    assert.deepEqual(stockOf(thing.sku), { on_hand: 3, reserved: 0 });
    assert.equal((await guest.json('/cart')).data.cart.isEmpty, true, 'what was bought has left the cart');

    await until(() => mails().some((mail) => mail.text.includes(order.number)), 10000, 'no mail of the order');
    const letters = mails().filter((mail) => mail.text.includes(order.number));
    assert.equal(letters.length, 1);
    assert.match(letters[0].text, /guest@example\.test/);

    const staff = await admin();
    const list = await staff.get('/admin/orders');
    assert.ok(list.body.includes(order.number), 'the merchant sees it');
    const page = await staff.get(`/admin/orders/${order.number}`);
    const form = fields(page.body, `/admin/orders/${order.number}/status`);
    const ship = await staff.post(`/admin/orders/${order.number}/status`, { ...form, status: 'shipped', carrier: 'Thailand Post', tracking: 'EX123TH' });
    assert.equal(ship.status, 303, text(ship.body).slice(0, 400));
    await stream.expect((event) => event.data.includes('EX123TH'), 3000, 'the open page is told');
    stream.close();
    assert.match((await guest.get(order.page)).body, /EX123TH/);
    await until(() => mails().filter((mail) => mail.text.includes(order.number)).length === 2, 10000, 'no mail of the shipping');
    invariants();
});
