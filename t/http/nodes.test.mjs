// Two web nodes over one PostgreSQL and one Redis. Whoever is served by either must not notice
// which; a node that is away or hangs keeps nobody waiting, and what it missed is made good when
// it is back.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Node } from './node.mjs';
import { skip as noStack, Browser, admin, ask, calm, conf, confPath, dev, fields, goods, invariants, isPaid, one, payAt, quote, redis, reread, rows,
    run, shopper, sleep, sql, text, until, stopwatch, live, opened } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const b = new Node({ other_nodes: `${run}/push.sock` });
const was = skip ? '' : readFileSync(confPath, 'utf8');
const html = { headers: { accept: 'text/html' } };

// What talat.conf says on the first: its own nginx, and the other's.
async function renew(other) {
    writeFileSync(confPath, other ? `${was}other_nodes = ${other}\n` : was);
    await reread();
    dev('stop', 'work');
    dev('start', 'work');
}

before(async () => {
    if (skip) return;
    await calm();
    await b.start();
    await renew(`${b.dir}/push.sock`);
    await until(async () => (await ask('/health')).status === 200, 10000);
});
after(async () => {
    if (skip) return;
    await renew('');
    await b.stop();
});

const on = (browser) => new Browser({ jar: new Map(browser.jar), to: b.at }); // the same browser, sent to the other node
const news = ({ event, data }) => event === 'message' && /<section id="order-/.test(data) && !/class="status[^"]*(can-pay|unpaid)/.test(data);

test('sessions, carts and orders are the same at both', { skip, timeout: 180000 }, async () => {
    const here = await shopper(), there = on(here), thing = goods({ stock: 9 });
    assert.equal((await there.get('/account')).status, 200, 'logged in here is logged in there');
    const guest = await new Browser().add(thing.sku, 2), away = on(guest);
    assert.equal((await away.json('/cart')).data.cart.lines[0].quantity, 2);
    // Every step of a purchase at the other node than the step before.
    const seen = await away.toPay(), got = await guest.post('/checkout/pay', seen);
    assert.equal(got.status, 303, text(got.body).slice(0, 300));
    assert.equal((await away.post('/checkout/pay', seen)).headers.location, got.headers.location, 'the second click, at the other node');
    invariants();
});

test('limits count what comes in at either', { skip, timeout: 180000 }, async () => {
    const email = `nobody.${Date.now()}@example.test`, statuses = [];
    for (let i = 0; i < 8; i++) {
        const browser = new Browser(i % 2 ? { to: b.at } : {});
        await browser.get('/login');
        statuses.push((await browser.post('/login', { email, password: `wrong ${i}` })).status);
    }
    assert.deepEqual(statuses.map((status) => status === 429), [false, false, false, false, false, true, true, true], String(statuses));
});

// Both keep the page; gives a function that reads the product's name from each, or from one.
async function kept(thing) {
    const path = `/products/${thing.slug}`;
    for (const to of [undefined, b.at]) for (let i = 0; i < 2; i++) await ask(path, { ...html, to });
    return async (which = [undefined, b.at]) => Promise.all(which.map(async (to) => {
        const { headers, body } = await ask(path, { ...html, to }).catch(() => ({ headers: {}, body: '' }));
        return { cache: headers['x-cache'], name: text(/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(body)?.[1] ?? '').trim() };
    }));
}
async function rename(staff, thing, name) {
    const path = `/admin/products/${thing.slug}`, page = (await staff.get(path)).body, form = fields(page, path);
    for (const [area] of page.matchAll(/<textarea[\s\S]*?<\/textarea>/g))
        form[/name="([^"]*)"/.exec(area)[1]] ??= />([\s\S]*)<\/textarea>/.exec(area)[1].replace(/&#39;/g, "'").replace(/&quot;/g, '"').replace(/&amp;/g, '&');
    for (const [select] of page.matchAll(/<select[\s\S]*?<\/select>/g)) {
        const chosen = /<option[^>]*value="([^"]*)"[^>]*selected/.exec(select);
        if (chosen) form[/name="([^"]*)"/.exec(select)[1]] ??= chosen[1];
    }
    const key = Object.keys(form).find((one) => /^name(\.|_|$)/.test(one) && /en|name$/.test(one)) ?? Object.keys(form).find((one) => /name/.test(one));
    const old = form[key], got = await staff.post(path, { ...form, [key]: name });
    assert.equal(got.status, 303, text(got.body).slice(0, 400));
    return old;
}

