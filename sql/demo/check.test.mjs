// The demo catalogue is whole, says what it says in three languages, and every picture is drawn.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { catalogue, pictures } from './draw.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const shop = catalogue();
const LANGUAGES = ['en', 'th', 'vi'];
const CURRENCIES = ['THB', 'VND', 'USD'];
const variants = shop.products.flatMap((p) => p.variants.map((v) => [p, v]));
const THAI = /[\u0e00-\u0e7f]/;
const VIETNAMESE = /[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]/i;

const distinct = (list, what) => {
    const twice = list.filter((x, i) => list.indexOf(x) !== i);
    assert.deepEqual(twice, [], `${what} given twice`);
};

function isText(text, where, [least, most]) {
    assert.deepEqual(Object.keys(text), LANGUAGES, `${where}: languages`);
    for (const [language, words] of Object.entries(text)) {
        assert.equal(words, words.trim(), `${where}.${language}: space at an end`);
        assert.ok(
            words.length >= least && words.length <= most,
            `${where}.${language}: ${words.length} characters`,
        );
        assert.equal(words, words.normalize('NFC'), `${where}.${language}: not in composed form`);
    }
}

// Prose in th and vi is in that language, and no Thai strays into the others.
function isTranslated(text, where) {
    assert.match(text.th, THAI, `${where}.th`);
    // A short Vietnamese name may have no mark at all (Loa, Tai nghe); longer ones always do.
    if (text.vi.length > 8) assert.match(text.vi, VIETNAMESE, `${where}.vi`);
    assert.notEqual(text.vi, text.en, `${where}.vi is the English`);
    assert.doesNotMatch(text.en + text.vi, THAI, `${where}: Thai script in another language`);
}

test('the shop is large and varied enough to try every page with', () => {
    assert.ok(shop.products.length >= 48, `${shop.products.length} products`);
    const used = new Set(shop.products.flatMap((p) => p.categories));
    assert.ok(used.size >= 9, `${used.size} categories used`);
    assert.ok(
        variants.some(([, v]) => v.stock === 0),
        'something is sold out',
    );
    assert.ok(
        variants.some(([, v]) => v.stock >= 1 && v.stock <= 3),
        'something is nearly gone',
    );
    assert.ok(variants.filter(([, v]) => v.compare_at).length >= 5, 'several are on sale');
    assert.ok(
        variants.some(([, v]) => !('VND' in v.prices)),
        'something is not sold in dong',
    );
    assert.ok(
        shop.products.some((p) => p.variants.length >= 12),
        'a product with twelve variants',
    );
    assert.ok(
        shop.products.some((p) => p.variants.length === 1),
        'a product with one variant',
    );
    assert.ok(
        shop.products.some((p) => p.categories.length > 1),
        'a product in two categories',
    );
    assert.ok(
        shop.products.some((p) => p.variants.every((v) => v.stock === 0)),
        'a product wholly sold out',
    );
});

test('every product file is included and every included file exists', () => {
    const there = fs
        .readdirSync(path.join(HERE, 'products'))
        .map((f) => `products/${f}`)
        .sort();
    assert.deepEqual([...shop.include].sort(), there);
});

test('categories are a tree without gaps', () => {
    const slugs = shop.categories.map((c) => c.slug);
    distinct(slugs, 'category slug');
    shop.categories.forEach((c, i) => {
        assert.match(c.slug, /^[a-z0-9-]+$/);
        if (c.parent)
            assert.ok(
                slugs.indexOf(c.parent) >= 0 && slugs.indexOf(c.parent) < i,
                `${c.slug}: its parent comes first`,
            );
        isText(c.name, c.slug, [2, 40]);
        isTranslated(c.name, c.slug);
        isTranslated(c.description, c.slug);
        assert.ok(Number.isInteger(c.position));
    });
    for (const c of shop.categories.filter((c) => c.parent))
        assert.ok(
            shop.products.some((p) => p.categories.includes(c.slug)),
            `${c.slug} has goods`,
        );
});

test('products say everything in three languages', () => {
    distinct(
        shop.products.map((p) => p.slug),
        'slug',
    );
    for (const p of shop.products) {
        assert.match(p.slug, /^[a-z0-9]+(-[a-z0-9]+)*$/);
        isText(p.name, p.slug, [4, 60]);
        isText(p.summary, p.slug, [20, 160]);
        isText(p.description, p.slug, [100, 900]);
        for (const part of ['name', 'summary', 'description'])
            isTranslated(p[part], `${p.slug}.${part}`);
        for (const language of LANGUAGES) {
            const paragraphs = p.description[language].split('\n\n');
            assert.ok(
                paragraphs.length >= 2 && paragraphs.length <= 4,
                `${p.slug}.${language}: paragraphs`,
            );
            assert.ok(
                paragraphs.every((x) => x.length > 30),
                `${p.slug}.${language}: a paragraph of a few words`,
            );
        }
        assert.ok(
            p.specs.length >= 3 && p.specs.length <= 6,
            `${p.slug}: ${p.specs.length} specifications`,
        );
        distinct(
            p.specs.map((s) => s.name.en),
            `${p.slug}: specification`,
        );
        for (const s of p.specs) {
            isTranslated(s.name, `${p.slug}: ${s.name.en}`);
            isText(s.value, `${p.slug}: ${s.name.en}`, [1, 60]);
            // A value without a word (a number, a unit, a model) may be the same everywhere.
            if (/[a-z]{5,}/.test(s.value.en))
                assert.match(s.value.th, THAI, `${p.slug}: ${s.name.en} in Thai`);
        }
        assert.ok(p.brand.length > 1 && p.categories.length > 0);
        distinct(p.categories, `${p.slug}: category`);
        for (const c of p.categories)
            assert.ok(
                shop.categories.some((x) => x.slug === c),
                `${p.slug}: no category ${c}`,
            );
        assert.equal(p.tax_class, 'standard');
        assert.equal(typeof p.featured, 'boolean');
        assert.ok(!Number.isNaN(Date.parse(p.created)), `${p.slug}: created`);
    }
});

