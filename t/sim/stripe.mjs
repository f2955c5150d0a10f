#!/usr/bin/env node
// The payment provider, simulated: speaks Stripe's wire protocol for development and tests, with
// a hosted page to pay on, signed webhooks, and switches for everything that can go wrong.
// No money moves and no card number is kept. t/sim/README says how to use it.
//
//   form.mjs params.mjs errors.mjs money.mjs cards.mjs   what may be said, and how
//   store.mjs                                            what is remembered
//   till.mjs shapes.mjs                                  the life of a payment; how it is shown
//   door.mjs api.mjs                                     /v1
//   site.mjs page.mjs style.mjs words.mjs                the hosted page
//   endpoints.mjs hooks.mjs                              webhooks out: where to, and how
//   texts.mjs                                            text messages, as Twilio takes them
//   control.mjs switches.mjs                             /_sim
//
// Refuses to run in production and with anything but an sk_test_ key.

import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Control } from './control.mjs';
import { Door } from './door.mjs';
import { Endpoints } from './endpoints.mjs';
import { Hooks } from './hooks.mjs';
import { Site } from './site.mjs';
import { Store } from './store.mjs';
import { Switches } from './switches.mjs';
import { Texts } from './texts.mjs';
import { Till } from './till.mjs';
import { notice, pageHeaders, speak } from './page.mjs';

const MOST_BODY = 1 << 20;
const SMS_ACCOUNT = `AC${'0'.repeat(32)}`;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

export class Refusal extends Error {}

export function checkOptions(options) {
    const mode = options.mode ?? process.env.TALAT_MODE ?? 'development';
    if (mode === 'production') {
        throw new Refusal('the payment simulator does not run in production: no real money could '
            + 'ever be taken. Configure the provider itself.');
    }
    if (/^[srp]k_live_/.test(options.key ?? '')) {
        throw new Refusal('a live key was given. The simulator takes test keys only; never give it '
            + 'a key that moves money.');
    }
    if (!/^sk_test_[A-Za-z0-9_]{8,240}$/.test(options.key ?? '')) {
        throw new Refusal('--key must be a test key: sk_test_ and at least 8 letters or digits.');
    }
    if (options.webhookUrl && !options.webhookSecret) {
        throw new Refusal('--webhook-url needs --webhook-secret: nothing is sent unsigned.');
    }
    const keep = Number(options.keep ?? 10_000);
    if (!Number.isInteger(keep) || keep < 100 || keep > 200_000) {
        throw new Refusal('--keep: how many objects of each kind to keep, 100 to 200000.');
    }
}

// {urls, close(), till, hooks, switches, control}; used by the tests within the process too.
export async function startSimulator(options) {
    checkOptions(options);
    const listen = [options.listen ?? '127.0.0.1:0'].flat();
    const servers = await Promise.all(listen.map(bind));
    const urls = servers.map(({ server, address }) => addressOf(server, address));
    const publicUrl = (options.publicUrl ?? urls.find((url) => url.startsWith('http'))
        ?? 'http://localhost').replace(/\/+$/, '');
    const store = new Store({ file: options.state, keep: Number(options.keep ?? 10_000) });
    const switches = new Switches();
    const endpoints = new Endpoints({ store, url: options.webhookUrl, secret: options.webhookSecret });
    const hooks = new Hooks({
        store, switches, endpoints, socket: options.webhookSocket, via: options.webhookVia,
    });
    const till = new Till({
        store, settings: switches.settings, publicUrl, endpoints, onEvents: (events) => hooks.take(events),
    });
    const texts = new Texts({ switches, account: options.smsAccount ?? SMS_ACCOUNT, token: options.smsToken ?? options.key });
    const control = new Control({ till, store, switches, hooks, publicUrl, texts });
    const door = new Door({ till, store, switches, key: options.key });
    const site = new Site({ till, store, merchant: options.merchant ?? 'Demo shop' });
    const rooms = { door, site, control, switches, texts };
    for (const { server } of servers) server.on('request', (req, res) => serve(rooms, req, res));
    hooks.wakeUp();

    async function close() {
        till.close();
        hooks.close();
        await Promise.all(servers.map(({ server, address }) => unbind(server, address)));
        store.close();
    }
    return { urls, publicUrl, close, till, hooks, switches, control, store };
}

// --- listening ------------------------------------------------------------------------------

