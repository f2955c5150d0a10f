// Rows of pages that wrk asks for: kept ones beside files, others beside a constant answer.
import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { percentile, pages, ratio } from './measure.mjs';
import { ask } from '../http/shop.mjs';
import { app, bare, requests, tail, url } from './shop.mjs';

const KINDS = { html: 'text/html', json: 'application/json' };

async function body(base, path, headers = {}) {
    const got = await fetch(base + path, { headers: { accept: KINDS.html, 'accept-encoding': 'identity', ...headers } });
    if (!got.ok) throw new Error(`${base}${path}: ${got.status}`);
    return { bytes: Buffer.from(await got.arrayBuffer()), headers: got.headers };
}
const spread = (db, n, where) => db.ask(`select slug from catalog.product where ${where} order by md5(slug) limit ${n}`);
const products = (db) => spread(db, 200, "status = 'published' and slug like 'bench-%'");

// A page from nginx's cache, beside nginx giving the same bytes as a file.
const kept = (name, encoding, least) => ({
    name,
    target: `>= ${least} x file${encoding === 'gzip' ? ' with gzip_static' : ''}`,
    async prepare({ db }) {
        const [slug] = await products(db), headers = { 'accept-encoding': encoding };
        this.path = `/products/${slug}`;
        this.headers = { 'accept-encoding': encoding === 'gzip' ? 'gzip, deflate, br' : encoding };
        const page = await body(url, this.path);
        await ask(this.path, { headers: this.headers }); // so that it is kept as it is asked for
        const again = await ask(this.path, { headers: this.headers });
        if (again.headers['x-cache'] !== 'HIT') throw new Error(`${this.path} is not kept: ${again.headers['x-cache']}`);
        if ((again.headers['content-encoding'] ?? 'identity') !== encoding) throw new Error(`${this.path} came as ${again.headers['content-encoding']}`);
        this.file = '/static/bench/page.html';
        mkdirSync(join(app, 'share/static/bench'), { recursive: true });
        writeFileSync(join(app, `share${this.file}`), page.bytes);
        writeFileSync(join(app, `share${this.file}.gz`), gzipSync(page.bytes, { level: 9 }));
        const file = await ask(this.file, { headers });
        if (file.status !== 200 || (file.headers['content-encoding'] ?? 'identity') !== encoding) throw new Error(`${this.file} came as ${file.headers['content-encoding']}`);
        return { bytes: page.bytes.length };
    },
    sides: {
        it: (row, { parts }) => pages(parts, url, row.path, { headers: row.headers }),
        file: (row, { parts }) => pages(parts, url, row.file, { headers: row.headers }),
    },
    judge: ({ it, file }) => ({ vs_file: ratio(it, file), holds: ratio(it, file) >= least }),
});

// A page made anew for each request, beside a constant answer of the same size (or sizes).
const made = (name, { target, find, accept = 'html', check, after, judge }) => ({
    name, target, accept,
    async prepare(bench) {
        this.headers = { accept: KINDS[accept] };
        this.paths = await find(bench);
        const sizes = [];
        for (const path of this.paths) {
            const { bytes, headers } = await body(bare, path, this.headers);
            if (headers.get('x-cache')) throw new Error(`${path} comes from a cache`);
            if (check && !check(bytes.toString())) throw new Error(`${path} is not the page that is meant: ${bytes.toString().slice(0, 300)}`);
            sizes.push(bytes.length);
        }
        this.constants = sizes.map((n) => `/-/constant?bytes=${n}`);
        return { bytes: Math.round(sizes.reduce((sum, n) => sum + n) / sizes.length) };
    },
    sides: {
        it: async (row, { parts }) => {
            const since = tail('web'), sample = await pages(parts, bare, row.paths, { headers: row.headers });
            return { ...sample, ...after?.(since()) };
        },
        constant: (row, { parts }) => pages(parts, bare, row.constants),
    },
    judge: (samples, middles, all) => ({ vs_constant: ratio(samples.it, samples.constant), ...judge(samples, middles, all) }),
});
const at_least = (least, most) => ({ it, constant }, middles) => ({ holds: ratio(it, constant) >= least && middles.it.cpu_us.all <= most });
const category = async () => ['/categories/bench-5000'];
const database_share = (lines) => {
    const times = requests(lines, 'GET', '/search').map((line) => Number(line.db_us) / 1000);
    return { database_p50_ms: percentile(times, 0.5), database_p95_ms: percentile(times, 0.95) };
};
const CARDS = 24, NEW_SEARCHES = 400; // more than are asked for in the seconds for which one is kept
const SEARCHES = ['oak lamp', 'bamboo', 'travel clock', 'linen cushion', 'radio', 'teak stool market', 'ลำโพง', 'gio tre', 'glas', 'copper kettle'];

export const rows = [
    kept('cached page', 'identity', 0.7),
    kept('cached page, gzip', 'gzip', 0.5),
    made('product page', { target: '>= 0.30 x constant, <= 600 us CPU', find: async ({ db }) => (await products(db)).map((slug) => `/products/${slug}`),
        check: (page) => /BENCH-/.test(page), judge: at_least(0.30, 600) }),
    made('category page', { target: '>= 0.20 x constant, <= 1000 us CPU', find: category,
        check: (page) => page.match(/<article|class="card/g)?.length >= CARDS && /5,000/.test(page), judge: at_least(0.20, 1000) }),
    made('category page, JSON', { target: 'not slower than HTML', find: category, accept: 'json',
        check: (text) => { const doc = JSON.parse(text); return doc.products.length === CARDS && doc.total === 5000 && doc.filters.some(({ values }) => values.some(({ count }) => count > 0)); },
        judge: ({ it }, _, all) => {
            const html = all['category page'];
            return html ? { vs_html: ratio(it, html.it), holds: ratio(it, html.it) >= 1 } : {};
        } }),
    made('search page', { target: 'database share p95 <= 10 ms',
        find: async () => SEARCHES.map((words) => `/search?q=${encodeURIComponent(words)}`), check: (page) => page.match(/<article|class="card/g)?.length > 0,
        after: database_share,
        judge: (_, { it }) => ({ holds: it.database_p95_ms <= 10 }) }),
    made('search page, new words', { target: 'figure',
        find: async ({ db }) => (await db.ask(`select distinct lower(regexp_replace(t.name, '[^A-Za-z ]', '', 'g')) as words from catalog.product_text t
            join catalog.product p on p.id = t.product_id where t.lang = 'en' and p.slug like 'bench-%' order by 1 limit ${NEW_SEARCHES}`))
            .map((words) => `/search?q=${encodeURIComponent(words.trim())}`),
        check: (page) => page.match(/<article|class="card/g)?.length > 0, after: database_share, judge: () => ({}) }),
];
