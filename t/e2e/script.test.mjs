// What the pages' script adds, when lines are slow or lost, people quick, and answers not what
// was asked for.
import assert from 'node:assert/strict';
import { journey, until, HOME } from './people.mjs';

// Answers to the script alone, not to a form that is sent plainly.
const byScript = (answer) => (route) => (route.request().resourceType() === 'fetch' ? answer(route) : route.continue());
const focus = (person) => person.page.evaluate(() => document.activeElement.id);
const inCart = (person) => person.page.locator('#corner .badge [aria-hidden]').innerText();

journey('another country leaves what was typed, whatever comes of asking for its fields', async ({ guest }) => {
    const mali = await guest(), label = (name) => mali.page.locator(`label[for=${name}]`);
    await mali.putsInCart('record-brush');
    await mali.goesToCheckout();
    await mali.writes(HOME);

    const held = [];
    await mali.page.route('**/checkout', byScript((route) => held.push(route)));
    const chooses = async (country) => {
        const before = held.length;
        await mali.writes({ country });
        await until(() => held.length > before, 'the fields were not asked for');
    };
    const lets = async (route) => {
        const came = mali.page.waitForResponse((answer) => answer.request() === route.request());
        await route.continue();
        await (await came).finished();
    };
    await chooses('US');
    await mali.writes({ line1: '9 Tha Tian Pier' });
    await mali.field('line1').press('Home'); // and stays there
    await lets(held.pop());
    await label('region').filter({ hasText: 'State' }).waitFor();
    assert.equal(await mali.field('line1').inputValue(), '9 Tha Tian Pier');
    assert.equal(await focus(mali), 'line1');
    await mali.types('1');
    assert.equal(await mali.field('line1').inputValue(), '19 Tha Tian Pier');

    await chooses('SG');
    await chooses('VN');
    const [first, last] = held.splice(0);
    await lets(last);
    await label('region').filter({ hasText: 'Province or city' }).waitFor();
    await lets(first);
    await mali.page.evaluate(() => new Promise((done) => setTimeout(done, 100)));
    assert.equal(await label('region').innerText(), 'Province or city');
    await mali.page.unroute('**/checkout');

    // Turned away, as by a login page: the page itself is asked for, and says it all.
    await mali.page.route('**/checkout', byScript((route) => route.fulfill({ status: 403, contentType: 'text/html', body: '<p>No.</p>' })));
    await mali.writes({ country: 'US' });
    await label('region').filter({ hasText: 'State' }).waitFor();
    assert.equal(await mali.field('line1').inputValue(), '19 Tha Tian Pier');
    await mali.doesNotSee(/^\s*null\s*$/);
});

journey('a quantity is chosen by the arrow keys, and the focus stays', async ({ guest }) => {
    const mali = await guest();
    await mali.putsInCart('record-brush');
    await mali.opens('/cart');
    const field = mali.line('Record Brush').locator('[name=quantity]:visible'), id = await field.getAttribute('id');
    let sent = 0;
    mali.page.on('request', (request) => { sent += request.method() === 'POST'; });
    await field.focus();
    for (let i = 0; i < 3; i++) await mali.presses('ArrowUp');
    await until(async () => await inCart(mali) === '4', 'the cart has not four');
    assert.equal(sent, 1);
    assert.equal(await focus(mali), id);
    await field.fill('2');
    await mali.presses('Tab'); // what is left is sent at once
    await until(async () => await inCart(mali) === '2', 'the cart has not two');
    await field.fill('5');
    await mali.presses('Enter');
    await until(async () => await inCart(mali) === '5', 'the cart has not five');
    assert.equal(sent, 3);
    assert.equal(await focus(mali), id);
});

journey('the button that comes along on a telephone says what it did', async ({ guest }) => {
    const mali = await guest({ width: 390, height: 700 });
    await mali.opens('/products/rattan-stool');
    const bar = mali.page.locator('[data-buy-bar]');
    await until(async () => {
        await mali.page.locator('.foot').scrollIntoViewIfNeeded();
        return bar.isVisible();
    }, 'there is no bar');
    await bar.getByRole('button').click();
    await bar.getByText('It is in your cart.').waitFor();
    await bar.getByRole('link', { name: 'Go to the cart' }).click();
    await mali.isAt('/cart');
    await mali.sees('Rattan Stool');
});

journey('an answer that is lost puts nothing in twice', async ({ guest }) => {
    const mali = await guest();
    await mali.putsInCart('record-brush'); // a guest's first thing makes the cart
    await mali.opens('/products/rattan-stool');
    await mali.page.route('**/cart/lines', async (lines) => {
        await lines.fetch({ maxRedirects: 0 });
        await lines.abort('connectionreset');
    });
    await mali.clicks('Add to cart');
    await mali.isAt('/cart'); // says what is there
    await mali.sees('Rattan Stool');
    assert.equal(await inCart(mali), '2');

    // What is turned away was not put in: the plain form says why, or does it.
    await mali.goesBack();
    await mali.page.unroute('**/cart/lines');
    await mali.page.route('**/cart/lines', byScript((lines) => lines.fulfill({ status: 429, body: 'Soon.' })));
    await mali.clicks('Add to cart');
    await mali.isAt('/cart');
    assert.equal(await inCart(mali), '3');
});