test('an edit through one node renews the page the other keeps', { skip, timeout: 180000 }, async (t) => {
    const staff = await admin(), thing = goods({ stock: 9 }), both = await kept(thing);
    for (const [who, name] of [[staff, 'Renamed over here'], [on(staff), 'Renamed over there']]) {
        const old = await rename(who, thing, name), began = Date.now();
        await until(async () => (await both()).every((page) => page.name === name), 4000, async () => JSON.stringify(await both()));
        t.diagnostic(`${name}: both after ${Date.now() - began} ms`);
        assert.deepEqual((await both()).map(({ cache }) => cache), ['HIT', 'HIT']);
        await rename(who, thing, old);
    }
});

test('a page open at one node hears of what was handled by the other', { skip, timeout: 180000 }, async (t) => {
    const order = await new Browser().order(goods({ stock: 3 }).sku);
    const streams = [await opened(live(order)), await opened(live(order), { to: b.at })];
    const came = streams.map((stream) => stream.expect(news, 5000, 'not told').then(() => Date.now()));
    await payAt(order.session); // its webhook comes in at the first node
    const [here, there] = await Promise.all(came);
    t.diagnostic(`the other node ${there - here} ms after the first`);
    for (const stream of streams) stream.close();
    invariants();
});

test('logging out at one node ends the session and its open lines at the other', { skip, timeout: 180000 }, async () => {
    const here = await shopper(), there = on(here);
    const line = await opened('/-/live', { browser: there, to: b.at });
    assert.equal((await there.get('/account')).status, 200);
    assert.equal((await here.post('/logout', {})).status, 303);
    assert.equal((await there.get('/account')).status, 303);
    await until(() => line.ended, 3000, 'the line goes on');
});

// Somebody of an organisation of this test's own, at both nodes.
async function worker(slug, who, place) {
    const email = `${who}-${slug}@example.test`;
    sql(`insert into auth.person (email, name, password_hash, verified_at) select ${quote(email)}, 'Mali', p.password_hash, now()
          from auth.person p where p.email = 'admin@example.test';
        insert into auth.member (organisation_id, person_id, place) select o.id, p.id, ${quote(place)}
          from auth.organisation o, auth.person p where o.slug = ${quote(slug)} and p.email = ${quote(email)}`);
    const here = await new Browser().login(email);
    return { email, here, there: on(here), id: one(`select id from auth.person where email = ${quote(email)}`) };
}
const status = async (browser, path) => (await browser.json(path)).status;

test('AC-10 rights taken away at one node are gone at the other within a second, lines too', { skip, timeout: 180000 }, async (t) => {
    const slug = `t-rights-${Date.now()}`;
    sql(`insert into auth.organisation (slug, name) values (${quote(slug)}, 'Rights')`);
    const boss = await worker(slug, 'boss', 'owner'), hand = await worker(slug, 'hand', 'member');
    const member = (await boss.here.json('/admin/team.json')).data.members.find(({ email }) => email === hand.email).id;
    const step = async (what, act, path) => {
        const line = await opened('/admin/live', { browser: hand.there, to: b.at }), taken = stopwatch();
        assert.equal(await status(hand.there, path), 200, `${what}: before`);
        const got = await act();
        assert.equal(got.status, 303, `${what}: ${text(got.body).slice(0, 300)}`);
        assert.equal(await status(hand.there, path), 403, `${what}: at the other node`);
        await until(() => line.ended, 1000, `${what}: the line goes on`);
        const took = taken();
        t.diagnostic(`${what}: ${Math.round(took)} ms with its request`);
        assert.ok(took < 1000, what);
    };
    await step('another place', () => boss.here.post(`/admin/team/${member}/role`, { role: 'viewer' }), '/admin/customers.json');
    const made = await boss.here.post('/admin/roles', { name: 'Packer', 'orders:read-all': 1, 'catalog:read': 1 });
    assert.equal(made.status, 303, text(made.body).slice(0, 300));
    const role = (await boss.here.json('/admin/team.json')).data.roles[0].id;
    assert.equal((await boss.here.post(`/admin/team/${member}/role`, { role })).status, 303);
    await step('a role of their own making', () => boss.here.post(`/admin/roles/${role}`, { name: 'Packer', 'orders:read-all': 1 }), '/admin/products.json');
    await step('taken out', () => boss.here.post(`/admin/team/${member}/remove`, {}), '/admin/orders.json');
});

