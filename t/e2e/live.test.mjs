// Pages that change while one looks. The provider's messages are held back at times, so these
// journeys go one after another.
import { afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { journey, newcomer, provider, until, CARD } from './people.mjs';
import { url } from './browser.mjs';
import { cancelled, forgotten, placed, told } from './orders.mjs';
import { stopwatch } from '../http/shop.mjs';

const bank = {
    isSilent: () => provider('switches', { webhooks: { hold: true } }),
    speaks: () => provider('switches', { webhooks: { hold: false } }),
};
afterEach(() => (process.env.TALAT_SIM ? bank.speaks() : undefined));

// The shop's clock cannot be turned; the orders' own can.
function fifteenMinutesLater(...orders) {
    const list = orders.map((order) => `'${order}'`).join(', ');
    execFileSync('psql', [process.env.TALAT_PG, '-qXc', `with late as (
        update orders."order" set hold_until = now() - interval '1 second' where number in (${list}) returning id)
        update inventory.hold set expires_at = now() - interval '1 second' where order_id in (select id from late)`]);
}

// The moment from what was done until all have seen it.
async function withinASecond(what, ...all) {
    const taken = stopwatch(); // chromium and the shop want the same processors
    await what();
    await Promise.all(all.map((seen) => seen()));
    return taken();
}

journey('the order turns paid before the buyer\'s eyes', async ({ guest }) => {
    const mali = await guest();
    await bank.isSilent();
    await mali.buys('watering-can');
    await mali.sees('Waiting for your bank', 'Waiting for your payment');
    await mali.keepsLooking();
    await mali.isListening();
    await bank.speaks();
    await mali.sees('Thank you, it is paid');
    await mali.hasNotReloaded();
    await mali.doesNotSee('Waiting for your bank');
    await mali.doesNotSee('Open the payment page again');
});

journey('a bank\'s later no is said before the buyer\'s eyes, with the way to pay again', async ({ guest }) => {
    const mali = await guest();
    await bank.isSilent();
    await mali.buys('watering-can', { card: CARD.fails });
    await mali.sees('Waiting for your bank', 'Waiting for your payment', 'Open the payment page again');
    await mali.keepsLooking();
    await mali.isListening();
    await bank.speaks();
    await mali.sees('Your bank did not make the payment', 'You can pay again, also in another way.');
    await mali.doesNotSee('Waiting for your bank');
    await mali.doesNotSee('Open the payment page again');
    await mali.hasNotReloaded();
    await mali.clicks(/^Pay ฿/);
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
});

journey('without scripts the waiting page comes back by itself until it is paid', async ({ guest }) => {
    const mali = await guest({ scripts: false });
    await bank.isSilent();
    await mali.buys('watering-can');
    await mali.sees('Waiting for your payment');
    await bank.speaks();
    await mali.sees('Thank you, it is paid'); // by the page's own refresh
});

journey('the merchant sees an order arrive and sends it; both tabs of the buyer say so at once', async ({ guest, merchant }) => {
    const mali = await guest(), house = await merchant();
    await house.opens('/admin/orders');
    await house.keepsLooking();
    await house.isListening();
    const order = await mali.buys('watering-can');
    await mali.sees('Thank you, it is paid');
    const second = await mali.opensAnotherTab(mali.address);
    await mali.keepsLooking();
    await second.keepsLooking();
    await second.isListening();

    await house.sees(order);
    await house.row(order).getByText('Paid', { exact: true }).waitFor();
    await house.hasNotReloaded();

    const desk = await house.opensAnotherTab(`/admin/orders/${order}`);
    await desk.writes({ carrier: 'Thailand Post', tracking: 'EX123456789TH' });
    await desk.clicks('Mark as sent');
    await desk.sees('The parcel was sent');
    const late = await withinASecond(() => {},
        () => mali.sees('It is on its way', 'EX123456789TH'), () => second.sees('It is on its way', 'EX123456789TH'));
    assert.ok(late < 1000, `the buyer heard of it ${Math.round(late)} ms after the merchant's page`);
    await mali.hasNotReloaded();
    await second.hasNotReloaded();
    await house.row(order).getByText('On its way').waitFor();
    await house.hasNotReloaded();

    await desk.clicks('Mark as delivered');
    await mali.sees('It has arrived');
});

journey('the day\'s figures go along with the orders that come in, and the list stays as long as it is', async ({ guest, merchant }) => {
    const mali = await guest(), house = await merchant();
    await house.opens('/admin');
    await house.keepsLooking();
    await house.isListening();
    const rows = house.page.locator('#order-rows > tr'), began = Math.max(await rows.count(), 1);
    const figure = async (nth) => Number((await house.page.locator('#figures dd').nth(nth).innerText()).replaceAll(',', ''));
    const day = () => new Date().toLocaleDateString('en', { timeZone: 'Asia/Bangkok' }), today = day();
    const [orders, waiting] = [await figure(1), await figure(3)];
    await house.page.evaluate((most) => { document.querySelector('[data-live]').dataset.liveMost = most; }, began);
    const order = await mali.buys('watering-can');
    await mali.sees('Thank you, it is paid');
    await house.row(order).getByText('Paid', { exact: true }).waitFor();
    assert.equal(await rows.count(), began);
    await until(async () => (await figure(1) > orders || day() !== today) && await figure(3) > waiting, 'the figures stand still');
    await house.hasNotReloaded();
});

// The numbers in a list of orders, from above.
const listed = (who) => who.page.locator('#order-rows > tr').evaluateAll((rows) => rows.map(({ id }) => id.slice('order-'.length)));
const older = (who) => who.page.locator('a[rel=next]').evaluate(({ href }) => href);
const same = (some, others) => some.join() === others.join();

journey('what is told of an old order does not put it among the newest', async ({ merchant }) => {
    try {
        const orders = placed(60), [, , near] = orders, old = orders.at(-1);
        const house = await merchant(), desk = await house.opensAnotherTab('/admin');
        await house.opens('/admin/orders');
        const first = { list: await listed(house), desk: await listed(desk) };
        for (const who of [house, desk]) {
            await who.keepsLooking();
            await who.isListening();
            await who.page.evaluate(() => { globalThis.news = 0; document.addEventListener('live', () => { globalThis.news++; }); });
        }
        const hear = async (n) => {
            for (const who of [house, desk]) await until(() => who.page.evaluate((least) => globalThis.news >= least, n), 'nothing is heard');
        };
        cancelled(old);
        told(old);
        await hear(1);
        cancelled(near);
        told(near);
        await hear(2);
        for (const who of [house, desk]) await who.row(near).getByText('Cancelled').waitFor();
        assert.deepEqual(await listed(house), first.list);
        assert.deepEqual(await listed(desk), first.desk);
        const newest = placed(3);
        told(...newest);
        await hear(5);
        assert.deepEqual(await listed(house), [...newest, ...first.list]);
        assert.deepEqual(await listed(desk), [...newest, ...first.desk].slice(0, 8));
        for (const who of [house, desk]) {
            await who.hasNotReloaded();
            const stood = await listed(who);
            await who.reloads();
            const now = await listed(who);
            assert.deepEqual(stood.slice(0, now.length), now);
        }
    } finally {
        await forgotten();
    }
});

journey('a list that nobody looked at for long has no holes when it is looked at again, and its ticks', async ({ merchant }) => {
    try {
        const [ticked] = placed(60, { isPaid: true }), house = await merchant();
        await house.opens('/admin/orders');
        await house.keepsLooking();
        await house.isListening();
        const beside = await house.opensAnotherTab('/admin/orders'); // for this one the shop goes on telling
        await beside.isListening();
        const first = await listed(house);
        await house.row(ticked).locator('.to-send').check();
        await house.row(ticked).locator('.to-send').focus();
        const away = async (n) => {
            await house.page.evaluate(() => dispatchEvent(new Event('pagehide')));
            const orders = placed(n, { isPaid: true });
            told(...orders);
            await until(async () => (await listed(beside))[0] === orders[0], 'the newest is not told');
            await house.page.evaluate(() => {
                const now = Date.now;
                Date.now = () => now() + 40 * 60_000;
                dispatchEvent(new Event('pageshow'));
            });
            return orders;
        };
        // What fits into a page joins what is there.
        const few = await away(3);
        await until(async () => same(await listed(house), [...few, ...first]), async () => `the list: ${await listed(house)}`);
        assert.ok(await house.row(ticked).locator('.to-send').isChecked());
        assert.ok(await house.row(ticked).locator('.to-send').evaluate((box) => box === document.activeElement));

        // More is the page as it is now, with its way to what is older; also where the first look fails.
        let lost = 0;
        await house.page.route('**/admin/orders', async (route) => (lost++ ? route.continue() : route.abort()));
        const many = await away(120), fresh = await house.opensAnotherTab('/admin/orders'), now = await listed(fresh);
        assert.deepEqual(now, many.slice(0, now.length));
        await until(async () => same(await listed(house), now), async () => `the list: ${await listed(house)}`);
        assert.ok(lost > 1);
        assert.equal(await older(house), await older(fresh));
        await house.hasNotReloaded();
        await house.page.unroute('**/admin/orders');

        // And it goes on from there.
        const [newest] = placed(1, { isPaid: true });
        told(newest);
        await until(async () => same(await listed(house), [newest, ...now]), async () => `the list: ${await listed(house)}`);
    } finally {
        await forgotten();
    }
});

journey('what happened while the line was cut is told when it is back', async ({ guest, merchant }) => {
    const mali = await guest(), house = await merchant();
    const order = await mali.buys('watering-can');
    await mali.sees('Thank you, it is paid');
    await mali.keepsLooking();
    await mali.isListening();
    await mali.page.evaluate(() => dispatchEvent(new Event('pagehide'))); // as when a phone puts the page away: it lets go of its line
    await house.opens(`/admin/orders/${order}`);
    await house.writes({ carrier: 'Kerry', tracking: 'KEX 42' });
    await house.clicks('Mark as sent');
    await house.sees('The parcel was sent');
    await mali.page.evaluate(() => dispatchEvent(new Event('pageshow')));
    await mali.sees('It is on its way', 'KEX 42');
    await mali.hasNotReloaded();
});

journey('a client of the API hears that it is connected, and then of the order', async ({ guest }) => {
    const mali = await guest(), program = new AbortController();
    await bank.isSilent();
    const order = await mali.buys('watering-can'), [, key] = new RegExp(`${order}\\.([^~]+)`).exec((await mali.page.context().cookies()).find(({ name }) => name === '__Host-orders').value);
    let heard = '';
    try {
        const line = await fetch(`${url}/orders/${order}/live.json?key=${encodeURIComponent(key)}`, {
            headers: { accept: 'text/event-stream' }, signal: program.signal,
        });
        assert.equal(line.status, 200);
        const reading = (async () => {
            for await (const bytes of line.body) heard += Buffer.from(bytes).toString();
        })();
        reading.catch(() => {});
        await until(() => heard.includes('event: connection:ready'), () => `heard only: ${heard}`);
        await bank.speaks();
        await until(() => /"paymentStatus":"paid"/.test(heard), () => `heard only: ${heard}`);
        assert.match(heard, /event: order:updated/);
        assert.match(heard, new RegExp(`"orderId":"${order}"`));
        assert.match(heard, /"orderStatus":"processing"/);
    } finally {
        program.abort();
    }
});

journey('all devices of one person see an order change; for anybody else it does not exist', async ({ guest }) => {
    const who = newcomer('Nok Charoen');
    const phone = await guest({ width: 390, height: 844 }), laptop = await guest(), stranger = await guest(), other = await guest();
    await phone.registers(who);
    await bank.isSilent();
    const order = await phone.buys('watering-can', { email: who.email, name: who.name });

    await laptop.logsIn(who);
    await laptop.opens('/orders');
    await laptop.clicks(order);
    await laptop.sees('Waiting for your payment');
    await laptop.keepsLooking();
    await laptop.isListening();
    await bank.speaks();
    await laptop.sees('Thank you, it is paid');
    await laptop.hasNotReloaded();
    await phone.sees('Thank you, it is paid');

    await stranger.isToldNothingOf(`/orders/${order}`);
    await stranger.isToldNothingOf(`/orders/${order}?key=0000`);
    await other.registers(newcomer('Lan Nguyen'));
    await other.isToldNothingOf(`/orders/${order}`);
    await other.isToldNothingOf(`/orders/${order}/live`);
});

journey('when the time to pay is over the page says so; what is left can still be paid, what is sold cannot', async ({ guest }) => {
    const mali = await guest(), lan = await guest(), nok = await guest();
    for (const [who, product, choice] of [[mali, 'cork-slipmat', {}], [lan, 'sai-thong-speaker-cable', { colour: 'indigo', length: '5m' }]]) {
        await who.putsInCart(product, choice);
        await who.goesToCheckout();
        await who.saysWhereToSend();
        await who.choosesDelivery();
        await who.goesToTheBankPage();
        await who.clicks('Cancel and go back');
        await who.isListening();
    }
    await fifteenMinutesLater(mali.order, lan.order);
    await mali.seesInTime('The time to pay is over');
    await lan.sees('The time to pay is over');
    await nok.buys('sai-thong-speaker-cable', { choice: { colour: 'indigo', length: '5m' } }); // the last one
    await nok.sees('Thank you, it is paid');

    await lan.clicks(/^Pay /);
    await lan.sees('Please look at this again', 'sold out');
    // The page that says so stands where nothing is to be read; it looks at the order's own.
    const looked = [];
    lan.page.on('response', (answer) => {
        const { pathname } = new URL(answer.url());
        if (answer.request().resourceType() === 'fetch' && pathname !== '/-/me') looked.push(`${answer.status()} ${pathname}`);
    });
    await lan.page.evaluate(() => {
        const now = Date.now;
        dispatchEvent(new Event('pagehide'));
        Date.now = () => now() + 40 * 60_000;
        dispatchEvent(new Event('pageshow'));
    });
    await until(() => looked.length, 'the order is not looked at');
    assert.deepEqual(looked, [`200 /orders/${lan.order}`]);
    await mali.clicks(/^Pay /);
    await mali.isAt(/^\/c\/pay\//);
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
});

journey('an open product page says what is left and what it costs now; sold out, it cannot be bought', async ({ guest, merchant }) => {
    const mali = await guest(), house = await merchant(), buy = mali.page.locator('#buy [data-buy]');
    await mali.opens('/products/linen-napkins');
    await mali.keepsLooking();
    await mali.isListening();
    await house.opens('/admin/products/linen-napkins');
    const before = await house.field('on_hand_0').inputValue();
    const [price] = Object.keys(await house.fieldsLike({ THB: '' })), was = await house.field(price).inputValue();
    const counts = async (n, ...words) => {
        await house.opens('/admin/products/linen-napkins');
        await house.field('on_hand_0').fill(n);
        await house.clicks('Save the count');
        await house.page.waitForLoadState();
        const late = await withinASecond(() => {}, () => mali.sees(...words));
        assert.ok(late < 1000, `${words}: ${Math.round(late)} ms after the merchant's page`);
    };
    await counts('2', 'Only 2 left');
    assert.equal(await buy.isDisabled(), false);
    await counts('0', 'Sold out for now');
    assert.equal(await buy.isDisabled(), true);
    await counts(before, 'In stock');
    assert.equal(await buy.isDisabled(), false);

    await house.writes(await house.fieldsLike({ THB: '432' }));
    await house.clicks('Save', { exact: true });
    await mali.sees('฿432.00');
    await house.opens('/admin/products/linen-napkins');
    await house.writes(await house.fieldsLike({ THB: was }));
    await house.clicks('Save', { exact: true });
    await until(async () => !(await mali.page.locator('#offer').innerText()).includes('432'), 'the old price is back');
    await mali.hasNotReloaded();
});

journey('logging out ends the stream, and going back shows nothing personal', async ({ guest }) => {
    const who = newcomer('Nok Charoen'), nok = await guest();
    await nok.registers(who);
    const order = await nok.buys('watering-can', { email: who.email, name: who.name });
    await nok.opens(`/orders/${order}`);
    await nok.sees(who.email);
    const watching = await nok.opensAnotherTab(`/orders/${order}`);
    await watching.isListening();
    await nok.logsOut();
    await watching.isNoLongerListening();
    await watching.doesNotSee(who.email); // nor does what was open already go on showing it
    await watching.sees('There is no such order');
    await nok.goesBack();
    await nok.doesNotSee(who.email);
    await nok.opens(`/orders/${order}`);
    await nok.doesNotSee(who.email);
});


journey('a desk whose session has ended asks to log in', async ({ merchant }) => {
    const house = await merchant();
    await house.opens('/admin/orders');
    await house.isListening();
    const beside = await house.opensAnotherTab('/account');
    await beside.logsOut();
    await house.isAt(/^\/login\?next=\/admin\/orders$/);
    house.page.complaints.length = 0; // its line was answered with a page
});

journey('an order that is open at the desk, and the buyer\'s list, show what becomes of it', async ({ guest, merchant }) => {
    const who = newcomer('Nok Charoen'), nok = await guest(), house = await merchant();
    await nok.registers(who);
    const [sent, ended] = [await nok.buys('watering-can', who), await nok.buys('record-brush', who)];
    await nok.sees('Thank you, it is paid');
    await nok.opens('/orders');
    await nok.keepsLooking();
    await nok.isListening();
    const row = (order) => nok.page.locator('.order-list li').filter({ hasText: order });
    const desk = await house.opensAnotherTab(`/admin/orders/${sent}`);
    const watches = async (order) => {
        await house.opens(`/admin/orders/${order}`);
        await house.keepsLooking();
        await house.isListening();
        await desk.opens(`/admin/orders/${order}`);
    };

    await watches(sent);
    await desk.writes({ carrier: 'Thailand Post', tracking: 'EX1' });
    await desk.clicks('Mark as sent');
    await house.sees('Mark as delivered', 'On its way');
    await house.doesNotSee('Mark as sent');
    await row(sent).getByText('On its way').waitFor();

    // What was begun stays, as long as it can be done.
    await watches(ended);
    await house.writes({ tracking: 'EX2' });
    await house.field('tracking').evaluate((field) => field.setSelectionRange(1, 3, 'backward'));
    const other = await house.opensAnotherTab(`/admin/orders/${ended}`);
    await other.keepsLooking();
    await other.isListening();
    for (const each of [desk, other]) {
        await each.unfolds('Give a part of the money back');
        await each.writes({ amount: '1.00' });
    }
    await other.unfolds('Give a part of the money back'); // folds it: what was typed stays
    await desk.clicks('Refund this amount');
    await other.sees('Partly refunded');
    await other.unfolds('Give a part of the money back');
    await other.clicks('Refund this amount'); // as much as was meant, but not of what there was
    await other.sees('Some of the money has gone back meanwhile');
    await house.sees('Partly refunded');
    assert.equal(await house.field('tracking').inputValue(), 'EX2');
    assert.equal(await house.field('tracking').evaluate((field) => field === document.activeElement), true);
    assert.deepEqual(await house.field('tracking').evaluate(({ selectionStart, selectionEnd }) => [selectionStart, selectionEnd]), [1, 3]);
    await desk.opens(`/admin/orders/${ended}`);
    await desk.unfolds('Cancel the order');
    await desk.page.locator('details[open]').getByRole('button', { name: 'Cancel the order' }).click();
    await house.sees('Cancelled');
    await house.doesNotSee('Mark as sent');
    await row(ended).getByText('Cancelled').waitFor();
    await house.hasNotReloaded();
    await nok.hasNotReloaded();
});
