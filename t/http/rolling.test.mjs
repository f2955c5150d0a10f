// The pools become a new program while people look and buy: nobody notices. (t/e2e/installed does
// the same by systemd and a package's upgrade.)
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { skip, agents, Browser, goods, invariants, processes, served, sleep, until } from './shop.mjs';

const CLIENTS = 32, ROUNDS = 2;
const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
// Every worker of before has gone, and others are there.
const isNew = (pid, before) => { const now = children(pid); return now.length > 0 && !now.some((one) => before.includes(one)); };

test(`${ROUNDS} reloads under ${CLIENTS} clients: no failed request`, { skip, timeout: 200000 }, async () => {
    const thing = goods({ stock: 100000 }), { web, slow } = processes(), failed = [];
    let asked = 0, posted = 0, over = false;
    const client = async (n) => {
        const browser = new Browser({ agent: agents() });
        for (let i = 0; !over; i++) {
            const paths = [`/products/${thing.slug}?n=${n}.${i}`, '/cart', `/search?q=lamp${i}`, '/health'];
            try {
                const got = i % 5 === 4 ? await browser.post('/cart/lines', { sku: thing.sku, quantity: 1 }) : await browser.get(paths[i % 5]);
                if (i % 5 === 4) posted += got.status === 303;
                if (got.status !== (i % 5 === 4 ? 303 : 200)) failed.push(`${got.status} ${i % 5}`);
            } catch (err) {
                failed.push(`${err.code ?? err.message} ${i % 5}`);
            }
            asked++;
            await sleep(100);
        }
    };
    const clients = Array.from({ length: CLIENTS }, (_, n) => client(n));
    try {
        for (let round = 0; round < ROUNDS; round++) {
            const before = [web, slow].map((pid) => [pid, children(pid)]);
            for (const [pid] of before) process.kill(pid, 'SIGHUP');
            for (const [pid, old] of before) await until(() => isNew(pid, old), 60000, `the workers of ${pid} are the old ones`);
        }
        await until(() => failed.length || (asked > 200 && posted > 20), 30000, () => `${asked} asked, ${posted} put into carts`);
    } finally {
        over = true;
        await Promise.all(clients);
    }
    assert.deepEqual(failed.slice(0, 20), [], `${failed.length} of ${asked} failed`);
    served(asked);
    assert.ok(asked > 200 && posted > 20, `${asked} asked, ${posted} put into carts`);
    assert.deepEqual([processes().web, processes().slow], [web, slow], 'the supervisors are the same');
    invariants();
});
