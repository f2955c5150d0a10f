// The switches of POST /_sim/switches: what shall go wrong, and how often. See t/sim/README.
// All randomness comes from a seed, so that a failing run can be had again.

export class SwitchError extends Error {}

const FAULTS = ['delay', 'status', 'drop', 'close', 'garbage', 'truncate', 'huge', 'html', 'drip'];
const ACTS_FIRST = new Set(['drop', 'garbage', 'truncate', 'huge', 'html', 'drip']);
const LONGEST_MS = 600_000;
const MOST_FAULTS = 64;

const DEFAULTS = {
    min_expiry_s: 1800, // the soonest a session may end
    async_ms: 3000,     // how long "processing" lasts
    bank_ms: 0,         // how long a payment is on its way while the session is still open
};
const WEBHOOKS = {
    off: false,             // events are kept, never sent
    hold: false,            // events wait; switching it off lets them go
    delay_ms: 0,
    duplicate: 0,           // extra copies of each event
    shuffle: null,          // {seed, window_ms}: events of one window leave in seeded order
    lose: 0,                // this many of the next events are never sent
    types: null,            // list: only these are sent
    corrupt_signature: false,
    secret: null,           // sign with another secret
    skew_s: 0,              // shifts the signed time
    wrong: null,            // {amount, currency, livemode}: rightly signed, wrongly filled
    speed: 1,               // 60: a minute of back-off lasts a second
    timeout_ms: 10_000,
};

const isWhole = (n, low, high) => Number.isInteger(n) && n >= low && n <= high;
const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);

function check(ok, what) {
    if (!ok) throw new SwitchError(what);
}

