// Where events go: the endpoint the simulator was started with, and those made by the API. Each is
// told the kinds it has chosen, signed with its own secret, while it is enabled.

import { invalid, missing } from './errors.mjs';
import { API_VERSION, token } from './shapes.mjs';

const MOST = 16;
const seconds = () => Math.floor(Date.now() / 1000);

// What may be chosen: all that is told here, and what else the provider tells of payments.
const KINDS = new Set(Object.entries({
    charge: 'captured expired failed pending refunded succeeded updated refund.updated '
        + 'dispute.closed dispute.created dispute.funds_reinstated dispute.funds_withdrawn '
        + 'dispute.updated',
    'checkout.session': 'async_payment_failed async_payment_succeeded completed expired',
    customer: 'created deleted updated',
    payment_intent: 'amount_capturable_updated canceled created partially_funded payment_failed '
        + 'processing requires_action succeeded',
    payment_method: 'attached detached updated',
    payout: 'canceled created failed paid updated',
    refund: 'created failed updated',
    transfer: 'created reversed updated',
}).flatMap(([of, kinds]) => kinds.split(' ').map((kind) => `${of}.${kind}`)));

function checkKinds(kinds) {
    if (!kinds.length) {
        throw invalid('enabled_events must hold at least one kind of event.', 'enabled_events',
            'parameter_invalid_empty');
    }
    const unknown = kinds.findIndex((kind) => kind !== '*' && !KINDS.has(kind));
    if (unknown >= 0) {
        throw invalid(`Invalid enabled_events[${unknown}]: ${kinds[unknown]} is no kind of event.`,
            `enabled_events[${unknown}]`);
    }
    return [...new Set(kinds)];
}

export class Endpoints {
    constructor({ store, url, secret }) {
        this.store = store;
        const before = this.all().find((e) => e.started) ?? null;
        if (url) this.begin(before, url, secret);
        else if (before) this.put({ ...before, gone: true });
        store.commit();
    }

    begin(before, url, secret) {
        this.startedId = (before ?? this.make({ url, enabled_events: ['*'], started: true })).id;
        this.put({ ...this.store.get('endpoint', this.startedId), url, secret });
    }

    all() {
        return [...this.store.newest('endpoint')].filter((e) => !e.gone);
    }

    // As long as it is there, whatever it has chosen.
    started() {
        return this.all().find((e) => e.id === this.startedId) ?? null;
    }

    // Null: it is gone or disabled, and is told nothing.
    enabled(id) {
        const e = this.store.get('endpoint', id);
        return e && !e.gone && e.status === 'enabled' ? e : null;
    }

    wanting(kind) {
        return this.all().filter((e) => e.status === 'enabled'
            && (e.enabled_events.includes(kind) || e.enabled_events.includes('*'))).reverse();
    }

    find(id) {
        const e = this.store.get('endpoint', id);
        if (!e || e.gone) throw missing('webhook endpoint', id, 'webhook_endpoint');
        return e;
    }

    put(e) {
        return this.store.put('endpoint', e);
    }

    make({ url, enabled_events, api_version = null, description = null, metadata = {}, started = false }) {
        return this.put({
            id: `we_1${token(23)}`, created: seconds(), url, enabled_events, description, metadata,
            api_version: started ? API_VERSION : api_version, status: 'enabled', secret: `whsec_${token(32)}`, started,
        });
    }

    create(given) {
        if (this.all().length >= MOST) {
            throw invalid(`You have reached the maximum of ${MOST} test webhook endpoints.`);
        }
        return this.make({ ...given, enabled_events: checkKinds(given.enabled_events) });
    }

    update(id, { disabled, enabled_events, expand: _, ...plain }) {
        const e = this.find(id);
        const status = disabled === undefined ? e.status : disabled ? 'disabled' : 'enabled';
        const kinds = enabled_events === undefined ? e.enabled_events : checkKinds(enabled_events);
        return this.put({ ...e, ...plain, status, enabled_events: kinds });
    }

    remove(id) {
        return this.put({ ...this.find(id), gone: true });
    }
}
