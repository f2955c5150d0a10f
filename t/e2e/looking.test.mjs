// Looking around: languages, currencies, options, search, filters, the next page.
import assert from 'node:assert/strict';
import { journey, until } from './people.mjs';

journey('changing the language keeps the page', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/products/rattan-stool');
    await mali.unfolds('Language and currency');
    await mali.clicks('ไทย');
    await mali.isAt('/th/products/rattan-stool');
    assert.equal(await mali.page.locator('html').getAttribute('lang'), 'th');
    await mali.sees('ใส่ตะกร้า');
    await mali.page.locator('.pick summary').first().click();
    await mali.clicks('Tiếng Việt');
    await mali.isAt('/vi/products/rattan-stool');
    assert.equal(await mali.page.locator('html').getAttribute('lang'), 'vi');
    await mali.page.locator('.pick summary').first().click();
    await mali.clicks('English');
    await mali.isAt('/products/rattan-stool');
});

// A mouse cannot push a row along; a finger sees that it goes on.
journey('all categories are there at a glance on a wide screen, and on a narrow one the row goes on', async ({ guest }) => {
    for (const width of [1000, 1100, 1280, 1400]) for (const lang of ['', '/th', '/vi']) {
        const mali = await guest({ width, scripts: false });
        await mali.opens(`${lang}/`);
        const cut = await mali.page.locator('.shelves a').evaluateAll((links) => links.filter((link) => {
            const { left, right, top, bottom } = link.getBoundingClientRect(), bar = link.closest('ul').getBoundingClientRect();
            return left < bar.left || right > bar.right || top < bar.top || bottom > bar.bottom;
        }).map((link) => link.innerText));
        assert.deepEqual(cut, [], `${width}${lang}`);
    }
    const mali = await guest({ width: 390, scripts: false });
    await mali.opens('/');
    const last = mali.page.locator('.shelves a').last();
    assert.ok((await mali.page.locator('.shelves ul').evaluate((bar) => getComputedStyle(bar).maskImage)).includes('gradient'));
    await last.focus(); // by the keyboard, too
    const { right, bar } = await last.evaluate((link) => ({ right: link.getBoundingClientRect().right, bar: link.closest('ul').getBoundingClientRect().right }));
    assert.ok(right <= bar, `it ends ${right - bar} pixels outside`);
});

journey('the chosen currency is remembered, and dong have no decimals', async ({ guest }) => {
    for (const scripts of [true, false]) {
        const mali = await guest({ scripts });
        await mali.opens('/products/rattan-stool');
        await mali.sees('฿1,290.00');
        await mali.choosesCurrency('VND');
        await mali.isAt('/products/rattan-stool');
        await mali.sees(/₫\s?1,020,000(?![.,\d])/);
        await mali.putsInCart('record-brush');
        await mali.opens('/cart');
        await mali.sees(/₫\s?360,000(?![.,\d])/);
        await mali.choosesCurrency('USD');
        await mali.isAt('/cart');
        await mali.sees('$13.50');
    }
});

journey('what has no price in the chosen currency is shown and not for sale', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/products/snake-plant');
    await mali.sees('฿490.00');
    await mali.choosesCurrency('VND');
    await mali.sees('Not sold in VND');
    assert.equal(await mali.control('Add to cart').isDisabled(), true);
    await mali.opens('/categories/garden');
    await mali.sees('Snake Plant');
});

journey('a choice that is sold out says so before one asks for it', async ({ guest }) => {
    for (const scripts of [true, false]) {
        const mali = await guest({ scripts });
        await mali.opens('/products/tuk-tuk-portable-speaker');
        await mali.chooses(/sold out/);
        if (!scripts) await mali.clicks('Show this choice');
        await mali.sees('Sold out for now');
        assert.equal(await mali.control('Add to cart').isDisabled(), true);
    }
});

journey('the gallery does not glide for who wants nothing to move', async ({ guest }) => {
    for (const [reducedMotion, isThereAtOnce] of [['reduce', true], ['no-preference', false]]) {
        const mali = await guest({ reducedMotion });
        await mali.opens('/products/tao-on-ear-headphones');
        const goes = await mali.page.evaluate(() => {
            const frames = document.querySelector('[data-frames]'), thumb = [...document.querySelectorAll('.thumbs a')].at(-1);
            thumb.click();
            return frames.scrollLeft > 0;
        });
        assert.equal(goes, isThereAtOnce, reducedMotion);
    }
});