async function bind(address) {
    const server = http.createServer({ maxHeaderSize: 16_384, requestTimeout: 60_000,
        keepAliveTimeout: 30_000 });
    server.maxConnections = 4096;
    server.maxRequestsPerSocket = 0;
    server.on('clientError', (error, socket) => {
        if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    });
    if (address.startsWith('unix:')) {
        const path = address.slice(5);
        await clearStale(path);
        server.listen(path);
    } else {
        const match = /^(?:\[([0-9a-fA-F:]+)\]|([^[\]]+)):(\d{1,5})$/.exec(address);
        if (!match) throw new Refusal(`--listen ${address}: want unix:/path or host:port.`);
        server.listen({ host: match[1] ?? match[2], port: Number(match[3]), backlog: 1024 });
    }
    await once(server, 'listening');
    if (address.startsWith('unix:')) fs.chmodSync(address.slice(5), 0o660);
    return { server, address };
}

// A socket left behind by a killed simulator goes; one that answers stays.
async function clearStale(path) {
    if (!fs.existsSync(path)) return;
    if (!fs.statSync(path).isSocket()) throw new Refusal(`${path} exists and is not a socket.`);
    const answers = await new Promise((done) => {
        const probe = net.connect(path, () => {
            probe.destroy();
            done(true);
        });
        probe.on('error', () => done(false));
    });
    if (answers) throw new Refusal(`another process listens on ${path}.`);
    fs.unlinkSync(path);
}

function addressOf(server, address) {
    if (address.startsWith('unix:')) return address;
    const { address: host, port, family } = server.address();
    return `http://${family === 'IPv6' || family === 6 ? `[${host}]` : host}:${port}`;
}

async function unbind(server) {
    const closed = new Promise((done) => { server.close(done); });
    server.closeAllConnections?.();
    await closed;
}

// --- answering ------------------------------------------------------------------------------

async function serve(rooms, req, res) {
    res.on('error', () => {});
    try {
        const body = await readBody(req);
        if (body === null) {
            res.shouldKeepAlive = false;
            send(res, { status: 413, headers: {}, body: 'Too large\n' });
            req.resume();
            return;
        }
        const cut = req.url.indexOf('?');
        const request = {
            method: req.method === 'HEAD' ? 'GET' : req.method, headers: req.headers, body,
            path: cut < 0 ? req.url : req.url.slice(0, cut),
            query: cut < 0 ? '' : req.url.slice(cut + 1),
        };
        await dispatch(rooms, request, res);
    } catch (error) {
        if (req.destroyed && !req.complete) return;
        process.stderr.write(`simulator fault: ${error.stack}\n`);
        if (!res.headersSent) send(res, { status: 500, headers: {}, body: 'simulator fault\n' });
        else res.destroy();
    }
}

async function dispatch({ door, site, control, switches, texts }, request, res) {
    const { path } = request;
    if (path.startsWith('/_sim/')) {
        send(res, await control.answer(request));
        return;
    }
    if (path.startsWith('/v1/')) {
        if (request.method === 'OPTIONS') {
            send(res, PREFLIGHT);
            return;
        }
        const result = await door.answer(request);
        control.count(request.endpoint ?? 'unknown', result.status, result.replayed);
        await sendSpoilt(res, result);
        return;
    }
    if (Texts.isHere(path)) {
        await sendSpoilt(res, await texts.answer(request));
        return;
    }
    await visit({ site, control, switches }, request, res);
}

async function visit({ site, control, switches }, request, res) {
    const { delays, fault } = switches.meet(request.method, request.path);
    if (delays.before) await pause(delays.before);
    const spoil = fault?.do === 'status' ? null : fault;
    const early = fault?.do === 'status' ? { status: fault.status, headers: pageHeaders(),
        body: 'The payment page is not available (by a switch).\n' } : null;
    if (fault?.at === 'before') {
        await sendSpoilt(res, early ?? { status: 200, headers: {}, body: '', spoil });
        return;
    }
    const page = await site.answer(request);
    if (page) control.count(page.endpoint, page.status);
    if (delays.after) await pause(delays.after);
    await sendSpoilt(res, { ...(early ?? page ?? nowhere(request)), spoil });
}

function nowhere(request) {
    const say = speak(null, request.headers['accept-language']);
    return { status: 404, headers: pageHeaders(),
        body: notice(say, { title: say('gone_title'), text: say('gone_text') }) };
}

const PREFLIGHT = {
    status: 204,
    headers: {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Methods': 'GET, POST',
        'Access-Control-Allow-Headers':
            'Authorization, Content-Type, Idempotency-Key, Stripe-Version',
        'Access-Control-Max-Age': '300',
    },
    body: '',
};

