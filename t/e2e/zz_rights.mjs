import { launch, open } from './browser.mjs';
const browser = await launch();
for (const width of [390, 1280]) {
    const page = await open(browser, { width, lang: 'en' });
    await page.goto('/login'); await page.fill('#email', 'admin@example.test'); await page.fill('#password', 'market-day-demo');
    await Promise.all([page.waitForNavigation(), page.click('main form button[type=submit]')]);
    for (const [name, path] of [['team', '/admin/team'], ['role', '/admin/team/roles/new'], ['audit', '/admin/audit'], ['audit-th', '/th/admin/audit'], ['customers', '/admin/customers']]) {
        await page.goto(path); await page.screenshot({ path: `/tmp/talat/rights-${name}-${width}.png`, fullPage: name !== 'audit' && name !== 'audit-th' });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) console.log(name, width, 'scrolls by', wide);
    }
    await page.goto('/admin/customers'); await page.click('details.act summary'); await page.fill('#email', 'shopper@example.test'); await page.fill('#reason', 'ticket 12');
    await Promise.all([page.waitForNavigation(), page.click('form[action$="/view-as"] button')]);
    await page.waitForTimeout(500); await page.screenshot({ path: `/tmp/talat/rights-view-${width}.png` });
    await page.goto('/account'); await page.screenshot({ path: `/tmp/talat/rights-viewacc-${width}.png` });
    await Promise.all([page.waitForNavigation(), page.click('.view-as button')]); console.log(page.url(), page.complaints);
    await page.context().close();
}
await browser.close();
