// Buying, as people do: with and without scripts, by keyboard, with an account, and when the
// bank says no.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { journey, newcomer, until, CARD, HOME, PASSWORD } from './people.mjs';

journey('a guest chooses, buys and sees the order paid', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/products/tao-on-ear-headphones');
    await mali.chooses('Canal teal');
    await mali.sees('KLU-TAO-TEAL');
    await mali.clicks('Add to cart');
    await mali.sees('It is in your cart.');
    await mali.clicks('Go to the cart');
    await mali.isAt('/cart');
    await mali.sees('Canal teal');
    await mali.clicks('Go to checkout');
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
});

journey('language and currency change, the choice made in place stays', async ({ guest }) => {
    for (const change of [
        async (mali) => mali.choosesCurrency('USD'),
        async (mali) => {
            await mali.page.locator('.pick summary').first().click();
            await mali.page.locator('.pick').getByRole('link', { name: 'Tiếng Việt' }).click();
        },
        async (mali) => mali.page.locator('.foot').getByRole('link', { name: 'Tiếng Việt' }).click(),
    ]) {
        const mali = await guest();
        await mali.opens('/products/tao-on-ear-headphones');
        await mali.chooses('Canal teal');
        await mali.sees('KLU-TAO-TEAL');
        await mali.keepsLooking();
        await change(mali);
        await until(() => mali.page.evaluate(() => !globalThis.looking).catch(() => false), 'the page stays');
        await mali.sees('KLU-TAO-TEAL');
    }
});

journey('a guest without scripts buys the same way', async ({ guest }) => {
    const mali = await guest({ scripts: false, width: 390, height: 844 });
    await mali.opens('/products/tao-on-ear-headphones');
    await mali.chooses('Canal teal');
    await mali.clicks('Show this choice');
    await mali.sees('KLU-TAO-TEAL');
    await mali.clicks('Add to cart');
    await mali.isAt('/cart');
    await mali.sees('Canal teal');
    await mali.clicks('Go to checkout');
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid'); // the page comes back by itself
});

journey('a guest buys by the keyboard alone', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/');
    await mali.tabsTo('Skip to content');
    await mali.presses('Enter');
    await mali.opens('/products/supper-plates');
    await mali.tabsTo('Cream');
    await mali.presses('ArrowDown'); // the next colour
    await mali.tabsTo('Add to cart');
    await mali.presses('Enter');
    await mali.sees('It is in your cart.');
    await mali.tabsTo('Go to the cart');
    await mali.presses('Enter');
    await mali.isAt('/cart');
    await mali.tabsTo('Go to checkout');
    await mali.presses('Enter');
    await mali.isAt('/checkout');
    for (const [field, words] of [['E-mail', HOME.email], ['Full name', HOME.name], ['Telephone', HOME.phone],
        ['Street and house number', HOME.line1], ['District', HOME.city], ['Province', HOME.region], ['Postcode', HOME.postcode]]) {
        await mali.tabsTo(field);
        await mali.types(words);
    }
    await mali.presses('Enter');
    await mali.isAt('/checkout/delivery');
    await mali.tabsTo('Standard delivery');
    await mali.presses('Space');
    await mali.presses('Enter');
    await mali.isAt('/checkout/pay');
    await mali.tabsTo(/^Pay /);
    await mali.presses('Enter');
    await mali.isAt(/^\/c\/pay\//);
    for (const [field, words] of [['Card number', CARD.pays], ['Expiry', '12 / 40'], ['Security code', '123'], ['Name on card', HOME.name]]) {
        await mali.tabsTo(field);
        await mali.types(words);
    }
    await mali.presses('Enter');
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
});

journey('a quantity that was typed counts, whatever is pressed next, and however long', async ({ guest }) => {
    for (const pressed of [0, 150, 600]) {
        const mali = await guest({ width: 390, height: 844 });
        await mali.putsInCart('record-brush');
        await mali.putsInCart('rattan-stool');
        await mali.opens('/cart');
        await mali.page.route('**/cart/lines/*', async (route) => { // far away: what is sent and left alone is lost
            await sleep(400);
            await route.continue().catch(() => {});
        });
        const quantity = () => mali.line('Record Brush').locator('[name=quantity]').first();
        await quantity().fill('2');
        await mali.line('Rattan Stool').getByRole('button', { name: /^Remove/ }).click({ delay: pressed });
        await until(async () => await mali.line('Rattan Stool').count() === 0, 'it is not taken out');
        assert.equal(await quantity().inputValue(), '2');
        await quantity().fill('');
        await mali.page.getByRole('link', { name: 'Go to checkout' }).click({ delay: pressed });
        await mali.isAt('/cart');
        await quantity().fill('3');
        await mali.page.getByRole('link', { name: 'Go to checkout' }).click({ delay: pressed });
        await mali.isAt('/checkout');
        await mali.sees('3 ×');
    }
});

