// What the shop says of itself at /api/openapi.json: well formed by somebody else's judgement,
// complete by the route table, and true of the answers. (That no answer of the other tests
// differs is seen to in the shop: outside production an answer that is not as described is a
// 500, and t/run finds it in the log. Here somebody else's reading of the schemas says the same.)
import test from 'node:test';
import assert from 'node:assert/strict';
import redocly from '@redocly/openapi-core';
import Ajv from 'ajv/dist/2020.js';
import { randomBytes } from 'node:crypto';
import { Browser, ask, calm, conf, dev, goods, invariants, isPaid, mailedCode, sim, simulator, skip, sql, until, url } from '../http/shop.mjs';
import { Authenticator } from '../http/authenticator.mjs';

const source = skip ? '{}' : (await ask('/api/openapi.json')).body;
const api = JSON.parse(source);

// Nothing that the description leaves out may be in an answer: each object is closed.
function closed(schema) {
    if (Array.isArray(schema)) return schema.map(closed);
    if (!schema || typeof schema !== 'object') return schema;
    const out = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
    if (out.properties && !out.additionalProperties) out.additionalProperties = false;
    return out;
}
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
if (!skip) ajv.addSchema({ $id: 'shop', components: closed(api.components) });
const called = new Set(); // operations with a good answer
function fits(path, method, got) {
    const { status } = got, told = `${method} ${path} ${status}`, type = got.headers['content-type'].split(';')[0];
    const answers = api.paths[path]?.[method]?.responses;
    assert.ok(answers, `${method} ${path} is not described`);
    const given = answers[status] ?? assert.fail(`${told}: this status is not described: ${got.body.slice(0, 500)}`);
    const { content } = given.$ref ? api.components.responses[given.$ref.split('/').at(-1)] : given;
    const { schema } = content[type] ?? assert.fail(`${told}: ${type} is not described`);
    const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"shop#/')));
    const data = type === 'application/json' ? JSON.parse(got.body) : got.body;
    assert.ok(check(data), `${told}: ${ajv.errorsText(check.errors)}\n${got.body.slice(0, 500)}`);
    if (status < 300) called.add(`${method} ${path}`);
    return data;
}

test('a linter finds nothing wrong with it', { skip }, async () => {
    const config = await redocly.createConfig({ extends: ['recommended'], rules: {
        // A test's shop stands at localhost; and nobody is licensed to write the same description.
        'info-license': 'off', 'no-server-example.com': 'off' } });
    const found = await redocly.lintFromString({ source, config, absoluteRef: 'openapi.json' });
    assert.deepEqual(found.map((one) => `${one.ruleId}: ${one.message} ${one.location[0]?.pointer}`), []);
});

test('every row of the route table is in it, with a sentence', { skip }, () => {
    for (const row of JSON.parse(dev('talatctl', 'route-list', '--json'))) {
        for (const method of row.methods.split(', ').filter((one) => one !== 'HEAD')) {
            if (row.path.startsWith('/-/')) continue;
            const operation = api.paths[row.path]?.[method.toLowerCase()];
            assert.ok(operation, `${method} ${row.path} is missing`);
            assert.ok(operation.summary?.length > 10, `${method} ${row.path}: templates/ops/operations has no sentence about it`);
            assert.equal(operation['x-permission'] ?? 'anyone', row.permission);
        }
    }
});

