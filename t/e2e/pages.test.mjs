// Every page as it is given: valid HTML of less than 50 kB, nothing serious for axe in light and
// dark, on a phone and on a desk, no sideways scrolling, and controls a thumb can hit.
import assert from 'node:assert/strict';
import { HtmlValidate } from 'html-validate';
import { CARD, journey, newcomer, HOME } from './people.mjs';
import { faults, small, wide } from './browser.mjs';
import { codeOf, fromBase32 } from './totp.mjs';

const html = new HtmlValidate({
    root: true,
    extends: ['html-validate:standard', 'html-validate:document'],
    rules: { 'require-sri': 'off', 'no-trailing-whitespace': 'off' },
});
const MOST = 50_000; // bytes of one page, without pictures

async function invalid(text) {
    const report = await html.validateString(text);
    return report.results.flatMap(({ messages }) => messages.filter(({ severity }) => severity === 2)
        .map(({ ruleId, message, line }) => `HTML line ${line}: ${ruleId}: ${message}: ${text.split('\n')[line - 1]?.trim().slice(0, 160)}`));
}

// Looks at the page as it is now, and writes down what is wrong with it.
async function inspect(person, name, wrong) {
    const { page } = person;
    const note = (where, all) => wrong.push(...all.map((each) => `${name}${where}: ${each}`));
    // Once more, should nginx have closed the kept connection at this very moment.
    const source = await page.request.get(page.url()).catch(() => page.request.get(page.url()));
    const text = await source.text();
    note('', await invalid(text));
    if (Buffer.byteLength(text) > MOST) note('', [`${Buffer.byteLength(text)} bytes`]);
    const policy = source.headers()['content-security-policy'] ?? '';
    if (!/default-src 'none'/.test(policy) || /unsafe/.test(policy)) note('', [`Content-Security-Policy: ${policy}`]);
    for (const width of [320, 390, 1280]) {
        await page.setViewportSize({ width, height: 844 });
        if (width < 500) note(` at ${width} px`, await wide(page));
        if (width === 390) note(' at 390 px', await small(page));
        if (width === 320) continue;
        for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme });
            note(` at ${width} px, ${colorScheme}`, await faults(page));
        }
    }
    await page.emulateMedia({ colorScheme: 'light' });
}
const nothing = (wrong) => assert.ok(!wrong.length, `\n${[...new Set(wrong)].join('\n')}`);

journey('the pages of the shop are sound', async ({ guest }) => {
    const mali = await guest(), wrong = [];
    for (const [name, path] of [['home', '/'], ['category', '/categories/lamps'], ['product', '/products/tuk-tuk-portable-speaker'],
        ['search', '/th/search?q=%E0%B9%82%E0%B8%84%E0%B8%A1'], ['empty search', '/search?q=zzqxjkvbw'],
        ['home in Vietnamese', '/vi'], ['missing page', '/products/none-such']]) {
        await mali.opens(path);
        await inspect(mali, name, wrong);
    }
    nothing(wrong);
});

journey('the description of the API fits a phone, also unfolded', async ({ guest }) => {
    const mali = await guest({ width: 390 });
    await mali.opens('/api/docs');
    await mali.page.locator('.operation').evaluateAll((all) => { for (const each of all) each.open = true; });
    nothing(await wide(mali.page));
});

