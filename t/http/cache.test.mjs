// The page cache with the real workers behind it: what is kept, for whom, and how it is renewed.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { skip, Browser, admin, ask, calm, conf, fields, goods, inner, one, redis, rows, setStock, shopper, sleep, sql, text, until, url, wholeForm, within } from './shop.mjs';

before(async () => { if (!skip) await calm(); });

// How often a worker has made this page: its log has the pattern of the route only.
const made = (route) => readFileSync(join(dirname(process.env.TALAT_APP), 'log/web.log'), 'utf8').split(`"route":"${route}"`).length - 1;
const html = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
const json = { headers: { accept: 'application/json' } };
const cache = ({ headers }) => headers['x-cache'];

// Until what other tests have set off is done: renewals come once more after two seconds. A walk through
// all pages ends here (t/catalog.c has that).
const quiet = async () => {
    await redis('del', 'refresh.rest');
    sql(`delete from work.job where kind in ('refresh.slowly', 'refresh.part')`);
    await until(() => rows(`select id from work.job where state <> 'dead' and run_at < now() + interval '3 seconds'
        and (kind like 'refresh.%' or kind like 'catalog.%')`).length === 0, 8000, 'the queue does not end');
};

test('a second look at a product costs no worker anything', { skip }, async () => {
    const { slug } = goods();
    await quiet();
    const times = () => made('/products/{slug}') + made('/') + made('/products');
    for (const path of [`/products/${slug}`, `/th/products/${slug}`, `/vi/products/${slug}`, '/', '/products']) {
        await ask(path, html);
        const before = times(), seen = [];
        for (let i = 0; i < 20; i++) {
            const got = await ask(path, html);
            assert.equal(got.status, 200, path);
            seen.push(cache(got));
            assert.equal(got.cookies.length, 0, path);
            assert.equal(got.headers.vary, undefined, path);
        }
        // Lists are kept for a minute: it may be over just now, once.
        const others = seen.filter((one) => one !== 'HIT').length, most = path.endsWith('/') || path.endsWith('/products') ? 1 : 0;
        assert.ok(others <= most && times() <= before + most, `${path}: ${seen}, made ${times() - before} times`);
    }
});

test('stock that moves is on the kept page within three seconds, and nobody waits for it', { skip, timeout: 180000 }, async (t) => {
    const thing = goods({ stock: 8 }), path = `/products/${thing.slug}`, seen = [];
    await ask(path, html);
    await ask(`${path}.json`);
    await quiet();
    const left = async () => JSON.parse((await ask(`${path}.json`)).body).product.variants.find((one) => one.sku === thing.sku);
    const before = (await ask(path, html)).body;
    await new Browser().order(thing.sku, 6);
    const began = Date.now();
    await within(3000, async () => {
        const got = await ask(path, html);
        seen.push(cache(got));
        return got.body !== before && (await left()).left === 2;
    }, async () => `still ${JSON.stringify(await left())}`);
    t.diagnostic(`${Date.now() - began} ms after the order was placed`);
    await sleep(2500);
    seen.push(cache(await ask(path, html)));
    assert.deepEqual([...new Set(seen)], ['HIT'], 'readers only ever met a kept page');
    assert.equal((await left()).left, 2);
});

test('a price that the merchant changes is on the kept pages within three seconds', { skip, timeout: 180000 }, async (t) => {
    const thing = goods({ stock: 50 }), staff = await admin(), path = `/products/${thing.slug}`;
    await ask(path, html);
    const page = await staff.get(`/admin/products/${thing.slug}`);
    assert.equal(page.status, 200);
    const form = wholeForm(page.body, `/admin/products/${thing.slug}`);
    const name = Object.keys(form).find((one) => /price/i.test(one) && /thb/i.test(one) && Number(form[one]) * 100 === thing.price)
        ?? Object.keys(form).find((one) => /thb/i.test(one));
    assert.ok(name, `no price among ${Object.keys(form)}`);
    const was = form[name], now = String(Number(was) + 1234567), shown = (value) => Number(value).toLocaleString('en-US');
    const prices = () => rows(`select amount from catalog.price where product_id = ${thing.product} and currency = 'THB' order by variant_id`).map(({ amount }) => amount);
    const old = prices();
    assert.ok(!(await ask(path, html)).body.includes(shown(now)), `${name} ${was} ${now} ${Object.entries(form).map(String)}`);
    const save = async (value) => {
        const got = await staff.post(`/admin/products/${thing.slug}`, { ...form, [name]: value });
        assert.equal(got.status, 303, text(got.body).slice(0, 600));
    };
    await save(now);
    try {
        const amounts = prices().filter((amount, i) => amount !== old[i]);
        assert.equal(amounts.length, 1);
        t.diagnostic(`${name}: ${was} -> ${now}, ${amounts}`);
        await within(3000, async () => {
            const got = await ask(path, html);
            assert.equal(cache(got), 'HIT');
            const { product } = JSON.parse((await ask(`${path}.json`)).body);
            return got.body.includes(shown(now)) && product.variants.some(({ price }) => price === amounts[0]);
        }, 'the old price is still shown');
    } finally {
        const again = fields((await staff.get(`/admin/products/${thing.slug}`)).body, `/admin/products/${thing.slug}`);
        Object.assign(form, again);
        await save(was);
    }
});