test('answers hold what it says, and nothing else', { skip }, async () => {
    const guest = new Browser(), buyer = new Browser(), staff = new Browser();
    await buyer.login('shopper@example.test');
    await staff.login('admin@example.test');
    const look = async (who, path, at, status = 200) => {
        const got = await who.json(at ?? path);
        assert.equal(got.status, status, `${path}: ${got.body.slice(0, 200)}`);
        return fits(path, 'get', got);
    };
    await look(guest, '/products');
    const { products } = await look(guest, '/products', '/products?available=1&sort=name');
    const one = products.find((product) => product.sku && product.inStock && product.forSale);
    assert.ok(one, 'something can be bought');
    for (const path of ['/', '/health', '/login', '/register', '/cart']) await look(guest, path);
    await look(guest, '/search', '/search?q=lamp');
    await look(guest, '/products', '/th/products?available=1');
    await look(guest, '/products/{slug}', `/products/${one.slug}`);
    const { categories } = await look(guest, '/');
    await look(guest, '/categories/{slug}', `/categories/${categories[0].slug}`);
    const put = await buyer.json('/cart/lines', { method: 'POST', body: JSON.stringify({ sku: one.sku, quantity: 1 }),
        headers: { 'content-type': 'application/json', origin: url, 'sec-fetch-site': 'same-origin', 'x-csrf-token': buyer.jar.get('__Host-csrf') } });
    assert.equal(put.status, 200, put.body);
    fits('/cart/lines', 'post', put);
    for (const path of ['/cart', '/account', '/orders', '/checkout']) await look(buyer, path);
    for (const path of ['/admin', '/admin/orders', '/admin/orders/disputes', '/admin/products', '/admin/products/new', '/admin/customers']) await look(staff, path);
    await look(staff, '/admin/products/{slug}', `/admin/products/${one.slug}`);
    const { orders } = await look(staff, '/admin/orders');
    if (orders.length) await look(staff, '/admin/orders/{number}', `/admin/orders/${orders[0].number}`);
});

// ---- what is for programs ----------------------------------------------------------------------

const password = 'a quiet market morning', fresh = () => randomBytes(9).toString('hex');
// One call by its row's path; `at` where that has {names}. Whatever comes is as described.
async function call(method, path, { at = path, body, token, key, status = 200, headers = {}, by = ask } = {}) {
    const got = await by(at, { method: method.toUpperCase(), ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        headers: { accept: '*/*', ...(body !== undefined && { 'content-type': 'application/json' }),
            ...(token && { authorization: `Bearer ${token}` }), ...(key && { 'idempotency-key': key }), ...headers } });
    assert.equal(got.status, status, `${method} ${at}: ${got.body.slice(0, 500)}`);
    return fits(path, method, got);
}
const post = (path, body, more) => call('post', path, { body, ...more });
const login = (email, word, more) => post('/api/auth/login', { email, password: word, tokenDelivery: 'body' }, more);
const address = { name: 'Mali', phone: '0812345678', line1: '9 Market Lane', city: 'Bangkok', postcode: '10200', country: 'TH' };

test('an account, its logins and their tokens', { skip, timeout: 120000 }, async () => {
    const email = `openapi.${fresh()}@example.test`;
    await call('get', '/api/openapi.json');
    await call('get', '/api/docs', { headers: { accept: 'text/html' } });
    await call('get', '/api/csrf/csrf-token');
    await post('/api/auth/register', { name: 'Mali', email, password });
    await post('/api/auth/verify-otp', { email, code: '000000', password }, { status: 422 });
    await post('/api/auth/verify-otp', { email, code: await mailedCode(email), password }, { status: 201 });
    await login(email, 'not the password', { status: 401 });
    const { refreshToken } = await login(email, password);
    const { accessToken } = await post('/api/auth/refresh', { refreshToken });
    await post('/api/auth/refresh', { refreshToken }, { status: 409 }); // used this moment
    await post('/api/auth/refresh', { refreshToken: 'none' }, { status: 401 });
    await post('/api/auth/logout', {}, { token: accessToken });
    await call('get', '/api/orders', { token: accessToken, status: 401 });
});