journey('the pages from the cart to the order are sound, and the order prints', async ({ guest }) => {
    const mali = await guest(), wrong = [];
    await mali.opens('/cart');
    await inspect(mali, 'empty cart', wrong);
    await mali.putsInCart('linen-napkins');
    await mali.opens('/cart');
    await inspect(mali, 'cart', wrong);
    await mali.goesToCheckout();
    await inspect(mali, 'address', wrong);
    await mali.saysWhereToSend();
    await inspect(mali, 'delivery', wrong);
    await mali.choosesDelivery();
    await inspect(mali, 'pay', wrong);
    await mali.goesToTheBankPage();
    await mali.clicks('Cancel and go back');
    await inspect(mali, 'order to be paid', wrong);
    await mali.clicks(/^Pay /);
    await mali.isAt(/^\/c\/pay\//);
    await mali.givesCard('4242424242424242');
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
    await inspect(mali, 'paid order', wrong);

    await mali.page.emulateMedia({ media: 'print' });
    for (const part of ['nav', 'header.top form', 'footer nav', '.no-print']) {
        for (const each of await mali.page.locator(part).all())
            if (await each.isVisible()) wrong.push(`the printed order shows ${part}`);
    }
    await mali.sees(mali.order, 'Linen Napkins', HOME.city);
    nothing(wrong);
});


journey('the pages of an account are sound', async ({ guest }) => {
    const nok = await guest(), wrong = [];
    await nok.opens('/login');
    await inspect(nok, 'login', wrong);
    await nok.opens('/register');
    await inspect(nok, 'register', wrong);
    const who = newcomer('Nok Charoen');
    await nok.registers(who);
    await nok.opens('/account');
    await inspect(nok, 'account', wrong);
    await nok.opens('/orders');
    await inspect(nok, 'orders', wrong);
    await nok.opens('/account/security');
    await inspect(nok, 'security', wrong);
    for (const [name, path] of [['profile', '/account/profile'], ['codes by text message', '/account/phone'], ['address', '/account/addresses/new?country=JP']]) {
        await nok.opens(path);
        await inspect(nok, name, wrong);
    }
    await nok.opens('/account/confirm?next=/account');
    await inspect(nok, 'confirm', wrong);
    await nok.opens('/account/security/app');
    await inspect(nok, 'app', wrong);
    await nok.opens('/account/security/app/off');
    await inspect(nok, 'app off', wrong);
    await nok.opens('/account/security/app');
    await nok.writes({ code: codeOf(fromBase32(await nok.reads('.secret'))) });
    await nok.clicks('Turn on');
    await nok.sees('They are shown only now.');
    await inspect(nok, 'codes', wrong);
    await nok.page.context().clearCookies();
    await nok.opens('/login');
    await nok.triesToLogIn(who);
    await nok.isAt('/login/second');
    await inspect(nok, 'second step', wrong);
    nothing(wrong);
});

journey('the pages of the back office are sound', async ({ guest, merchant }) => {
    const mali = await guest(), order = await mali.buys('linen-napkins', { card: CARD.disputed });
    await mali.sees('Thank you, it is paid');
    const house = await merchant(), wrong = [];
    await house.opens('/admin/orders/disputes');
    await house.seesAfterReloading(order);
    for (const [name, path] of [['dashboard', '/admin'], ['order list', '/admin/orders'], ['order', `/admin/orders/${order}`], ['disputes', '/admin/orders/disputes'],
        ['orders to be sent', `/admin/orders/ship?orders=${order}`],
        ['product list', '/admin/products'], ['product', '/admin/products/supper-plates'],
        ['names of an option', '/admin/products/supper-plates?option=size'], ['details of a product', '/admin/products/supper-plates?details=0'], ['new product', '/admin/products/new'],
        ['customers', '/admin/customers'], ['accounts', '/admin/accounts'], ['team', '/admin/team'], ['new role', '/admin/roles/new'],
        ['changes', '/admin/audit'], ['settings', '/admin/settings'], ['health', '/admin/health'], ['ways of delivery', '/admin/settings/delivery'],
        ['way of delivery', '/admin/settings/delivery/standard'], ['new way of delivery', '/admin/settings/delivery/new'],
        ['categories', '/admin/settings/categories'], ['category', '/admin/settings/categories/lamps'], ['new category', '/admin/settings/categories/-/new'],
        ['taxes', '/admin/settings/taxes'], ['taxes of a country', '/admin/settings/taxes/VN']]) {
        await house.opens(path);
        await inspect(house, name, wrong);
    }
    nothing(wrong);
});