test('a product that is taken off sale is gone from the kept pages within three seconds', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 50 }), staff = await admin(), path = `/products/${thing.slug}`, at = `/admin/products/${thing.slug}`, visitor = new Browser();
    await visitor.get('/cart'); // who has something of their own has pages of another kind
    const looks = [() => ask(path, html), () => ask(path, { headers: { ...html.headers, 'accept-encoding': 'gzip' } }), () => ask(`/th${path}`, html), () => ask(`${path}.json`), () => visitor.get(path)];
    const statuses = () => Promise.all(looks.map((look) => look().then((got) => got.status)));
    const put = async (status) => {
        const form = wholeForm((await staff.get(at)).body, at);
        assert.equal((await staff.post(at, { ...form, status })).status, 303);
    };
    assert.deepEqual(await statuses(), looks.map(() => 200));
    await put('archived');
    try {
        await within(3000, async () => (await statuses()).every((status) => status === 404), async () => `still ${await statuses()}`);
    } finally { await put('published'); }
    await within(3000, async () => (await statuses()).every((status) => status === 200), async () => `still ${await statuses()}`);
});

test('a category that the merchant makes, names anew and removes is so on the kept pages, too', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 50 }), staff = await admin(), path = `/products/${thing.slug}`, at = '/admin/settings/categories';
    const into = (slugs) => staff.send(`/admin/products/${thing.slug}.json`, { method: 'POST', body: JSON.stringify({ version: one(`select version from catalog.product where id = ${thing.product}`), category: slugs }),
        headers: { 'content-type': 'application/json', 'x-csrf-token': staff.jar.get('__Host-csrf'), origin: url, 'sec-fetch-site': 'same-origin' } });
    const before = rows(`select c.slug from catalog.product_category pc join catalog.category c on c.id = pc.category_id where pc.product_id = ${thing.product}`).map(({ slug }) => slug);
    assert.equal((await staff.post(at, { slug: 'zz-kept', name_en: 'Kept things' })).status, 303);
    assert.equal((await into(['zz-kept'])).status, 200);
    try {
        const shows = async (where, words) => (await ask(where, html)).body.includes(words);
        await within(5000, async () => await shows(path, 'Kept things') && shows('/categories/zz-kept', thing.slug), 'the new category is not shown');
        assert.equal((await staff.post(`${at}/zz-kept`, { name_en: 'Held things' })).status, 303);
        await within(15000, async () => await shows(path, 'Held things') && shows('/categories/zz-kept', 'Held things'), 'the old name is still shown');
        assert.equal((await staff.post(`${at}/zz-kept/remove`, { to: before[0] ?? '-' })).status, 303);
        await within(15000, async () => (await ask('/categories/zz-kept', html)).status === 404 && !await shows(path, '/categories/zz-kept'), 'it is still shown');
        assert.ok(!before[0] || await shows(`/categories/${before[0]}`, thing.slug));
    } finally {
        await into(before);
        if (one("select count(*) from catalog.category where slug = 'zz-kept'")) await staff.post(`${at}/zz-kept/remove`, { to: '-' });
    }
});

// The question's spelling is nginx's key, its words are the workers': each look is a new page of one question.
const spelt = (name, n) => {
    let bit = 0; // a blank has no other case
    return name.replace(/\p{L}/gu, (letter) => ((n >> (bit++ % 12)) & 1 ? letter.toUpperCase() : letter.toLowerCase()));
};
const shelved = (product, change) => { sql(change); sql(`select catalog.reshelve(array[${product}::bigint])`); };

