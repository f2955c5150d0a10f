// node static/build.mjs OUT: makes OUT/static from static/. All of it is our own: live pages need
// fifty lines (js/live.js says why), charts are SVG from their template.
// A file's name carries the hash of what is inside (css/shop.css -> css/shop.1a2b3c4d5e.css),
// so nginx may tell browsers to keep it for ever; .gz lies beside it for gzip_static; manifest
// has a line "css/shop.css css/shop.1a2b3c4d5e.css" for each. static/root/ keeps its names.
// Does nothing when nothing has changed.
import { readFileSync, writeFileSync, mkdirSync, rmSync, renameSync, readdirSync, existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { join, dirname, extname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const from = dirname(fileURLToPath(import.meta.url));
const [out] = process.argv.slice(2);
if (!out) throw new Error('say where: node static/build.mjs OUT');

const FOLDERS = ['img', 'font', 'js', 'css', 'root'];
const PACKED = new Set(['.css', '.js', '.svg', '.json', '.txt']);
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 10);

function walk(folder) {
    if (!existsSync(join(from, folder))) return [];
    return readdirSync(join(from, folder), { withFileTypes: true }).flatMap((entry) => {
        const name = posix.join(folder, entry.name);
        return entry.isDirectory() ? walk(name) : [name];
    }).sort();
}

const sources = new Map(FOLDERS.flatMap(walk).map((name) => [name, readFileSync(join(from, name))]));
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
