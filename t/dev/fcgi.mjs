// A FastCGI worker of a few lines, for trying nginx's configuration without the shop: answers
// each request by a function of its parameters, which gives {status, headers, body}.
import { createServer } from 'node:net';

const END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6;

function record(type, id, body) {
    const head = Buffer.from([1, type, id >> 8, id & 255, body.length >> 8, body.length & 255, 0, 0]);
    return Buffer.concat([head, body]);
}

function pairs(bytes) {
    const found = {};
    let at = 0;
    const size = () => {
        if (bytes[at] < 128) return bytes[at++];
        const n = bytes.readUInt32BE(at) & 0x7fffffff;
        at += 4;
        return n;
    };
    while (at < bytes.length) {
        const name = size(), value = size();
        found[bytes.toString('utf8', at, at + name)] = bytes.toString('utf8', at + name, at + name + value);
        at += name + value;
    }
    return found;
}

export function serve(path, answer) {
    const server = createServer((socket) => {
        let rest = Buffer.alloc(0);
        const params = [], stdin = [];
        socket.on('error', () => {});
        socket.on('data', async (chunk) => {
            rest = Buffer.concat([rest, chunk]);
            while (rest.length >= 8) {
                const size = rest.readUInt16BE(4), whole = 8 + size + rest[6];
                if (rest.length < whole) return;
                const type = rest[1], id = rest.readUInt16BE(2), body = rest.subarray(8, 8 + size);
                rest = rest.subarray(whole);
                if (type === PARAMS) params.push(body);
                if (type !== STDIN) continue;
                stdin.push(body);
                if (size) continue;
                const { status = 200, headers = {}, body: text = '' } =
                    await answer(pairs(Buffer.concat(params)), Buffer.concat(stdin));
                const lines = Object.entries(headers)
                    .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
                const out = Buffer.concat([Buffer.from(`Status: ${status}\r\n${lines.join('')}\r\n`), Buffer.from(text)]);
                for (let at = 0; at < out.length; at += 65000) {
                    socket.write(record(STDOUT, id, out.subarray(at, at + 65000)));
                }
                socket.write(record(STDOUT, id, Buffer.alloc(0)));
                socket.end(record(END, id, Buffer.alloc(8)));
            }
        });
    });
    return new Promise((ready) => server.listen(path, () => ready(server)));
}