test('which products a search finds is kept for seconds, what they cost is not', { skip, timeout: 180000 }, async () => {
    const thing = goods(), [{ name }] = rows(`select name from catalog.product_text where product_id = ${thing.product} and lang = 'en'`);
    let n = 1;
    const found = async (prefix = '') => {
        const got = await ask(`${prefix}/search.json?q=${encodeURIComponent(spelt(name, n++))}`);
        assert.deepEqual([got.status, cache(got)], [200, 'MISS']);
        return JSON.parse(got.body).products.find(({ slug }) => slug === thing.slug);
    };
    const status = (now) => shelved(thing.product, `update catalog.product set status = '${now}' where id = ${thing.product}`);
    const was = await found();
    assert.ok(was, `${name} finds ${thing.slug}`);
    assert.ok(await found('/th'), 'in another language');
    shelved(thing.product, `update catalog.price set amount = amount + 700, compare_at = compare_at + 700 where product_id = ${thing.product}`);
    try {
        assert.equal((await found()).price, was.price + 700, 'asked at once');
        status('draft');
        assert.equal(await found(), undefined, 'never one that is off the shelf');
        await sleep(9500);
        assert.equal(await found(), undefined);
        status('published');
        await until(found, 10000, 'a product is not found ten seconds after it came');
    } finally {
        status('published');
        shelved(thing.product, `update catalog.price set amount = amount - 700, compare_at = compare_at - 700 where product_id = ${thing.product}`);
    }
});

test('a card that workers have read before says what holds now', { skip, timeout: 180000 }, async () => {
    const thing = goods(), [{ name }] = rows(`select name from catalog.product_text where product_id = ${thing.product} and lang = 'en'`);
    const [{ brand }] = rows(`select brand from catalog.product where id = ${thing.product}`);
    let n = 300;
    // Of as many at once as keep every worker busy, what they say of it.
    const said = async () => {
        const cards = await Promise.all(Array.from({ length: 24 }, async () => {
            const { products } = JSON.parse((await ask(`/search.json?q=${encodeURIComponent(spelt(name, n++))}`)).body);
            const { brand: its, price, left } = products.find(({ slug }) => slug === thing.slug);
            return JSON.stringify({ brand: its, price, left });
        }));
        return [...new Set(cards)].map((card) => JSON.parse(card));
    };
    const [first, ...others] = await said();
    assert.deepEqual([first.brand, others], [brand, []]);
    const change = (to, more) => {
        sql(`begin; update catalog.product set brand = '${to.replaceAll("'", "''")}' where id = ${thing.product};
            update catalog.price set amount = amount + ${more}, compare_at = compare_at + ${more} where product_id = ${thing.product};
            select catalog.reshelve(array[${thing.product}::bigint]); commit`);
    };
    change('Another brand', 900);
    try {
        assert.deepEqual(await said(), [{ ...first, brand: 'Another brand', price: first.price + 900 }]);
    } finally { change(brand, -900); }
    assert.deepEqual(await said(), [first]);
});

