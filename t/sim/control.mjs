// /_sim: the tests' hand on the simulator. JSON in, JSON out. Browsers of other sites are refused.

import { readCard } from './cards.mjs';
import { ApiError } from './errors.mjs';
import { SwitchError } from './switches.mjs';

class Wrong extends Error {}

const whole = (value, otherwise, low, high, name) => {
    if (value === undefined) return otherwise;
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new Wrong(`${name}: a whole number from ${low} to ${high}`);
};

export class Control {
    constructor({ till, store, switches, hooks, publicUrl, texts }) {
        Object.assign(this, { till, store, switches, hooks, texts });
        this.origin = new URL(publicUrl).origin;
        this.calls = new Map();
    }

    // One call was answered; `endpoint` is a name out of the route tables, so the map stays small.
    count(endpoint, status, replayed = false) {
        const entry = this.calls.get(endpoint) ?? { calls: 0, replayed: 0, statuses: {} };
        entry.calls++;
        if (replayed) entry.replayed++;
        entry.statuses[status] = (entry.statuses[status] ?? 0) + 1;
        this.calls.set(endpoint, entry);
    }

    async answer(request) {
        const { headers } = request;
        const foreign = (headers.origin && headers.origin !== this.origin)
            || ['cross-site', 'same-site'].includes(headers['sec-fetch-site']);
        if (foreign) return json(403, { error: 'Not from another site.' });
        try {
            return json(200, await this.handle(request));
        } catch (error) {
            if (error instanceof ApiError) return json(error.status, error.body());
            if (error instanceof Wrong || error instanceof SwitchError) {
                return json(400, { error: error.message });
            }
            throw error;
        }
    }

    async handle(request) {
        const { method, path } = request;
        const [, verb, id] = /^\/_sim\/([a-z]+)(?:\/([A-Za-z0-9_]{1,255}))?$/.exec(path) ?? [];
        const call = `${method} ${verb}`;
        if (call === 'GET health') return { ok: true };
        if (call === 'GET texts') return this.texts.show(new URLSearchParams(request.query));
        if (call === 'GET switches') return this.switches.show();
        if (call === 'GET stats') return this.stats(new URLSearchParams(request.query));
        if (call === 'DELETE switches') {
            this.switches.reset();
            return this.switches.show();
        }
        if (method !== 'POST') throw new Wrong(`nothing here: ${method} ${path.slice(0, 100)}`);
        const given = readJson(request.body);
        switch (verb) {
        case 'switches':
            this.switches.set(given);
            return this.switches.show();
        case 'pay': return this.pay(id ?? '', given);
        case 'expire': return this.expire(id ?? '');
        case 'settle': return this.settle(id ?? '');
        case 'dispute': return this.dispute(id ?? '', given);
        case 'redeliver': return this.redeliver([id ?? ''], given);
        case 'deliver': return this.redeliver(given.events, given);
        default: throw new Wrong(`nothing here: POST ${path.slice(0, 100)}`);
        }
    }

    // Pays as the buyer would. A bank that asks is answered too, unless `authorise` is null.
    async pay(id, given) {
        const card = {
            number: given.card ?? '4242424242424242', month: String(given.exp_month ?? 12),
            year: String(given.exp_year ?? new Date().getUTCFullYear() + 3),
            cvc: String(given.cvc ?? '123'),
        };
        const buyer = {
            email: given.email ?? 'buyer@example.com', name: given.name ?? 'Test Buyer',
        };
        const result = id.startsWith('pi_') ? this.payIntent(id, card)
            : await this.till.payPage(id, card, buyer);
        if (result.outcome !== 'asks' || given.authorise === null) return this.told(result);
        const answered = this.till.run(null, () =>
            this.till.authorise(result.intent, given.authorise !== false));
        return this.told({ ...answered, session: result.session });
    }

    payIntent(id, card) {
        const p = this.till.find('intent', id);
        const read = readCard(card, Date.now());
        if (read.fault) return { outcome: 'fault', fault: read.fault, intent: p };
        return this.till.run(null, () => {
            const open = /^requires_(payment_method|confirmation|action)$/.test(p.status);
            if (p.session || !open) return { outcome: 'closed', intent: p };
            return this.till.attempt(p, this.till.newMethod(read));
        });
    }

