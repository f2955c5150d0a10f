// What t/e2e/installed asks of the shop it has installed, over TLS:
//   buy                a guest buys, pays, and hears of it; prints the order's address
//   look ADDRESS       that order is still there, and paid
//   picture EMAIL      the admin (password on standard input) adds a picture to a product
//   load FILE          32 clients look and put things into carts until FILE is there; prints
//                      what went wrong
// TALAT_URL, TALAT_ADDRESS (where that is), TALAT_SIM, TALAT_SIM_KEY.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { deflateSync } from 'node:zlib';
import { ask, Browser, fields, payAt, sessionOf, sleep, text, until } from '../http/shop.mjs';

const { TALAT_SIM: sim, TALAT_SIM_KEY: key } = process.env;
const SKU = 'LAMP-1', SLUG = 'market-lamp';

async function buy() {
    const guest = new Browser();
    assert.equal((await guest.get(`/products/${SLUG}`)).status, 200);
    await guest.add(SKU, 2);
    const seen = await guest.toPay({ email: 'guest@example.test' });
    const go = await guest.post('/checkout/pay', seen);
    assert.equal(go.status, 303, text(go.body).slice(0, 500));
    const session = sessionOf(go.headers.location);
    assert.ok(session, go.headers.location);
    const got = await fetch(`${sim}/v1/checkout/sessions/${session}`, { headers: { authorization: `Bearer ${key}` } });
    const back = new URL((await got.json()).success_url);
    assert.equal((await payAt(session)).outcome, 'paid');
    const path = back.pathname.replace(/\/return$/, '') + back.search;
    await until(async () => (await guest.json(path)).data.order?.paymentStatus === 'paid', 20000, `${path} is not paid`);
    console.log(path);
}

async function look(path) {
    const got = await new Browser().json(path);
    assert.equal(got.status, 200);
    assert.equal(got.data.order.paymentStatus, 'paid');
}

async function picture(email) {
    const staff = await new Browser().login(email, readFileSync(0, 'utf8').trim());
    const at = `/admin/products/${SLUG}`, page = await staff.get(at);
    assert.equal(page.status, 200);
    const form = fields(page.body, `${at}/pictures`);
    const file = /<input[^>]*type="file"[^>]*name="([^"]+)"/.exec(page.body)?.[1] ?? /name="([^"]+)"[^>]*type="file"/.exec(page.body)?.[1];
    const edge = 'talat-edge', parts = [];
    for (const [name, value] of Object.entries(form)) {
        if (name !== file) parts.push(`--${edge}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
    }
    parts.push(`--${edge}\r\nContent-Disposition: form-data; name="${file}"; filename="lamp.png"\r\nContent-Type: image/png\r\n\r\n`);
    const body = Buffer.concat([Buffer.from(parts.join('')), png(), Buffer.from(`\r\n--${edge}--\r\n`)]);
    const sent = await staff.send(`${at}/pictures`, { body, headers: { origin: process.env.TALAT_URL,
        'sec-fetch-site': 'same-origin', 'content-type': `multipart/form-data; boundary=${edge}` } });
    assert.equal(sent.status, 303, text(sent.body).slice(0, 400));
    const shelf = await until(async () => {
        const got = await new Browser().get(`/products/${SLUG}?fresh=${Date.now()}`);
        return /\/media\/[^" ]+\.webp/.exec(got.body);
    }, 10000, 'no picture on the page');
    const got = await ask(shelf[0]);
    assert.deepEqual([got.status, got.headers['content-type']], [200, 'image/webp']);
}
function png() { // 400 by 300, black
    const chunk = (name, data) => {
        const all = Buffer.concat([Buffer.from(name), data]), out = Buffer.alloc(all.length + 8);
        out.writeUInt32BE(data.length), all.copy(out, 4), out.writeUInt32BE(crc(all), all.length + 4);
        return out;
    };
    const head = Buffer.from([0, 0, 1, 144, 0, 0, 1, 44, 8, 2, 0, 0, 0]);
    return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head),
        chunk('IDAT', deflateSync(Buffer.alloc(300 * (1 + 400 * 3)))), chunk('IEND', Buffer.alloc(0))]);
}
function crc(bytes) {
    let sum = ~0;
    for (const byte of bytes) {
        sum ^= byte;
        for (let i = 0; i < 8; i++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
    }
    return ~sum >>> 0;
}

// Each client has an address of its own, so that nginx's limits are those of 32 people.
async function load(stop) {
    const failed = new Map();
    let asked = 0, slowest = 0;
    const client = async (n) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: `127.0.1.${n + 1}`, rejectUnauthorized: false });
        let browser;
        await sleep(n * 10);
        for (let i = 0; !existsSync(stop); i++) {
            if (i % 40 === 0) browser = new Browser({ agent }); // nobody looks at more than a hundred pages a minute
            const from = performance.now();
            let what;
            try {
                const got = await (i % 8 === 7 ? browser.post('/cart/lines', { sku: SKU, quantity: 1 })
                    : browser.get([`/products/${SLUG}`, `/products/${SLUG}?n=${n}.${i}`, '/cart', `/search?q=lamp${i % 5}`, '/products.json'][i % 5]));
                what = got.status;
            } catch (err) {
                what = err.code ?? err.message;
            }
            asked++;
            slowest = Math.max(slowest, performance.now() - from);
            if (what !== 200 && what !== 303) failed.set(what, (failed.get(what) ?? 0) + 1);
            await sleep(60);
        }
        agent.destroy();
    };
    await Promise.all(Array.from({ length: 32 }, (_, n) => client(n)));
    console.log(`${asked} requests by 32 clients, slowest ${Math.round(slowest)} ms, failed: ${JSON.stringify(Object.fromEntries(failed))}`);
    process.exit(failed.size ? 1 : 0);
}

const [command, ...words] = process.argv.slice(2);
await { buy, look, picture, load }[command](...words);
process.exit(0);
