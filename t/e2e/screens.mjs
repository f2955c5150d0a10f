// node t/e2e/screens.mjs FOLDER [WORD]: a picture of every page, at 390 and 1280 px, in English,
// Thai and Vietnamese, light and dark, for somebody to look at. The shop is TALAT_URL or the
// running ./dev up. WORD: only pictures whose name has it ("home-390", "-th-", "dark"). What can
// be seen without eyes it says itself: sideways scrolling, small controls, what axe finds.
import { mkdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder, only = ''] = process.argv.slice(2);
if (!folder) throw new Error('say where: node t/e2e/screens.mjs FOLDER');
mkdirSync(folder, { recursive: true });
if (!process.env.TALAT_URL) {
    const { url, config, provider } = JSON.parse(execFileSync(fileURLToPath(new URL('../../dev', import.meta.url)), ['status', '--json']));
    Object.assign(process.env, { TALAT_URL: url, TALAT_CONF: config, TALAT_SIM: provider.base_url });
}
const { faults, launch, open, small, wide } = await import('./browser.mjs');
const { mailedCode, mailTo } = await import('../http/shop.mjs'); // they read the address when they come
const { codeOf, fromBase32 } = await import('./totp.mjs');

const PASSWORD = 'market-day-demo';
const prefix = (lang) => (lang === 'en' ? '' : `/${lang}`);
const address = { email: 'malee@example.test', name: 'Malee Srisuk', phone: '081 234 5678', line1: '88/3 Charoen Krung 44', city: 'Bang Rak', region: 'Bangkok', postcode: '10500' };

const card = { number: '4242424242424242', exp: '12 / 40', cvc: '123', name: 'Malee Srisuk' };

const sends = (page, button) => Promise.all([page.waitForNavigation(), page.click(button)]);
async function login(page, at, email) {
    await page.goto(`${at}/login`);
    await page.fill('#email', email);
    await page.fill('#password', PASSWORD);
    await Promise.all([page.waitForNavigation(), page.click('main form button[type=submit]')]);
}
async function product(page, at) {
    await page.goto(`${at}/products?available=1`);
    return page.locator('.card-link').first().getAttribute('href');
}
async function buy(page, at) {
    await page.goto(await product(page, at));
    await page.click('#buy [data-buy]');
    await page.waitForSelector('[data-added] a');
}
async function deliver(page, at) {
    await page.goto(`${at}/checkout`);
    for (const [field, value] of Object.entries(address)) await page.fill(`#${field}`, value);
    await Promise.all([page.waitForNavigation(), page.click('.form-end button')]);
}
async function country(page, code) {
    await Promise.all([page.waitForResponse((got) => got.request().method() === 'POST'), page.selectOption('#country', code)]);
    await page.waitForTimeout(100); // its fields are put in place
}
const linkTo = async (email, path) => new RegExp(`(/\\S*${path}\\?\\w+=\\S+)`).exec(await mailTo(email, (text) => text.includes(path), 30000))[1];
async function forget(page, at) {
    await page.context().clearCookies();
    await page.goto(`${at}/password/forgotten`);
    await page.fill('#email', page.who);
    await sends(page, 'main form button[type=submit]');
    await page.goto(await linkTo(page.who, '/password/new'));
    await page.fill('#password', `${PASSWORD} again`);
    await sends(page, 'main form button[type=submit]');
}
async function textedCode(number) {
    for (let i = 0; i < 100; i++) {
        const { messages } = await (await fetch(`${process.env.TALAT_SIM}/_sim/texts?to=${encodeURIComponent(number)}`)).json();
        if (messages.length) return messages.at(-1).body.slice(0, 6);
        await new Promise((again) => setTimeout(again, 50));
    }
    throw new Error(`no message to ${number}`);
}
async function choose(page) {
    await page.locator('.method input').first().check();
    await Promise.all([page.waitForNavigation(), page.click('.form-end button')]);
}

