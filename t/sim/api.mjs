// The endpoints of /v1: a table of method, path, parameters and what to do. Handlers are
// synchronous and give back the kept object with its kind; dressing, lists and expand happen here.

import {
    bool, choice, clearable, currency, email, integer, list, mergeMetadata, metadata, read,
    required, shape, text, url,
} from './params.mjs';
import { invalid } from './errors.mjs';
import { MOST } from './money.mjs';
import { readCard } from './cards.mjs';
import { EVIDENCE, isVersion, lineItem } from './shapes.mjs';
import { automatic } from './till.mjs';

const amount = integer(0, 1e14);
const expand = list(text(200), 20);
const created = (value, path) => (typeof value === 'string' ? integer(0, 1e11)(value, path)
    : shape({ gt: integer(0, 1e11), gte: integer(0, 1e11), lt: integer(0, 1e11),
        lte: integer(0, 1e11) })(value, path));
const page = {
    limit: integer(1, 100), starting_after: text(255), ending_before: text(255), created, expand,
};
const LOCALES = ('auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt '
    + 'lv ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW').split(' ');
const descriptor = clearable(text(22));

const SESSION = {
    mode: required(choice('payment')),
    line_items: required(list(shape({
        price_data: required(shape({
            currency: required(currency),
            unit_amount: required(integer(0, MOST)),
            product_data: required(shape({
                name: required(text(250)), description: text(), images: list(url, 8), metadata,
            })),
            tax_behavior: choice('exclusive', 'inclusive', 'unspecified'),
        })),
        quantity: integer(1, 999_999),
    }))),
    success_url: required(url),
    cancel_url: url,
    client_reference_id: text(200),
    customer_email: email,
    customer_creation: choice('always', 'if_required'),
    billing_address_collection: choice('auto', 'required'),
    submit_type: choice('auto', 'pay', 'book', 'donate'),
    ui_mode: choice('hosted'),
    payment_method_types: list(choice('card'), 1),
    locale: choice(...LOCALES),
    expires_at: integer(0, 1e11),
    metadata,
    payment_intent_data: shape({
        metadata, description: text(1000), receipt_email: email,
        capture_method: choice('automatic', 'automatic_async', 'manual'),
        statement_descriptor: descriptor, statement_descriptor_suffix: descriptor,
        transfer_group: text(250),
    }),
    expand,
};

const CONFIRM = { payment_method: text(255), return_url: url, receipt_email: clearable(email) };
const INTENT = {
    receipt_email: clearable(email), description: clearable(text(1000)), metadata,
    statement_descriptor: descriptor, statement_descriptor_suffix: descriptor,
    transfer_group: text(250), payment_method: text(255), expand,
};
const CREATE_INTENT = {
    ...INTENT,
    amount: required(amount),
    currency: required(currency),
    automatic_payment_methods: shape({
        enabled: required(bool), allow_redirects: choice('always', 'never'),
    }),
    payment_method_types: list(choice('card'), 1),
    capture_method: choice('automatic', 'automatic_async', 'manual'),
    confirm: bool,
    return_url: url,
};

const METADATA_ONLY = { metadata, expand };
const version = (value, path) => {
    if (isVersion(text()(value, path))) return value;
    throw invalid(`Invalid Stripe API version: ${value.slice(0, 40)}`, path);
};

const notEmpty = (items) => {
    if (items.length) return;
    throw invalid('line_items must hold at least one item.', 'line_items',
        'parameter_invalid_empty');
};

function createSession(till, given) {
    notEmpty(given.line_items);
    return ['session', till.openSession(given)];
}

function readSession(till, given, id) {
    const s = till.find('session', id, 'session');
    till.lapse(s);
    return ['session', s];
}

function sessionLines(till, given, id) {
    const s = till.find('session', id, 'session');
    return ['lines', s.lines.map((line) => lineItem(line, s))];
}

function createIntent(till, given) {
    const { confirm, return_url, payment_method, ...plain } = given;
    if (return_url && !confirm) {
        throw invalid('return_url may only be given together with confirm=true.', 'return_url');
    }
    const m = payment_method ? till.usableMethod(payment_method) : null;
    if (confirm && !m) {
        throw invalid('To confirm at once, give payment_method.', 'payment_method',
            'parameter_missing');
    }
    if (confirm) till.needsReturn(automatic(plain), return_url);
    const p = till.newIntent(plain);
    if (m) till.changeIntent(p, { payment_method: m.id });
    if (confirm) till.confirm(p, { return_url });
    return ['intent', p];
}

