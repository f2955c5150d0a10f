// Webhooks out: signs each event, sends it to each endpoint that wants it, and sends it again with growing pauses until the shop
// answers 2xx. Also the faults of the road: late, lost, doubled, shuffled, forged, falsified.
//
// At most MOST_AT_ONCE are on the wire; what waits is bounded by the events the store keeps.

import http from 'node:http';
import https from 'node:https';
import { createHmac } from 'node:crypto';
import { event as eventShape } from './shapes.mjs';
import { random, shuffled } from './switches.mjs';

const MOST_AT_ONCE = 64;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 3_600_000;
const STALE = -1;
const GIVE_UP_MS = 3 * 86_400_000;

export function sign(secret, body, t) {
    return createHmac('sha256', secret).update(`${t}.`).update(body).digest('hex');
}

export function signatureHeader(secret, body, t = Math.floor(Date.now() / 1000)) {
    return `t=${t},v1=${sign(secret, body, t)}`;
}

// 1 s, 2 s, 4 s … an hour; `tries` were made already.
export function pauseAfter(tries, speed) {
    return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 30), LONGEST_PAUSE_MS) / speed;
}

export class Hooks {
    // `socket`, `via`: how what has the origin of the endpoint it was started with is reached.
    constructor({ store, switches, endpoints, socket = null, via = null }) {
        Object.assign(this, { store, switches, endpoints, closed: false });
        const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(via ?? '') ?? [];
        this.road = socket ? { socketPath: socket } : via ? { host, port } : null;
        const started = endpoints.started();
        this.origin = started && new URL(started.url).origin;
        this.agents = Object.fromEntries(Object.entries({ http, https }).map(([name, wire]) => [name,
            new wire.Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 })]));
        this.waiting = [];
        this.onWire = 0;
        this.timers = new Set();
        this.held = [];
        this.window = [];
        this.count = { sent: 0, accepted: 0, refused: 0, failed: 0, lost: 0, given_up: 0 };
        switches.onChange(() => this.release());
    }

    // After a restart: what was not yet accepted is sent again.
    wakeUp() {
        const pending = [...this.store.newest('event')].filter((e) => e.pending).reverse();
        this.take(pending);
    }

    close() {
        this.closed = true;
        for (const timer of this.timers) clearTimeout(timer);
        this.waiting = [];
        for (const agent of Object.values(this.agents)) agent.destroy();
    }

    later(ms, step) {
        if (this.closed) return;
        const timer = setTimeout(() => {
            this.timers.delete(timer);
            step();
        }, ms);
        this.timers.add(timer);
    }

    take(events) {
        const w = this.switches.webhooks;
        for (const event of events) {
            event.left ??= this.endpoints.wanting(event.type).map(({ id }) => id);
            if (!event.left.length || w.off || this.isLost(event, w)) this.leave(event);
            else if (w.hold) this.held.push(event);
            else if (w.shuffle) this.gather(event, w.shuffle);
            else this.sendCopies(event, w);
        }
    }

    isLost(event, w) {
        if (w.types && !w.types.includes(event.type)) return true;
        if (w.lose <= 0) return false;
        w.lose--;
        this.count.lost++;
        return true;
    }

    // Nobody is told of it any more; or one endpoint less.
    leave(event, id = null) {
        event.left = id ? event.left.filter((one) => one !== id) : [];
        event.pending = event.left.length > 0;
        this.store.put('event', event);
        this.store.commit();
    }

    release() {
        if (this.switches.webhooks.hold || this.held.length === 0) return;
        this.take(this.held.splice(0));
    }

    sendCopies(event, w) {
        for (const id of event.left) {
            for (let i = 0; i <= w.duplicate; i++) {
                const job = { event, id, copy: i > 0, tries: 0 };
                if (w.delay_ms) this.later(w.delay_ms, () => this.queue(job));
                else this.queue(job);
            }
        }
    }

    // Events of one window leave one after the other in the seeded order; each copy comes
    // somewhere after its first.
    gather(event, { seed, window_ms = 200 }) {
        const isFirst = !this.window.length;
        this.window.push(...event.left.map((id) => ({ event, id, tries: 0 })));
        if (!isFirst) return;
        this.later(window_ms, async () => {
            const next = random(seed);
            let order = shuffled(this.window.splice(0), next);
            for (let i = 0; i < this.switches.webhooks.duplicate; i++) {
                order = withCopies(order, next);
            }
            for (const job of order) await this.deliver(job);
        });
    }

    queue(job) {
        this.waiting.push(job);
        this.pump();
    }

    async pump() {
        while (this.onWire < MOST_AT_ONCE && this.waiting.length && !this.closed) {
            const job = this.waiting.shift();
            this.onWire++;
            this.deliver(job).finally(() => {
                this.onWire--;
                this.pump();
            });
        }
    }

    // One try; a first copy that fails comes again later, an extra copy does not.
    async deliver({ event, id, copy = false, tries }) {
        if (!copy && !event.left.includes(id)) return;
        const to = this.endpoints.enabled(id);
        if (!to) {
            this.leave(event, id);
            return;
        }
        const status = await this.post(event, to);
        if (this.closed || copy) return;
        if (status >= 200 && status < 300) this.leave(event, id);
        else if (Date.now() - event.created * 1000 > GIVE_UP_MS) {
            this.count.given_up++;
            this.leave(event, id);
        } else if (this.switches.webhooks.off) this.leave(event, id);
        else {
            this.later(pauseAfter(tries + 1, this.switches.webhooks.speed),
                () => this.queue({ event, id, tries: tries + 1 }));
        }
    }

    bodyOf(event, { api_version }) {
        const shape = eventShape({ ...event, pending: true });
        if (api_version) shape.api_version = api_version;
        const { wrong } = this.switches.webhooks;
        if (wrong) falsify(shape, wrong);
        return Buffer.from(JSON.stringify(shape, null, 2));
    }

    headerFor(body, to) {
        const w = this.switches.webhooks;
        const t = Math.floor(Date.now() / 1000) + w.skew_s;
        const header = signatureHeader(w.secret ?? to.secret, body, t);
        if (!w.corrupt_signature) return header;
        const last = header.at(-1);
        return header.slice(0, -1) + (last === '0' ? '1' : '0');
    }

    // The HTTP status, or 0 where there was no answer. A kept connection that the shop closed just
    // then says nothing about the shop: that try is made anew.
    async post(event, to) {
        const body = this.bodyOf(event, to);
        this.count.sent++;
        let status = await this.postOnce(body, to);
        if (status === STALE) status = await this.postOnce(body, to);
        if (status === STALE) status = 0;
        const ok = status >= 200 && status < 300;
        this.count[ok ? 'accepted' : status ? 'refused' : 'failed']++;
        return status;
    }

    postOnce(body, to) {
        const url = new URL(to.url);
        const road = url.origin === this.origin ? this.road : null;
        const name = road || url.protocol === 'http:' ? 'http' : 'https';
        return new Promise((done) => {
            const request = { http, https }[name].request({
                agent: this.agents[name], method: 'POST', path: url.pathname + url.search,
                ...(road ?? { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port }),
                headers: {
                    Host: url.host,
                    'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
                    Accept: '*/*; q=0.5, application/xml',
                    'Cache-Control': 'no-cache',
                    'Content-Type': 'application/json; charset=utf-8',
                    'Content-Length': body.length,
                    'Stripe-Signature': this.headerFor(body, to),
                },
                signal: AbortSignal.timeout(this.switches.webhooks.timeout_ms),
            });
            request.on('response', (response) => {
                // What the shop says beyond the status is nobody's business here.
                response.resume();
                response.on('end', () => done(response.statusCode));
                response.on('error', () => done(0));
            });
            request.on('error', (error) => {
                const stale = request.reusedSocket && error.code === 'ECONNRESET';
                done(stale ? STALE : 0);
            });
            request.end(body);
        });
    }

    // For tests: these events, in this order, `parallel` at a time, whatever became of them before, to
    // that endpoint.
    async redeliver(events, parallel, to) {
        const statuses = {};
        const took = [];
        const todo = events[Symbol.iterator]();
        const work = async () => {
            for (let step = todo.next(); !step.done; step = todo.next()) {
                const start = performance.now();
                const status = await this.post(step.value, to);
                took.push(performance.now() - start);
                statuses[status] = (statuses[status] ?? 0) + 1;
                if (status >= 200 && status < 300 && step.value.left?.includes(to.id)) this.leave(step.value, to.id);
            }
        };
        await Promise.all(Array.from({ length: parallel }, work));
        took.sort((a, b) => a - b);
        const at = (q) => Number((took[Math.floor((took.length - 1) * q)] ?? 0).toFixed(1));
        return { sent: took.length, statuses, ms: { p50: at(0.5), p99: at(0.99), max: at(1) } };
    }

    stats() {
        let pending = 0;
        for (const event of this.store.newest('event')) if (event.pending) pending++;
        return { ...this.count, pending, on_wire: this.onWire };
    }
}

function withCopies(order, next) {
    let out = [...order];
    for (const job of order.filter((j) => !j.copy)) {
        const first = out.indexOf(job);
        const slot = first + 1 + Math.floor(next() * (out.length - first));
        out = [...out.slice(0, slot), { ...job, copy: true }, ...out.slice(slot)];
    }
    return out;
}

const AMOUNTS = ['amount', 'amount_total', 'amount_subtotal', 'amount_received', 'amount_captured'];

// `amount` is added to every amount that is not 0.
function falsify(shape, { amount, currency, livemode }) {
    const object = shape.data.object;
    for (const key of amount === undefined ? [] : AMOUNTS) {
        if (object[key]) object[key] += amount;
    }
    if (currency !== undefined && 'currency' in object) object.currency = currency;
    if (livemode !== undefined) {
        shape.livemode = livemode;
        if ('livemode' in object) object.livemode = livemode;
    }
}
