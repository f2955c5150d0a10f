// Two workers at one queue, and who looks after them.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import { chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { children } from './node.mjs';
import { Browser, confBut, confPath, dev, goods, one, orderRow, payAt, run, skip, sleep, sql, until } from './shop.mjs';

// A configuration as the stack's own but for some keys, in a folder for itself.
function configured(set) {
    const dir = mkdtempSync('/tmp/talat-queue-'), conf = join(dir, 'talat.conf'), { uid, gid } = statSync(run);
    confBut(conf, { run_dir: dir, ...set });
    for (const path of [dir, conf]) chownSync(path, uid, gid);
    return { dir, conf, log: join(dir, 'work.log'), uid, gid };
}

// Job workers of the test's own, in place of the stack's (or beside them: `stop` them first).
function working({ dir, conf, log, uid, gid }) {
    const file = openSync(log, 'a');
    const work = spawn(join(process.env.TALAT_APP, 'bin/talat-work'), ['--config', conf], { uid, gid, stdio: ['ignore', file, file],
        env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '' } });
    work.ended = new Promise((done) => { work.on('exit', done); });
    work.end = async () => {
        work.kill('SIGTERM');
        const late = setTimeout(() => work.kill('SIGKILL'), 20000);
        await work.ended;
        clearTimeout(late);
        dev('start', 'work');
        rmSync(dir, { recursive: true, force: true });
    };
    return work;
}

test('two workers share a queue, and no job is run twice', { skip }, async () => {
    sql(`insert into work.job (kind, key, subject_id, data)
        select case n % 3 when 0 then 'refresh.pages' else 'catalog.stock' end, 'queue.test:' || n, -n, '{"tags": []}'
          from generate_series(1, 300) n; notify talat_work`);
    await until(() => one("select count(*) from work.job where key like 'queue.test:%'") === 0, 30000);
    const times = new Map();
    for (const line of readFileSync(join(process.env.TALAT_CHECK, 'log/work.log'), 'utf8').split('\n')) {
        const { event, id, job } = line.startsWith('{') ? JSON.parse(line) : {};
        if (event === 'job' && id.startsWith('queue.test:')) times.set(job, (times.get(job) ?? 0) + 1);
    }
    assert.equal(times.size, 300);
    assert.deepEqual([...times].filter(([, n]) => n > 1), []);
});

// Only what has shown that it goes on is told to end: a SIGTERM to "the worker" that there is not would
// reach every process of this user.
test('a worker that cannot be started is started as soon as it can, and then all ends', { skip, timeout: 90000 }, async () => {
    const { dir, conf, log, uid, gid } = configured({ work_workers: 1 });
    const file = openSync(log, 'a');
    const work = spawn('prlimit', ['--nproc=0:', join(process.env.TALAT_APP, 'bin/talat-work'), '--config', conf],
        { uid, gid, stdio: ['ignore', file, file], env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '' } });
    const ended = new Promise((done) => { work.on('exit', (code, signal) => done(signal ?? code)); });
    try {
        await until(() => readFileSync(log, 'utf8').includes('"worker_fork"'), 20000, () => readFileSync(log, 'utf8'));
        const most = /^Max processes +0 +(\S+)/m.exec(readFileSync(`/proc/${work.pid}/limits`, 'utf8'))[1];
        const lifted = spawnSync('prlimit', ['--pid', String(work.pid), `--nproc=${most}:`], { uid, gid, encoding: 'utf8' });
        assert.equal(lifted.status, 0, lifted.stderr);
        const [worker] = await until(() => { const all = children(work.pid); return all.length === 1 && all; }, 20000, () => readFileSync(log, 'utf8'));
        process.kill(worker, 'SIGKILL');
        await until(() => { const all = children(work.pid); return all.length === 1 && all[0] !== worker; }, 20000, () => readFileSync(log, 'utf8'));
        work.kill('SIGTERM');
        assert.equal(await ended, 0, readFileSync(log, 'utf8'));
    } finally {
        work.kill('SIGKILL');
        await ended;
        rmSync(dir, { recursive: true, force: true });
    }
});

