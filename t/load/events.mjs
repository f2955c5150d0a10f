// Rows of push: from the commit of a change until those who look at the product see it.
import { fork } from 'node:child_process';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, sleep } from '../http/shop.mjs';
import { percentile } from './measure.mjs';
import { quiet } from './buying.mjs';
import { cpu, per, spent } from './cpu.mjs';
import { url } from './shop.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const now = () => Number(process.hrtime.bigint()) / 1e6; // one clock for all processes

// A process of its own that listens `many` times, so that it does not hold up who commits.
function listeners(many, path) {
    const child = fork(join(here, 'listen.mjs'), [url, path, String(many)]), waiting = new Map();
    const gone = new Promise((_, fail) => child.on('exit', (code) => fail(new Error(`the subscribers ended: ${code}`))));
    gone.catch(() => {});
    child.on('message', ({ name, times }) => waiting.get(name)?.(times));
    const hear = (name, ms) => Promise.race([gone, new Promise((done) => waiting.set(name, done)),
        sleep(ms).then(() => { throw new Error(`${name}: not heard by all within ${ms} ms`); })]);
    const next = async (name, ms) => { child.send(name); return hear(name, ms); };
    return { next, end: () => child.kill(), ready: hear('ready', 60000) };
}

const event = (many, events) => ({
    name: `event seen by ${many} ${many === 1 ? 'subscriber' : 'subscribers'}`,
    target: 'p50, p99',
    async prepare({ db }) {
        const [line] = await db.ask(`select v.item_id || ' ' || v.organisation_id || ' ' || p.slug from catalog.variant v
            join catalog.product p on p.id = v.product_id where p.slug like 'bench-%' order by md5(v.sku || 'event') limit 1`);
        [this.item, this.organisation, this.slug] = line.split(' ');
        this.id = JSON.parse((await ask(`/products/${this.slug}.json`)).body).product.id;
        return { events_a_round: events, subscribers: many };
    },
    sides: {
        // What the shop writes when stock has moved. The clock starts before the commit is sent.
        async it(row, { db, parts, round }) {
            const line = listeners(many, `/live/product/${row.id}.json`), all = [];
            try {
                await line.ready;
                await quiet(db);
                await sleep(500);
                const before = cpu(parts);
                for (let n = 0; n < events; n++) {
                    const name = `bench-event-${round}-${n}`;
                    await db.ask(`begin; insert into work.outbox (kind, organisation_id, subject_id, data)
                        values ('inventory.updated', ${row.organisation}, ${row.item}, '{}'); select pg_notify('talat_work', '')`);
                    const heard = line.next(name, 10000);
                    await sleep(5); // the listeners know of it before it is told
                    const from = now();
                    await db.ask('commit');
                    for (const at of await heard) all.push(at - from);
                    await sleep(20 + many / 20);
                }
                return { p50_ms: percentile(all, 0.5), p95_ms: percentile(all, 0.95), p99_ms: percentile(all, 0.99), cpu_us: per(spent(before, cpu(parts)), events) };
            } finally { line.end(); }
        },
    },
    judge: () => ({}),
});

export const rows = [event(1, 40), event(5000, 10)];
