// What is told beside the pages: lines that others listen to, and files of pictures that nobody is
// shown yet. t/matrix.c asks every route; here are nginx's own doors, for the same five actors.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { skip as noStack, Browser, admin, ask, calm, conf, goods, inner, listen, live, orderRow, quote, rows, shopper, sleep, sql, top, until, url, wholeForm } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const PASSWORD = 'seven slow lanterns';
before(async () => { if (!skip) await calm(); });

// Who may see none of it: headers they come with.
async function actors() {
    const email = `foreign.${Date.now()}@example.test`, other = await new Browser().register({ name: 'Other', email, password: PASSWORD });
    const token = JSON.parse((await ask('/api/auth/login', { body: JSON.stringify({ email, password: PASSWORD }), headers: { 'content-type': 'application/json' } })).body).accessToken;
    // A house of their own, with a key that may do all a key may.
    const house = Number(sql(`with o as (insert into auth.organisation (slug, name) values ('else-${Date.now()}', 'Else') returning id),
        m as (insert into auth.member (organisation_id, person_id, place) select o.id, p.id, 'owner' from o, auth.person p where p.email = ${quote(email)}) select id from o`));
    const key = `tlt_${randomBytes(4).toString('hex')}_${randomBytes(24).toString('hex')}`;
    sql(`insert into auth.api_key (organisation_id, person_id, name, prefix, hash, scopes) select ${house}, id, 'All', '${key.slice(0, 12)}', '${createHash('sha256').update(key).digest('hex')}',
        '{orders:read-all,orders:update,orders:refund,catalog:read,catalog:write,inventory:write,customers:read}' from auth.person where email = ${quote(email)}`);
    const seller = await new Browser().login(email, PASSWORD);
    assert.equal((await ask('/admin/orders.json', { headers: { 'x-api-key': key } })).status, 200, 'the key opens its own house');
    return { guest: {}, customer: { cookie: other.cookie }, 'owner elsewhere': { cookie: seller.cookie }, token: { authorization: `Bearer ${token}` }, key: { 'x-api-key': key } };
}
const log = (name) => readFileSync(join(process.env.TALAT_VAR, 'log', name), 'utf8');
const lineOf = (id) => until(() => log('access.log').split('\n').find((line) => line.includes(id)), 5000, 'not in the log');
const publish = async (channel, body) => {
    const { status } = await inner(`/pub/${channel}`, { body, headers: { 'content-type': 'text/plain' } });
    assert.ok([201, 202].includes(status), `${channel}: ${status}`);
};