function changeIntent(till, given, id) {
    const p = till.find('intent', id, 'intent');
    const { metadata: more, ...plain } = given;
    const merged = mergeMetadata(p.metadata, more);
    till.changeIntent(p, plain);
    p.metadata = merged;
    return ['intent', till.store.put('intent', p)];
}

function createMethod(till, given) {
    const { card } = given;
    const read_ = readCard({
        number: card.number, month: card.exp_month, year: card.exp_year, cvc: card.cvc ?? null,
    }, Date.now());
    if (read_.fault) throw invalid(read_.fault.message, 'card', read_.fault.code);
    return ['method', till.newMethod(read_, given.billing_details, given.metadata)];
}

const changeMetadata = (kind) => (till, given, id) => {
    const object = till.find(kind, id);
    object.metadata = mergeMetadata(object.metadata, given.metadata);
    return [kind, till.store.put(kind, object)];
};

// Its secret stands in this answer alone; an Idempotency-Key keeps that as it keeps any.
function createEndpoint(till, given) {
    const e = till.endpoints.create(given);
    return ['dressed', { ...till.show('endpoint', e), secret: e.secret }];
}

function changeEndpoint(till, given, id) {
    const { metadata: more, ...plain } = given;
    const merged = mergeMetadata(till.endpoints.find(id).metadata, more);
    return ['endpoint', till.endpoints.update(id, { ...plain, metadata: merged })];
}

function removeEndpoint(till, given, id) {
    till.endpoints.remove(id);
    return ['dressed', { id, object: 'webhook_endpoint', deleted: true }];
}

const one = (kind, param) => (till, given, id) => [kind, till.find(kind, id, param)];
const many = (kind, wanted = () => true) => (till, given) => ['list', { kind, wanted }];