// Small, seeded, good enough to shuffle with (mulberry32).
export function random(seed) {
    let a = seed >>> 0;
    return () => {
        a = (a + 0x6d2b79f5) >>> 0;
        let t = Math.imul(a ^ (a >>> 15), a | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

export function shuffled(items, next) {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
}

function readFault(given) {
    check(isObject(given), 'each fault is an object');
    const known = ['match', 'do', 'at', 'times', 'skip', 'ms', 'status', 'save', 'bytes', 'p',
        'seed', 'retry_after', 'should_retry', 'first'];
    for (const key of Object.keys(given)) check(known.includes(key), `unknown fault key ${key}`);
    check(FAULTS.includes(given.do), `do: one of ${FAULTS.join(', ')}`);
    const fault = {
        match: '*', times: null, skip: 0, ms: 1000, status: 500, save: false, bytes: 2 ** 30, p: 1, first: false,
        seed: 1, retry_after: null, should_retry: null,
        at: ACTS_FIRST.has(given.do) ? 'after' : 'before', ...given, hits: 0,
    };
    check(typeof fault.match === 'string' && fault.match.length <= 200, 'match: text');
    check(['before', 'after'].includes(fault.at), 'at: before or after');
    check(fault.times === null || isWhole(fault.times, 1, 1e9), 'times: a number from 1');
    check(typeof fault.first === 'boolean', 'first: true or false');
    check(isWhole(fault.skip, 0, 1e9), 'skip: a number from 0');
    check(isWhole(fault.ms, 0, LONGEST_MS), `ms: 0 to ${LONGEST_MS}`);
    check(isWhole(fault.status, 400, 599), 'status: 400 to 599');
    check(isWhole(fault.bytes, 1, 2 ** 40), 'bytes: 1 to 2^40');
    check(typeof fault.p === 'number' && fault.p >= 0 && fault.p <= 1, 'p: 0 to 1');
    check(isWhole(fault.seed, 0, 2 ** 32), 'seed: a whole number');
    Object.defineProperties(fault, {
        pattern: { value: pattern(fault.match) },
        next: { value: random(fault.seed) },
    });
    return fault;
}

// "POST /v1/checkout/sessions", "/v1/*", "GET *": * stands for anything.
function pattern(match) {
    const text = /^[A-Z]+ /.test(match) ? match : `* ${match}`;
    const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`);
}

export class Switches {
    constructor() {
        this.listeners = [];
        this.reset();
    }

    onChange(listener) {
        this.listeners.push(listener);
    }

    reset() {
        this.settings ??= {};
        Object.assign(this.settings, DEFAULTS);
        this.webhooks = { ...WEBHOOKS };
        this.faults = [];
        for (const listener of this.listeners) listener();
    }

    show() {
        return { ...this.settings, webhooks: this.webhooks, faults: this.faults };
    }

    // Nothing changes unless all of it is understood. `faults` replaces the list, `webhooks` and
    // the plain settings change only what they name.
    set(given) {
        check(isObject(given), 'a JSON object is wanted');
        const settings = {};
        let faults = this.faults;
        let webhooks = this.webhooks;
        for (const [key, value] of Object.entries(given)) {
            if (key === 'faults') {
                check(Array.isArray(value) && value.length <= MOST_FAULTS,
                    `faults: a list of at most ${MOST_FAULTS}`);
                faults = value.map(readFault);
            } else if (key === 'webhooks') {
                webhooks = { ...this.webhooks, ...readWebhooks(value) };
            } else {
                check(Object.hasOwn(DEFAULTS, key), `unknown switch ${key}`);
                check(isWhole(value, 0, 86_400_000), `${key}: a whole number`);
                settings[key] = value;
            }
        }
        Object.assign(this.settings, settings);
        Object.assign(this, { faults, webhooks });
        for (const listener of this.listeners) listener();
    }

    // What goes wrong with this call: {delays, fault}. Counts it. `again`: its Idempotency-Key
    // has been seen.
    meet(method, path, again = false) {
        const met = { delays: { before: 0, after: 0 }, fault: null };
        for (const fault of this.faults) {
            if (fault.times === 0 || !fault.pattern.test(`${method} ${path}`)) continue;
            if (fault.do !== 'delay' && met.fault) continue;
            if (fault.first && again) continue;
            if (fault.skip > 0) {
                fault.skip--;
                continue;
            }
            if (fault.p < 1 && fault.next() >= fault.p) continue;
            if (fault.times !== null) fault.times--;
            fault.hits++;
            if (fault.do === 'delay') met.delays[fault.at] += fault.ms;
            else met.fault = fault;
        }
        return met;
    }
}

function readWebhooks(given) {
    check(isObject(given), 'webhooks: an object');
    for (const [key, value] of Object.entries(given)) {
        check(Object.hasOwn(WEBHOOKS, key), `unknown switch webhooks.${key}`);
        check(WEBHOOK_RULES[key](value), `webhooks.${key}: not understood`);
    }
    return given;
}

const flag = (v) => typeof v === 'boolean';
const WEBHOOK_RULES = {
    off: flag,
    hold: flag,
    corrupt_signature: flag,
    delay_ms: (v) => isWhole(v, 0, LONGEST_MS),
    duplicate: (v) => isWhole(v, 0, 100),
    lose: (v) => isWhole(v, 0, 1e9),
    skew_s: (v) => isWhole(v, -1e10, 1e10),
    timeout_ms: (v) => isWhole(v, 10, LONGEST_MS),
    speed: (v) => typeof v === 'number' && v > 0 && v <= 1e6,
    secret: (v) => v === null || typeof v === 'string',
    types: (v) => v === null || (Array.isArray(v) && v.every((t) => typeof t === 'string')),
    shuffle: (v) => v === null || (isObject(v) && isWhole(v.seed, 0, 2 ** 32)
        && isWhole(v.window_ms ?? 200, 1, LONGEST_MS)),
    wrong: (v) => v === null || (isObject(v)
        && Object.keys(v).every((k) => ['amount', 'currency', 'livemode'].includes(k))
        && (v.amount === undefined || Number.isInteger(v.amount))
        && (v.currency === undefined || typeof v.currency === 'string')
        && (v.livemode === undefined || flag(v.livemode))),
};
