// The merchant's day: products made and changed, orders cancelled and paid back.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { CARD, DEMO, journey, newcomer, until } from './people.mjs';
import { forgotten, placed, told } from './orders.mjs';

journey('a new product with picture, price and stock stands in the shop, and its changes do too', async ({ guest, merchant }) => {
    const house = await merchant(), mali = await guest(), name = `Paper Kite ${process.pid}`, slug = `paper-kite-${process.pid}`;
    await mali.opens('/products?sort=new'); // this page is kept by now
    await house.opens('/admin/products');
    await house.clicks('New product');
    await house.writes({ name_en: name, summary_en: 'Flies.', description_en: 'Bamboo and paper.\n\nMade by hand.', name_th: 'ว่าวกระดาษ' });
    await house.page.locator('[name=status]').selectOption({ label: 'Published' });
    await house.page.locator('label', { hasText: 'Plants and garden' }).getByRole('checkbox').check();
    await house.writes(await house.fieldsLike({ sku_0: `KITE-${process.pid}`, THB: '250', USD: '8.5', VND: '195000' }));
    await house.clicks('Make the product');
    await house.isAt(`/admin/products/${slug}`);

    await house.field('on_hand_0').fill('7');
    await house.clicks('Save the count');
    await house.isAt(`/admin/products/${slug}`);
    assert.equal(await house.field('on_hand_0').inputValue(), '7');

    const upload = house.page.locator('#upload'), large = { name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(7e6) };
    await upload.setInputFiles([large, large]);
    await house.clicks('Upload'); // goes nowhere
    assert.match(await upload.evaluate((input) => input.validationMessage), /more than 12 MB/);
    await upload.setInputFiles({ name: 'kite.png', mimeType: 'image/png', buffer: picture(640, 480) });
    await house.clicks('Upload');
    await house.page.locator('.picture-list img').first().waitFor();

    await mali.opens(`/products/${slug}`);
    await mali.sees(name, '฿250.00', 'In stock', 'Made by hand.');
    const shown = mali.page.locator('.frames img').first();
    await shown.waitFor();
    assert.ok(await shown.evaluate((img) => img.decode().then(() => img.naturalWidth > 0)));
    await mali.opens('/products?sort=new');
    await mali.seesAfterReloading(name);
    await mali.opens(`/th/products/${slug}`);
    await mali.sees('ว่าวกระดาษ');

    await mali.opens(`/products/${slug}`); // kept, and made anew by what the merchant does
    await house.opens(`/admin/products/${slug}`);
    await house.writes(await house.fieldsLike({ THB: '275' }));
    await house.clicks('Save', { exact: true });
    await mali.seesAfterReloading('฿275.00');
    await house.opens(`/admin/products/${slug}`);
    await house.field('on_hand_0').fill('2');
    await house.clicks('Save the count');
    await mali.seesAfterReloading('Only 2 left');
    await house.opens('/admin/products');
    await house.sees(name);
});

journey('a misspelt value and a detail are mended, and a page kept from before says so', async ({ guest, merchant }) => {
    const house = await merchant(), mali = await guest(), name = `Canal green ${process.pid}`, path = '/admin/products/balcony-pot';
    await mali.opens('/products/balcony-pot'); // kept by now
    await mali.sees('Canal teal', 'Glazed earthenware');
    const says = async (from, to, detail) => {
        await house.opens(path);
        await house.clicks('Change names');
        await house.page.locator(`[name=value_en][value="${from}"]`).fill(to);
        await house.clicks('Save the names');
        await house.sees('The names are changed.');
        await house.clicks('Change details');
        await house.page.locator('[aria-labelledby=details] [name=value_en]').first().fill(detail);
        await house.clicks('Save the details');
        await house.sees('The details are changed.');
    };
    await says('Canal teal', name, 'Glazed clay');
    await mali.seesAfterReloading(name);
    await mali.seesAfterReloading('Glazed clay');
    await says(name, 'Canal teal', 'Glazed earthenware');
    await mali.seesAfterReloading('Canal teal');
});