test('a second factor of each kind', { skip, timeout: 120000 }, async () => {
    const email = `openapi.${fresh()}@example.test`, number = `+6689${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
    const owner = await new Browser().register({ name: 'Mali', email, password }), key = new Authenticator(url);
    const begin = async () => (await login(email, password, { status: 401 })).challenge;
    const options = (purpose, more) => post('/api/auth/passkeys/options', { purpose, ...more });
    const answered = ({ challenge, state }) => {
        const { client_data: clientData, auth_data: authData, user_handle: userHandle, ...rest } = key.get(challenge);
        return { ...rest, clientData, authData, userHandle, state };
    };
    const { challenge } = await post('/api/auth/passkeys/options', { purpose: 'add' },
        { by: (at, more) => owner.send(at, more), headers: { origin: url, 'x-csrf-token': owner.jar.get('__Host-csrf') } });
    const added = await owner.post('/account/security/passkeys', { ...key.create(challenge), name: 'Yellow key' }, { headers: { accept: 'application/json' } });
    const [code] = fits('/account/security/passkeys', 'post', added).codes;
    await post('/api/auth/login/passkey', answered(await options('login')));

    const first = await begin();
    await post('/api/auth/second-factor', { challenge: first, code: '000000' }, { status: 401 });
    await post('/api/auth/second-factor', { challenge: first, code });
    const second = await begin();
    await post('/api/auth/second-factor/passkey', { challenge: second, ...answered(await options('second', { challenge: second })) });

    sql("update notify.sms set created_at = created_at - interval '25 hours'"); // what other tests sent within the hour
    assert.equal((await owner.post('/account/phone', { country: 'TH', number })).status, 303);
    const text = await until(async () => (await simulator(`texts?to=${encodeURIComponent(number)}`)).messages[0], 20000, 'no message');
    assert.equal((await owner.post('/account/phone/code', { code: text.body.slice(0, 6) })).status, 303);
    assert.equal((await owner.post('/account/phone/second', { on: 1 })).status, 303);
    await post('/api/auth/second-factor/sms', { challenge: await begin() });
});

test('an order, what becomes of it, and its money back', { skip, timeout: 120000 }, async () => {
    await calm();
    const { sku } = goods({ stock: 5 }), thing = { items: [{ sku, quantity: 2 }], paymentMethod: 'stripe' }, key = fresh();
    const [{ accessToken: token }, { accessToken: staff }] = [await login('shopper@example.test', 'market-day-demo'), await login('admin@example.test', 'market-day-demo')];
    const { order: { id }, payment } = await post('/api/orders', thing, { token, key, status: 201 });
    const at = (rest = '') => ({ at: `/api/orders/${id}${rest}` });
    await post('/api/orders', thing, { token, key, status: 201 });
    await post('/api/orders', { ...thing, items: [{ sku, quantity: 1 }] }, { token, key, status: 409 });
    await call('get', '/api/orders', { token });
    await call('get', '/api/orders/{id}', { token, ...at() });
    await call('put', '/api/orders/{id}/address', { token, ...at('/address'), body: address });
    const paid = await fetch(`${sim}/v1/payment_intents/${payment.paymentId}/confirm`, { method: 'POST',
        headers: { authorization: `Bearer ${conf('stripe_key').replace(/^sk_/, 'pk_')}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ client_secret: payment.clientSecret, payment_method: 'pm_card_visa', return_url: url }) });
    assert.equal(paid.status, 200);
    await isPaid(id);
    await call('patch', '/api/orders/{id}/status', { token, ...at('/status'), body: { orderStatus: 'shipped' }, status: 403 });
    await call('patch', '/api/orders/{id}/status', { token: staff, ...at('/status'), body: { orderStatus: 'shipped', carrier: 'Thai Post', tracking: 'EX1' } });
    await call('put', '/api/orders/{id}/status', { token: staff, ...at('/status'), body: { orderStatus: 'delivered' } });
    await call('put', '/api/orders/{id}/status', { token: staff, ...at('/status'), body: { orderStatus: 'processing' }, status: 409 });
    await call('get', '/api/orders/{id}', { token, ...at() });
    const again = fresh(), refund = { token: staff, key: again, status: 201, ...at('/refunds') };
    const given = await post('/api/orders/{id}/refunds', { amount: 100 }, refund);
    assert.deepEqual(await post('/api/orders/{id}/refunds', { amount: 100 }, refund), given);
    await post('/api/orders/{id}/refunds', { amount: 1e9 }, { ...refund, key: fresh(), status: 409 });
    await post('/api/orders/{id}/refunds', { amount: 100 }, { ...refund, token, status: 403 });
    invariants();
});

test('what is refused, and why', { skip }, async () => {
    const { accessToken: token } = await login('shopper@example.test', 'market-day-demo'), key = fresh();
    for (const body of ['', '{', '[]', '{"items":[],"items":[]}']) await post('/api/orders', body, { token, key, status: body === '' ? 422 : 400 });
    await post('/api/orders', {}, { token, status: 422 });
    await post('/api/orders', '<order/>', { token, key, headers: { 'content-type': 'application/xml' }, status: 415 });
    await post('/api/orders', { paymentMethod: 'x'.repeat(2 << 20) }, { token, key, status: 413 });
    await post('/api/orders', {}, { key, status: 401 });
    await post('/api/auth/login', {}, { token: 'a.b.c', status: 401 });
    await call('get', '/api/orders', { token, at: '/api/orders?before=x', status: 404 });
    await call('get', '/api/orders', { token, headers: { 'x-organisation': 'nobodys' }, status: 404 });
    await call('get', '/api/orders/{id}', { token, at: '/api/orders/TL-0000-0000-0000', status: 404 });
    await call('get', '/api/orders', { token, at: `/api/orders?before=${'x'.repeat(41)}`, status: 422 });
});

