// The whole of an outside catalogue through talatctl, twice, into a running shop.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skip as noStack, Browser, ask, invariants, isPaid, payAt, rows, sleep, sql, top } from './shop.mjs';

const data = join(process.env.TALAT_DATA ?? '', 'vendure-catalogue');
const skip = noStack || (!existsSync(join(data, 'products.csv')) && 'TALAT_DATA has no vendure-catalogue');

function load(file) {
    const ran = spawnSync(join(top, 'dev'), ['talatctl', 'import', file, '--format', 'vendure', '--images', join(data, 'assets'), '--currency', 'USD'],
        { encoding: 'utf8', timeout: 500000, maxBuffer: 1 << 26 });
    return { code: ran.status, said: ran.stdout + ran.stderr };
}
const state = () => rows(`select (select count(*) from catalog.product) as products, (select count(*) from catalog.variant) as variants,
    (select count(*) from catalog.product_picture) as pictures, (select count(*) from media.picture) as media, (select sum(version) from catalog.product) as versions,
    (select count(*) from catalog.price) as prices, (select count(*) from inventory.movement) as movements, (select sum(on_hand) from inventory.stock) as stock`)[0];

test('imported twice it is there once, shown, and for sale', { skip, timeout: 600000 }, async (t) => {
    const csv = readFileSync(join(data, 'products.csv'), 'utf8');
    const first = load(join(data, 'products.csv'));
    const now = state();
    t.diagnostic(first.said.trim().split('\n').at(-1));
    assert.match(first.said, /^88 rows: .*, 0 failed/m);
    const slugs = `array[${csv.split('\n').slice(1).map((line) => /^[^,]*,([a-z0-9-]+) *,/.exec(line)?.[1]).filter(Boolean).map((slug) => `'${slug}'`)}]`;
    // The tests after this one have the demo shop to themselves.
    t.after(() => sql(`update catalog.product set status = 'archived' where slug = any (${slugs})`));
    const [there] = rows(`select count(distinct p.id) as products, count(distinct v.id) as variants, count(distinct x.picture_id) as pictures
        from catalog.product p join catalog.variant v on v.product_id = p.id left join catalog.product_picture x on x.product_id = p.id
        where p.slug = any (${slugs})`);
    assert.equal(there.variants, 88);
    assert.ok(there.products >= 53 && there.pictures >= 50, JSON.stringify(there));
    const second = load(join(data, 'products.csv'));
    t.diagnostic(second.said.trim().split('\n').at(-1));
    assert.deepEqual(state(), now, 'the second run changes nothing');
    assert.equal(second.code, first.code);

    // A bad row is named and the others go in.
    const dir = mkdtempSync(join(tmpdir(), 'talat-import-'));
    try {
        const file = join(dir, 'bad.csv');
        writeFileSync(file, csv.replace(/^([^\n]*\n[^\n]*?),(\d+\.\d\d),/, '$1,free of charge,'));
        const bad = load(file);
        assert.equal(bad.code, 1);
        assert.match(bad.said, /line 2|:2:|row 2|\b2\b.*price/i, bad.said.slice(0, 600));
        const { versions, ...rest } = state();
        assert.deepEqual({ ...rest, versions: now.versions }, now);
        assert.ok(versions <= now.versions + 1, 'at most its own product is saved anew');
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }

    const [thing] = rows(`select v.sku, p.slug, c.amount from catalog.variant v join catalog.product p on p.id = v.product_id and p.status = 'published'
        join catalog.price c on c.variant_id = v.id and c.currency = 'USD' join inventory.stock s on s.item_id = v.item_id and s.on_hand > s.reserved + 2
        order by v.id desc limit 1`);
    assert.ok(thing, 'something of it is in stock');
    const browser = new Browser();
    browser.jar.set('__Host-currency', 'USD');
    const page = await browser.get(`/products/${thing.slug}`);
    assert.equal(page.status, 200);
    assert.match(page.body, /\/media\/[^"]+\.webp/);
    const order = await browser.order(thing.sku, 1, { country: 'US' });
    await payAt(order.session);
    await isPaid(order.number);
    assert.equal((await ask(`/search?q=${encodeURIComponent(thing.slug.split('-')[0])}`)).status, 200);
    invariants();
});

// ---- out, back in, and rehearsed ------------------------------------------------------------------

const place = noStack ? '' : mkdtempSync(join(tmpdir(), 'talat-export-'));
after(() => place && rmSync(place, { recursive: true, force: true }));
const talatctl = (...words) => new Promise((done) => {
    const child = spawn(join(process.env.TALAT_APP, 'bin/talatctl'), ['--config', process.env.TALAT_CONF, ...words]);
    let said = '';
    child.stdout.on('data', (piece) => { said += piece; });
    child.stderr.on('data', (piece) => { said += piece; });
    child.on('close', (code) => done({ code, said }));
});

for (const format of ['vendure', 'shopify']) {
    test(`the shop's own export as ${format}, rehearsed and taken in, changes nothing`, { skip: noStack }, async () => {
        const file = join(place, `${format}.csv`);
        const out = await talatctl('export', file, '--format', format);
        assert.equal(out.code, 0, out.said);
        assert.match(out.said, /^\d+ products in /m);
        assert.ok(!existsSync(`${file}.new`));
        const before = state();
        const rehearsed = await talatctl('import', file, '--format', format, '--rehearse');
        assert.match(rehearsed.said, /^a rehearsal, nothing has changed: \d+ rows: 0 made, 0 changed, \d+ same, 0 failed/m);
        const taken = await talatctl('import', file, '--format', format);
        assert.match(taken.said, /^\d+ rows: 0 made, 0 changed, [1-9]\d* same, 0 failed/m);
        assert.deepEqual(state(), before);
        const again = join(place, `${format}-again.csv`);
        await talatctl('export', again, '--format', format);
        assert.equal(readFileSync(again, 'utf8'), readFileSync(file, 'utf8'));
    });
}

test('a currency that the shop does not sell in is refused, before a file is read or written', { skip: noStack }, async () => {
    const file = join(place, 'euro.csv');
    for (const words of [['import', join(place, 'nowhere.csv')], ['export', file]]) {
        const ran = await talatctl(...words, '--format', 'shopify', '--currency', 'EUR');
        assert.equal(ran.code, 2, ran.said);
        assert.match(ran.said, /^talatctl: currency: We do not sell in that currency\.$/m);
    }
    assert.ok(!existsSync(file));
});

test('a file that cannot be read is said to be missing, a folder or too large', { skip: noStack }, async () => {
    const large = join(place, 'large.csv');
    writeFileSync(large, '');
    truncateSync(large, (64 << 20) + 1);
    for (const [file, why] of [[join(place, 'nowhere.csv'), 'No such file or directory'], [place, 'Is a directory'], [large, 'it is larger than 64 MB']]) {
        const ran = await talatctl('import', file, '--format', 'vendure');
        assert.equal(ran.code, 1);
        assert.equal(ran.said, `talatctl: ${file} was not imported: ${why}\n`);
    }
    rmSync(large);
});

test('an import that is killed has said what it did, and is run again', { skip: noStack, timeout: 120000 }, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'talat-import-')), file = join(dir, 'many.csv'), some = 400, own = `zz-cut-${Date.now()}`;
    const there = () => rows(`select count(*)::int as n from catalog.product where slug like '${own}-%'`)[0].n;
    t.after(() => {
        rmSync(dir, { recursive: true, force: true });
        sql(`update catalog.product set status = 'archived' where slug like '${own}-%'`);
    });
    writeFileSync(file, ['name,slug,sku,price', ...Array.from({ length: some }, (_, n) => `Cut ${n},${own}-${n},${own.toUpperCase()}-${n},12.50`)].join('\n'));
    const run = spawn(join(top, 'dev'), ['talatctl', 'import', file, '--format', 'vendure', '--currency', 'USD'], { detached: true });
    let said = '', killed = false;
    run.stdout.on('data', (part) => {
        said += part;
        if (killed || !said.includes(`${own}-9\n`)) return;
        killed = true;
        process.kill(-run.pid, 'SIGKILL');
    });
    await new Promise((done) => { run.on('close', done); });
    const made = said.match(/^line \d+: made zz-cut-\d+-\d+$/gm)?.length;
    assert.ok(made >= 10 && made < some, `${made} rows were said to be in`);
    await sleep(500); // what was sent before it died may be done after
    const had = there();
    assert.ok(had >= made && had < some, `${had} are`);
    const again = spawnSync(join(top, 'dev'), ['talatctl', 'import', file, '--format', 'vendure', '--currency', 'USD'], { encoding: 'utf8' });
    assert.equal(again.status, 0, again.stderr);
    assert.match(again.stdout, new RegExp(`^${some} rows: ${some - had} made, 0 changed, ${had} same, 0 failed`, 'm'));
    invariants();
});