journey('sizes of the same number in two options are two choices', async ({ guest, merchant }) => {
    const house = await merchant(), mali = await guest(), name = `Jeans ${process.pid}`, sku = name.toUpperCase().replace(' ', '-');
    await house.opens('/admin/products/new');
    await house.writes({ name_en: name, status: 'published', ...await house.fieldsLike({ THB: '900' }) });
    await house.clicks('Make the product');
    await house.isAt(/^\/admin\/products\/jeans-/);
    for (const option of ['Waist', 'Length']) {
        await house.writes({ option: '', option_name: option, values: '30\n32' });
        await house.clicks('Make the variants');
        await house.sees('The variants are made.');
    }
    await mali.opens(`/products/${sku.toLowerCase()}?waist=30&length=30`);
    const shown = mali.page.locator('[data-sku]').first();
    for (const [option, value, its] of [['length', '32', `${sku}-30-32`], ['waist', '32', `${sku}-32-32`], ['length', '30', `${sku}-32`]]) {
        await mali.page.locator(`input[name=${option}][value="${value}"]`).check({ force: true });
        await until(async () => await shown.inputValue() === its, `${option} ${value} did not show ${its}`);
    }
});

journey('a choice that is not made leads to the nearest that is, with scripts and without', async ({ guest, merchant }) => {
    const house = await merchant(), name = `Scarf ${process.pid}`, slug = name.toLowerCase().replace(' ', '-');
    await house.opens('/admin/products/new');
    await house.writes({ name_en: name, status: 'published', ...await house.fieldsLike({ THB: '900' }) });
    await house.clicks('Make the product');
    await house.isAt(/^\/admin\/products\/scarf-/);
    for (const [option, values] of [['Colour', 'Red\nBlue'], ['Size', 'S\nL']]) {
        await house.writes({ option: '', option_name: option, values });
        await house.clicks('Make the variants');
        await house.sees('The variants are made.');
    }
    for (const choice of ['Red, L', 'Blue, S'])
        await house.page.locator('fieldset.variant').filter({ hasText: choice }).getByLabel('Take this variant out').check();
    await house.clicks('Save', { exact: true });
    await house.sees('Saved.');
    for (const scripts of [true, false]) {
        const mali = await guest({ scripts }), chosen = () => mali.page.locator('.options input:checked').evaluateAll((all) => all.map(({ value }) => value).join());
        await mali.opens(`/products/${slug}?colour=red&size=s`);
        await mali.page.locator('input[name=colour][value=blue]').check({ force: true });
        if (!scripts) await mali.clicks('Show this choice');
        await until(async () => await chosen() === 'blue,l', 'blue did not lead to what there is in blue');
        await mali.sees('Sold out for now');
        await mali.doesNotSee('not for sale');
        if (!scripts) continue;
        await mali.page.locator('input[name=size][value=s]').check({ force: true });
        await until(async () => await chosen() === 'red,s', 'small did not lead to what there is in small');
    }
});

journey('without scripts nothing can be bought but the choice that is shown', async ({ guest }) => {
    const mali = await guest({ scripts: false, width: 390 });
    await mali.opens('/products/soi-bookshelf-speakers');
    await mali.chooses('Oak');
    await mali.doesNotSee('Add to cart');
    await mali.clicks('Show this choice');
    await mali.clicks('Add to cart');
    await mali.isAt('/cart');
    await mali.sees('Oak');
});

journey('a double click puts one in the cart, and a click a moment later one more', async ({ guest }) => {
    const mali = await guest(), badge = mali.page.locator('.badge [aria-hidden]');
    await mali.putsInCart('record-brush'); // a guest's first thing makes the cart
    await mali.opens('/products/celadon-tea-set');
    await mali.control('Add to cart').dblclick();
    await mali.page.locator('#buy:not([data-sent]) [data-added] a').waitFor();
    assert.equal(await badge.innerText(), '2');
    await mali.clicks('Add to cart');
    await badge.filter({ hasText: '3' }).waitFor();

    await mali.opens('/products/record-brush');
    let turnedAway = 0; // the network is away for a moment
    await mali.page.route('**/cart/lines', (lines) => lines.abort('aborted').then(() => turnedAway++));
    await mali.clicks('Add to cart');
    await mali.isAt('/cart');
    assert.equal(turnedAway, 1);
    await mali.page.unroute('**/cart/lines');
    await mali.goesBack();
    await mali.clicks('Add to cart');
    await badge.filter({ hasText: '4' }).waitFor();
});

