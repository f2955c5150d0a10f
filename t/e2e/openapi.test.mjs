// What the shop says of itself at /api/openapi.json: well formed by somebody else's judgement,
// complete by the route table, and true of the answers. (That no answer of the other tests
// differs is seen to in the shop: outside production an answer that breaks its shape is a 500.)
import test from 'node:test';
import assert from 'node:assert/strict';
import redocly from '@redocly/openapi-core';
import Ajv from 'ajv/dist/2020.js';
import { Browser, ask, dev, skip, url } from '../http/shop.mjs';

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
function fits(path, method, status, data) {
    const answers = api.paths[path]?.[method]?.responses;
    assert.ok(answers, `${method} ${path} is not described`);
    const given = answers[status] ?? assert.fail(`${method} ${path} does not say it may answer ${status}`);
    const answer = given.$ref ? api.components.responses[given.$ref.split('/').at(-1)] : given;
    const schema = answer.content['application/json'].schema;
    const check = ajv.compile({ $ref: schema.$ref.replace('#', 'shop#') });
    assert.ok(check(data), `${method} ${path} ${status}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(data).slice(0, 500)}`);
}

test('a linter finds nothing wrong with it', { skip }, async () => {
    const config = await redocly.createConfig({ extends: ['recommended'], rules: {
        'info-license': 'off', 'no-server-example.com': 'off', 'tag-description': 'off',
        'operation-4xx-response': 'off', 'no-unused-components': 'off' } });
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
        fits(path, 'get', status, got.data);
        return got.data;
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
    fits('/cart/lines', 'post', 200, put.data);
    for (const path of ['/cart', '/account', '/orders', '/checkout']) await look(buyer, path);
    for (const path of ['/admin', '/admin/orders', '/admin/orders/disputes', '/admin/products', '/admin/products/new', '/admin/customers']) await look(staff, path);
    await look(staff, '/admin/products/{slug}', `/admin/products/${one.slug}`);
    const { orders } = await look(staff, '/admin/orders');
    if (orders.length) await look(staff, '/admin/orders/{number}', `/admin/orders/${orders[0].number}`);
});

test('refusals hold what it says', { skip }, async () => {
    const guest = new Browser(), buyer = new Browser();
    await buyer.login('shopper@example.test');
    const refused = async (who, path, at, status, method = 'get', more = {}) => {
        const got = await who.json(at, { method: method.toUpperCase(), ...more });
        assert.equal(got.status, status, `${path}: ${got.body.slice(0, 200)}`);
        fits(path, method, status, got.data);
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