    told({ outcome, fault, error, session, intent }) {
        const s = session ?? null;
        const p = intent ?? (s?.payment_intent && this.store.get('intent', s.payment_intent));
        return {
            outcome, ...(fault && { fault }), ...(error && { error }),
            session: s && this.till.show('session', s),
            payment_intent: p ? this.till.show('intent', p) : null,
        };
    }

    // As if the session's time had run out.
    expire(id) {
        const s = this.till.find('session', id);
        this.till.run(null, () => {
            if (s.status === 'open' && !this.till.paying.has(s.id)) this.till.endSession(s);
        });
        return { session: this.till.show('session', s) };
    }

    // As if the days that a bank takes were over.
    settle(id) {
        const p = id.startsWith('pi_') ? this.till.find('intent', id, 'payment_intent')
            : this.store.get('intent', this.till.find('session', id).payment_intent);
        if (!p?.settles) throw new Wrong('no bank is at work on it');
        this.till.run(null, () => this.till.settle(p));
        return { payment_intent: this.till.show('intent', p) };
    }

    // The buyer of this payment goes to their bank.
    dispute(id, given) {
        const p = this.till.find('intent', id, 'payment_intent');
        const c = this.store.get('charge', p.latest_charge);
        if (c?.status !== 'succeeded' || !c.captured) throw new Wrong('nothing was taken by it');
        const amount = whole(given.amount, c.amount, 1, c.amount, 'amount');
        const due_s = whole(given.due_s, 777_600, 0, 1e8, 'due_s');
        const how = { reason: String(given.reason ?? 'fraudulent'), inquiry: given.inquiry === true };
        const d = this.till.run(null, () => this.till.dispute(c, { ...how, amount, due_s }));
        return { dispute: this.till.show('dispute', d) };
    }

    async redeliver(ids, given) {
        const to = this.hooks.endpoints.started();
        if (!to) throw new Wrong('no --webhook-url was given, or its endpoint was deleted');
        if (!Array.isArray(ids) || ids.length < 1 || ids.length > 10_000) {
            throw new Wrong('events: a list of 1 to 10000 ids');
        }
        const times = whole(given.times, 1, 1, 100_000, 'times');
        const parallel = whole(given.parallel, 1, 1, 256, 'parallel');
        const events = ids.map((id) => this.till.find('event', String(id)));
        const repeated = function* repeated() {
            for (let i = 0; i < times; i++) yield* events;
        };
        return this.hooks.redeliver(repeated(), parallel, to);
    }

    // What happened to the money, by order (metadata order_id, else client_reference_id).
    // ?order=ID gives one order; ?brief=1 only the sums.
    stats(query) {
        const only = query.get('order');
        const orders = {};
        const totals = {};
        const payments = [];
        for (const p of this.store.newest('intent')) {
            const row = this.paymentRow(p);
            if (only !== null && row.order !== only) continue;
            payments.push(row);
            add(orders[row.order ?? 'none'] ??= { payments: 0, ...NOTHING }, row, 1);
            add(totals[row.currency] ??= { payments: 0, ...NOTHING }, row, 1);
        }
        const objects = {};
        for (const kind of this.store.shelves.keys()) objects[kind] = this.store.count(kind);
        const sums = { totals, objects, webhooks: this.hooks.stats(),
            calls: Object.fromEntries([...this.calls].sort()) };
        return query.has('brief') ? sums : { ...sums, orders, payments };
    }

    paymentRow(p) {
        const s = this.store.get('session', p.session);
        const row = {
            id: p.id, order: p.metadata.order_id ?? s?.client_reference_id ?? null,
            session: p.session, amount: p.amount, currency: p.currency, status: p.status,
            ...NOTHING,
        };
        const c = this.store.get('charge', p.latest_charge);
        if (c?.status !== 'succeeded') return row;
        // A held sum that went back was never taken.
        const taken = c.captured;
        return { ...row, charges: 1, captured: c.amount_captured,
            refunded: taken ? c.amount_refunded : 0 };
    }
}

const NOTHING = { charges: 0, captured: 0, refunded: 0 };

function add(sum, row, payments) {
    sum.payments += payments;
    for (const key of Object.keys(NOTHING)) sum[key] += row[key];
}

function readJson(body) {
    if (body.length === 0) return {};
    try {
        const value = JSON.parse(body);
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    } catch { /* told below */ }
    throw new Wrong('the body must be a JSON object');
}

function json(status, value) {
    return {
        status, body: `${JSON.stringify(value, null, 2)}\n`,
        headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    };
}