test('what is described as JSON is read as JSON', { skip }, async () => {
    const { accessToken: token } = await login('admin@example.test', 'market-day-demo'), headers = { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${token}` };
    for (const [path, method] of [['/admin/products', 'post'], ['/admin/products/{slug}', 'post'], ['/admin/products/{slug}/stock', 'post']]) {
        const { content } = api.paths[path][method].requestBody, { slug } = JSON.parse((await ask('/products.json')).body).products[0];
        assert.deepEqual(Object.keys(content), ['application/json', 'application/x-www-form-urlencoded'], path);
        const got = await ask(path.replace('{slug}', slug), { method: 'POST', headers, body: '{"status":"never"}' });
        assert.equal(got.status, 422, `${path}: ${got.body.slice(0, 200)}`);
        fits(path, method, got);
    }
});

test('each operation for programs has answered well', { skip }, () => {
    const all = Object.entries(api.paths).filter(([path]) => path.startsWith('/api/')).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
    assert.ok(all.length >= 20);
    assert.deepEqual(all.filter((one) => !called.has(one)), [], 'never called with a good answer by the tests of this file');
});

test('refusals hold what it says', { skip }, async () => {
    const guest = new Browser(), buyer = new Browser();
    await buyer.login('shopper@example.test');
    const refused = async (who, path, at, status, method = 'get', more = {}) => {
        const got = await who.json(at, { method: method.toUpperCase(), ...more });
        assert.equal(got.status, status, `${path}: ${got.body.slice(0, 200)}`);
        fits(path, method, got);
    };
    await refused(guest, '/orders', '/orders', 401);
    await refused(buyer, '/admin/orders', '/admin/orders', 403);
    await refused(guest, '/products/{slug}', '/products/there-is-no-such-thing', 404);
    await refused(guest, '/search', `/search?q=${'x'.repeat(101)}`, 422);
    await refused(guest, '/register', '/register', 422, 'post', { body: '{"email":"nonsense"}',
        headers: { 'content-type': 'application/json', origin: url, 'sec-fetch-site': 'same-origin' } });
});

test('what the API asks for is called as it is in JSON', { skip }, () => {
    const asked = api.paths['/api/orders'].post.requestBody.content['application/json'].schema;
    assert.deepEqual(asked.required, ['items', 'paymentMethod']);
    for (const [path, methods] of Object.entries(api.paths)) {
        if (!path.startsWith('/api/')) continue;
        for (const { requestBody } of Object.values(methods))
            for (const name of Object.keys(requestBody?.content['application/json'].schema.properties ?? {})) assert.match(name, /^[a-z][A-Za-z0-9]*$/, path);
    }
});

test('the readable page lists the same operations', { skip }, async () => {
    const page = (await ask('/api/docs')).body;
    const told = Object.values(api.paths).flatMap((path) => Object.values(path)).map((operation) => operation.operationId);
    for (const id of told) assert.ok(page.includes(`id="${id}"`), `${id} is not on /api/docs`);
    assert.equal(new Set(told).size, told.length, 'an operationId stands for one operation');
    // With the names that are sent and answered, and nothing that only the source explains.
    const order = /id="postApiOrders"[\s\S]*?<\/details>/.exec(page)[0];
    for (const name of ['Idempotency-Key</code> *</th><td>header', 'items[].sku</code> *</th><td>body', 'paymentMethod', 'address.postcode', 'totalAmount money', 'clientSecret text'])
        assert.ok(order.includes(name), `${name} is not in ${order}`);
    assert.match(page, /id="getApiOrdersById"[\s\S]*?unitAmount money[\s\S]*?<\/details>/);
    for (const [answer] of page.slice(page.indexOf('<details class="operation"')).matchAll(/<pre><code>[\s\S]*?<\/code><\/pre>/g)) assert.doesNotMatch(answer.replace(/#.*/g, ''), /@|[a-z]_[a-z]/);
});
