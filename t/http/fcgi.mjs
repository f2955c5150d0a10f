// A FastCGI client that can also misbehave: records are built by hand and sent as they are.
import net from 'node:net';

export const BEGIN = 1, ABORT = 2, PARAMS = 4, STDIN = 5;

export function record(type, body = Buffer.alloc(0), { id = 1, version = 1, length, padding = 0 } = {}) {
    const head = Buffer.alloc(8);
    head.writeUInt8(version, 0);
    head.writeUInt8(type, 1);
    head.writeUInt16BE(id, 2);
    head.writeUInt16BE(length ?? body.length, 4);
    head.writeUInt8(padding, 6);
    return Buffer.concat([head, body, Buffer.alloc(padding)]);
}

export const begin = (options = {}) =>
    record(BEGIN, Buffer.from([options.role >> 8 || 0, options.role ?? 1, options.keep ? 1 : 0, 0, 0, 0, 0, 0]), options);

const size = (n) => n < 128 ? Buffer.from([n])
    : Buffer.from([(n >>> 24) | 0x80, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);

export function pairs(params) {
    return Buffer.concat(Object.entries(params).flatMap(([name, value]) => {
        const n = Buffer.from(name), v = Buffer.from(String(value));
        return [size(n.length), size(v.length), n, v];
    }));
}

export const cgi = (path, more = {}) => ({
    REQUEST_METHOD: 'GET', REQUEST_URI: path, QUERY_STRING: '', CONTENT_TYPE: '', CONTENT_LENGTH: '',
    REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost:8080', ...more,
});

export function request(path, { body = Buffer.alloc(0), params = {}, ...options } = {}) {
    const length = body.length ? { CONTENT_LENGTH: body.length } : {};
    const parts = [begin(options), record(PARAMS, pairs(cgi(path, { ...length, ...params })), options), record(PARAMS, undefined, options)];
    for (let at = 0; at < body.length; at += 60000) parts.push(record(STDIN, body.subarray(at, at + 60000), options));
    return Buffer.concat([...parts, record(STDIN, undefined, options)]);
}

// Sends the bytes (then, with `end`, nothing more) and waits until the other side closes.
export function exchange(socketPath, bytes, { end = false, wait = 30000 } = {}) {
    return new Promise((resolve) => {
        const started = Date.now(), got = [];
        const socket = net.connect({ path: socketPath, allowHalfOpen: true });
        const done = (how) => {
            clearTimeout(timer);
            socket.destroy();
            resolve({ how, ms: Date.now() - started, raw: Buffer.concat(got), ...answer(Buffer.concat(got)) });
        };
        const timer = setTimeout(() => done('timeout'), wait);
        socket.on('connect', () => {
            if (bytes.length) socket.write(bytes);
            if (end) socket.end();
        });
        socket.on('data', (data) => got.push(data));
        socket.on('end', () => done('closed'));
        socket.on('error', (error) => done(error.code));
    });
}

// What came back: {whole, status, headers, body}; whole only with its END_REQUEST.
export function answer(raw) {
    const out = [];
    let at = 0, whole = false;
    while (at + 8 <= raw.length) {
        const type = raw[at + 1], length = raw.readUInt16BE(at + 4);
        if (at + 8 + length > raw.length) break;
        if (type === 6) out.push(raw.subarray(at + 8, at + 8 + length));
        if (type === 3) whole = true;
        at += 8 + length + raw[at + 6];
    }
    const text = Buffer.concat(out).toString();
    const cut = text.indexOf('\r\n\r\n');
    const headers = Object.fromEntries((cut < 0 ? '' : text.slice(0, cut)).split('\r\n').map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    return { whole: whole && at === raw.length, status: parseInt(headers.status ?? '0', 10), headers, body: text.slice(cut + 4) };
}

export const ask = (socketPath, path, options) => exchange(socketPath, request(path, options));