journey('a card says aloud that its thing is in the cart, and a list grows by one click', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/products');
    await mali.page.locator('.card-add button').first().click();
    await mali.page.getByRole('status').filter({ hasText: 'It is in your cart.' }).waitFor({ state: 'attached' });

    const all = async () => mali.page.locator('#goods .card-link').evaluateAll((links) => links.map((link) => link.href));
    const before = (await all()).length;
    const held = [];
    await mali.page.route(/\/products\?.*after=/, byScript((route) => held.push(route)));
    const more = mali.page.locator('[data-more]');
    await more.click();
    await more.click();
    await until(() => held.length > 0, 'no more was asked for');
    for (const route of held) await route.continue();
    await until(async () => (await all()).length > before, 'no more came');
    await mali.page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    const now = await all();
    assert.equal(new Set(now).size, now.length, 'goods are shown twice');
});

journey('a page that is gone back to shows the cart as it is now', async ({ guest }) => {
    const mali = await guest();
    await mali.putsInCart('record-brush');
    const tab = await mali.opensAnotherTab('/products/rattan-stool');
    await tab.clicks('Add to cart');
    await tab.page.locator('#buy [data-added] a').waitFor();
    assert.equal(await inCart(mali), '1');
    // Playwright's browser keeps no pages; this is what a kept one is told.
    await mali.page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await until(async () => await inCart(mali) === '2', 'the corner is as it was');
});

journey('where the shop has no time for the header\'s corner it stays, and is asked for again', async ({ guest }) => {
    const mali = await guest();
    await mali.putsInCart('record-brush');
    await mali.opens('/products/rattan-stool');
    await mali.page.evaluate(() => { // as nginx answers where the worker does not; what is redirected cannot be routed
        const ask = fetch;
        globalThis.isBusy = true;
        globalThis.fetch = async (...of) => {
            const answer = await ask(...of), { url, redirected } = answer;
            if (!globalThis.isBusy || !url.endsWith('/-/me')) return answer;
            return Object.defineProperties(new Response('', { status: 200 }), { url: { value: url }, redirected: { value: redirected } });
        };
    });
    await mali.clicks('Add to cart');
    await mali.page.locator('#buy [data-added] a').waitFor();
    assert.ok(await mali.page.locator('#corner a').count() > 0, 'the corner is empty');
    assert.equal(await inCart(mali), '1');
    await mali.page.evaluate(() => { globalThis.isBusy = false; });
    await until(async () => await inCart(mali) === '2', 'the corner is as it was');
});

journey('a double click on what is good once sends it once', async ({ guest }) => {
    const mali = await guest();
    let sent = 0;
    await mali.opens('/password/forgotten');
    await mali.writes({ email: HOME.email });
    await mali.page.route('**/password/forgotten', async (route) => {
        sent += route.request().method() === 'POST';
        await route.continue();
    });
    await mali.page.locator('main').getByRole('button', { name: 'Send the link' }).dblclick();
    await mali.sees('a mail is on its way');
    assert.equal(sent, 1);
});

journey('who goes back to a form that was refused, or loads it anew, is not asked to send it again', async ({ guest, merchant }) => {
    const mali = await guest(), house = await merchant();
    let sent = 0;
    await mali.putsInCart('inner-sleeves');
    await mali.goesToCheckout();
    mali.page.on('request', (request) => { sent += request.method() === 'POST' && request.isNavigationRequest(); });
    for (const email of ['mali at example', 'mali@']) {
        await mali.page.locator('form.form').evaluate((form) => { form.noValidate = true; });
        await mali.writes({ ...HOME, email });
        await mali.clicks('Go on to delivery');
        await mali.sees('Please look at this again');
        assert.equal(await mali.field('email').inputValue(), email);
        assert.equal(mali.path, '/checkout');
    }
    await mali.reloads();
    await mali.doesNotSee('Please look at this again');
    await mali.saysWhereToSend();
    assert.equal(sent, 3);
    await mali.goesBack();
    await mali.isAt('/checkout');
    assert.equal(await mali.field('city').inputValue(), HOME.city);
    assert.equal(sent, 3);
    await house.opens('/admin/products/new');
    await house.writes({ name_en: '' });
    await house.clicks('Make the product');
    await house.sees('Please look at this again');
    assert.equal(house.path, '/admin/products/new');
});

journey('a new key is marked by one click, to be copied', async ({ merchant }) => {
    const house = await merchant();
    await house.opens('/admin/keys');
    await house.writes({ name: 'Till' });
    await house.page.locator('[name=scopes]').first().check();
    await house.clicks('Make the key');
    const key = house.page.locator('[data-select]');
    await key.click();
    const [marked, whole] = await key.evaluate((input) => [input.selectionEnd - input.selectionStart, input.value.length]);
    assert.ok(whole > 20);
    assert.equal(marked, whole);
});

journey('a choice that sells out while one looks has words for it', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/products/tao-on-ear-headphones');
    const teal = mali.page.locator('.choice').filter({ hasText: 'Canal teal' }).getByText('sold out');
    assert.equal(await teal.isVisible(), false);
    await mali.page.evaluate(() => { // as live.js brings the news
        document.querySelector('[data-variant="KLU-TAO-TEAL"]').removeAttribute('data-for-sale');
        document.querySelector('[data-product]').dispatchEvent(new Event('live'));
    });
    await teal.waitFor();
});
