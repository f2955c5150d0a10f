// Rows of the stack itself: how long a start takes, what it holds in memory, how old the counts
// of a list may be.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ask, sleep, top } from '../http/shop.mjs';
import { median, rounds } from './measure.mjs';
import { pss } from './cpu.mjs';
import { bare, services, tail } from './shop.mjs';

const MB_SHARED = 32; // shared_buffers, counted whole however much of it was touched

function dev(...words) {
    const ran = spawnSync(join(top, 'dev'), words, { encoding: 'utf8' });
    if (ran.status) throw new Error(`./dev ${words.join(' ')}: ${ran.stderr}${ran.stdout}`);
}
async function start() {
    const began = performance.now();
    const up = spawn(join(top, 'dev'), ['up', '-d'], { stdio: ['ignore', 'ignore', 'pipe'] }), ended = new Promise((done) => up.on('exit', done));
    let said = '';
    up.stderr.on('data', (part) => { said += part; });
    for (;; await sleep(3)) {
        const status = await ask('/', { agent: undefined }).then((got) => got.status, () => 0);
        if (status === 200) break;
        if (performance.now() - began > 60000) throw new Error(`no first page within 60 s: ${said}`);
    }
    const ms = performance.now() - began;
    if (await ended) throw new Error(`./dev up -d: ${said}`);
    return ms;
}

export const memory = () => {
    const all = services(), out = { parts_mb: {} };
    let whole = 0;
    for (const [name, pid] of Object.entries(all)) {
        const processes = pss(pid);
        let mb = processes.reduce((sum, one) => sum + one.pss, 0);
        if (name === 'postgres') mb += Math.max(0, MB_SHARED - processes.reduce((sum, one) => sum + one.shared, 0));
        if (name === 'web') out.web_worker_mb = Math.max(...processes.filter(({ leader }) => !leader).map((one) => one.pss));
        out.parts_mb[name] = mb;
        whole += mb;
    }
    return { ...out, stack_mb: whole };
};

// Before all others: the stack is started anew, so that they find it 10 s old.
export const starting = {
    name: './dev up -d',
    target: 'first page <= 2000 ms',
    async once() {
        const times = [];
        for (let i = 0; i < rounds; i++) {
            dev('down');
            times.push(await start());
        }
        return { first_page_ms: median(times), slowest_ms: Math.max(...times), holds: median(times) <= 2000 };
    },
};

export const remembering = {
    name: 'memory',
    target: 'worker <= 8 MB, stack <= 150 MB',
    async first() {
        dev('down');
        await start();
        this.start = await this.after();
    },
    async after() { await sleep(10000); return memory(); },
    async once() {
        const load = await this.after(), both = [this.start, load];
        return { after_start: this.start, after_load: load, holds: both.every((one) => one.web_worker_mb <= 8 && one.stack_mb <= 150) };
    },
};

// Nobody comes for a minute: how many statements PostgreSQL is asked all the same.
export const idling = {
    name: 'idle shop',
    target: '< 1 statement a second',
    async once({ db }) {
        const log = async (what) => { await db.ask(`alter system set log_statement = '${what}'`); await db.ask('select pg_reload_conf()'); await sleep(1000); };
        await sleep(20000); // what the rows before have left is done
        await log('all');
        const postgres = tail('postgres');
        await sleep(60000);
        const lines = postgres().filter((text) => /execute |statement: /.test(text));
        await log('none');
        return { statements_a_second: lines.length / 60, holds: lines.length < 60 };
    },
};

// A thing of the category is sold out: how long until the list's counts say so, page uncached.
export const counting = {
    name: 'category page, age of its counts',
    target: '<= 10000 ms',
    async once({ db }) {
        const filters = async () => {
            const got = await ask('/categories/bench-5000', { to: { host: '127.0.0.1', port: new URL(bare).port }, headers: { accept: 'application/json' } });
            return JSON.stringify(JSON.parse(got.body).filters);
        };
        const [item, was] = (await db.ask(`select s.item_id || ' ' || s.on_hand from inventory.stock s join catalog.variant v on v.item_id = s.item_id
            join catalog.product p on p.id = v.product_id join catalog.shelf h on h.product_id = p.id join catalog.category c on c.id = h.category_id
            join inventory.item i on i.id = s.item_id where c.slug = 'bench-5000' and v.tags = '{}' and i.tracked and s.on_hand > 0 and s.reserved = 0
            order by md5(v.sku) limit 1`))[0].split(' ');
        // The shop's own way to say so: the movement that explains it, and the event.
        const move = (from, to) => db.ask(`begin;
            update inventory.stock set on_hand = ${to} where item_id = ${item};
            insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause)
                select organisation_id, item_id, location_id, ${to - from}, 'corrected', 'bench ' || gen_random_uuid() from inventory.stock where item_id = ${item};
            insert into work.outbox (kind, organisation_id, subject_id, data)
                select 'inventory.updated', organisation_id, item_id, '{"sku": "bench", "left": ${to}}' from inventory.stock where item_id = ${item};
            select pg_notify('talat_work', ''); commit`);
        const before = await filters(), began = performance.now();
        await move(Number(was), 0);
        let ms;
        while (await filters() === before && (ms = performance.now() - began) < 75000) await sleep(100);
        ms = performance.now() - began;
        await move(0, Number(was));
        return { seen_after_ms: ms, holds: ms <= 10000 };
    },
};
