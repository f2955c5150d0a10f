// Debian's chromium under playwright-core, for the browser tests.
//
//     const browser = await launch();
//     const page = await open(browser, { width: 390, scripts: false, lang: 'th' });
//     await page.goto('/');
//
// Addresses are relative to the shop of ./dev check (TALAT_URL). Whatever the browser says of
// broken rules (CSP, uncaught errors, a part of a page that is missing, a page that fails) is
// collected in page.complaints.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const url = process.env.TALAT_URL;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export function launch() {
    // As root chromium has no sandbox; the only pages it sees are ours.
    const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])];
    return chromium.launch({ executablePath: process.env.TALAT_CHROMIUM ?? '/usr/bin/chromium', args });
}

export async function open(browser, { width = 1280, height = 900, scripts = true, lang = 'en', dark = false, ...rest } = {}) {
    const context = await browser.newContext({
        baseURL: url, viewport: { width, height }, javaScriptEnabled: scripts, locale: lang,
        colorScheme: dark ? 'dark' : 'light', hasTouch: width < 600, reducedMotion: 'reduce', ...rest,
    });
    context.setDefaultTimeout(40_000);
    return another(context);
}

// One more tab of the same visitor.
export async function another(context) {
    const page = await context.newPage();
    page.complaints = [];
    page.streams = { open: 0 }; // its event streams, once the shop has answered them
    const complain = (words) => page.complaints.push(`${page.url()}: ${words}`);
    page.on('console', (message) => {
        // That a page was answered by 404 is no fault of the page; see 'response' for the others.
        if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) complain(message.text());
    });
    page.on('pageerror', (error) => complain(String(error)));
    page.on('response', (response) => {
        const asked = response.request(), status = response.status();
        if (asked.resourceType() === 'eventsource' && status === 200) {
            page.streams.open++;
            const over = () => { page.streams.open--; };
            response.finished().then(over, over);
        }
        // No line is laid for who may not hear it any more; the page then says why.
        const isPart = !asked.isNavigationRequest() && !['fetch', 'eventsource'].includes(asked.resourceType());
        if (status >= (isPart ? 400 : 500)) complain(`${status} from ${asked.method()} ${response.url()}`);
    });
    return page;
}

// What axe finds of serious and critical faults, one line each. Evaluated by the debugger, so
// the page's CSP neither stops it nor is loosened for it.
export async function faults(page) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

const THUMB = 44; // px
// What a thumb is meant to hit. A box within a label counts as its label; words within a
// sentence are exempt, as in WCAG 2.5.8.
export const small = (page) => page.evaluate((least) => {
    const found = [];
    for (const control of document.querySelectorAll('button, .button, summary, select, textarea, input:not([type=hidden]), .corner a')) {
        const box = control.matches('input[type=radio], input[type=checkbox]') ? control.closest('label') ?? control : control;
        const { width, height } = box.getBoundingClientRect();
        const hidden = !box.checkVisibility({ visibilityProperty: true }) || width < 2 || height < 2 || control.matches('.linkish');
        if (!hidden && (width < least - 0.5 || height < least - 0.5))
            found.push(`${control.outerHTML.slice(0, 80)} is ${Math.round(width)} × ${Math.round(height)} px`);
    }
    return found;
}, THUMB);
// With the widest number that an order may have.
export const wide = (page) => page.evaluate(() => {
    const room = document.documentElement.clientWidth, texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), had = [];
    for (let text; (text = texts.nextNode());)
        if (/TL(-[0-9A-Z]{4}){3}/.test(text.data)) had.push([text, text.data]);
    for (const [text, data] of had) text.data = data.replace(/TL(-[0-9A-Z]{4}){3}/g, 'TL-WWWW-WWWW-WWWW');
    const found = [];
    if (document.documentElement.scrollWidth > room) {
        // What is cut off or scrolls within something makes the page no wider.
        const isCut = (each) => each !== document.body && (getComputedStyle(each).overflowX !== 'visible' || isCut(each.parentElement));
        const worst = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > room && !isCut(each.parentElement)).slice(0, 5);
        found.push(`is ${document.documentElement.scrollWidth} px wide where ${room} are: ${worst.map((each) => `${each.tagName}.${each.className} "${each.textContent.trim().slice(0, 60)}"`).join(', ')}`);
    }
    for (const [text, data] of had) text.data = data;
    return found;
});
