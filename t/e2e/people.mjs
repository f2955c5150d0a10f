// The people of the browser tests, and what they do in the shop, in words:
//
//     journey('a guest buys a lamp', async ({ guest }) => {
//         const mali = await guest();
//         await mali.opens('/products/rattan-stool');
//         await mali.clicks('Add to cart');
//         await mali.sees('It is in your cart.');
//     });
//
// Nobody ever sleeps: each verb waits for what it names. A journey that fails leaves a picture,
// the page and the browser's words of each open tab in the log folder; one that succeeds must
// have given the browser nothing to complain of.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { url, launch, open, another } from './browser.mjs';
import { mailedCode, sleep } from '../http/shop.mjs';

export const PASSWORD = 'a quiet market morning';
export const DEMO = 'market-day-demo';
export const CARD = {
    pays: '4242424242424242', declined: '4000000000000002', asks: '4000002500003155',
    later: '4000000000000077', fails: '4000000000000085', disputed: '4000000000002685',
};
export const HOME = {
    email: 'mali@example.test', name: 'Mali Suksai', phone: '+66 81 234 5678', line1: '12 Soi Ari 4',
    city: 'Phaya Thai', region: 'Bangkok', postcode: '10400',
};

const logs = process.env.TALAT_CHECK ? join(process.env.TALAT_CHECK, 'log') : null;
const quoted = (words) => (words instanceof RegExp ? words : new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
// Until it holds; looked at often, for what has no event to wait for.
export async function until(holds, otherwise, ms = 30_000) {
    const end = Date.now() + ms;
    while (!(await holds())) {
        if (Date.now() > end) assert.fail(typeof otherwise === 'function' ? await otherwise() : otherwise);
        await new Promise((again) => setTimeout(again, 20));
    }
}
let number = 0;
const run = Date.now().toString(36); // a pid comes again
// A new mail address, and so a new person, each time.
export const newcomer = (name = 'Mali Suksai') => ({
    name, email: `${name.toLowerCase().replace(/\W+/g, '.')}.${run}.${++number}@example.test`,
});

class Person {
    constructor(page, pages) {
        this.page = page;
        this.pages = pages;
    }

    // ---- looking ----
    async opens(path) {
        const answer = await this.page.goto(path);
        this.status = answer?.status();
        return answer;
    }
    // A path the shop does not show to this person.
    async isToldNothingOf(path) {
        const answer = await this.opens(path);
        assert.equal(answer.status(), 404, `${path} is shown to a stranger`);
    }
    async opensAnotherTab(path) {
        const tab = new Person(await another(this.page.context()), this.pages);
        this.pages.push(tab.page);
        await tab.opens(path);
        return tab;
    }
    visible(words) {
        return this.page.getByText(quoted(words)).filter({ visible: true }).first();
    }
    async sees(...all) {
        for (const words of all) {
            await this.visible(words).waitFor().catch(async () => {
                assert.fail(`${this.page.url()} does not say ${words}; it says: ${(await this.reads('body')).slice(0, 1500)}`);
            });
        }
    }
    // For what the shop does by its own clock.
    async seesInTime(words, ms = 45_000) {
        await this.visible(words).waitFor({ timeout: ms })
            .catch(() => assert.fail(`${this.page.url()} does not say ${words} in time`));
    }
    async doesNotSee(words) {
        const found = this.page.getByText(quoted(words)).filter({ visible: true });
        await found.first().waitFor({ state: 'detached' })
            .catch(async () => assert.fail(`${this.page.url()} still says ${await found.first().innerText()}`));
    }
    async isAt(path) {
        const is = (now) => (path instanceof RegExp ? path.test(now.pathname + now.search) : now.pathname === path);
        // A way that is broken off for another (a double click) is not the end of waiting.
        for (const end = Date.now() + 40_000; Date.now() < end; await sleep(50))
            if (await this.page.waitForURL(is, { timeout: end - Date.now() }).then(() => true, () => false)) return;
        assert.fail(`is at ${this.page.url()}, not at ${path}`);
    }
    reads(selector) {
        return this.page.locator(selector).first().innerText();
    }
    get path() {
        return new URL(this.page.url()).pathname;
    }
    get address() {
        const { pathname, search } = new URL(this.page.url());
        return pathname + search;
    }
    reloads() {
        return this.page.reload();
    }
    goesBack() {
        return this.page.goBack();
    }

    // ---- doing ----
    // Something one can click, by its name.
    control(name, { exact = false } = {}) {
        const options = { name: exact || name instanceof RegExp ? name : quoted(name), exact };
        return this.page.getByRole('button', options).or(this.page.getByRole('link', options)).filter({ visible: true }).first();
    }
    async clicks(name, options) {
        await this.control(name, options).click();
    }
    async unfolds(name) {
        await this.page.locator('summary').filter({ hasText: quoted(name) }).filter({ visible: true }).first().click();
    }
    async chooses(name) {
        await this.page.getByRole('radio', { name: quoted(name) }).first().check({ force: true });
    }
    // {field's name: words}, as one fills a form.
    async writes(fields) {
        for (const [name, words] of Object.entries(fields)) {
            const field = this.page.locator(`[name="${name}"]:visible`).first();
            if (await field.evaluate((element) => element.tagName === 'SELECT')) await field.selectOption(words);
            else await field.fill(words);
        }
    }
    // For a product's first variant: {THB: '250', sku_0: 'X'} by the fields' real names.
    async fieldsLike(fields) {
        const names = {};
        for (const [name, words] of Object.entries(fields)) {
            const field = /^[A-Z]{3}$/.test(name) ? this.page.getByLabel(`Price ${name}`, { exact: true }).first() : this.field(name);
            names[await field.getAttribute('name')] = words;
        }
        return names;
    }
    field(name) {
        return this.page.locator(`[name="${name}"]`).first();
    }
    // By the plain form where there is no script, and in place where there is.
    async putsInCart(product, choice = {}) {
        await this.opens(`/products/${product}?${new URLSearchParams(choice)}`);
        await this.clicks('Add to cart');
        await this.page.locator('[data-added] a').or(this.page.locator('.lines')).first().waitFor();
    }
    async goesToCheckout() {
        if (this.path !== '/cart') await this.opens('/cart');
        await this.clicks('Go to checkout');
        await this.isAt('/checkout');
    }
    async saysWhereToSend(address = {}) {
        await this.writes({ ...HOME, ...address });
        await this.clicks('Go on to delivery');
        await this.isAt('/checkout/delivery');
    }
    async choosesDelivery(name = 'Standard delivery') {
        await this.chooses(name);
        await this.clicks('Go on to payment');
        await this.isAt('/checkout/pay');
    }
    async goesToTheBankPage() {
        await this.clicks(/^Pay /);
        await this.isAt(/^\/c\/pay\//);
    }
    async givesCard(card) {
        await this.writes({ number: card, exp: '12 / 40', cvc: '123', name: 'Mali Suksai' });
        await this.clicks(/^Pay /);
    }
    // All of it, to the order's page.
    async buys(product, { choice, card = CARD.pays, ...address } = {}) {
        await this.putsInCart(product, choice);
        await this.goesToCheckout();
        await this.saysWhereToSend(address);
        await this.choosesDelivery();
        await this.goesToTheBankPage();
        await this.givesCard(card);
        await this.isAt(/^\/orders\//);
        return this.order;
    }
    get order() {
        return /\/orders\/([0-9A-Z-]+)/.exec(this.path)?.[1];
    }
    async registers({ name, email, password = PASSWORD }) {
        await this.opens('/register');
        await this.writes({ name, email, password });
        await this.clicks('Make the account');
        await this.page.waitForURL((now) => now.pathname === '/verify');
        await this.writes({ code: await mailedCode(email) });
        await this.clicks('Confirm');
        await this.page.waitForURL((now) => now.pathname !== '/verify');
    }
    async triesToLogIn({ email, password = PASSWORD }) {
        if (this.path !== '/login') await this.opens('/login');
        await this.writes({ email, password });
        await this.page.locator('main').getByRole('button', { name: 'Log in', exact: true }).click();
    }
    async logsIn(who) {
        await this.triesToLogIn(who);
        await this.page.waitForURL((now) => now.pathname !== '/login');
    }
    async logsOut() {
        await this.opens('/account');
        await this.page.locator('main').getByRole('button', { name: 'Log out', exact: true }).click();
        await this.page.waitForURL((now) => now.pathname !== '/account');
    }

    async choosesCurrency(code) {
        await this.page.locator('.pick summary').first().click();
        await this.page.locator('.pick').getByRole('button', { name: code }).click();
        await this.page.locator('.pick summary').filter({ hasText: code }).first().waitFor();
    }
    async searches(words) {
        await this.page.locator('#q').fill(words);
        await this.page.locator('#q').press('Enter');
        await this.page.waitForURL((now) => now.searchParams.get('q') === words);
    }
    // The line of the cart that names it.
    line(words) {
        return this.page.locator('.line').filter({ hasText: words });
    }
    async changesQuantity(words, quantity) {
        const field = this.line(words).locator('input[name=quantity]:visible');
        await field.fill(String(quantity));
        const sent = this.page.waitForResponse((answer) => answer.request().method() === 'POST');
        await field.press('Enter');
        await sent;
        await this.page.waitForLoadState();
    }

    // ---- by keyboard ----
    // Walks with the Tab key until what is in focus has this name.
    async tabsTo(name) {
        const wanted = quoted(name);
        let named;
        for (let i = 0; i < 150; i++) {
            await this.page.keyboard.press('Tab');
            named = await this.page.evaluate(() => {
                const at = document.activeElement;
                const label = at.labels?.[0]?.innerText || at.innerText || at.getAttribute('aria-label') || '';
                const frame = at.getBoundingClientRect();
                return { name: label.trim(), seen: frame.width > 0 && frame.height > 0 };
            });
            if (wanted.test(named.name)) {
                assert.ok(named.seen, `${name} has the focus and cannot be seen`);
                return;
            }
        }
        assert.fail(`the Tab key never came to ${name}; it ended at ${named.name}`);
    }
    presses(key) {
        return this.page.keyboard.press(key);
    }
    types(words) {
        return this.page.keyboard.type(words);
    }

    // ---- watching ----
    // What a kept page says once it has been made anew.
    async seesAfterReloading(words) {
        await until(async () => {
            await this.page.reload();
            return this.visible(words).isVisible();
        }, `${this.page.url()} never says ${words}`);
    }
    // Marks the page, to tell later that it has not been loaded again.
    async keepsLooking() {
        await this.page.evaluate(() => { globalThis.looking = true; });
    }
    async hasNotReloaded() {
        assert.equal(await this.page.evaluate(() => globalThis.looking), true, `${this.page.url()} was loaded again`);
    }
    // The page's stream is open. live.js shows it; see streams() in browser.mjs.
    async isListening() {
        await until(() => this.page.streams.open > 0, `${this.page.url()} does not listen`);
    }
    async isNoLongerListening() {
        await until(() => this.page.streams.open === 0, `${this.page.url()} still listens`);
    }
    // The row of a table that names it.
    row(words) {
        return this.page.getByRole('row').filter({ hasText: words });
    }
}

let browser;

// A journey of one or more people; `cast` brings each on.
export function journey(name, ...rest) {
    const tell = rest.pop(), options = rest.pop() ?? {};
    return test(name, { skip: url ? false : 'no shop (TALAT_URL)', timeout: 300_000, ...options }, async () => {
        const contexts = [], pages = [];
        const guest = async (how = {}) => {
            const page = await open(browser, how);
            contexts.push(page.context());
            pages.push(page);
            return new Person(page, pages);
        };
        const merchant = async (how) => {
            const person = await guest(how);
            await person.opens('/login?next=/admin');
            await person.logsIn({ email: 'admin@example.test', password: DEMO });
            await person.isAt('/admin');
            return person;
        };
        try {
            await tell({ guest, merchant });
            for (const { complaints } of pages) assert.deepEqual(complaints, []);
        } catch (error) {
            await keep(name, pages);
            throw error;
        } finally {
            await Promise.all(contexts.map((context) => context.close()));
        }
    });
}
async function keep(name, pages) {
    if (!logs) return;
    const stem = join(logs, `journey-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 60)}`);
    mkdirSync(logs, { recursive: true });
    for (const [i, page] of pages.entries()) {
        if (page.isClosed()) continue;
        await page.screenshot({ path: `${stem}-${i + 1}.png`, fullPage: true, timeout: 5000 }).catch(() => {});
        const html = await page.content().catch(String);
        writeFileSync(`${stem}-${i + 1}.txt`, `${page.url()}\n${page.complaints.join('\n')}\n\n${html}\n`);
    }
}

before(async () => { if (url) browser = await launch(); });
after(async () => { await browser?.close(); });

// The payment provider's switches, for what a person cannot bring about.
export async function provider(path, { method = 'POST', ...body } = {}) {
    const answer = await fetch(`${process.env.TALAT_SIM}/_sim/${path}`, {
        method, headers: { connection: 'close', 'content-type': 'application/json' }, body: method === 'POST' ? JSON.stringify(body) : undefined,
    });
    return answer.json();
}