test('of jobs that were given up all can be seen, a hundred at a time', { skip }, () => {
    const dead = (...words) => {
        const got = spawnSync(join(process.env.TALAT_APP, 'bin/talatctl'), ['--config', confPath, 'jobs', 'dead', ...words], { encoding: 'utf8' });
        assert.equal(got.status, 0, got.stderr);
        return got.stdout.trim().split('\n');
    };
    const first = one("with put as (insert into work.job (kind, key, state, error) select 't.dead', 't.dead:' || n, 'dead', 'planted' from generate_series(1, 103) n returning id) select min(id) from put");
    try {
        const before = one(`select count(*) from work.job where state = 'dead' and id < ${first}`), newest = dead();
        assert.equal(newest.length, 101);
        assert.equal(newest[100], `and ${3 + before} older ones: talatctl jobs dead ${first + 3}`);
        assert.deepEqual(dead(String(first + 3)).slice(0, 3).map((line) => Number(line.split(' ')[0])), [first + 2, first + 1, first]);
        assert.match(dead('1')[0], /^no older job has been given up/);
    } finally {
        sql("delete from work.job where kind = 't.dead'");
    }
});

test('a backup that is being made is nobody else\'s, and when its worker is killed it is made at once', { skip, timeout: 180000 }, async () => {
    const own = configured({ work_workers: 1, pg_bin: '' }), { dir, conf, log, uid, gid } = own;
    const bin = join(dir, 'bin'), said = join(dir, 'pid'), job = () => sql("select state || ' ' || coalesce(worker, '') from work.job where kind = 'ops.backup'");
    mkdirSync(bin); // the first tool it asks hangs
    writeFileSync(join(bin, 'psql'), `#!/bin/sh\necho $$ >${said}\nexec sleep 300\n`, { mode: 0o755 });
    for (const path of [bin, join(bin, 'psql')]) chownSync(path, uid, gid);
    writeFileSync(conf, readFileSync(conf, 'utf8').replace(/^pg_bin = $/m, `pg_bin = ${bin}`));
    dev('stop', 'work');
    const work = working(own);
    try {
        sql("insert into work.job (kind, key) values ('ops.backup', 'ops.backup'); notify talat_work");
        await until(() => existsSync(said) && readFileSync(said, 'utf8').trim(), 30000, () => readFileSync(log, 'utf8').slice(-2000));
        const held = job(), ticks = () => one("select (extract(epoch from last_run) * 1000)::bigint from work.cron where name = 'work.take_over'"), before = ticks();
        assert.match(held, /^running .* held$/);
        dev('start', 'work'); // as after a reload: beside the one that is still at it
        await until(() => ticks() > before, 60000, 'nobody looked for jobs of the dead');
        await sleep(1000);
        assert.equal(job(), held);
        for (const pid of [...children(work.pid), work.pid, Number(readFileSync(said, 'utf8'))]) process.kill(pid, 'SIGKILL');
        await work.ended;
        await until(() => job() === '', 60000, job);
    } finally {
        work.kill('SIGKILL');
        await work.end();
        sql("delete from work.job where kind = 'ops.backup'");
    }
});

// Takes a second and more for each word, as one that holds senders up on purpose.
const tarpit = (mails) => net.createServer((socket) => {
    let said = '', isText = false;
    const say = async (text) => { await sleep(700); if (!socket.destroyed) socket.write(`${text}\r\n`); };
    socket.on('error', () => {});
    socket.on('data', async (part) => {
        said += part;
        for (let at; (at = said.indexOf('\r\n')) >= 0;) {
            const line = said.slice(0, at);
            said = said.slice(at + 2);
            if (isText && line !== '.') continue;
            if (isText) mails.push(Date.now());
            isText = /^DATA/i.test(line);
            await say(isText ? '354 go on' : /^QUIT/i.test(line) ? '221 bye' : '250 well');
        }
    });
    say('220 tarpit');
});

test('while a mail server takes seconds for each mail, who pays has their answer at once', { skip, timeout: 180000 }, async (t) => {
    const mails = [], server = tarpit(mails);
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const own = configured({ work_workers: 2, smtp_url: `smtp://127.0.0.1:${server.address().port}`, mail_dir: '' }), { log } = own;
    const thing = goods({ stock: 100 }), paid = [];
    dev('stop', 'work');
    const work = working(own);
    const buy = async () => {
        const order = await new Browser().order(thing.sku), began = Date.now();
        await payAt(order.session);
        await until(() => orderRow(order.number).payment_status === 'paid', 60000, () => readFileSync(log, 'utf8').slice(-2000));
        paid.push(Date.now() - began);
    };
    try {
        for (let i = 0; i < 4; i++) await buy(); // their mails are enough for both workers
        await until(() => mails.length > 0, 60000, () => `no mail came: ${readFileSync(log, 'utf8').slice(-2000)}`);
        paid.length = 0;
        const before = mails.length;
        for (let i = 0; i < 6; i++) await buy();
        t.diagnostic(`paid after ${paid} ms; ${mails.length - before} mails meanwhile`);
        assert.ok(Math.max(...paid) < 2500, `paid after ${paid} ms: behind the mails`);
        assert.ok(one("select count(*) from work.job where kind = 'notify.mail' and run_at < now()") > 0, 'there were always mails to send');
    } finally {
        await work.end();
        server.close();
    }
});

