// The door of /v1: who calls, is the body a form, was this key seen before; then the endpoint.
// Gives back {status, headers, body} or says how the answer goes wrong (switches.mjs).

import { createHash } from 'node:crypto';
import { ApiError, invalid } from './errors.mjs';
import { FormError, canonical, decodeForm } from './form.mjs';
import { act, findRoute, readParams } from './api.mjs';
import { API_VERSION, isVersion, token } from './shapes.mjs';

const KEY_LIFE_S = 86_400;
const NOTHING = { status: 200, body: '{}\n' };
const seconds = () => Math.floor(Date.now() / 1000);
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

const unauthorised = (message, code = null) =>
    new ApiError(401, 'invalid_request_error', message, { code });

export class Door {
    constructor({ till, store, switches, key }) {
        Object.assign(this, { till, store, switches, key });
        this.publishable = key.replace(/^sk_/, 'pk_');
        this.running = new Set();
    }

    // `request` = {method, path, query, headers, body: Buffer}
    async answer(request) {
        const id = `req_${token(14)}`;
        const headers = this.headersFor(request, id);
        let result;
        try {
            result = await this.handle(request, id, headers);
        } catch (error) {
            result = this.failed(error, id);
        }
        // Of a 429 the provider says neither; its SDK then gives up.
        if (result.status === 409 || result.status >= 500) headers['Stripe-Should-Retry'] = 'true';
        else if (result.status >= 400 && result.status !== 429) {
            headers['Stripe-Should-Retry'] = 'false';
        }
        return { ...result, headers };
    }

    headersFor(request, id) {
        const out = {
            'Content-Type': 'application/json',
            'Request-Id': id,
            'Stripe-Version': request.headers['stripe-version'] ?? API_VERSION,
            'Cache-Control': 'no-cache, no-store',
            'Access-Control-Allow-Origin': '*',
            'Access-Control-Expose-Headers': 'Request-Id, Stripe-Should-Retry',
        };
        const key = request.headers['idempotency-key'];
        if (request.method === 'POST' && key) out['Idempotency-Key'] = key;
        return out;
    }

    failed(error, id) {
        if (error instanceof ApiError) {
            return { status: error.status, body: pretty(error.body(id)), error };
        }
        process.stderr.write(`simulator fault: ${error.stack}\n`);
        const own = new ApiError(500, 'api_error', 'The simulator itself failed; see its log.');
        return { status: 500, body: pretty(own.body(id)), error: own };
    }

    async handle(request, id, headers) {
        const caller = this.whoCalls(request);
        checkVersion(request.headers['stripe-version']);
        const found = findRoute(request.method, request.path);
        if (!found) {
            throw new ApiError(404, 'invalid_request_error',
                `Unrecognized request URL (${request.method}: ${request.path.slice(0, 200)}).`);
        }
        const tree = readTree(request);
        this.checkCaller(caller, found, tree);
        request.endpoint = `${found.route.method} ${found.route.path}`;
        const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
        const again = key !== undefined && (this.running.has(key) || !!this.store.get('key', key));
        const met = this.switches.meet(request.method, request.path, again);
        if (!key) return this.execute(found, tree, met, { id, idempotencyKey: null });
        return this.once(key, request, found, tree, met, { id, headers });
    }

    whoCalls({ headers }) {
        const given = headers.authorization;
        if (!given) throw unauthorised('You did not provide an API key. Send it in the '
            + 'Authorization header: "Bearer YOUR_SECRET_KEY".');
        const bearer = /^bearer +(\S+) *$/i.exec(given)?.[1];
        const basic = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(given)?.[1];
        const key = bearer ?? (basic && Buffer.from(basic, 'base64').toString().split(':')[0]);
        if (key === this.key) return 'secret';
        if (key === this.publishable) return 'publishable';
        if (!key) throw unauthorised('The Authorization header could not be read.');
        const stars = `${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`;
        throw unauthorised(`Invalid API Key provided: ${key.length > 16 ? stars : '****'}`);
    }

    // The publishable key opens one PaymentIntent, to who knows its secret.
    checkCaller(caller, { route, id }, tree) {
        if (caller === 'secret') return;
        const p = route.client && !route.keyless ? this.store.get('intent', id) : null;
        if (route.keyless || (p && tree.client_secret === p.client_secret)) return;
        if (route.client && p === null) throw unauthorised('No such payment_intent.');
        throw unauthorised('This API call cannot be made with a publishable API key.',
            'secret_key_required');
    }

