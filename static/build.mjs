// node static/build.mjs OUT: makes OUT/static from static/ and the npm parts pinned beside it.
// A file's name carries the hash of what is inside (css/shop.css -> css/shop.1a2b3c4d5e.css),
// so nginx may tell browsers to keep it for ever; .gz lies beside it for gzip_static; manifest
// has a line "css/shop.css css/shop.1a2b3c4d5e.css" for each. static/root/ keeps its names.
// Does nothing when nothing has changed.
//
// htmx 4, as its package shows (dist/, 4.0.1):
// - The SSE extension is inside the same package: dist/ext/hx-sse.js. It registers itself as
//   "sse" and is on when its script is loaded; <meta name="htmx-config"
//   content="extensions:'sse'"> limits htmx to the named ones.
// - A stream is <div hx-sse:connect="/live/..." hx-swap="...">. An unnamed message is swapped
//   in like an answer; a named one becomes a DOM event of that name with detail {data, id}. It
//   reads the stream by fetch, sends Last-Event-ID, waits 500 ms doubling to 60 s between
//   attempts, and lets go of the stream while the page is hidden (pauseOnBackground, on for
//   hx-sse:connect). hx-sse:close="name" ends it at that message.
// - The requests carry HX-Request: true; nginx never keeps an answer to those.
// - `new Function` is used only by hx-on:*, js: values, hx-confirm="js:..." and event filters
//   (hx-trigger="click[ctrlKey]"): our CSP forbids eval, so none of them is used. No option
//   switches them off and none is needed: without them nothing is evaluated.
// - The style of indicators is a constructed style sheet (adoptedStyleSheets), which a CSP
//   without 'unsafe-inline' allows. It may be left out by includeIndicatorCSS:false.
// - Attributes are also known with the prefix data-hx-.
import { readFileSync, writeFileSync, mkdirSync, rmSync, renameSync, readdirSync, existsSync, cpSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';
import { join, dirname, extname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const from = dirname(fileURLToPath(import.meta.url));
const [out] = process.argv.slice(2);
if (!out) throw new Error('say where: node static/build.mjs OUT');

const PARTS = {
    'js/htmx.js': 'htmx.org/dist/htmx.min.js',
    'js/htmx-sse.js': 'htmx.org/dist/ext/hx-sse.min.js',
    'js/uplot.js': 'uplot/dist/uPlot.iife.min.js',
    'css/uplot.css': 'uplot/dist/uPlot.min.css',
};
const FOLDERS = ['img', 'font', 'js', 'css', 'root'];
const PACKED = new Set(['.css', '.js', '.svg', '.json', '.txt', '.webmanifest']);
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 10);

function walk(folder) {
    if (!existsSync(join(from, folder))) return [];
    return readdirSync(join(from, folder), { withFileTypes: true }).flatMap((entry) => {
        const name = posix.join(folder, entry.name);
        return entry.isDirectory() ? walk(name) : [name];
    }).sort();
}

// The npm parts, installed below OUT so that the source tree stays as it was cloned.
function install() {
    const npm = join(out, 'npm');
    const lock = readFileSync(join(from, 'package-lock.json'));
    if (existsSync(join(npm, 'done')) && readFileSync(join(npm, 'done'), 'utf8') === hash(lock)) return npm;
    mkdirSync(npm, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(from, file), join(npm, file));
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: npm, stdio: ['ignore', 'ignore', 'inherit'] });
    writeFileSync(join(npm, 'done'), hash(lock));
    return npm;
}

const npm = install();
const sources = new Map(FOLDERS.flatMap(walk).map((name) => [name, readFileSync(join(from, name))]));
for (const [name, part] of Object.entries(PARTS)) {
    const text = readFileSync(join(npm, 'node_modules', part), 'utf8');
    sources.set(name, Buffer.from(text.replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, '\n')));
}
const digest = hash(Buffer.concat([readFileSync(fileURLToPath(import.meta.url)),
    ...[...sources].flatMap(([name, bytes]) => [Buffer.from(`\0${name}\0`), bytes])]));
const stamp = join(out, 'static.inputs');
if (existsSync(join(out, 'static')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) process.exit(0);

const fresh = join(out, 'static.new');
rmSync(fresh, { recursive: true, force: true });
const named = new Map();
function put(name, bytes) {
    mkdirSync(dirname(join(fresh, name)), { recursive: true });
    writeFileSync(join(fresh, name), bytes);
    if (!PACKED.has(extname(name))) return;
    const packed = gzipSync(bytes, { level: 9 });
    if (packed.length < bytes.length) writeFileSync(join(fresh, `${name}.gz`), packed);
}
// Pictures and fonts come first: the url() of a style sheet takes their new names.
for (const [name, bytes] of sources) {
    if (name.startsWith('root/')) {
        put(name, bytes);
        continue;
    }
    let content = bytes;
    if (name.endsWith('.css')) {
        content = Buffer.from(bytes.toString().replace(/url\((['"]?)(?!data:|#)([^'")]+)\1\)/g, (whole, quote, target) => {
            const path = posix.normalize(posix.join(posix.dirname(name), target.replace(/^\/static\//, '../')));
            if (!named.has(path)) throw new Error(`${name}: ${target}: no such file in static/`);
            return `url(/static/${named.get(path)})`;
        }));
    }
    const end = extname(name);
    const hashed = `${name.slice(0, -end.length)}.${hash(content)}${end}`;
    named.set(name, hashed);
    put(hashed, content);
}
mkdirSync(fresh, { recursive: true });
writeFileSync(join(fresh, 'manifest'), [...named].map(([name, hashed]) => `${name} ${hashed}\n`).sort().join(''));
rmSync(join(out, 'static.old'), { recursive: true, force: true });
if (existsSync(join(out, 'static'))) renameSync(join(out, 'static'), join(out, 'static.old'));
renameSync(fresh, join(out, 'static'));
rmSync(join(out, 'static.old'), { recursive: true, force: true });
writeFileSync(stamp, digest);
