// Two requests in one. A request whose end could be read in two ways must end its connection with
// one refusal, and whatever is behind it must be nobody's request: neither on this connection nor
// on that of somebody else. Ten thousand such pairs, on raw sockets.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { skip as noStack, ask, sleep, url } from './shop.mjs';

const skip = noStack || !process.env.TALAT_VAR;
const { port, host } = new URL(url ?? 'http://localhost:1');
const shop = { host: '127.0.0.1', port: Number(port) };
const MOST = Number(process.env.TALAT_PAIRS ?? 10000), AT_ONCE = 64, QUIET_MS = 400;
const mark = `smuggled-${Date.now()}`;

// ---- what is sent ---------------------------------------------------------------------------------

// By what makes each ambiguous. Only the first two of `lengths` are one by themselves.
const good = 'Transfer-Encoding: chunked';
const encodings = ['Transfer-Encoding: xchunked', 'Transfer-Encoding: chunked, identity', 'Transfer-Encoding: identity, chunked', 'Transfer-Encoding: chunked, chunked', 'Transfer-Encoding: "chunked"', 'Transfer-Encoding: chunked;x=1', 'Transfer-Encoding: chunk',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: x', 'Transfer-Encoding: x\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\x0b', 'Transfer-Encoding: \x0bchunked', 'Transfer-Encoding: chunk\x00ed', 'Transfer-Encoding: deflate', 'Transfer-Encoding: chunked-'];
const spaced = ['Transfer-Encoding : chunked', 'Transfer-Encoding\t: chunked', ' Transfer-Encoding: chunked', 'Transfer-Encoding\r\n : chunked', 'Transfer Encoding: chunked', 'Content-Length : 5', 'Content-Length\t: 5', 'Transfer-Encoding\x00: chunked', 'Transfer-Encoding\x0b: chunked'];
const numbers = ['+5', '-1', '0x5', '5, 5', '5,6', '05x', '1e1', '99999999999999999999', '5\r\nContent-Length: 5', '5\r\nContent-Length: 6', '0\r\nContent-Length: 5', '५'];
const lengths = ['Content-Length: 0', 'Content-Length: 5', ...numbers.map((number) => `Content-Length: ${number}`)];
const hidden = (n) => `GET /${mark}-${n} HTTP/1.1\r\nHost: ${host}\r\nX: `;
const size = (text) => Buffer.byteLength(text).toString(16);
const bodies = [(n) => `0\r\n\r\n${hidden(n)}`, (n) => `${size(hidden(n))}\r\n${hidden(n)}\r\n0\r\n\r\n`, (n) => `5\r\nx=abc\r\n0\r\n\r\n${hidden(n)}`, (n) => `x=abc${hidden(n)}`];
const chunks = ['zz\r\n', '-5\r\nx=abc\r\n', '0x5\r\nx=abc\r\n', '+5\r\nx=abc\r\n', '5;\r\nx=abcdef\r\n', 'ffffffffffffffff1\r\nx=abc\r\n', '5\r\nx=abcd\r\n', '5\rx=abc\r\n', '\r\n5\r\nx=abc\r\n', ' 5\r\nx=abc\r\n', '5\x00\r\nx=abc\r\n'];
// Not among them: a blank and more behind a size. nginx takes it for an extension, and nobody behind
// it reads chunks.
const targets = ['POST /cart/lines', 'POST /login', 'PUT /api/orders', 'POST /payments/stripe/webhook', 'GET /', 'POST /robots.txt', 'POST /live/product/7', 'DELETE /account', 'POST /th/cart'];
const twice = (one) => one.flatMap((line) => [line, line.replace(/^ ?[^:]*/, (name) => name.toUpperCase())]);

function* pairs() {
    const kinds = [
        ['CL.TE', twice(lengths.slice(0, 2)).flatMap((cl) => [`${cl}\r\n${good}`, `${cl}\r\nX: y\r\n${good}`]), bodies],
        ['TE.CL', twice(lengths.slice(0, 2)).flatMap((cl) => [`${good}\r\n${cl}`, `${good}\r\nX: y\r\n${cl}`]), bodies],
        ['TE.TE', twice(encodings), bodies], ['TE.TE with a length', twice(encodings).map((te) => `${te}\r\nContent-Length: 5`), bodies],
        ['CL.CL', twice(lengths.slice(2)), bodies],
        ['a space before the colon', twice(spaced).flatMap((line) => [line, `${line}\r\nContent-Length: 5`]), bodies],
        ['a bad chunk', [good, good.toUpperCase().replace('CHUNKED', 'chunked')], chunks.flatMap((chunk) => [(n) => `${chunk}0\r\n\r\n${hidden(n)}`, (n) => `5\r\nx=abc\r\n${chunk}${hidden(n)}`])],
    ];
    for (let n = 0; ;)
        for (const target of targets)
            for (const [kind, heads, ends] of kinds)
                for (const head of heads)
                    for (const end of ends)
                        yield { kind, n: n++, bytes: `${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\n${head}\r\n\r\n${end(n)}` };
}
const victim = (n) => `GET /robots.txt HTTP/1.1\r\nHost: ${host}\r\nX-Victim: ${n}\r\nConnection: close\r\n\r\n`;

// All that comes back on a connection of its own: until it ends, or nothing has come for a while.
const exchange = (bytes, to, quiet = QUIET_MS) => new Promise((done) => {
    let got = '';
    const socket = net.connect(to, () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.setTimeout(quiet, () => socket.destroy());
    socket.on('data', (part) => { got += part.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => done(got));
});
const statuses = (got) => [...got.matchAll(/HTTP\/1\.[01] (\d{3})\b/g)].map(([, status]) => Number(status));

// What is wrong with the answer to a pair: an attack, and somebody's request right behind it.
function desync(got) {
    const said = statuses(got);
    if (said.length > 1) return `${said.length} answers: ${said}`;
    return said.length === 0 || [400, 403, 404, 405, 408, 411, 413, 501].includes(said[0]) ? null : `taken for a request: ${said[0]}`;
}

// Somebody else's lines, open all the while: each of their requests gets its own answer, and two
// kinds in turn, so that an answer too many shifts all that follow. nginx ends a line after 1,000.
class Honest {
    constructor(to) { Object.assign(this, { to, lines: [] }); }
    ask() {
        let line = this.lines.at(-1);
        if (!line || line.asked.length === 900) {
            line = { asked: [], got: '', socket: net.connect(this.to).on('error', () => {}) };
            line.socket.on('data', (part) => { line.got += part.toString('latin1'); });
            this.lines.push(line);
        }
        const is = line.asked.length % 3 ? 200 : 404;
        line.asked.push(is);
        line.socket.write(`GET ${is === 200 ? '/robots.txt' : '/static/none.css'} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    }
    async end() {
        const isDone = () => this.lines.every((line) => statuses(line.got).length >= line.asked.length);
        for (let ms = 0; !isDone() && ms < 30000; ms += 25) await sleep(25);
        for (const { socket } of this.lines) socket.destroy();
        return this.lines.map(({ asked, got }) => [String(asked), String(statuses(got))]).filter(([asked, got]) => asked !== got);
    }
}

async function run(most, to) {
    const seen = {}, wrong = [], honest = new Honest(to), all = pairs();
    let silent = 0;
    const next = async () => {
        for (let { value } = all.next(); value.n < most; { value } = all.next()) {
            honest.ask();
            const got = await exchange(value.bytes + victim(value.n), to), why = desync(got);
            seen[value.kind] = (seen[value.kind] ?? 0) + 1;
            silent += got === '';
            if (why) wrong.push(`${value.kind}: ${why}: ${JSON.stringify(value.bytes)}`);
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    return { seen, wrong, silent, shifted: await honest.end() };
}

// ---- somebody who reads the first length there is, and takes blanks where none may be ---------------

let careless;
before(async () => {
    if (skip) return;
    careless = net.createServer((socket) => {
        let had = '';
        socket.on('error', () => {});
        socket.on('data', (part) => {
            had += part.toString('latin1');
            for (let end; (end = had.indexOf('\r\n\r\n')) >= 0;) {
                const [, length] = /content-length\s*:\s*(\d+)/i.exec(had.slice(0, end)) ?? [0, 0];
                if (had.length < end + 4 + Number(length)) return;
                const isLast = had.slice(0, end).includes('Connection: close'), status = /^GET \/static/.test(had) ? '404 Not Found' : '200 OK';
                had = had.slice(end + 4 + Number(length));
                socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
                if (isLast) return void socket.end();
            }
        });
    });
    await new Promise((done) => careless.listen(0, '127.0.0.1', done));
});
after(() => careless?.close());

test('who reads a request in two ways is found out', { skip, timeout: 180000 }, async (t) => {
    const { seen, wrong } = await run(900, { host: '127.0.0.1', port: careless.address().port });
    t.diagnostic(`${wrong.length} of ${Object.values(seen).reduce((a, b) => a + b)}`);
    for (const kind of ['CL.TE', 'TE.CL', 'TE.TE', 'CL.CL', 'a space before the colon', 'a bad chunk']) assert.ok(wrong.some((one) => one.startsWith(`${kind}: `)), kind);
});

test('no request hides in another: ten thousand pairs', { skip, timeout: 300000 }, async (t) => {
    for (const [body, head] of [['x=abc', 'Content-Length: 5'], ['5\r\nx=abc\r\n0\r\n\r\n', good]]) { // what is whole is answered, and then what is behind it
        const got = await exchange(`POST /cart/lines HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\n${head}\r\n\r\n${body}${victim('whole')}`, shop, 20000);
        assert.deepEqual(statuses(got), [422, 200], head);
    }
    const { seen, wrong, silent, shifted } = await run(MOST, shop);
    t.diagnostic(`${JSON.stringify(seen)}, ${silent} without an answer`);
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of them`);
    assert.deepEqual(shifted, [], 'somebody else got an answer that was not theirs');
    assert.equal(Object.values(seen).reduce((a, b) => a + b), MOST);
    assert.ok(silent < MOST / 4, `${silent} without an answer`);
    await sleep(1100); // nginx writes its log every second
    assert.ok(!readFileSync(join(process.env.TALAT_VAR, 'log/access.log'), 'utf8').includes(mark), 'what was hidden was answered');
    assert.equal((await ask('/health')).status, 200);
});