test('pictures are fetched from the open web alone: nothing inside is reached', { skip: noStack }, async (t) => {
    let reached = 0;
    const trap = net.createServer((socket) => { reached++; socket.destroy(); });
    const port = await new Promise((done) => { trap.listen(0, '127.0.0.1', () => done(trap.address().port)); });
    t.after(() => trap.close());
    t.after(() => sql("update catalog.product set status = 'archived' where slug like 't-inside-%'"));
    const inside = ['127.0.0.1', 'localhost', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '[::1]', '[::ffff:127.0.0.1]', 'me@127.0.0.1'].map((host) => `https://${host}:${port}/a.png`);
    const other = ['https://169.254.169.254/latest/meta-data', 'https://10.0.0.1/a.png', `http://127.0.0.1:${port}/a.png`, 'file:///etc/passwd', `gopher://127.0.0.1:${port}/x`];
    const all = [...inside, ...other];
    const file = join(place, 'inside.csv');
    writeFileSync(file, `Handle,Title,Variant Price,Image Src\n${all.map((src, i) => `t-inside-${i},Inside ${i},1,${src}`).join('\n')}\n`);
    const media = sql('select count(*) from media.picture');
    const unasked = await talatctl('import', file, '--format', 'shopify');
    assert.equal((unasked.said.match(/is not fetched \(--fetch-images does\)/g) ?? []).length, all.length, unasked.said);
    const asked = await talatctl('import', file, '--format', 'shopify', '--fetch-images');
    assert.match(asked.said, /picture file:\/\/\/etc\/passwd: only https is fetched/);
    assert.match(asked.said, /picture https:\/\/127\.0\.0\.1:\d+\/a\.png: .*not a public address/);
    assert.match(asked.said, new RegExp(`${all.length} rows: 0 made, 0 changed, ${all.length} same, 0 failed, ${all.length} with warnings`));
    assert.equal(reached, 0);
    assert.equal(sql('select count(*) from media.picture'), media);
});