test('the piece of a page that is a card says what holds now, to each reader in their own way', { skip, timeout: 180000 }, async () => {
    const simple = (id) => one(`select count(*) from catalog.card where product_id = ${id} and lang = 'en' and sku is not null`);
    let thing = goods({ stock: 90 }), n = 600;
    while (!simple(thing.product)) thing = goods({ stock: 90 });
    const [{ name }] = rows(`select name from catalog.product_text where product_id = ${thing.product} and lang = 'en'`);
    const [{ dollars }] = rows(`select low::int as dollars from catalog.offer, unnest(currencies, lows) as of(currency, low) where product_id = ${thing.product} and currency = 'USD'`);
    const shown = (price, exponent) => (price / 10 ** exponent).toLocaleString('en-US', { minimumFractionDigits: exponent });
    // So many at once that every worker makes some, twice over: those it has and those it has not.
    const said = async (prefix = '', headers = {}) => {
        const cards = await Promise.all(Array.from({ length: 48 }, async () => {
            const { status, body } = await ask(`${prefix}/search?q=${encodeURIComponent(spelt(name, n++))}`, { headers: { ...html.headers, ...headers } });
            assert.equal(status, 200, body.slice(0, 300));
            return body.split('<li class="card">').slice(1).map((card) => card.split('</li>')[0]).find((card) => card.includes(`/products/${thing.slug}"`));
        }));
        assert.equal(new Set(cards).size, 1, [...new Set(cards)].join('\n'));
        return cards[0];
    };
    const visitor = await shopper();
    const own = { cookie: visitor.cookie }, usd = { cookie: '__Host-currency=USD' };
    const first = await said();
    assert.ok(first.includes(`฿${shown(thing.price, 2)}`) && !first.includes('class="left"') && first.includes('name="csrf" value=""'), first);
    assert.ok((await said('', usd)).includes(`$${shown(dollars, 2)}`));
    assert.match(await said('/th'), /href="\/th\/products\//);
    assert.ok((await said('', own)).includes(`name="csrf" value="${visitor.jar.get('__Host-csrf')}"`), 'who is somebody may put it into the cart');
    setStock(thing.sku, 3);
    assert.match(await said(), />3 left</);
    setStock(thing.sku, 2);
    assert.match(await said(), />2 left</);
    setStock(thing.sku, 0);
    const none = await said();
    assert.ok(none.includes('Sold out') && !none.includes('<form'), none);
    setStock(thing.sku, 70);
    assert.equal(await said(), first);
    const change = (more) => shelved(thing.product, `update catalog.price set amount = amount + ${more}, compare_at = compare_at + ${more} where product_id = ${thing.product}`);
    change(900);
    try {
        assert.ok((await said()).includes(`฿${shown(thing.price + 900, 2)}`));
        assert.ok((await said('', usd)).includes(`$${shown(dollars + 900, 2)}`));
    } finally { change(-900); }
    assert.equal(await said(), first);
});

test('a list that workers have made before is one round trip to the database', { skip, timeout: 180000 }, async () => {
    const thing = goods(), [{ name }] = rows(`select name from catalog.product_text where product_id = ${thing.product} and lang = 'en'`);
    const asked = () => readFileSync(join(dirname(process.env.TALAT_APP), 'log/web.log'), 'utf8').split('\n')
        .filter((line) => line.includes('"route":"/search"')).map((line) => Number(/"db":"(\d+)"/.exec(line)[1]));
    let n = 1200;
    for (const [path, { headers }] of [['/search', html], ['/search.json', json], ['/th/search', html]]) {
        const trips = async () => {
            const before = asked().length;
            await Promise.all(Array.from({ length: 24 }, async () => {
                const got = await ask(`${path}?q=${encodeURIComponent(spelt(name, n++))}`, { headers });
                assert.deepEqual([got.status, cache(got)], [200, 'MISS'], got.body.slice(0, 300));
            }));
            return asked().slice(before);
        };
        // What is kept for seconds is made anew now and then.
        let seen;
        await until(async () => { seen = await trips(); return seen.length >= 24 && seen.every((one) => one === 1); }, 15000, () => `${path}: ${seen}`);
    }
});

test('a product that workers have read before is shown as it is now, and where it is now', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 90 }), [{ slug, brand }] = rows(`select slug, brand from catalog.product where id = ${thing.product}`);
    let n = 0;
    // An undeclared name makes it a page that is not kept; so many at once keep every worker busy.
    const said = async (at) => {
        const pages = await Promise.all(Array.from({ length: 24 }, async () => {
            const { status, body } = await ask(`/products/${at}.json?look=${n++}`), { product } = status === 200 ? JSON.parse(body) : {};
            const own = product?.variants.find(({ sku }) => sku === thing.sku);
            return JSON.stringify({ status, brand: product?.brand, price: own?.price, left: own?.left });
        }));
        return [...new Set(pages)].map((page) => JSON.parse(page));
    };
    const change = (set, more) => {
        sql(`begin; update catalog.product set ${set} where id = ${thing.product};
            update catalog.price set amount = amount + ${more}, compare_at = compare_at + ${more} where product_id = ${thing.product};
            select catalog.reshelve(array[${thing.product}::bigint]); commit`);
    };
    const as_it_was = { status: 200, brand, price: thing.price, left: null };
    assert.deepEqual(await said(slug), [as_it_was]);
    setStock(thing.sku, 2);
    assert.deepEqual(await said(slug), [{ ...as_it_was, left: 2 }]);
    change("brand = 'Another brand'", 900);
    try {
        assert.deepEqual(await said(slug), [{ status: 200, brand: 'Another brand', price: thing.price + 900, left: 2 }]);
        change("slug = slug || '-elsewhere'", 0);
        assert.deepEqual(await said(slug), [{ status: 404 }]);
        assert.deepEqual((await said(`${slug}-elsewhere`)).map(({ status }) => status), [200]);
    } finally {
        setStock(thing.sku, 90);
        change(`brand = '${brand.replaceAll("'", "''")}', slug = '${slug}'`, -900);
    }
    assert.deepEqual(await said(slug), [as_it_was]);
});

