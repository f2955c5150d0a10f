// Tokens of the API in the hands of many at once, and over two web nodes.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Node } from './node.mjs';
import { skip as noStack, agents, ask, one, rows, sql, stopwatch } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const b = new Node({});
before(async () => { if (!skip) await b.start(); });
after(async () => { if (!skip) await b.stop(); });

const agent = agents();
const post = async (path, data, more = {}) => {
    const got = await ask(path, { method: 'POST', body: JSON.stringify(data), agent, ...more,
        headers: { 'content-type': 'application/json', accept: '*/*', ...more.headers } });
    return { ...got, data: JSON.parse(got.body) };
};
const login = async (more, email = 'shopper@example.test') => {
    const { status, data, body } = await post('/api/auth/login',
        { email, password: 'market-day-demo', tokenDelivery: 'body' }, more);
    assert.equal(status, 200, body);
    return data;
};
const there = { get to() { return b.at; } };
const as = (token, more = {}) => ask('/account.json', { agent, ...more, headers: { accept: 'application/json', authorization: `Bearer ${token}` } });
const tally = (answers) => answers.reduce((sum, { status }) => ({ ...sum, [status]: (sum[status] ?? 0) + 1 }), {});

test('SE refresh: a hundred at once over two nodes have one winner, who goes on', { skip, timeout: 180000 }, async (t) => {
    const { refreshToken } = await login(), began = performance.now();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => post('/api/auth/refresh', { refreshToken }, i % 2 ? there : {})));
    t.diagnostic(`${Math.round(performance.now() - began)} ms, ${JSON.stringify(tally(answers))}`);
    assert.deepEqual(tally(answers), { 200: 1, 409: 99 });
    const winner = answers.find(({ status }) => status === 200).data;
    assert.equal((await as(winner.accessToken)).status, 200);
    assert.equal((await post('/api/auth/refresh', { refreshToken: winner.refreshToken }, there)).status, 200);
});

test('SE refresh: a stolen token ends its login within a second on both nodes', { skip, timeout: 180000 }, async () => {
    const first = await login(), second = (await post('/api/auth/refresh', { refreshToken: first.refreshToken })).data;
    // Ten seconds later, for the database.
    sql(`update auth.refresh set used_at = used_at - interval '11 seconds' where device_id =
        (select max(id) from auth.device where kind = 'token')`);
    assert.equal((await as(second.accessToken, there)).status, 200);
    assert.equal((await post('/api/auth/refresh', { refreshToken: first.refreshToken })).status, 401);
    const taken = stopwatch();
    for (const node of [{}, there]) {
        for (const { accessToken } of [first, second]) {
            const got = await as(accessToken, node);
            assert.equal(got.status, 401);
            assert.equal(JSON.parse(got.body).error, 'Invalid token');
        }
        assert.equal((await post('/api/auth/refresh', { refreshToken: second.refreshToken }, node)).status, 401);
    }
    assert.ok(taken() < 1000);
});

test('ID-19 logging out at one node ends the tokens at the other within a second', { skip, timeout: 180000 }, async () => {
    const { accessToken, refreshToken } = await login(there);
    assert.equal((await as(accessToken)).status, 200);
    assert.equal((await post('/api/auth/logout', {}, { headers: { authorization: `Bearer ${accessToken}` } })).status, 200);
    const taken = stopwatch();
    assert.equal((await as(accessToken, there)).status, 401);
    assert.equal((await post('/api/auth/refresh', { refreshToken }, there)).status, 401);
    assert.ok(taken() < 1000);
});

test('ID-17 a key revoked at one node is dead at the other within a second', { skip, timeout: 180000 }, async () => {
    const { accessToken } = await login({}, 'admin@example.test'), by = { authorization: `Bearer ${accessToken}` };
    const made = await post('/admin/keys.json', { name: 'Two nodes', scopes: ['orders:read-all'], days: '30' }, { headers: by });
    assert.equal(made.status, 201, made.body);
    const { key, keys: [{ id }] } = made.data;
    const orders = (node, headers) => ask('/admin/orders.json', { agent, ...node, headers: { accept: 'application/json', ...headers } });
    for (const node of [{}, there]) {
        assert.equal((await orders(node, { authorization: `Bearer ${key}` })).status, 200);
        assert.equal((await orders(node, { 'x-api-key': key })).status, 200);
    }
    assert.equal((await post(`/admin/keys/${id}/revoke`, {}, { headers: { ...by, accept: 'application/json' } })).status, 200);
    const taken = stopwatch();
    for (const node of [there, {}]) assert.equal((await orders(node, { authorization: `Bearer ${key}` })).status, 401);
    assert.ok(taken() < 1000);
});

test('SE-14 a key used elsewhere forty times at once, over two nodes, is told of once', { skip, timeout: 180000 }, async () => {
    const { accessToken } = await login({}, 'admin@example.test'), by = { authorization: `Bearer ${accessToken}` };
    const made = await post('/admin/keys.json', { name: 'Wandering', scopes: ['orders:read-all'], days: '30' }, { headers: by });
    assert.equal(made.status, 201, made.body);
    const { key } = made.data, row = `auth.api_key where prefix = '${key.slice(0, 12)}'`;
    const orders = (program, node) => ask('/admin/orders.json', { agent, ...node, headers: { accept: 'application/json', 'x-api-key': key, 'user-agent': program } });
    assert.equal((await orders('till/1.0')).status, 200);
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => orders('thief/2.0', i % 2 ? there : {})));
    assert.deepEqual(tally(answers), { 200: 40 });
    assert.deepEqual(rows(`select used_programs from ${row}`)[0].used_programs, ['thief', 'till']);
    assert.equal(one(`select count(*) from audit.entry where action = 'used_elsewhere' and thing_id = (select id::text from ${row})`), 1);
    assert.deepEqual(rows(`select count(*) as n, count(distinct person_id) as people from notify.mail where template = 'key_elsewhere'
        and split_part(cause, ':', 2) = (select id::text from ${row})`).map(({ n, people }) => n >= 1 && n === people), [true]);
    // The first uses of another, at once by two programs: one of them is from elsewhere, by whom is known.
    const other = await post('/admin/keys.json', { name: 'Two at once', scopes: ['orders:read-all'], days: '30' }, { headers: by });
    assert.equal(other.status, 201, other.body);
    const use = (program, node) => ask('/admin/orders.json', { agent, ...node, headers: { accept: 'application/json', 'x-api-key': other.data.key, 'user-agent': program } });
    assert.deepEqual(tally(await Promise.all(Array.from({ length: 12 }, (_, i) => use(i % 2 ? 'one/1.0' : 'two/1.0', i % 3 ? there : {})))), { 200: 12 });
    assert.deepEqual(rows(`select count(*) as n, bool_and(person_id is not null and source like 'web %') as known from audit.entry
        where action = 'used_elsewhere' and thing_id = (select id::text from auth.api_key where prefix = '${other.data.key.slice(0, 12)}')`), [{ n: 1, known: true }]);
});
