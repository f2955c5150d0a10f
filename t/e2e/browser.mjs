// Debian's chromium under playwright-core, for the browser tests.
//
//     const browser = await launch();
//     const page = await open(browser, { width: 390, scripts: false, lang: 'th' });
//     await page.goto('/');
//
// Addresses are relative to the shop of ./dev check (TALAT_URL). Whatever the page's console
// says of broken rules (CSP, uncaught errors) is collected in page.complaints.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const url = process.env.TALAT_URL;
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export function launch() {
    // As root chromium has no sandbox; the only pages it sees are ours.
    const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
    return chromium.launch({ executablePath: process.env.TALAT_CHROMIUM ?? '/usr/bin/chromium', args });
}

export async function open(browser, { width = 1280, height = 900, scripts = true, lang = 'en', dark = false, ...rest } = {}) {
    const context = await browser.newContext({
        baseURL: url, viewport: { width, height }, javaScriptEnabled: scripts, locale: lang,
        colorScheme: dark ? 'dark' : 'light', hasTouch: width < 600, ...rest,
    });
    return another(context);
}
// One more tab of the same visitor.
export async function another(context) {
    const page = await context.newPage();
    page.complaints = [];
    page.on('console', (message) => {
        if (message.type() === 'error') page.complaints.push(message.text());
    });
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    return page;
}

// What axe finds of serious and critical faults, one line each. Evaluated by the debugger, so
// the page's CSP neither stops it nor is loosened for it.
export async function faults(page) {
    await page.evaluate(readFileSync(axe, 'utf8'));
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
}