const connections = () => one("select count(*) from pg_stat_activity where application_name = 'talat-work'");
async function allButOneRest(n, said) {
    await until(() => connections() === n, 20000, said);
    await until(() => connections() === 1, 60000, said);
}

test('a job worker that has nothing to do lets go of its connection, and takes over from one that is held up', { skip, timeout: 180000 }, async (t) => {
    const held = [], server = net.createServer((socket) => { // greets, and then says nothing more
        socket.on('error', () => {});
        socket.on('data', (said) => { if (/^EHLO/i.test(said)) socket.write('250 well\r\n'); else held.push(socket); });
        socket.write('220 here\r\n');
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const own = configured({ work_workers: 2, smtp_url: `smtp://127.0.0.1:${server.address().port}`, mail_dir: '' }), { log } = own;
    const thing = goods({ stock: 10 }), said = () => readFileSync(log, 'utf8').slice(-2000);
    dev('stop', 'work');
    // Of other tests: mails, and what lapses meanwhile, of which somebody is told by mail.
    sql(`delete from work.job where kind = 'notify.mail'; update inventory.hold set expires_at = now() + interval '1 hour' where state = 'held';
         update orders."order" set hold_until = now() + interval '1 hour' where is_held`);
    const work = working(own);
    const buy = async () => {
        const order = await new Browser().order(thing.sku), began = Date.now();
        await payAt(order.session);
        await until(() => orderRow(order.number).payment_status === 'paid', 60000, said);
        return Date.now() - began;
    };
    try {
        await allButOneRest(2, said);
        const first = await buy();
        assert.ok(first < 2500, `paid after ${first} ms`);
        await until(() => held.length > 0, 30000, () => `no mail came: ${said()}`);
        await sleep(10500); // longer than it takes to rest again
        const second = await buy();
        t.diagnostic(`paid after ${first} ms, and after ${second} ms while a mail was held`);
        assert.ok(second < 2500, `paid after ${second} ms: behind the mail`);
        assert.equal(held[0].destroyed || held[0].readableEnded, false, 'the mail is held no more');
        assert.equal(connections(), 2);
    } finally {
        for (const socket of held) socket.destroy();
        await work.end();
        server.close();
    }
});

test('many short jobs wake the job workers that rest', { skip, timeout: 180000 }, async () => {
    const own = configured({ work_workers: 3 }), said = () => readFileSync(own.log, 'utf8').slice(-2000);
    dev('stop', 'work');
    const work = working(own);
    try {
        await allButOneRest(3, said);
        sql(`insert into work.job (kind, key, subject_id) select 'catalog.stock', 'queue.test:' || n, -n from generate_series(1, 6000) n; notify talat_work`);
        await until(() => connections() > 1, 20000, said);
        await until(() => one("select count(*) from work.job where key like 'queue.test:%'") === 0, 60000);
        const [first] = children(work.pid); // when it dies, whoever comes in its place is enough
        await until(() => connections() === 1, 60000, said);
        process.kill(first, 'SIGKILL');
        await until(() => children(work.pid).length === 3 && !children(work.pid).includes(first), 20000, said);
        sql("insert into work.job (kind, key, subject_id) values ('catalog.stock', 'queue.test:0', -1); notify talat_work");
        await until(() => one("select count(*) from work.job where key like 'queue.test:%'") === 0, 20000);
    } finally {
        await work.end();
        sql("delete from work.job where key like 'queue.test:%'");
    }
});

test('what the first job worker leaves to the others is done though they rest', { skip, timeout: 180000 }, async () => {
    const own = configured({ work_workers: 2 }), said = () => readFileSync(own.log, 'utf8').slice(-2000);
    dev('stop', 'work');
    const work = working(own);
    try {
        await allButOneRest(2, said);
        sql("insert into work.job (kind, key) values ('ops.look', 'queue.test:look'); notify talat_work");
        await until(() => one("select count(*) from work.job where key = 'queue.test:look'") === 0, 40000, said);
        assert.equal(connections(), 2);
    } finally {
        await work.end();
        sql("delete from work.job where key = 'queue.test:look'");
    }
});