test("a product's page names a category that is newer than the workers' list of them", { skip, timeout: 180000 }, async () => {
    const thing = goods(), slug = `newest-${Date.now()}`;
    await ask(`/products/${goods().slug}.json`); // the list is kept now
    const id = one(`with c as (insert into catalog.category (organisation_id, slug, position, names)
            select organisation_id, '${slug}', 9999, '{"en": "Newest of all", "th": "ใหม่"}' from catalog.product where id = ${thing.product} returning id, organisation_id)
        , p as (insert into catalog.product_category (product_id, category_id, organisation_id) select ${thing.product}, id, organisation_id from c)
        select id from c`);
    sql(`select catalog.reshelve(array[${thing.product}::bigint])`);
    try {
        for (const [prefix, name] of [['', 'Newest of all'], ['/th', 'ใหม่']]) {
            const { product } = JSON.parse((await ask(`${prefix}/products/${thing.slug}.json?made=now`)).body); // never a kept one
            assert.deepEqual(product.categories.filter((each) => each.slug === slug), [{ slug, name }]);
        }
    } finally {
        shelved(thing.product, `delete from catalog.product_category where category_id = ${id}`);
        sql(`delete from catalog.category where id = ${id}`);
    }
});

test('a page that a worker died over is made anew by the next', { skip, timeout: 180000 }, async () => {
    const thing = goods({ stock: 9 }), path = `/products/${thing.slug}`, [{ organisation }] = rows(`select organisation_id as organisation from catalog.product where id = ${thing.product}`);
    const change = (more) => {
        shelved(thing.product, `update catalog.price set amount = amount + ${more}, compare_at = compare_at + ${more} where product_id = ${thing.product}`);
        sql(`select work.tell('product.changed', ${organisation}, ${thing.product}, '{"slug": "${thing.slug}"}', '', true)`);
    };
    const price = async () => JSON.parse((await ask(`${path}.json`)).body).product.variants.find(({ sku }) => sku === thing.sku).price;
    await price();
    await quiet();
    const was = await price();
    await redis('rename', `tag:product:${thing.product}`, `hand:tag:product:${thing.product}`); // as it leaves them
    change(100);
    try {
        await until(async () => await price() === was + 100, 10000, 'the page is what it was');
    } finally { change(-100); }
});

test("a category's new name is on its kept pages within three seconds", { skip, timeout: 180000 }, async () => {
    const [{ id, slug, organisation, names }] = rows(`select c.id, c.slug, c.organisation_id as organisation, c.names from catalog.category c
        where exists (select from catalog.shelf s where s.category_id = c.id) order by c.id limit 1`);
    const call = (to) => sql(`update catalog.category set names = $$${to}$$ where id = ${id};
        select work.tell('category.changed', ${organisation}, ${id}, '{"slug": "${slug}"}', '', true)`);
    const now = `Renamed ${Date.now()}`, written = typeof names === 'string' ? names : JSON.stringify(names);
    await quiet();
    const said = async () => JSON.parse((await ask(`/categories/${slug}.json`)).body).category.name;
    assert.notEqual(await said(), now);
    try {
        call(JSON.stringify({ en: now }));
        await within(3500, async () => await said() === now, async () => `still ${await said()}`);
        assert.ok((await ask(`/categories/${slug}?available=1`, html)).body.includes(now), 'sifted too');
    } finally { call(written); }
});

test('JSON, languages and currencies are kept apart', { skip }, async () => {
    const { slug } = goods(), at = `/products/${slug}`;
    for (let round = 0; round < 2; round++) {
        const asJson = await ask(at, json), asHtml = await ask(at, html), thai = await ask(`/th${at}`, html);
        assert.match(asJson.headers['content-type'], /^application\/json/);
        assert.equal(JSON.parse(asJson.body).product.slug, slug);
        assert.match(asHtml.headers['content-type'], /^text\/html/);
        assert.match(asHtml.body, /<html lang="en"/);
        assert.match(thai.body, /<html lang="th"/);
        const money = {};
        for (const currency of ['THB', 'VND', 'USD', 'EUR'])
            money[currency] = (await ask(at, { headers: { ...html.headers, cookie: `__Host-currency=${currency}` } })).body;
        assert.match(money.VND, /₫/);
        assert.match(money.USD, /\$/);
        assert.match(money.THB, /฿/);
        assert.doesNotMatch(money.THB.replace(/<select[\s\S]*?<\/select>/g, ''), /₫\d|\d₫/);
        assert.equal(money.EUR, money.THB, 'a currency we do not have is no key');
    }
    assert.match((await ask(at, { headers: { accept: 'application/json;q=0.9' } })).headers['content-type'], /json/);
    assert.match((await ask(at, html)).headers['content-type'], /html/);
});

