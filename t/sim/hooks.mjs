// Webhooks out: signs each event, sends it, and sends it again with growing pauses until the shop
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
    constructor({ store, switches, url, socket = null, secret }) {
        Object.assign(this, { store, switches, secret, socket, closed: false });
        this.url = url ? new URL(url) : null;
        const agency = this.url?.protocol === 'https:' ? https : http;
        this.client = agency;
        this.agent = new agency.Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 });
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
        this.agent.destroy();
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
            if (!this.url || w.off || this.isLost(event, w)) this.leave(event);
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

    leave(event) {
        event.pending = false;
        this.store.put('event', event);
        this.store.commit();
    }

    release() {
        if (this.switches.webhooks.hold || this.held.length === 0) return;
        this.take(this.held.splice(0));
    }

    sendCopies(event, w) {
        for (let i = 0; i <= w.duplicate; i++) {
            const job = { event, copy: i > 0 };
            if (w.delay_ms) this.later(w.delay_ms, () => this.queue(job));
            else this.queue(job);
        }
    }

    // Events of one window leave one after the other in the seeded order; each copy comes
    // somewhere after its first.
    gather(event, { seed, window_ms = 200 }) {
        this.window.push(event);
        if (this.window.length > 1) return;
        this.later(window_ms, async () => {
            const next = random(seed);
            let order = shuffled(this.window.splice(0), next).map((e) => ({ event: e }));
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
    async deliver({ event, copy = false }) {
        if (!copy && !event.pending) return;
        const status = await this.post(event);
        if (this.closed || copy) return;
        event.tries++;
        if (status >= 200 && status < 300) this.leave(event);
        else if (Date.now() - event.created * 1000 > GIVE_UP_MS) {
            this.count.given_up++;
            this.leave(event);
        } else if (this.switches.webhooks.off) this.leave(event);
        else {
            this.later(pauseAfter(event.tries, this.switches.webhooks.speed),
                () => this.queue({ event }));
        }
    }

    bodyOf(event) {
        const shape = eventShape({ ...event, pending: true });
        const { wrong } = this.switches.webhooks;
        if (wrong) falsify(shape, wrong);
        return Buffer.from(JSON.stringify(shape, null, 2));
    }

    headerFor(body) {
        const w = this.switches.webhooks;
        const t = Math.floor(Date.now() / 1000) + w.skew_s;
        const header = signatureHeader(w.secret ?? this.secret, body, t);
        if (!w.corrupt_signature) return header;
        const last = header.at(-1);
        return header.slice(0, -1) + (last === '0' ? '1' : '0');
    }

    // The HTTP status, or 0 where there was no answer. A kept connection that the shop closed just
    // then says nothing about the shop: that try is made anew.
    async post(event) {
        const body = this.bodyOf(event);
        this.count.sent++;
        let status = await this.postOnce(body);
        if (status === STALE) status = await this.postOnce(body);
        if (status === STALE) status = 0;
        const ok = status >= 200 && status < 300;
        this.count[ok ? 'accepted' : status ? 'refused' : 'failed']++;
        return status;
    }

    postOnce(body) {
        return new Promise((done) => {
            const request = this.client.request({
                agent: this.agent, method: 'POST', path: this.url.pathname + this.url.search,
                ...(this.socket ? { socketPath: this.socket }
                    : { host: this.url.hostname.replace(/^\[|\]$/g, ''), port: this.url.port }),
                headers: {
                    Host: this.url.host,
                    'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
                    Accept: '*/*; q=0.5, application/xml',
                    'Cache-Control': 'no-cache',
                    'Content-Type': 'application/json; charset=utf-8',
                    'Content-Length': body.length,
                    'Stripe-Signature': this.headerFor(body),
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

    // For tests: these events, in this order, `parallel` at a time, whatever became of them before.
    async redeliver(events, parallel) {
        const statuses = {};
        const took = [];
        const todo = events[Symbol.iterator]();
        const work = async () => {
            for (let step = todo.next(); !step.done; step = todo.next()) {
                const start = performance.now();
                const status = await this.post(step.value);
                took.push(performance.now() - start);
                statuses[status] = (statuses[status] ?? 0) + 1;
                if (status >= 200 && status < 300 && step.value.pending) this.leave(step.value);
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
        out = [...out.slice(0, slot), { event: job.event, copy: true }, ...out.slice(slot)];
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