test('variants are exactly what the options make', () => {
    distinct(
        variants.map(([, v]) => v.sku),
        'SKU',
    );
    for (const p of shop.products) {
        for (const o of p.options) {
            isTranslated(o.name, `${p.slug}: ${o.code}`);
            distinct(
                o.values.map((v) => v.code),
                `${p.slug}: ${o.code}`,
            );
            for (const v of o.values) isText(v.name, `${p.slug}: ${v.code}`, [1, 30]);
        }
        const codes = p.options.map((o) => o.code);
        const keys = p.variants.map((v) => codes.map((c) => v.options[c]).join('/'));
        distinct(keys, `${p.slug}: variant`);
        assert.equal(
            p.variants.length,
            p.options.reduce((n, o) => n * o.values.length, 1),
            `${p.slug}: a combination is missing`,
        );
        for (const v of p.variants) {
            assert.match(v.sku, /^[A-Z0-9]+(-[A-Z0-9]+)+$/);
            assert.deepEqual(Object.keys(v.options), codes, v.sku);
            for (const o of p.options)
                assert.ok(
                    o.values.some((x) => x.code === v.options[o.code]),
                    `${v.sku}: ${o.code}`,
                );
        }
    }
});

test('prices are whole minor units, in step between currencies, and were-prices are higher', () => {
    for (const [, v] of variants) {
        assert.ok('THB' in v.prices && 'USD' in v.prices, v.sku);
        for (const [currency, amount] of [
            ...Object.entries(v.prices),
            ...Object.entries(v.compare_at ?? {}),
        ]) {
            assert.ok(CURRENCIES.includes(currency), `${v.sku}: ${currency}`);
            assert.ok(
                Number.isSafeInteger(amount) && amount > 0,
                `${v.sku}: ${currency} ${amount}`,
            );
        }
        const baht = v.prices.THB / 100;
        const near = (x, rate) => Math.abs(x / (baht * rate) - 1) < 0.06;
        assert.ok(near(v.prices.USD / 100, 1 / 33), `${v.sku}: USD ${v.prices.USD}`);
        if (v.prices.VND) {
            assert.ok(near(v.prices.VND, 790), `${v.sku}: VND ${v.prices.VND}`);
            assert.equal(v.prices.VND % 5000, 0, `${v.sku}: dong are rounded`);
        }
        if (v.compare_at) {
            assert.deepEqual(Object.keys(v.compare_at), Object.keys(v.prices), v.sku);
            for (const c of Object.keys(v.prices))
                assert.ok(v.compare_at[c] > v.prices[c], `${v.sku}: ${c} was lower`);
        }
        assert.ok(Number.isInteger(v.stock) && v.stock >= 0 && v.stock < 1000, v.sku);
        assert.ok(Number.isInteger(v.weight_g) && v.weight_g > 0, v.sku);
    }
});

test('pictures are described, and name options that exist', () => {
    for (const p of shop.products) {
        assert.ok(
            p.pictures.length >= 2 && p.pictures.length <= 4,
            `${p.slug}: ${p.pictures.length} pictures`,
        );
        p.pictures.forEach((x, i) => {
            assert.equal(x.file, `${p.slug}-${i + 1}.svg`);
            isText(x.alt, x.file, [8, 125]);
            isTranslated(x.alt, x.file);
            for (const [code, value] of Object.entries(x.option ?? {}))
                assert.ok(
                    p.options.find((o) => o.code === code)?.values.some((v) => v.code === value),
                    `${x.file}: ${code} ${value}`,
                );
        });
    }
});

test('every picture is drawn once, plain, and unlike any other', () => {
    const drawn = new Map(pictures(shop));
    const wanted = [
        'hero-1.svg',
        ...shop.categories.map((c) => `category-${c.slug}.svg`),
        ...shop.products.flatMap((p) => p.pictures.map((x) => x.file)),
    ];
    assert.deepEqual([...drawn.keys()].sort(), [...wanted].sort());
    const seen = new Map();
    for (const [file, svg] of drawn) {
        assert.match(
            svg,
            file.startsWith('hero')
                ? /^<svg [^>]*viewBox="0 0 2400 1200"/
                : /^<svg [^>]*viewBox="0 0 1200 1200"/,
            file,
        );
        assert.doesNotMatch(svg, /NaN|undefined|null|Infinity|\[object/, file);
        assert.doesNotMatch(
            svg,
            /<(script|foreignObject|image|use|style|filter|text)\b|href=/,
            file,
        );
        const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
        distinct(ids, `${file}: id`);
        for (const [, id] of svg.matchAll(/url\(#([^)]+)\)/g))
            assert.ok(ids.includes(id), `${file}: ${id} is not defined`);
        assert.ok(svg.length < 400_000, `${file}: ${svg.length} bytes`);
        const hash = crypto.createHash('sha256').update(svg.replace(/\s+/g, ' ')).digest('hex');
        assert.ok(!seen.has(hash), `${file} is the same as ${seen.get(hash)}`);
        seen.set(hash, file);
    }
});

test('drawing twice gives the same bytes', () => {
    const first = [...pictures(shop)];
    const again = [...pictures(shop)];
    assert.deepEqual(again, first);
});