// The whole body, or null where it is larger than anyone may send.
async function readBody(req) {
    const parts = [];
    let size = 0;
    for await (const part of req) {
        size += part.length;
        if (size > MOST_BODY) return null;
        parts.push(part);
    }
    return Buffer.concat(parts);
}

function send(res, { status, headers, extra = {}, body }) {
    const bytes = Buffer.from(body);
    res.writeHead(status, { ...headers, ...extra, 'Content-Length': bytes.length });
    res.end(bytes);
}

async function sendSpoilt(res, result) {
    const { spoil, ...plain } = result;
    if (!spoil) {
        send(res, plain);
        return;
    }
    const json = { ...plain.headers, 'Content-Type': 'application/json' };
    switch (spoil.do) {
    case 'drop':
    case 'close':
        res.socket.destroy();
        break;
    case 'garbage':
        send(res, { status: 200, headers: json, body: randomBytes(512) });
        break;
    case 'truncate':
        send(res, { ...plain, body: plain.body.slice(0, plain.body.length >> 1) });
        break;
    case 'html':
        send(res, { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' },
            body: '<!doctype html><title>Maintenance</title><p>We will be back soon.</p>\n' });
        break;
    case 'huge':
        await sendHuge(res, spoil.bytes, json);
        break;
    default:
        await sendSlowly(res, plain, spoil.ms);
    }
}

// Endless to whoever has no ceiling; stops when the other side hangs up.
async function sendHuge(res, bytes, headers) {
    res.writeHead(200, headers);
    res.write('{"id":"');
    const chunk = Buffer.alloc(65_536, 'a');
    for (let left = bytes; left > 0 && !res.destroyed; left -= chunk.length) {
        if (res.write(left < chunk.length ? chunk.subarray(0, left) : chunk)) continue;
        await Promise.race([once(res, 'drain'), once(res, 'close')]).catch(() => {});
    }
    res.end('"}');
}

// The right answer, a byte every `ms`.
async function sendSlowly(res, { status, headers, body }, ms) {
    const bytes = Buffer.from(body);
    res.writeHead(status, { ...headers, 'Content-Length': bytes.length });
    for (let i = 0; i < bytes.length && !res.destroyed; i++) {
        res.write(bytes.subarray(i, i + 1));
        await pause(ms);
    }
    res.end();
}

// --- the command ----------------------------------------------------------------------------

const USAGE = `usage: node t/sim/stripe.mjs --key sk_test_… [options]
  --listen unix:/path | 127.0.0.1:PORT   may be given more than once
  --webhook-url URL --webhook-secret whsec_…   where events go, and what signs them
  --webhook-socket PATH   connect to this unix socket, keep the URL's host and path
  --webhook-via HOST:PORT the same, to this address, without TLS
  --public-url URL        how the buyer's browser reaches this program
  --state FILE            keep all objects over a restart
  --keep N                objects of each kind kept (10000)
  --merchant NAME         the name on the hosted page
  --sms-account AC… --sms-token TOKEN   whose text messages are taken (AC and 32 zeros; the key)
  --mode MODE             "production" is refused
`;

function readArguments() {
    const text = { type: 'string' };
    const { values } = parseArgs({ options: {
        key: text, 'webhook-url': text, 'webhook-secret': text, 'webhook-socket': text, 'webhook-via': text,
        'public-url': text, 'sms-account': text, 'sms-token': text, state: text, keep: text, merchant: text, mode: text,
        listen: { type: 'string', multiple: true }, help: { type: 'boolean' },
    } });
    const camel = (name) => name.replace(/-(.)/g, (_, c) => c.toUpperCase());
    return Object.fromEntries(Object.entries(values).map(([k, v]) => [camel(k), v]));
}

async function main() {
    const options = readArguments();
    if (options.help) {
        process.stdout.write(USAGE);
        return;
    }
    const simulator = await startSimulator({ listen: ['127.0.0.1:8090'], ...options });
    process.stdout.write(`stripe simulator listens on ${simulator.urls.join(' and ')}, `
        + `pages at ${simulator.publicUrl}, webhooks to ${options.webhookUrl ?? 'nobody'}\n`);
    let ending = false;
    const end = async () => {
        if (ending) return;
        ending = true;
        await simulator.close();
        process.exit(0);
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === fs.realpathSync(process.argv[1])) {
    main().catch((error) => {
        const known = error instanceof Refusal || error.code?.startsWith('ERR_PARSE_ARGS');
        process.stderr.write(`stripe simulator: ${known || error.code ? error.message
            : error.stack}\n`);
        process.exit(known ? 2 : 1);
    });
}