// `client`: also for the publishable key together with the client secret. `bank`: takes as long
// as the switch bank_ms says.
const ROUTES = [
    ['POST', '/v1/checkout/sessions', SESSION, createSession],
    ['GET', '/v1/checkout/sessions', {
        ...page, payment_intent: text(255), status: choice('open', 'complete', 'expired'),
    }, many('session', (s, g) => (!g.payment_intent || s.payment_intent === g.payment_intent)
        && (!g.status || s.status === g.status))],
    ['GET', '/v1/checkout/sessions/:id', { expand }, readSession],
    ['POST', '/v1/checkout/sessions/:id', METADATA_ONLY, changeMetadata('session')],
    ['POST', '/v1/checkout/sessions/:id/expire', { expand },
        (till, given, id) => ['session', till.expireSession(id)]],
    ['GET', '/v1/checkout/sessions/:id/line_items', page, sessionLines],

    ['POST', '/v1/payment_intents', CREATE_INTENT, createIntent, { bank: true }],
    ['GET', '/v1/payment_intents', page, many('intent')],
    ['GET', '/v1/payment_intents/search', {
        query: required(text(2000)), limit: integer(1, 100), page: text(255), expand,
    }, (till, given) => ['list', { kind: 'intent', wanted: readQuery(given.query), search: true }]],
    ['GET', '/v1/payment_intents/:id', { client_secret: text(255), expand },
        one('intent', 'intent'), { client: true }],
    ['POST', '/v1/payment_intents/:id', { ...INTENT, amount, currency }, changeIntent],
    ['POST', '/v1/payment_intents/:id/confirm', {
        ...CONFIRM, client_secret: text(255), use_stripe_sdk: bool, expand,
    }, (till, given, id) => ['intent', till.confirm(till.find('intent', id, 'intent'), given)],
    { client: true, bank: true }],
    ['POST', '/v1/payment_intents/:id/capture', {
        amount_to_capture: integer(1, MOST), metadata, expand,
    }, (till, given, id) => {
        const p = till.find('intent', id, 'intent');
        const merged = mergeMetadata(p.metadata, given.metadata);
        if (p.status === 'requires_capture') p.metadata = merged;
        return ['intent', till.capture(p, given.amount_to_capture)];
    }],
    ['POST', '/v1/payment_intents/:id/cancel', {
        cancellation_reason: choice('duplicate', 'fraudulent', 'requested_by_customer',
            'abandoned'),
        expand,
    }, (till, given, id) => {
        const p = till.find('intent', id, 'intent');
        return ['intent', till.cancel(p, given.cancellation_reason)];
    }],

    ['POST', '/v1/payment_methods', {
        type: required(choice('card')),
        card: required(shape({
            number: required(text(40)), exp_month: required(text(4)), exp_year: required(text(4)),
            cvc: text(4),
        })),
        billing_details: shape({ email: clearable(email), name: clearable(text(200)) }),
        metadata,
        expand,
    }, createMethod, { client: true, keyless: true }],
    ['GET', '/v1/payment_methods/:id', { expand }, one('method', 'payment_method')],

    ['POST', '/v1/refunds', {
        payment_intent: text(255), charge: text(255), amount: integer(1, MOST),
        reason: choice('duplicate', 'fraudulent', 'requested_by_customer'), metadata, expand,
    }, (till, given) => ['refund', till.refund(given)]],
    ['GET', '/v1/refunds', { ...page, payment_intent: text(255), charge: text(255) },
        many('refund', (r, g) => (!g.payment_intent || r.payment_intent === g.payment_intent)
            && (!g.charge || r.charge === g.charge))],
    ['GET', '/v1/refunds/:id', { expand }, one('refund')],
    ['POST', '/v1/refunds/:id', METADATA_ONLY, changeMetadata('refund')],

    ['GET', '/v1/disputes', { ...page, payment_intent: text(255), charge: text(255) },
        many('dispute', (d, g) => (!g.payment_intent || d.payment_intent === g.payment_intent)
            && (!g.charge || d.charge === g.charge))],
    ['GET', '/v1/disputes/:id', { expand }, one('dispute', 'dispute')],
    ['POST', '/v1/disputes/:id', {
        evidence: shape(Object.fromEntries(EVIDENCE.map((name) => [name, clearable(text(20_000))]))),
        submit: bool, metadata, expand,
    }, (till, given, id) => {
        const d = till.openDispute(id);
        d.metadata = mergeMetadata(d.metadata, given.metadata);
        return ['dispute', till.answerDispute(d, given)];
    }],
    ['POST', '/v1/disputes/:id/close', { expand },
        (till, given, id) => ['dispute', till.closeDispute(till.openDispute(id), 'lost')]],

    ['GET', '/v1/charges', { ...page, payment_intent: text(255) },
        many('charge', (c, g) => !g.payment_intent || c.payment_intent === g.payment_intent)],
    ['GET', '/v1/charges/:id', { expand }, one('charge')],

    ['GET', '/v1/events', { ...page, type: text(255), types: list(text(255), 20) },
        many('event', (e, g) => (!g.type || matches(e.type, g.type))
            && (!g.types?.length || g.types.includes(e.type)))],
    ['GET', '/v1/events/:id', { expand }, one('event')],

    ['POST', '/v1/webhook_endpoints', {
        url: required(url), enabled_events: required(list(text(100), 300)),
        api_version: version, connect: choice('false'), description: clearable(text(5000)), metadata,
        expand,
    }, createEndpoint],
    ['GET', '/v1/webhook_endpoints', {
        limit: page.limit, starting_after: page.starting_after,
        ending_before: page.ending_before, expand,
    }, many('endpoint', (e) => !e.gone)],
    ['GET', '/v1/webhook_endpoints/:id', { expand }, one('endpoint')],
    ['POST', '/v1/webhook_endpoints/:id', {
        url, enabled_events: list(text(100), 300), description: clearable(text(5000)),
        disabled: bool, metadata, expand,
    }, changeEndpoint],
    ['DELETE', '/v1/webhook_endpoints/:id', {}, removeEndpoint],
].map(([method, path, spec, act, marks = {}]) => ({
    method, path, spec, act, ...marks,
    pattern: new RegExp(`^${path.replace(/:id/g, '([^/]{1,255})')}$`),
}));

const matches = (type, wanted) => (wanted.endsWith('.*') ? type.startsWith(wanted.slice(0, -1))
    : type === wanted);