test('what is personal is kept for nobody', { skip }, async () => {
    const one = await shopper(), two = await admin(), { sku, slug } = goods({ stock: 9 });
    await one.add(sku, 2);
    for (const path of ['/cart', '/account', '/orders', '/-/me', '/checkout', '/login', '/admin', '/admin/orders']) {
        for (const browser of [one, two, new Browser(), one]) {
            const got = await browser.get(path);
            assert.notEqual(cache(got), 'HIT', path);
            assert.match(got.headers['cache-control'] ?? 'no-store', /no-store/, path);
        }
    }
    // The same kept page, with each reader's own corner and token.
    const pages = [];
    for (const browser of [one, two, new Browser(), one]) pages.push(await browser.get(`/products/${slug}`));
    assert.ok(pages.every((got) => got.status === 200));
    const token = (got) => /name="csrf" value="([^"]*)"/.exec(got.body)?.[1];
    assert.equal(token(pages[0]), one.jar.get('__Host-csrf'));
    assert.equal(token(pages[1]), two.jar.get('__Host-csrf'));
    assert.equal(token(pages[2]), '');
    assert.equal(token(pages[3]), token(pages[0]));
    assert.match(pages[0].body, /class="badge"/);
    assert.doesNotMatch(pages[2].body, /class="badge"/);
    assert.match(pages[1].body, /\/admin"/);
    assert.doesNotMatch(pages[0].body, /\/admin"/);
    assert.equal(cache(pages[3]), 'HIT');
});

test('only the shop itself renews a page', { skip }, async () => {
    const { slug } = goods(), at = `/products/${slug}`, key = conf('refresh_key');
    await ask(at, html);
    await quiet();
    const before = made('/products/{slug}');
    for (const value of [key, `1${key}`, `1:${key}`, '', '1']) {
        const got = await ask(at, { headers: { ...html.headers, 'x-talat-refresh': value } });
        assert.equal(cache(got), 'HIT');
    }
    assert.equal(cache(await inner(at, { headers: { host: 'talat-inner', accept: 'text/html', 'x-talat-refresh': 'wrong' } })), 'HIT');
    await sleep(50);
    assert.equal(made('/products/{slug}'), before);
    const renewed = await inner(at, { headers: { host: 'talat-inner', accept: 'text/html', 'x-talat-refresh': key } });
    assert.deepEqual([renewed.status, cache(renewed)], [200, 'BYPASS']);
    await sleep(50);
    assert.equal(made('/products/{slug}'), before + 1);
    assert.equal(cache(await ask(at, html)), 'HIT');
});

test('queries nobody declared are not kept, and spoil nothing', { skip }, async () => {
    const { slug } = goods(), at = `/products/${slug}`;
    const clean = await ask(at, html);
    for (const query of ['?x=1', '?utm_source=<script>', '?slug=other', '?a=1&a=2', `?${'x'.repeat(900)}`, '?lang=th', '?currency=USD'])
        for (let i = 0; i < 2; i++) {
            const got = await ask(at + query.replace(/[<>]/g, encodeURIComponent), html);
            assert.equal(got.status, 200, query);
            assert.notEqual(cache(got), 'HIT', query);
            assert.doesNotMatch(got.body, /<script>/, query);
        }
    const again = await ask(at, html);
    assert.equal(cache(again), 'HIT');
    assert.equal(again.body, clean.body);
    for (const headers of [{ host: 'evil.example' }, { 'x-forwarded-host': 'evil.example' }, { 'x-forwarded-proto': 'https' }, { forwarded: 'host=evil.example' }]) {
        const got = await ask(`/th${at}`, { headers: { ...html.headers, ...headers } });
        assert.doesNotMatch(got.body + JSON.stringify(got.headers), /evil\.example/);
    }
    assert.ok((await ask(`/th${at}`, html)).body.includes(`"${url}/th${at}"`), 'links use the configured host');
});

test('pages that are not there are asked for each time', { skip }, async () => {
    for (let i = 0; i < 2; i++) {
        const got = await ask('/products/no-such-thing', html);
        assert.equal(got.status, 404);
        assert.notEqual(cache(got), 'HIT');
    }
});