journey('who asks for more than there are is told so, where it stands and before they go on', async ({ guest }) => {
    const told = /^Only (\d+) left, so your cart holds \1\.$/;
    for (const scripts of [true, false]) {
        const mali = await guest({ scripts });
        const holds = async () => {
            await mali.isAt(/^\/cart\?/);
            await mali.sees(told);
            await mali.doesNotSee('Something has changed');
            const left = told.exec(await mali.page.getByText(told).innerText())[1];
            assert.equal(await mali.line('Record Brush').locator('[name=quantity]').first().inputValue(), left);
        };
        await mali.opens('/products/record-brush');
        await mali.writes({ quantity: '998' });
        await mali.clicks('Add to cart');
        await holds();
        const quantity = mali.line('Record Brush').locator('[name=quantity]').first();
        await quantity.fill('1');
        await quantity.press('Enter');
        await mali.isAt('/cart');
        await mali.doesNotSee(told);
        await quantity.fill('999');
        if (scripts) await mali.page.getByRole('link', { name: 'Go to checkout' }).click();
        else await quantity.press('Enter');
        await holds();
        await mali.clicks('Go to checkout');
        await mali.isAt('/checkout');
    }
});

journey('what a guest put in the cart is there after logging in, with what was there before', async ({ guest }) => {
    const who = newcomer('Nok Charoen'), home = await guest(), office = await guest();
    await home.registers(who);
    await home.putsInCart('record-brush');
    await home.logsOut();
    await home.opens('/cart');
    await home.sees('There is nothing in it yet.');

    await office.putsInCart('rattan-stool');
    await office.putsInCart('record-brush');
    await office.opens('/cart');
    await office.changesQuantity('Record Brush', 2);
    await office.logsIn(who);
    await office.opens('/cart');
    await office.sees('Rattan Stool', 'Record Brush');
    assert.equal(await office.line('Record Brush').locator('[name=quantity]').first().inputValue(), '2');

    const order = await office.buys('rain-on-tin-lp', { email: who.email, name: who.name });
    await office.sees('Thank you, it is paid');
    await office.opens('/cart');
    await office.sees('There is nothing in it yet.');
    await office.opens('/orders');
    await office.sees(order);

    await home.logsIn(who);
    await home.opens('/orders');
    await home.clicks(order);
    await home.sees('Thank you, it is paid', 'Rain on Tin (LP)', 'Rattan Stool', 'Record Brush');
});

journey('what was open before logging in can be put in the cart afterwards, with scripts and without', async ({ guest }) => {
    const who = newcomer('Nok Charoen'), nok = await guest();
    await nok.registers(who);
    for (const scripts of [true, false]) {
        const mali = await guest({ scripts });
        await mali.opens('/products/record-brush');
        const beside = await mali.opensAnotherTab('/login');
        await beside.logsIn(who);
        if (scripts) await mali.keepsLooking();
        await mali.clicks('Add to cart');
        if (scripts) {
            await mali.sees('It is in your cart.');
            await mali.hasNotReloaded();
        } else {
            await mali.sees('This form was not sent yet', `You are logged in as ${who.email}`);
            await mali.clicks('Send it now');
            await mali.isAt('/cart');
        }
        await beside.opens('/cart');
        await beside.sees('Record Brush');
    }
});