journey('a search finds by Thai words and in spite of a slip', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/');
    await mali.searches('turntabel');
    await mali.sees('Turntable');
    await mali.opens('/th');
    const name = await mali.page.locator('.card-name').first().innerText();
    assert.match(name, /[\u0e00-\u0e7f]/);
    await mali.searches('หูฟัง');
    await mali.isAt(/^\/th\/search/);
    await mali.page.locator('a[href="/th/products/tao-on-ear-headphones"]').first().waitFor();
    await mali.opens('/vi');
    await mali.searches('tai nghe');
    await mali.page.locator('a[href="/vi/products/tao-on-ear-headphones"]').first().waitFor();
});

journey('a search that finds nothing helps one on', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/');
    await mali.searches('zzqxjkvbw');
    await mali.sees('Nothing here matches');
    await mali.doesNotSee('Sort:');
    await mali.page.locator('main').getByRole('link', { name: 'Lamps and light' }).click();
    await mali.isAt('/categories/lamps');
});

journey('filters, chips and sorting are links that work without scripts', async ({ guest }) => {
    const mali = await guest({ scripts: false });
    await mali.opens('/categories/headphones');
    const all = await mali.page.locator('#goods .card').count();
    const filter = mali.page.locator('.filter a:not([aria-current])').first();
    const words = (await filter.innerText()).replace(/\s*\d+\s*$/, '').trim();
    await filter.click();
    await mali.page.locator('.chips').waitFor();
    const some = await mali.page.locator('#goods .card').count();
    assert.ok(some >= 1 && some <= all, `${some} of ${all} after ${words}`);
    await mali.page.locator('.chips a').first().click();
    await mali.page.locator('.chips').waitFor({ state: 'detached' });
    assert.equal(await mali.page.locator('#goods .card').count(), all);

    await mali.opens('/products?sort=price_up');
    const prices = await mali.page.locator('#goods .card .price strong').allInnerTexts();
    const numbers = prices.map((price) => Number(price.replace(/[^\d.]/g, '')));
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
    await mali.unfolds('Sort:');
    await mali.clicks(/^Dearest|highest|high to low/i);
    await mali.isAt(/sort=price_down/);

    await mali.opens('/products');
    await mali.writes({ price_min: '1000', price_max: '1300' });
    await mali.clicks('Apply');
    await mali.isAt(/price_min=1000/);
    await mali.sees('฿1,000.00 – ฿1,300.00');
    for (const price of await mali.page.locator('#goods .card .price strong').allInnerTexts()) {
        const amount = Number(price.replace(/[^\d.]/g, ''));
        assert.ok(amount <= 1300, `${price} is dearer than 1,300`);
    }
});

journey('every product is reached by the links to the next page, once', async ({ guest }) => {
    const mali = await guest({ scripts: false }), nok = await guest();
    const goods = (person) => person.page.locator('#goods .card-link').evaluateAll((links) => links.map((link) => link.pathname));
    const seen = [];
    await mali.opens('/products');
    for (;;) {
        seen.push(...await goods(mali));
        const more = mali.page.locator('a[rel=next]');
        if (!(await more.count())) break;
        const before = mali.page.url();
        await more.click();
        await mali.page.waitForURL((now) => now.href !== before);
    }
    assert.equal(new Set(seen).size, seen.length, 'a product came twice');
    assert.ok(seen.length > 40, `only ${seen.length} products`);

    await nok.opens('/products'); // with scripts the rest comes below
    while (await nok.page.locator('a[data-more]').count()) {
        const before = (await goods(nok)).length;
        await nok.page.locator('a[data-more]').click();
        await nok.page.waitForFunction((n) => document.querySelectorAll('#goods .card').length > n, before);
    }
    assert.deepEqual(await goods(nok), seen);
});

journey('a page that is not there says so and helps one on', async ({ guest }) => {
    const mali = await guest();
    for (const path of ['/products/none-such', '/categories/none-such', '/nowhere', '/th/nowhere', '/orders/TL-0000-0000-0000']) {
        await mali.isToldNothingOf(path);
        await mali.page.locator('main a[href]').first().waitFor();
    }
});
