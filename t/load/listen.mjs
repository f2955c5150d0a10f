// listen.mjs URL PATH N: N subscribers of one stream. Tells its parent {name: 'ready'} when all
// lines stand. Told a name, it tells {name, times} when each line has heard its next message of
// stock: times are those of the machine's steady clock, in milliseconds.
import net from 'node:net';

const [, , base, path, many] = process.argv, { hostname, port, host } = new URL(base);
let standing = 0, awaited = null;

process.on('message', (name) => { awaited = { name, times: new Map() }; });
function take(socket, text, at) {
    if (!awaited || awaited.times.has(socket) || !text.includes('inventory:updated')) return;
    awaited.times.set(socket, at);
    if (awaited.times.size < Number(many)) return;
    process.send({ name: awaited.name, times: [...awaited.times.values()] });
    awaited = null;
}
function open() {
    return new Promise((done) => {
        const socket = net.connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname, () =>
            socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n\r\n`));
        let head = '', stands = false;
        socket.on('data', (part) => {
            const at = Number(process.hrtime.bigint()) / 1e6;
            if (stands) return take(socket, part.latin1Slice(), at);
            head += part.latin1Slice();
            if (!head.includes('\r\n\r\n')) return;
            if (!/^HTTP\/1.1 200 /.test(head)) { console.error(head.slice(0, 300)); process.exit(1); }
            stands = true;
            if (++standing === Number(many)) process.send({ name: 'ready', times: [] });
            done();
        });
        for (const end of ['error', 'close']) socket.on(end, (why) => { console.error(`a subscriber's line was cut: ${why?.message ?? end}`); process.exit(1); });
    });
}
for (let left = Number(many); left > 0; left -= 100) await Promise.all(Array.from({ length: Math.min(left, 100) }, open));