test('AC-02 an account blocked at one node is closed at the other within a second', { skip, timeout: 180000 }, async (t) => {
    const slug = `t-block-${Date.now()}`;
    sql(`insert into auth.organisation (slug, name) values (${quote(slug)}, 'Block')`);
    const hand = await worker(slug, 'hand', 'member'), staff = await admin();
    const got = await ask('/api/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: hand.email, password: 'market-day-demo', tokenDelivery: 'body' }) });
    const token = { accept: 'application/json', authorization: `Bearer ${JSON.parse(got.body).accessToken}` };
    const asked = async () => [await status(hand.there, '/account.json'), (await ask('/account.json', { headers: token, to: b.at })).status];
    assert.deepEqual(await asked(), [200, 200]);
    const lines = [await opened('/-/live', { browser: hand.there, to: b.at }), await opened('/admin/live', { browser: hand.there, to: b.at }),
        await opened('/-/live', { headers: { authorization: token.authorization }, to: b.at })];
    const { id } = (await staff.json(`/admin/accounts.json?q=${encodeURIComponent(hand.email)}`)).data.accounts[0];
    const taken = stopwatch();
    assert.equal((await staff.post(`/admin/accounts/${id}/block`, { reason: 'A test of ours' })).status, 303);
    assert.deepEqual(await asked(), [401, 401]);
    await until(() => lines.every((line) => line.ended), 1000, () => `lines go on: ${lines.map((line) => !!line.ended)}`);
    const took = taken();
    t.diagnostic(`all closed ${Math.round(took)} ms after the block was sent`);
    assert.ok(took < 1000, `${took} ms`);
    const login = new Browser({ to: b.at });
    await login.get('/login');
    assert.equal((await login.post('/login', { email: hand.email, password: 'market-day-demo' })).status, 403);
});

test('of two who block each other at once one stays, and no login slips past a block', { skip, timeout: 180000 }, async () => {
    const mark = Date.now(), people = ['a', 'b'].map((who) => `block-${who}-${mark}@example.test`);
    sql(`insert into auth.person (email, name, password_hash, role, verified_at) select e, 'Admin', p.password_hash, 'admin', now()
        from auth.person p, unnest(array['${people.join("','")}']) e where p.email = 'admin@example.test'`);
    for (let round = 0; round < 5; round++) {
        sql(`update auth.person set blocked_at = null where email in ('${people.join("','")}')`);
        const admins = await Promise.all(people.map((email) => new Browser().login(email)));
        const list = (await admins[0].json(`/admin/accounts.json?q=${mark}`)).data.accounts;
        const id = (email) => list.find((one) => one.email === email).id;
        const late = Promise.all([0, 1, 0, 1].map(async (i) => {
            const browser = new Browser(i ? { to: b.at } : {});
            await browser.get('/login');
            return browser.post('/login', { email: people[i], password: 'market-day-demo' });
        }));
        const got = await Promise.all(admins.map((browser, i) => browser.post(`/admin/accounts/${id(people[1 - i])}/block`, { reason: 'Each other' })));
        // Who comes a moment too late is nobody any more, and led to the login.
        const said = got.map(({ status: one, headers }) => (/\/login/.test(headers.location) ? 401 : one)).sort();
        assert.ok(said[0] === 303 && said[1] !== 303, `round ${round}: ${said}`);
        await late;
        assert.equal(one(`select count(*) from auth.person where blocked_at is not null and email in ('${people.join("','")}')`), 1);
        assert.equal(one(`select count(*) from auth.device d join auth.person p on p.id = d.person_id
            where p.blocked_at is not null and d.ended_at is null and p.email in ('${people.join("','")}')`), 0, 'a login slipped past');
    }
    sql(`update auth.person set role = 'user' where email in ('${people.join("','")}')`);
});

test('what a node misses while it is being caught up with is made good, too', { skip, timeout: 60000 }, async () => {
    const at = `${b.dir}/push.sock`, behind = `node:${at}:behind`, data = JSON.stringify({ node: at });
    const miss = async (path) => { // as src/work/nodes.c notes it
        await redis('SADD', behind, `html|x|en|THB|${path}`);
        sql(`select work.add_job('node.catch_up', ${quote(`node.catch_up:${at}`)}, null, 0, ${quote(data)}, '', now(), 0, true)`);
    };
    const hang = (signal) => { for (const one of b.workers('nginx')) process.kill(one, signal); };
    hang('SIGSTOP');
    try {
        await miss('/missed-before');
        await until(async () => one(`select count(*) from work.job where kind like 'node.catch%' and state = 'running'`) > 0
            && await redis('SCARD', behind) === 0, 10000, 'nobody catches up');
        await miss('/missed-meanwhile');
    } finally {
        hang('SIGCONT');
    }
    await until(async () => await redis('SCARD', behind) === 0 && one(`select count(*) from work.job where kind like 'node.%'`) === 0, 15000,
        async () => `${await redis('SCARD', behind)} behind; ${sql("select kind, state, attempt, error from work.job where kind like 'node.%'")}`);
});

test('what a node is told late is never older than what it was told since', { skip, timeout: 120000 }, async () => {
    const at = `${b.dir}/push.sock`, order = await new Browser().order(goods({ stock: 9 }).sku), stream = await opened(live(order), { to: b.at });
    const hang = (signal) => { for (const worker of b.workers('nginx')) process.kill(worker, signal); };
    const waiting = () => one(`select count(*) from work.job where kind = 'node.message' and data ->> 'about' like 'order:${order.number} %'`);
    const pages = () => stream.events.filter(({ event, data }) => event === 'message' && /<section id="order-/.test(data));
    hang('SIGSTOP');
    try {
        sql(`select work.tell('order.updated', organisation_id, order_id, '{}', '', true) from orders.part where order_id = ${order.id}`);
        await until(() => waiting() > 0, 20000, 'it is not late');
        sql("update work.job set run_at = now() + interval '1 hour' where kind = 'node.message'");
    } finally {
        hang('SIGCONT');
    }
    await redis('DEL', `node:${at}:rests`);
    await payAt(order.session);
    await isPaid(order.number);
    await stream.expect(news, 8000, 'not told that it is paid');
    const before = pages().length;
    sql("update work.job set run_at = now() where kind = 'node.message'; notify talat_work");
    await until(() => waiting() === 0, 20000, 'it is not run');
    await sleep(300); // what was sent is heard
    assert.ok(news(pages().at(-1)), `the last word of ${before} and ${pages().length - before} more: ${text(pages().at(-1).data).slice(0, 300)}`);
    stream.close();
    invariants();
});

// The other node's nginx, reading a file of its own changed; gives what puts it right again.
async function changed(name, what, into) {
    const path = join(b.dir, 'nginx', name), before = readFileSync(path, 'utf8'), after = before.replace(what, into);
    const read = async (words) => {
        const old = b.workers('nginx');
        writeFileSync(path, words);
        b.processes.nginx.kill('SIGHUP');
        await until(() => !b.workers('nginx').some((pid) => old.includes(pid)), 20000, 'nginx has not read it');
    };
    assert.notEqual(after, before);
    await read(after);
    return () => read(before);
}

test('a node with another refresh_key keeps its old pages, and that is said', { skip, timeout: 120000 }, async () => {
    const staff = await admin(), thing = goods({ stock: 9 }), both = await kept(thing), at = `${b.dir}/push.sock`;
    const doctor = () => new Promise((done) => {
        const child = spawn(join(process.env.TALAT_APP, 'bin/talatctl'), ['--config', confPath, 'doctor', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
        let out = '';
        child.stdout.on('data', (piece) => { out += piece; });
        child.on('close', () => done(JSON.parse(out).findings.filter(({ check }) => check === 'nginx')));
    });
    const is_stale = ({ level, what }) => level === 'wrong' && what.includes(`nginx at ${at} has another refresh_key`);
    const said = () => readFileSync(join(process.env.TALAT_VAR, 'log/work.log'), 'utf8').split('\n').filter((line) => line.includes('"node_stale"') && line.includes(at)).length;
    assert.ok(!(await doctor()).some(({ what }) => /refresh_key/.test(what)));
    const mended = await changed('cache.conf', new RegExp(`"1:${conf('refresh_key')}"`, 'g'), '"1:another"');
    let old;
    try {
        const before = said();
        old = await rename(staff, thing, 'Renamed for one');
        await until(() => said() > before, 15000, 'nobody says it');
        await until(async () => (await both([undefined]))[0].name === 'Renamed for one', 8000, 'the first keeps the old page, too');
        assert.equal((await both([b.at]))[0].name, old, 'it is made anew all the same');
        assert.ok((await doctor()).some(is_stale), JSON.stringify(await doctor()));
        assert.equal(one(`select count(*) from work.job where kind like 'refresh%' and attempt > 1`), 0);
    } finally {
        await mended();
    }
    await rename(staff, thing, old);
});

test('a page that fails is its own affair: all others are made anew, and no node rests', { skip, timeout: 120000 }, async () => {
    const at = `${b.dir}/push.sock`, behind = `node:${at}:behind`, data = JSON.stringify({ node: at });
    await until(() => one("select count(*) from work.job where kind like 'node.catch%'") === 0, 15000);
    const mended = await changed('site.conf', /(listen unix:[^;]*push\.sock[^;]*;)/, '$1 location = /broken { return 500; }');
    try {
        for (let i = 0; i < 20; i++) await redis('SADD', behind, `html|x|en|THB|/no-such-${i}`);
        await redis('SADD', behind, 'html|x|en|THB|/broken');
        sql(`select work.add_job('node.catch_up', ${quote(`node.catch_up:${at}`)}, null, 0, ${quote(data)}, '', now(), 0, true)`);
        await until(async () => await redis('SCARD', behind) === 1, 20000, async () => `${await redis('SCARD', behind)} are left`);
        assert.equal(await redis('EXISTS', `node:${at}:rests`), 0);
    } finally {
        await mended();
    }
    sql("update work.job set run_at = now() where kind = 'node.catch_up'; notify talat_work");
    await until(async () => await redis('SCARD', behind) === 0, 20000, 'it is not made good when it can be');
});

test('a node that is away or hangs keeps nobody waiting, and is caught up when it is back', { skip, timeout: 120000 }, async (t) => {
    const staff = await admin(), thing = goods({ stock: 9 }), both = await kept(thing);
    const hang = (signal) => { for (const one of b.workers('nginx')) process.kill(one, signal); };
    const faults = { away: [() => b.end('nginx'), () => b.startNginx()], hangs: [() => hang('SIGSTOP'), () => hang('SIGCONT')] };
    for (const [name, [begin, finish]] of Object.entries(faults)) {
        const order = await new Browser().order(thing.sku), stream = await opened(live(order));
        await begin();
        const taken = stopwatch(), told = stream.expect(news, 8000, `${name}: the page at the living node is not told`).then(() => Math.round(taken()));
        await payAt(order.session);
        await isPaid(order.number);
        const after = await told;
        const old = await rename(staff, thing, `New while the other ${name}`);
        const renamed = Date.now();
        await until(async () => (await both([undefined]))[0].name === `New while the other ${name}`, 8000, `${name}: the living node keeps the old page`);
        const own = Date.now() - renamed;
        await finish();
        const back = Date.now();
        await until(async () => (await both()).every((page) => page.name === `New while the other ${name}`), 15000,
            async () => `${name}: ${JSON.stringify(await both())}`);
        t.diagnostic(`${name}: told after ${after} ms, renewed here after ${own} ms, there ${Date.now() - back} ms after its return`);
        assert.ok(after < 4000, `${after} ms`);
        stream.close();
        await rename(staff, thing, old);
    }
    await until(() => rows(`select id from work.job where kind like 'node.%'`).length === 0, 15000, () => sql(`select kind, attempt, error from work.job where kind like 'node.%'`));
    invariants();
});