journey('two editors of one product: the second is told, and nothing of his is lost', async ({ merchant }) => {
    const one = await merchant(), other = await one.opensAnotherTab('/admin/products/temple-bell-chime');
    await one.opens('/admin/products/temple-bell-chime');
    const before = await one.field('summary_en').inputValue();
    await one.writes({ summary_en: `Rings twice. ${process.pid}` });
    await one.clicks('Save', { exact: true });
    await one.page.locator('[role=status]').first().waitFor();
    await other.writes({ summary_en: 'Rings softly, and long.' });
    await other.clicks('Save', { exact: true });
    await other.sees('Please look at this again');
    assert.equal(await other.field('summary_en').inputValue(), 'Rings softly, and long.');
    await one.reloads();
    await one.opens('/admin/products/temple-bell-chime');
    assert.equal(await one.field('summary_en').inputValue(), `Rings twice. ${process.pid}`);
    await one.writes({ summary_en: before });
    await one.clicks('Save', { exact: true });
    await one.page.locator('[role=status]').first().waitFor();
});

journey('what is wrong with a product is said at its field, and what was typed is kept', async ({ merchant }) => {
    const house = await merchant();
    await house.opens('/admin/products/new');
    await house.writes({ name_en: '', summary_en: 'Flies.' });
    await house.writes(await house.fieldsLike({ THB: 'two hundred' }));
    await house.clicks('Make the product');
    await house.sees('Please look at this again');
    assert.equal(await house.field('summary_en').inputValue(), 'Flies.');
    const [price] = Object.keys(await house.fieldsLike({ THB: '' }));
    assert.equal(await house.field(price).inputValue(), 'two hundred');
    assert.equal(await house.field(price).getAttribute('aria-invalid'), 'true');
    assert.equal(await house.field('name_en').getAttribute('aria-invalid'), 'true');
    await house.clicks(/^Price THB: /); // the page is long: what is said above leads there
    await house.page.waitForURL(new RegExp(`#${price}$`));
    await house.clicks(/^Name \(English\): /);
    await house.page.waitForURL(/#name_en$/);
});

const templates = new URL('../../templates/', import.meta.url);

test('each form of the back office with something to type asks before it is lost', () => {
    const names = readdirSync(templates).flatMap((room) => (room === 'lang' ? [] : readdirSync(new URL(`${room}/`, templates)).map((name) => `${room}/${name}`)));
    const isTyped = (tag) => tag.startsWith('<textarea') || !/type="(?!email)/.test(tag);
    let n = 0;
    for (const name of names.filter((each) => each.endsWith('.mustache'))) {
        const text = readFileSync(new URL(name, templates), 'utf8');
        if (!text.includes('layout/admin') && name !== 'part/view_as_form.mustache') continue;
        for (const [form] of text.matchAll(/<form .*?<\/form>/gs)) {
            const [head] = form.match(/<form .*?method="\w+"[^>]*>/s) ?? [''];
            if (!head.includes('method="post"') || head.includes('data-many')) continue;
            if (![...form.matchAll(/<textarea|<input[^>]*>/g)].some(([tag]) => isTyped(tag))) continue;
            n++;
            assert.ok(head.includes('data-keep'), `${name}: ${head}`);
        }
    }
    assert.ok(n >= 15, `${n} forms`);
});

journey('a tracking number that was typed is not lost by a click beside it, nor by news of the order', async ({ guest, merchant }) => {
    const mali = await guest(), house = await merchant(), asked = [], tracking = () => house.field('tracking');
    const number = await mali.buys('record-brush', newcomer('Parcel Post'));
    await mali.sees('Thank you, it is paid');
    house.page.on('dialog', (dialog) => asked.push(dialog.type()) && dialog.dismiss());
    await house.opens(`/admin/orders/${number}`);
    await tracking().fill('TH123456789');
    const before = await tracking().elementHandle();
    await house.page.evaluate(() => { document.querySelector('#part-acts').dataset.seen = 'before'; }); // so that news differs
    await until(() => { told(number); return before.evaluate((field) => !field.isConnected); }, 'no news came');
    assert.equal(await tracking().inputValue(), 'TH123456789');
    await house.page.locator('.up a').click();
    await until(() => asked.length, 'nobody asked');
    assert.deepEqual(asked, ['beforeunload']);
    assert.equal(await tracking().inputValue(), 'TH123456789');
    await house.clicks('Mark as sent');
    await house.sees('Marked as sent.');
    await house.page.locator('.up a').click();
    await house.isAt('/admin/orders');
    assert.equal(asked.length, 1);
});

journey('what was typed of a product is not lost by a click beside it', async ({ merchant }) => {
    const house = await merchant(), asked = [];
    let leaves = false;
    house.page.on('dialog', (dialog) => asked.push(dialog.type()) && (leaves ? dialog.accept() : dialog.dismiss()));
    await house.opens('/admin/products/record-brush');
    await house.field('brand').fill('Typed and not saved');
    await house.page.locator('.up a').click();
    await until(() => asked.length, 'nobody asked');
    assert.deepEqual(asked, ['beforeunload']);
    assert.equal(await house.field('brand').inputValue(), 'Typed and not saved');
    await house.clicks('Save', { exact: true });
    await house.sees('Saved.');
    await house.page.locator('.up a').click();
    await house.isAt('/admin/products');
    assert.equal(asked.length, 1);

    // What came back as wrong is not saved either.
    await house.opens('/admin/products/record-brush');
    await house.field('name_en').fill('');
    await house.clicks('Save', { exact: true });
    await house.sees('Please look at this again');
    await house.page.locator('.up a').click();
    await until(() => asked.length === 2, 'nobody asked of what came back');
    await house.sees('Please look at this again');
    leaves = true;
    await house.page.locator('.up a').click();
    await house.isAt('/admin/products');
    leaves = false;
    asked.length = 1;

    // Who sends another form, is asked and stays can send it anew, and what was typed there counts as typed.
    await house.opens('/admin/products/record-brush');
    await house.field('brand').fill('Typed once more');
    await house.field('on_hand_0').fill('77');
    await house.clicks('Save the count');
    await until(() => asked.length === 2, 'nobody asked');
    await until(async () => !await house.page.locator('form[data-sent]').count(), 'it cannot be sent again');
    await house.clicks('Save', { exact: true });
    await until(() => asked.length === 3, 'the count is lost');
    assert.equal(await house.field('on_hand_0').inputValue(), '77');
    asked.length = 1;

    // Neither what was typed in the smaller forms below.
    for (const name of ['values', 'alt_th']) {
        leaves = true;
        await house.opens('/admin/products/record-brush');
        leaves = false;
        asked.length = 0;
        await house.field(name).fill('Typed, too');
        await house.page.locator('.up a').click();
        await until(() => asked.length, `nobody asked of ${name}`);
        assert.equal(await house.field(name).inputValue(), 'Typed, too');
    }
});

journey('a form that was open while somebody logged in anew, or logged out, is not lost', async ({ merchant }) => {
    for (const scripts of [true, false]) {
        const house = await merchant({ scripts }), beside = await house.opensAnotherTab('/account');
        const admin = { email: 'admin@example.test', password: DEMO }, words = `Of wood.\n\n"Goat" & <hair>, ${scripts}.`;
        const brand = (name) => `${name} ${process.pid} ${scripts}`;
        await house.opens('/admin/products/record-brush');
        const before = { brand: await house.field('brand').inputValue(), description_en: await house.field('description_en').inputValue() };
        await house.writes({ brand: brand('Anew'), description_en: words });
        await beside.logsOut();
        await beside.logsIn(admin);
        await house.clicks('Save', { exact: true });
        await house.sees('This form was not sent yet', `You are logged in as ${admin.email}`);
        await house.clicks('Send it now');
        await house.sees('Saved.');
        assert.equal(await house.field('brand').inputValue(), brand('Anew'));
        assert.equal(await house.field('description_en').inputValue(), words);

        await house.writes({ ...before, brand: brand('Out') });
        await beside.logsOut();
        await house.clicks('Save', { exact: true });
        await house.sees('You are no longer logged in', 'kept on this page');
        await beside.logsIn(admin);
        if (scripts) { // the page learns of it when it is looked at again
            const token = () => house.page.locator('[data-unsent] [name=csrf]').inputValue(), old = await token();
            await house.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
            await until(async () => await token() !== old, 'the token is the old one');
        } else {
            await house.clicks('Send it now');
            await house.sees('This form was not sent yet');
        }
        await house.clicks('Send it now');
        await house.sees('Saved.');
        assert.equal(await house.field('brand').inputValue(), brand('Out'));
        await house.writes(before);
        await house.clicks('Save', { exact: true });
        await house.sees('Saved.');
    }
});

journey('cancelling an unpaid order frees what it held, and the buyer sees it', async ({ guest, merchant }) => {
    const mali = await guest(), nok = await guest(), house = await merchant();
    await mali.putsInCart('klong-floor-speakers', { colour: 'white' }); // the only one
    await mali.goesToCheckout();
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.clicks('Cancel and go back');
    await mali.isListening();
    const order = mali.order;
    await nok.opens('/products/klong-floor-speakers?colour=white');
    await nok.seesAfterReloading('Sold out for now');
    await house.opens(`/admin/orders/${order}`);
    await house.unfolds('Cancel the order');
    await house.clicks('Cancel the order');
    await house.sees('The order was cancelled');
    await mali.sees('This order is cancelled');
    await nok.seesAfterReloading('Only 1 left');
});

journey('a paid order is paid back, a part first, then the rest, once', async ({ guest, merchant }) => {
    const who = newcomer('Refund Me'), mali = await guest(), house = await merchant();
    const order = await mali.buys('record-brush', who);
    await mali.sees('Thank you, it is paid');
    await house.opens(`/admin/orders/${order}`);
    await house.unfolds('Give a part of the money back');
    await house.writes({ amount: '1,000.50' }); // as amounts stand on the page, but more than it cost
    await house.clicks('Refund this amount');
    await house.sees('Amount: That is more than is left');
    assert.equal(await house.field('amount').getAttribute('aria-invalid'), 'true');
    assert.equal(await house.field('amount').inputValue(), '1,000.50');
    await house.writes({ amount: '20.50' });
    await house.clicks('Refund this amount');
    await house.sees('The money is on its way back.', 'The money was asked to go back');
    await house.seesAfterReloading('Partly refunded');
    await house.unfolds('Give all the money back');
    await house.clicks(/^Refund /);
    await mali.sees('Your money is on its way back');
    await house.seesAfterReloading('The money went back');
    assert.equal(await house.page.locator('summary', { hasText: 'Give all the money back' }).count(), 0);
    await house.opens(`/admin/orders?q=${order}`);
    await house.sees('Nothing to send');
    await house.opens(`/admin/orders?status=processing&q=${order}`); // what is to be packed
    await house.sees('No order matches');
});

journey('a payment that a bank takes back is seen where it matters, before the goods leave', async ({ guest, merchant }) => {
    const mali = await guest(), house = await merchant();
    const order = await mali.buys('record-brush', { ...newcomer('Disputed Order'), card: CARD.disputed });
    await mali.sees('Thank you, it is paid');
    await house.opens(`/admin/orders/${order}`);
    await house.seesAfterReloading('what is sent now may be lost with the money');
    await house.sees('In dispute', 'the buyer says that the goods did not arrive', 'waits for an answer');
    await mali.seesInTime('Your bank asks about this payment'); // by itself
    await house.opens('/admin');
    await house.clicks(/wait.* for your answer about a payment/);
    await house.isAt('/admin/orders/disputes');
    await house.row(order).first().waitFor();
    await house.opens(`/admin/orders?payment=disputed&q=${order}`);
    await house.row(order).first().waitFor();
    await house.opens(`/admin/orders/ship?orders=${order}`);
    await house.sees('what is sent now may be lost with the money', 'Mark 1 order as sent');
    await house.opens(`/admin/orders/${order}`);
    assert.equal(await house.page.locator('summary', { hasText: 'money back' }).count(), 0);
});

journey('of more orders than are sent at once the first are chosen, and that is said', async ({ merchant }) => {
    try {
        const orders = placed(50, { isPaid: true }), house = await merchant(), oldest = house.row(orders.at(-1)).locator('.to-send');
        const chosen = () => house.page.locator('.to-send:checked').count(), all = house.page.getByLabel('All of this page');
        await house.opens('/admin/orders');
        await house.isListening();
        const [newest] = placed(1, { isPaid: true });
        told(newest);
        await house.row(newest).waitFor();
        assert.equal(await house.page.locator('.to-send').count(), 51);
        await house.row(newest).locator('.to-send').check();
        assert.equal(await all.isChecked(), false);
        await house.doesNotSee('50 chosen, the most at once');
        await all.check();
        assert.equal(await chosen(), 50);
        await house.sees('50 chosen, the most at once');
        assert.equal(await oldest.isChecked(), false);
        await oldest.click(); // one too many
        assert.equal(await chosen(), 50);
        await house.row(newest).locator('.to-send').uncheck();
        await house.doesNotSee('50 chosen, the most at once');
        await oldest.check();
        assert.equal(await chosen(), 50);
        await house.clicks('Mark the chosen as sent');
        await house.sees('Mark 50 orders as sent');
        await house.doesNotSee('more was chosen');
        await house.doesNotSee(newest);
        await house.opens(`/admin/orders/ship?${[...orders, newest].map((number) => `orders=${number}`).join('&')}`);
        await house.sees('1 more was chosen than go at once', 'Mark 50 orders as sent');
    } finally {
        await forgotten();
    }
});

journey('orders and customers are found by what one knows of them', async ({ guest, merchant }) => {
    const who = newcomer('Somchai Findme'), mali = await guest(), house = await merchant();
    const order = await mali.buys('record-brush', who);
    await mali.sees('Thank you, it is paid');
    await house.opens('/admin/orders');
    for (const words of [order, who.email, 'Somchai Findme']) {
        await house.writes({ q: words });
        await house.clicks('Find');
        await house.row(order).first().waitFor();
    }
    await house.page.locator('[name=payment]').selectOption({ label: 'Not paid' });
    await house.clicks('Find');
    await house.sees('No order matches.');
    await house.opens('/admin');
    await house.sees(order);
    await house.opens(`/admin/customers?q=${encodeURIComponent(who.email)}`);
    await house.sees(who.email);
});

journey('a shopper has no business in the back office', async ({ guest }) => {
    const nok = await guest();
    await nok.opens('/admin');
    await nok.isAt(/^\/login/);
    await nok.registers(newcomer('Nok Charoen'));
    const answer = await nok.opens('/admin/orders');
    assert.equal(answer.status(), 403);
    await nok.page.locator('main a[href]').first().waitFor();
});

// ---- a picture of our own: PNG, one colour ----
function crc32(bytes) {
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
}
function chunk(kind, data) {
    const body = Buffer.concat([Buffer.from(kind), data]), out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body) >>> 0, 4 + body.length);
    return out;
}
function picture(width, height) {
    const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([180, 60, 40]))]);
    return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head),
        chunk('IDAT', deflateSync(Buffer.concat(Array(height).fill(row)))), chunk('IEND', Buffer.alloc(0))]);
}