// Name, and what leads there; one after the other in one visit.
const shopper = [
    ['home', (page, at) => page.goto(at || '/')],
    ['list', (page, at) => page.goto(`${at}/products`)],
    ['category', (page, at) => page.goto(`${at}/categories/speakers`)],
    ['search', (page, at) => page.goto(`${at}/search?q=${encodeURIComponent({ en: 'lamp', th: 'โคมไฟ', vi: 'đèn' }[at.slice(1) || 'en'])}`)],
    ['filters', async (page, at) => {
        await page.goto(`${at}/products?category=listening&available=1`);
        await page.locator('.filters').evaluate((rail) => { rail.open = true; });
        for (const each of await page.locator('.filter > summary').all()) await each.evaluate((it) => { it.parentElement.open = true; });
    }],
    ['menu', async (page, at) => {
        await page.goto(at || '/');
        await page.locator('.pick summary').first().click();
    }],
    ['search-nothing', (page, at) => page.goto(`${at}/search?q=zzzz`)],
    ['product', (page, at) => page.goto(`${at}/products/soi-bookshelf-speakers`)],
    ['missing', (page, at) => page.goto(`${at}/products/there-is-none`)],
    ['login-wrong', async (page, at) => {
        await page.goto(`${at}/login`);
        await page.fill('#email', address.email);
        await page.fill('#password', 'not the one');
        await sends(page, 'main form button[type=submit]');
    }],
    ['login', (page, at) => page.goto(`${at}/login`)],
    ['forgotten', (page, at) => page.goto(`${at}/password/forgotten`)],
    ['verify', (page, at) => page.goto(`${at}/verify`)],
    ['register', (page, at) => page.goto(`${at}/register`)],
    ['register-wrong', async (page) => {
        await page.fill('#email', 'not an address');
        await Promise.all([page.waitForNavigation(), page.click('main form button[type=submit]')]);
    }],
    ['cart-empty', (page, at) => page.goto(`${at}/cart`)],
    ['product-added', buy],
    ['cart', (page, at) => page.goto(`${at}/cart`)],
    ['address', (page, at) => page.goto(`${at}/checkout`)],
    ['address-wrong', async (page) => {
        await page.fill('#email', 'x');
        await Promise.all([page.waitForNavigation(), page.click('.form-end button')]);
    }],
    ...['VN', 'US', 'SG'].map((code) => [`address-${code}`, async (page) => country(page, code)]),
    ['delivery', deliver],
    ['pay', choose],
    ['order-unpaid', async (page) => {
        await Promise.all([page.waitForNavigation(), page.click('.pay-form button')]);
        await Promise.all([page.waitForNavigation(), page.click('.back a')]);
    }],
    ['order', async (page) => {
        await Promise.all([page.waitForNavigation(), page.click('.order-acts button')]);
        for (const [field, value] of Object.entries(card)) await page.fill(`#${field}`, value);
        await page.click('.form form button[type=submit]');
        await page.waitForSelector('.status:not(.unpaid)');
    }],
    ['order-mailed', async (page) => {
        const [, number] = /\/orders\/([^/?]+)/.exec(page.url());
        const link = await linkTo(address.email, `/orders/${number}`);
        await page.context().clearCookies();
        await page.goto(link);
    }],
];
const member = [
    ['account', (page, at) => page.goto(`${at}/account`)],
    ['account-profile', (page, at) => page.goto(`${at}/account/profile`)],
    ['account-addresses', (page, at) => page.goto(`${at}/account/addresses`)],
    ['account-address', (page, at) => page.goto(`${at}/account/addresses/new`)],
    ...['GB', 'DE', 'JP'].map((code) => [`account-address-${code}`, (page) => country(page, code)]),
    ['account-security', (page, at) => page.goto(`${at}/account/security`)],
    ['account-app', (page, at) => page.goto(`${at}/account/security/app`)],
    ['account-connected', (page, at) => page.goto(`${at}/account/connected`)],
    ['account-confirm', (page, at) => page.goto(`${at}/account/confirm?next=/account/security`)],
    ['account-password', (page, at) => page.goto(`${at}/account/password`)],
    ['account-email', (page, at) => page.goto(`${at}/account/email`)],
    ['account-data', (page, at) => page.goto(`${at}/account/data`)],
    ['account-erase', (page, at) => page.goto(`${at}/account/erase`)],
    ['orders', (page, at) => page.goto(`${at}/orders`)],
];
const staff = [
    ['admin', (page, at) => page.goto(`${at}/admin`)],
    ['admin-orders', (page, at) => page.goto(`${at}/admin/orders`)],
    ['admin-order', async (page) => {
        const first = page.locator('#order-rows a').first();
        if (await first.count()) await page.goto(await first.getAttribute('href'));
    }],
    ['admin-order-wrong', async (page) => { // more than was paid
        if (!await page.locator('#amount').count()) return;
        await page.locator('details:has(#amount) summary').click();
        await page.fill('#amount', '99999999');
        await sends(page, 'form:has(#amount) button');
    }],
    ['admin-disputes', (page, at) => page.goto(`${at}/admin/orders/disputes`)],
    ['admin-orders-none', (page, at) => page.goto(`${at}/admin/orders?q=zzzz`)],
    ['admin-products', (page, at) => page.goto(`${at}/admin/products`)],
    ['admin-product', async (page) => {
        const first = page.locator('main tbody a').first();
        if (await first.count()) await page.goto(await first.getAttribute('href'));
    }],
    ['admin-product-wrong', async (page) => {
        await page.fill('#name_en', '');
        await page.locator('#edit [inputmode=decimal]').first().fill('much');
        await sends(page, '#edit .form-end button');
    }],
    ['admin-product-new', (page, at) => page.goto(`${at}/admin/products/new`)],
    ['admin-products-none', (page, at) => page.goto(`${at}/admin/products?q=zzzz`)],
    ['admin-customers', (page, at) => page.goto(`${at}/admin/customers`)],
    ['admin-customers-none', (page, at) => page.goto(`${at}/admin/customers?q=zzzz`)],
    ['admin-security', (page, at) => page.goto(`${at}/admin/security`)],
    ['admin-health', (page, at) => page.goto(`${at}/admin/health`)],
    ['admin-keys', (page, at) => page.goto(`${at}/admin/keys`)],
    ['admin-delivery', (page, at) => page.goto(`${at}/admin/settings/delivery`)],
    ['admin-delivery-way', (page, at) => page.goto(`${at}/admin/settings/delivery/standard`)],
    ['admin-delivery-wrong', async (page, at) => {
        await page.goto(`${at}/admin/settings/delivery/new`);
        await page.fill('#code', 'Next day');
        await page.fill('#price_0', 'fifty');
        await sends(page, '.form-end button');
    }],
    ['admin-categories', (page, at) => page.goto(`${at}/admin/settings/categories`)],
    ['admin-category', (page, at) => page.goto(`${at}/admin/settings/categories/lamps`)],
    ['admin-category-wrong', async (page, at) => {
        await page.goto(`${at}/admin/settings/categories/-/new`);
        await page.fill('#slug', 'Not an address');
        await sends(page, '.form-end button');
    }],
    ['admin-category-remove', async (page, at) => {
        await page.goto(`${at}/admin/settings/categories/lamps`);
        await page.click('.sure summary');
    }],
    ['admin-taxes', (page, at) => page.goto(`${at}/admin/settings/taxes`)],
    ['admin-taxes-country', (page, at) => page.goto(`${at}/admin/settings/taxes/VN`)],
    ['admin-taxes-wrong', async (page, at) => {
        await page.goto(`${at}/admin/settings/taxes/VN`);
        await page.fill('#rate_0', 'eight');
        await sends(page, '.form-end button');
    }],
    ['admin-team', (page, at) => page.goto(`${at}/admin/team`)],
    ['admin-settings', (page, at) => page.goto(`${at}/admin/settings`)],
    ['admin-settings-wrong', async (page) => {
        await page.fill('#name', '');
        await sends(page, 'main .form-end button');
    }],
    ['admin-role', (page, at) => page.goto(`${at}/admin/roles/new`)],
    ['admin-invited', async (page, at) => {
        await page.goto(`${at}/admin/team`);
        await page.fill('#email', `new.${Date.now()}@example.test`);
        await sends(page, 'form[action$="/invitations"] button');
    }],
    ['admin-invited-again', async (page) => { // somebody who works here
        await page.fill('#email', 'admin@example.test');
        await sends(page, 'form[action$="/invitations"] button');
    }],
    ['admin-key', async (page, at) => {
        await page.goto(`${at}/admin/keys`);
        await page.fill('#name', 'Stock of the warehouse');
        await page.locator('#scopes input').first().check();
        await sends(page, 'main .form-end button');
    }],
    ['admin-keys-wrong', async (page, at) => {
        await page.goto(`${at}/admin/keys`);
        await sends(page, 'main .form-end button');
    }],
    ['admin-audit', (page, at) => page.goto(`${at}/admin/audit`)],
    ['admin-accounts', (page, at) => page.goto(`${at}/admin/accounts?q=shopper`)],
    ['admin-account', async (page) => page.goto(await page.locator('main tbody a').first().getAttribute('href'))],
    ['admin-account-blocked', async (page, at) => {
        await page.goto(`${at}/admin/accounts?q=screens.`);
        const first = page.locator('main tbody a').first();
        if (!await first.count()) return;
        await page.goto(await first.getAttribute('href'));
        if (!await page.locator('#reason').count()) return;
        await page.fill('#reason', 'Somebody else uses it');
        await sends(page, 'form:has(#reason) button');
    }],
    ['view-as', async (page, at) => {
        await page.goto(`${at}/admin/customers`);
        await page.locator('details.act summary').click();
        await page.fill('#email', 'shopper@example.test');
        await page.fill('#reason', 'They asked about an address');
        await sends(page, 'form[action$="/view-as"] button');
        await page.goto(`${at}/account`);
    }],
];
// Somebody of their own: what they set up would be in the way of the others.
const guarded = [
    ['register-sent', async (page, at) => {
        page.who = `screens.${process.pid}.${Date.now()}@example.test`;
        await page.goto(`${at}/register`);
        for (const [field, value] of Object.entries({ name: address.name, email: page.who, password: PASSWORD })) await page.fill(`#${field}`, value);
        await sends(page, '.form-end button');
    }],
    ['verify-password', async (page, at) => { // the same mail, read in another browser
        page.kept = await page.context().cookies();
        const link = await linkTo(page.who, '/verify');
        await page.context().clearCookies();
        await page.goto(link);
    }],
    ['account-new', async (page, at) => {
        await page.context().addCookies(page.kept);
        await page.goto(`${at}/verify`);
        await page.fill('#code', await mailedCode(page.who));
        await sends(page, '.form-end button');
    }],
    ['account-phone', (page, at) => page.goto(`${at}/account/phone`)],
    ['account-phone-wrong', async (page) => {
        await page.fill('#number', '12');
        await sends(page, 'form[action$="/account/phone"] button');
    }],
    ['account-phone-code', async (page) => {
        page.number = `+66891${String(Date.now()).slice(-6)}`;
        await page.fill('#number', page.number);
        await sends(page, 'form[action$="/account/phone"] button');
    }],
    ['account-phone-on', async (page) => {
        await page.fill('#code', await textedCode(page.number));
        await sends(page, 'form[action$="/phone/code"] button');
    }],
    ['account-phone-codes', (page) => sends(page, 'form[action$="/phone/second"] button')],
    ['account-codes', async (page, at) => {
        await page.goto(`${at}/account/security/app`);
        await page.fill('#code', codeOf(fromBase32(await page.locator('.secret').innerText()), -1));
        await sends(page, '.form-end button');
    }],
    ['account-guarded', (page, at) => page.goto(`${at}/account/security`)],
    ['account-app-off', (page, at) => page.goto(`${at}/account/security/app/off`)],
    ['login-second', async (page, at) => {
        await page.context().clearCookies();
        await page.goto(`${at}/login`);
        await page.fill('#email', page.who);
        await page.fill('#password', PASSWORD);
        await sends(page, 'main form button[type=submit]');
    }],
    ['login-second-wrong', async (page) => {
        await page.fill('#code', '000000');
        await sends(page, 'main .form-end button:visible');
    }],
    ['login-second-sent', (page) => sends(page, 'form[action$="/login/second/sms"] button')],
    ['password-ways', forget],
    ['password-ways-off', async (page) => sends(page, 'button[name=way]')],
    ['new-password-old', (page, at) => page.goto(`${at}/password/new?token=0123456789abcdef`)],
];