journey('a declined card keeps the order and lets one pay again', async ({ guest }) => {
    const mali = await guest();
    await mali.putsInCart('record-brush');
    await mali.goesToCheckout();
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.declined);
    await mali.sees('declined');
    await mali.clicks('Cancel and go back');
    await mali.isAt(/^\/orders\//);
    await mali.sees('Waiting for your payment', 'Record Brush');
    const order = mali.order;
    await mali.clicks(/^Pay /);
    await mali.isAt(/^\/c\/pay\//);
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    assert.equal(mali.order, order);
    await mali.sees('Thank you, it is paid');
});

journey('who turns back at the bank page finds the order and the cart as they were', async ({ guest }) => {
    const mali = await guest();
    await mali.putsInCart('record-brush');
    await mali.goesToCheckout();
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.clicks('Cancel and go back');
    await mali.isAt(/^\/orders\//);
    await mali.sees('Waiting for your payment');
    const first = mali.order;
    await mali.opens('/cart');
    await mali.sees('Record Brush');

    // A cart that has changed is a new order.
    await mali.putsInCart('rattan-stool');
    await mali.goesToCheckout();
    await mali.clicks('Go on to delivery'); // the address is remembered
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    assert.notEqual(mali.order, first);
    await mali.sees('Thank you, it is paid', 'Rattan Stool', 'Record Brush');
});

journey('a card that asks for 3-D Secure pays after the bank was answered', async ({ guest }) => {
    const mali = await guest();
    await mali.putsInCart('record-brush');
    await mali.goesToCheckout();
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.asks);
    await mali.page.locator('button[value=yes]').click();
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
});

journey('a buyer cancels an order not yet paid, and the goods are free again', async ({ guest }) => {
    const mali = await guest(), nok = await guest();
    await mali.putsInCart('mekhala-valve-amplifier'); // two of them in the world
    await mali.opens('/cart');
    await mali.changesQuantity('Mekhala', 2);
    await mali.goesToCheckout();
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await nok.opens('/products/mekhala-valve-amplifier');
    await nok.seesAfterReloading('Sold out for now');
    await mali.clicks('Cancel and go back');
    await mali.clicks('Cancel this order');
    await mali.sees('This order is cancelled');
    await nok.seesAfterReloading('Only 2 left');
});

journey('a double click on Pay makes one order', async ({ guest }) => {
    for (const scripts of [true, false]) {
        const who = newcomer('Double Click'), mali = await guest({ scripts });
        await mali.registers(who);
        await mali.putsInCart('inner-sleeves');
        await mali.goesToCheckout();
        await mali.saysWhereToSend(who);
        await mali.choosesDelivery();
        await mali.control(/^Pay /).dblclick();
        await mali.isAt(/^\/c\/pay\//);
        await mali.opens('/orders');
        assert.equal(await mali.page.locator('.order-number').count(), 1);
    }
});

journey('the back button from the bank leads to the same order', async ({ guest }) => {
    const who = newcomer('Back Button'), mali = await guest();
    await mali.registers(who);
    await mali.putsInCart('inner-sleeves');
    await mali.goesToCheckout();
    await mali.saysWhereToSend(who);
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.goesBack();
    await mali.isAt('/checkout/pay');
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
    await mali.opens('/orders');
    assert.equal(await mali.page.locator('.order-number').count(), 1);
    // and back over what is done does not do it again
    await mali.opens('/checkout/pay');
    await mali.isAt('/cart');
});

journey('the form says what is wrong, takes the focus and keeps what was typed', async ({ guest }) => {
    for (const scripts of [true, false]) {
        const mali = await guest({ scripts });
        await mali.putsInCart('inner-sleeves');
        await mali.goesToCheckout();
        await mali.writes({ ...HOME, email: 'mali at example', name: '', city: 'Phaya Thai' });
        await mali.clicks('Go on to delivery');
        await mali.sees('Please look at this again');
        if (scripts) assert.equal(await mali.page.evaluate(() => document.activeElement.id), 'problem');
        assert.equal(await mali.field('city').inputValue(), 'Phaya Thai');
        assert.equal(await mali.field('email').inputValue(), 'mali at example');
        assert.equal(await mali.field('email').getAttribute('aria-invalid'), 'true');
        assert.equal(await mali.field('name').getAttribute('aria-invalid'), 'true');
        assert.equal(await mali.field('line1').getAttribute('aria-invalid'), null);
        await mali.page.locator('#problem a[href="#name"]').click();
        await mali.writes({ email: HOME.email, name: HOME.name });
        await mali.clicks('Go on to delivery');
        await mali.isAt('/checkout/delivery');
        await mali.page.locator('form.form').evaluate((form) => { form.noValidate = true; });
        await mali.clicks('Go on to payment');
        await mali.sees('Please look at this again');
        await mali.chooses('Express delivery');
        await mali.clicks('Go on to payment');
        await mali.isAt('/checkout/pay');
    }
});

journey('a wrong password and an unknown account get the same answer', async ({ guest }) => {
    const who = newcomer('Nok Charoen'), nok = await guest(), other = await guest();
    await nok.registers(who);
    await nok.logsOut();
    await nok.triesToLogIn({ email: who.email, password: 'not the right one' });
    await nok.sees('Please look at this again');
    await other.triesToLogIn({ email: newcomer('Nobody There').email, password: 'not the right one' });
    await other.sees('Please look at this again');
    const said = await nok.reads('#problem');
    assert.equal(await other.reads('#problem'), said);
    assert.equal(await nok.field('email').inputValue(), who.email);
    assert.equal(await nok.field('password').inputValue(), '');
    await nok.writes({ password: PASSWORD });
    await nok.page.locator('main').getByRole('button', { name: 'Log in', exact: true }).click();
    await nok.isAt('/account');
});
