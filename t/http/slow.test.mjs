// Clients that send their headers or their body a few bytes at a time, or read their answer so:
// a thousand of each at once. Whoever comes meanwhile is served as ever.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { skip as noStack, Browser, agents, ask, calm, goods, invariants, sleep, until, url } from './shop.mjs';

const program = ['/usr/bin/slowhttptest', '/usr/local/bin/slowhttptest'].find(existsSync);
const skip = noStack || (!program && 'slowhttptest is not installed');
const SECONDS = Number(process.env.TALAT_SLOW ?? 10), EACH = 1000;
before(async () => { if (!skip) await calm(); });

const attacks = {
    'slow headers': (at) => ['-H', '-i', '3', '-t', 'GET', '-u', `${at}/cart`],
    'slow bodies': (at) => ['-B', '-i', '3', '-s', '100000', '-t', 'POST', '-u', `${at}/cart/lines`],
    'slow readers': (at) => ['-X', '-w', '64', '-y', '128', '-n', '2', '-z', '16', '-k', '3', '-u', `${at}/products`],
};

test(`${EACH} slow headers, bodies and readers for ${SECONDS} s: everybody else is served`, { skip, timeout: 120000 }, async (t) => {
    const thing = goods({ stock: 1000 }), at = url.replace('localhost', '127.0.0.1'), agent = agents();
    const times = { before: [], meanwhile: [] }, statuses = {};
    const normal = async (into, is) => {
        while (is()) {
            for (const path of ['/products', `/products/${thing.slug}`, '/cart', '/login']) {
                const got = await ask(path, { agent, timeout: 15000 }).catch(({ message }) => ({ status: message, ms: 15000 }));
                statuses[got.status] = (statuses[got.status] ?? 0) + 1;
                into.push(got.ms);
            }
            await sleep(10);
        }
    };
    const p99 = (list) => list.sort((a, b) => a - b)[Math.floor(list.length * 0.99)];
    const end = Date.now() + 3000;
    await normal(times.before, () => Date.now() < end);
    const open = () => Number(spawnSync('sh', ['-c', `ss -Htn state established "sport = :${new URL(url).port}" | wc -l`], { encoding: 'utf8' }).stdout);
    let going = Object.keys(attacks).length, most = 0;
    const said = [];
    const attacking = Promise.all(Object.entries(attacks).map(([name, words]) => new Promise((done) => {
        const child = spawn(program, ['-c', String(EACH), '-r', '500', '-l', String(SECONDS), '-p', '5', ...words(at)], { stdio: ['ignore', 'pipe', 'pipe'] });
        let text = '';
        child.stdout.on('data', (part) => { text = (text + part).slice(-4000); });
        child.on('exit', () => { going--; said.push(`${name}: ${/service available:\s*\S*?(YES|NO)/.exec(text)?.[1] ?? '?'}`); done(); });
    })));
    const counting = (async () => { while (going) { most = Math.max(most, open()); await sleep(500); } })();
    const [, bought] = await Promise.all([normal(times.meanwhile, () => going > 0), new Browser().order(thing.sku)]);
    await attacking;
    await counting;
    t.diagnostic(`${most} connections at once; ${times.meanwhile.length} pages meanwhile, p99 ${p99(times.meanwhile).toFixed(1)} ms, before ${p99(times.before).toFixed(1)} ms; ${said.join(', ')}`);
    assert.ok(bought.session, 'a purchase goes through as well');
    assert.deepEqual(Object.keys(statuses), ['200'], JSON.stringify(statuses));
    assert.ok(most > EACH, `only ${most} connections: that is no attack`);
    assert.ok(times.meanwhile.length > 20);
    assert.ok(times.meanwhile.at(-1) < 5000, `the slowest took ${times.meanwhile.at(-1)} ms`);
    await until(() => open() < EACH / 2, 40000, () => `${open()} are still held`); // they are let go of
    invariants();
});