const browser = await launch();
let made = 0;
async function visit(walk, { width, lang, dark, email }) {
    const wanted = walk.map(([name]) => `${name}-${width}-${lang}-${dark ? 'dark' : 'light'}`).filter((name) => name.includes(only));
    if (!wanted.length) return;
    const page = await open(browser, { width, height: width < 600 ? 844 : 900, lang, dark, reducedMotion: 'reduce' });
    const at = prefix(lang);
    page.setDefaultTimeout(8000);
    if (email) await login(page, at, email);
    for (const [name, go] of walk) {
        const as = `${name}-${width}-${lang}-${dark ? 'dark' : 'light'}`;
        try {
            await go(page, at);
            await page.waitForLoadState('load');
            if (!as.includes(only)) continue;
            // Pictures below the fold come when they are near.
            await page.evaluate(() => { for (const img of document.images) img.loading = 'eager'; });
            await page.waitForFunction(() => [...document.images].every((img) => img.complete), null, { timeout: 5000 }).catch(() => {});
            await page.screenshot({ path: join(folder, `${as}.png`), fullPage: true });
            made++;
            for (const fault of [...await wide(page), ...width < 600 ? await small(page) : [], ...await faults(page)]) console.error(`${as}: ${fault}`);
        } catch (wrong) {
            console.error(`${as}: ${String(wrong).split('\n')[0]}`);
        }
        for (const complaint of page.complaints.splice(0))
            if (!/status of 4\d\d/.test(complaint)) console.error(`${as}: ${complaint}`);
    }
    await page.context().close();
}
for (const dark of [false, true])
    for (const lang of ['en', 'th', 'vi'])
        for (const width of [390, 1280]) {
            const as = { width, lang, dark };
            await visit(shopper, as);
            await visit(member, { ...as, email: 'shopper@example.test' });
            await visit(guarded, as);
            await visit(staff, { ...as, email: 'admin@example.test' });
        }
await browser.close();
console.log(`${made} pictures in ${folder}`);