// {route, id}; fixed paths stand before those with an id. `allowed` tells a known path.
export function findRoute(method, path) {
    for (const route of ROUTES) {
        const match = route.method === method && route.pattern.exec(path);
        if (match) return { route, id: match[1] ? decodeURIComponent(match[1]) : null };
    }
    return null;
}

export function readParams(route, tree) {
    return read(tree, route.spec);
}

// Runs the handler and dresses what it gives back.
export function act(till, route, given, id) {
    const [kind, result] = route.act(till, given, id);
    const path = route.path.replace(':id', id);
    const out = kind === 'list' ? listOf(till, result, given, path)
        : kind === 'dressed' ? result
        : kind === 'lines' ? { object: 'list', data: result, has_more: false, url: path }
            : till.show(kind, result);
    for (const wanted of given.expand ?? []) unfold(till, out, wanted.split('.'), wanted);
    return out;
}

function inTime(object, when) {
    if (when === undefined) return true;
    if (typeof when === 'number') return object.created === when;
    return (when.gt === undefined || object.created > when.gt)
        && (when.gte === undefined || object.created >= when.gte)
        && (when.lt === undefined || object.created < when.lt)
        && (when.lte === undefined || object.created <= when.lte);
}

// Newest first. starting_after goes on to older ones, ending_before back to newer ones.
function listOf(till, { kind, wanted, search = false }, given, url_) {
    const { limit = 10, starting_after: after, ending_before: before } = given;
    if (after && before) throw invalid('Give either starting_after or ending_before.');
    if (after) till.find(kind, after, 'starting_after');
    if (before) till.find(kind, before, 'ending_before');
    const found = [];
    let started = !after;
    for (const object of till.store.newest(kind)) {
        if (object.id === before) break;
        if (started && inTime(object, given.created) && wanted(object, given)) found.push(object);
        if (!before && found.length > limit) break;
        if (object.id === after) started = true;
    }
    const has_more = found.length > limit;
    const part = before ? found.slice(-limit) : found.slice(0, limit);
    const data = part.map((object) => till.show(kind, object));
    if (search) return { object: 'search_result', data, has_more, next_page: null, url: url_ };
    return { object: 'list', data, has_more, url: url_ };
}

// "metadata['order_id']:'17' AND status:'succeeded'"; as much of the search language as is needed.
const FIELD = /^(?:metadata\[(['"])(.{1,40})\1\]|(status|currency|amount))\s*:\s*/;
const VALUE = /^(?:(['"])(.*)\1|(\d+))$/;

function readQuery(query) {
    const clauses = query.split(/\s+AND\s+/).map((clause) => {
        const text_ = clause.trim();
        const field = FIELD.exec(text_);
        const value = field && VALUE.exec(text_.slice(field[0].length));
        if (!value) throw invalid(`Cannot read the query at: ${text_.slice(0, 80)}`, 'query');
        const wanted = value[2] ?? value[3];
        const key = field[2];
        if (key === undefined) return (p) => String(p[field[3]]) === wanted;
        return (p) => Object.hasOwn(p.metadata, key) && p.metadata[key] === wanted;
    });
    return (p) => clauses.every((clause) => clause(p));
}

const BY_FIELD = {
    payment_intent: 'intent', latest_charge: 'charge', charge: 'charge', payment_method: 'method',
};

// Puts the object where its id stands: "payment_intent.latest_charge", "data.charge".
function unfold(till, node, [name, ...rest], whole) {
    if (Array.isArray(node)) {
        for (const element of node) unfold(till, element, [name, ...rest], whole);
        return;
    }
    if (node?.object === 'checkout.session' && name === 'line_items' && !node.line_items) {
        const s = till.store.get('session', node.id);
        node.line_items = {
            object: 'list', data: s.lines.map((line) => lineItem(line, s)), has_more: false,
            url: `/v1/checkout/sessions/${s.id}/line_items`,
        };
    }
    if (node === null || typeof node !== 'object' || !Object.hasOwn(node, name)) {
        throw invalid(`This property cannot be expanded (${whole}).`, 'expand');
    }
    const kind = BY_FIELD[name];
    if (typeof node[name] === 'string') {
        if (!kind) throw invalid(`This property cannot be expanded (${whole}).`, 'expand');
        const found = till.store.get(kind, node[name]);
        if (found) node[name] = till.show(kind, found);
    }
    if (rest.length && node[name] !== null) unfold(till, node[name], rest, whole);
}