    // The first answer for a key is the answer for a day.
    async once(key, request, found, tree, met, { id, headers }) {
        if (key.length > 255) {
            throw invalid('Idempotency keys may be at most 255 characters long.');
        }
        const print = createHash('sha256')
            .update(`${request.method} ${request.path}\n${canonical(tree)}`).digest('base64url');
        const seen = this.store.get('key', key);
        if (seen && seen.created > seconds() - KEY_LIFE_S) {
            if (met.delays.before) await pause(met.delays.before);
            if (met.fault?.at === 'before') return this.spoilt(met.fault, NOTHING, { id });
            return this.spoilt(met.fault, replay(seen, print, request, key, headers), { id });
        }
        if (this.running.has(key)) {
            throw new ApiError(409, 'idempotency_error', 'Another request with this idempotency '
                + `key is still running: ${key}`, { code: 'idempotency_key_in_use' });
        }
        this.running.add(key);
        try {
            return await this.execute(found, tree, met, {
                id, idempotencyKey: key,
                keep: (status, body) => this.store.put('key', {
                    id: key, created: seconds(), print, path: request.path, status, body,
                    request_id: id,
                }),
            });
        } finally {
            this.running.delete(key);
        }
    }

    async execute({ route, id }, tree, { delays, fault }, context) {
        const given = readParams(route, tree);
        if (delays.before) await pause(delays.before);
        if (fault?.at === 'before') return this.insteadOf(fault, context);
        if (route.bank && this.switches.settings.bank_ms) {
            await pause(this.switches.settings.bank_ms);
        }
        const result = this.till.run(context, () => {
            const kept = this.begin(route, given, id, context);
            const lie = fault?.do === 'status' && fault.save;
            const { status, body } = lie ? faultAnswer(fault, context.id) : kept;
            if (kept.keep) context.keep?.(status, body);
            return kept;
        });
        if (delays.after) await pause(delays.after);
        return this.spoilt(fault, result, context);
    }

    begin(route, given, id, context) {
        try {
            const body = act(this.till, route, given, id);
            return { status: 200, body: pretty(body), keep: true };
        } catch (error) {
            const answer = this.failed(error, context.id);
            return { ...answer, keep: answer.error.begun || answer.status >= 500 };
        }
    }

    insteadOf(fault, context) {
        const answer = this.spoilt(fault, NOTHING, context);
        if (fault.do === 'status' && fault.save && context.keep) {
            context.keep(answer.status, answer.body);
            this.store.commit();
        }
        return answer;
    }

    spoilt(fault, result, context) {
        if (!fault) return result;
        if (fault.do === 'status') return faultAnswer(fault, context.id);
        return { ...result, spoil: fault };
    }
}

function pretty(value) {
    return `${JSON.stringify(value, null, 2)}\n`;
}

function faultAnswer(fault, id) {
    const rate = fault.status === 429;
    const error = new ApiError(fault.status, rate ? 'invalid_request_error' : 'api_error',
        rate ? 'Request rate limit exceeded.' : 'Something went wrong on our side (by a switch).',
        { code: rate ? 'rate_limit' : null });
    const extra = {};
    if (fault.retry_after !== null) extra['Retry-After'] = String(fault.retry_after);
    if (fault.should_retry !== null) extra['Stripe-Should-Retry'] = String(fault.should_retry);
    return { status: fault.status, body: pretty(error.body(id)), extra };
}

function checkVersion(version) {
    if (version === undefined || isVersion(version)) return;
    throw invalid(`Invalid Stripe API version: ${version.slice(0, 40)}`);
}

function readTree({ method, query, headers, body }) {
    try {
        if (method !== 'POST') return decodeForm(query);
        const type = (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
        if (body.length && type !== 'application/x-www-form-urlencoded') {
            throw invalid('Invalid request: the POST content type must be '
                + `application/x-www-form-urlencoded, not ${type || 'missing'}.`);
        }
        const tree = decodeForm(body);
        if (query === '') return tree;
        return Object.assign(decodeForm(query), tree);
    } catch (error) {
        if (error instanceof FormError) throw invalid(error.message, error.param);
        throw error;
    }
}

function replay(seen, print, { path }, key, headers) {
    if (seen.path !== path) {
        throw new ApiError(400, 'idempotency_error', 'Keys for idempotent requests belong to the '
            + `endpoint they were first used with ('${seen.path}'). Key: ${key}`);
    }
    if (seen.print !== print) {
        throw new ApiError(400, 'idempotency_error', 'Keys for idempotent requests belong to the '
            + `parameters they were first used with. Key: ${key}`);
    }
    headers['Idempotent-Replayed'] = 'true';
    headers['Original-Request'] = seen.request_id;
    return { status: seen.status, body: seen.body, replayed: true };
}