test('SE IDOR: no name of a channel opens it to anybody else', { skip, timeout: 180000 }, async (t) => {
    const all = await actors(), victim = await shopper(), order = await victim.order(goods({ stock: 3 }).sku), word = `secret-${Date.now()}`;
    const lines = [live(order), '/-/live'], streams = [], channels = [];
    for (const path of lines) {
        const stream = listen(path, { browser: victim });
        await stream.opened;
        assert.equal(stream.status, 200, path);
        const probe = listen(path, { browser: victim });
        await probe.opened;
        probe.close();
        channels.push(JSON.parse(await lineOf(probe.headers['x-request-id'])).path.replace(/^\/_sub\//, '').replace(/\?.*/, ''));
        streams.push(stream);
    }
    for (const channel of channels) assert.match(channel, /^[osd]\/[A-Za-z0-9_-]{10,}/, channel);
    const { id } = orderRow(order.number), guesses = [`o/${id}/en`, `o/${order.number}/en`, ...channels];
    const ways = (c) => [`/_sub/${c}`, `/live/${c}`, `/live/${c}.json`, `/live/product/..%2f..%2f${c}`, `/live/product/7,${c}`, `/live/product/7/../../${c}`, `/pub/${c}`, `/th/_sub/${c}`, `/-/live?channel=${c}`, `/orders/${order.number}/live?key=${c}`, `/orders/${order.number.toLowerCase()}/live`, `/admin/live?line=${c}`];
    const heard = [];
    for (const [who, headers] of Object.entries(all))
        for (const channel of guesses)
            for (const path of ways(channel)) {
                const stream = listen(path, { headers: { ...headers, 'x-accel-redirect': `/_sub/${channel}` } });
                stream.name = `${who}: ${path}`;
                heard.push(stream);
            }
    await Promise.all(heard.map((one) => one.opened.catch((error) => assert.fail(`${one.name}: ${error.message}`))));
    await sleep(100);
    for (const channel of channels) await publish(channel, word);
    for (const stream of streams) await until(() => stream.text.includes(word), 3000, 'whose line it is heard nothing');
    await sleep(200);
    assert.deepEqual(heard.filter(({ text }) => text.includes(word)).map(({ name }) => name), []);
    for (const channel of channels) // and nobody else speaks on it
        for (const [who, headers] of Object.entries(all)) assert.equal((await ask(`/pub/${channel}`, { body: 'x', headers: { ...headers, origin: url } })).status, 404, who);
    t.diagnostic(`${heard.length} lines tried, ${heard.filter(({ status }) => status === 200).length} of them somebody's own or everybody's`);
    for (const stream of [...heard, ...streams]) stream.close?.();
});

// ---- pictures of what is not for sale yet ------------------------------------------------------------

test('SE IDOR: the picture of a draft is told to nobody, and cannot be guessed', { skip, timeout: 180000 }, async (t) => {
    const all = await actors(), staff = await admin(), slug = `draft-${Date.now()}`, bytes = Buffer.concat([readFileSync(join(top, 'static/root/icon-192.png')), randomBytes(16)]); // a file like no other
    const form = wholeForm((await staff.get('/admin/products/new')).body, '/admin/products');
    assert.equal((await staff.post('/admin/products', { ...form, status: 'draft', address: slug, name_en: `Hyrax ${slug}`, price_THB: '100', sku: slug })).status, 303);
    const edge = 'edge', part = (name, more, data) => Buffer.concat([Buffer.from(`--${edge}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`), data, Buffer.from('\r\n')]);
    const got = await staff.send(`/admin/products/${slug}/pictures`, { method: 'POST', headers: { origin: url, 'content-type': `multipart/form-data; boundary=${edge}` },
        body: Buffer.concat([part('csrf', '', Buffer.from(staff.jar.get('__Host-csrf'))), part('pictures', '; filename="a.png"\r\nContent-Type: image/png', bytes), Buffer.from(`--${edge}--\r\n`)]) });
    assert.equal(got.status, 303, got.body.slice(0, 400));
    const [{ stem, width, id }] = rows(`select m.stem, m.widths[1] as width, m.id from media.picture m join catalog.product_picture pp on pp.picture_id = m.id join catalog.product p on p.id = pp.product_id where p.slug = ${quote(slug)}`);
    const file = `/media/${stem}-${width}.webp`, files = readdirSync(conf('media_dir')).filter((name) => name.startsWith(stem));
    assert.ok((await staff.get(`/admin/products/${slug}`)).body.includes(file) && files.length, 'the merchant sees it');
    assert.ok(stem.length >= 32 && !createHash('sha256').update(bytes).digest('hex').startsWith(stem.slice(0, 16)), 'its name does not follow from the picture');
    const pages = ['/', '/products', '/products.json', '/search?q=hyrax', `/search.json?q=${slug}`, `/products/${slug}`, `/products/${slug}.json`, `/admin/products/${slug}`, `/admin/products.json?q=${slug}`, '/api/openapi.json', '/th/search?q=hyrax', `/live/product/${id}`];
    let n = 0;
    for (const [who, headers] of Object.entries(all)) {
        for (const path of pages) {
            const page = /live/.test(path) ? { body: '' } : await ask(path, { headers });
            assert.ok(!page.body.includes(stem) && !page.body.includes(`Hyrax ${slug}`), `${who}: ${path}`);
            n++;
        }
        for (const path of ['/media', '/media/', '/media/.', `/media/${id}`, `/media/${id}.webp`, `/media/${stem}`, `/media/${stem}.png`, `/media/${stem.slice(0, 8)}*`, '/media/%2e/', '/media/?C=M', `/media/${stem.slice(0, -1)}${stem.at(-1) === '0' ? '1' : '0'}-${width}.webp`, `/media/${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}-${width}.webp`]) {
            const refused = await ask(path, { headers });
            assert.ok([301, 400, 403, 404].includes(refused.status) && !refused.body.includes(stem), `${who}: ${path}: ${refused.status}`);
            n++;
        }
    }
    t.diagnostic(`${n} asks`);
    sql(`update catalog.product set status = 'archived' where slug = ${quote(slug)}`);
});

// nchan 1.3.6 ends nginx's worker when two bring an id to a channel that keeps no message, at the
// next message there.
test('nobody ends a worker of nginx by the id they go on from', { skip, timeout: 180000 }, async () => {
    const ends = () => log('nginx.log').split('exited on signal').length, was = ends();
    const second = Math.floor(Date.now() / 1000), ids = ['', `${second - 1}:0`, `${second - 9}:0`, '1:0', `${second + 9}:0`, `${second}:7`, 'x', '9:9:9'];
    const hears = async (paths, channel, more) => {
        const streams = paths.map((path) => listen(path, more));
        for (const { opened } of streams) await opened;
        await publish(channel, 'the word');
        for (const stream of streams) await until(() => stream.text.includes('the word'), 5000, `${paths}: a line heard nothing`);
        for (const stream of streams) stream.close();
    };
    for (const [n, id] of ids.entries())
        for (let i = 0; i < 3; i++) { // by pairs on channels nobody has spoken in: of two workers both may be at one
            const path = `/live/product/${second}${n}${i}/en/THB`;
            await hears([1, 2, 3].map(() => `${path}?last_event_id=${id}`), path.slice(1));
        }
    const buyer = await shopper(), probe = listen('/-/live', { browser: buyer });
    await probe.opened;
    probe.close();
    const channel = JSON.parse(await lineOf(probe.headers['x-request-id'])).path.replace(/^\/_sub\/|\?.*/g, '');
    for (const id of ids.slice(1, 4)) await hears([1, 2, 3].map(() => `/-/live?last_event_id=${id}`), channel, { browser: buyer });
    await sleep(300);
    assert.equal(ends(), was, log('nginx.log').split('\n').filter((line) => /Assertion|signal/.test(line)).slice(-4).join('\n'));
});
