// A pool of workers of its own, on a socket of its own: what nginx never sends, signals, deaths.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopwatch } from './shop.mjs';
import { ABORT, BEGIN, PARAMS, STDIN, ask, begin, cgi, exchange, pairs, record, request } from './fcgi.mjs';

const TOP = resolve(new URL('../..', import.meta.url).pathname);
const PROGRAM = join(process.env.TALAT_BUILD ?? join(TOP, 'build/check'), 't/tests');
const RECORDS = Number(process.env.TALAT_FUZZ ?? 3000);

// Under AddressSanitizer freed memory waits in a quarantine: kept small, so that growth is ours.
const ENVIRONMENT = { ...process.env, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1` };
const pools = [];
after(() => { // whatever a failed test has left running
    for (const { process: child, dir } of pools) {
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
        rmSync(dir, { recursive: true, force: true });
    }
});

class Pool {
    constructor(more = '') {
        this.dir = mkdtempSync(join(tmpdir(), 'talat-pool-'));
        this.conf = join(this.dir, 'talat.conf');
        this.socket = join(this.dir, 'web.sock');
        this.log = '';
        this.text = `mode = test\nsecret = a-secret-of-thirty-two-characters!!\nrun_dir = ${this.dir}\n`
            + `templates = ${this.dir}\npg = host=${this.dir}\nredis = ${this.dir}/none\n${more}`;
        writeFileSync(this.conf, this.text);
    }
    async start(by = []) {
        const [program, ...words] = [...by, PROGRAM, '--pool', this.conf];
        this.process = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: ENVIRONMENT });
        pools.push(this);
        this.process.stderr.on('data', (data) => { this.log += data; });
        this.ended = new Promise((done) => this.process.on('exit', (code, signal) => done(code ?? signal)));
        const all = Number(/^web_workers = (\d+)/m.exec(this.text)[1]); // the first answers before the last has begun
        await until(() => existsSync(this.socket) && this.workers().length === all, 5000, () => this.log);
        await until(async () => (await ask(this.socket, '/ok')).status === 200, 5000, () => this.log);
        return this;
    }
    workers() {
        return childrenOf(this.process.pid);
    }
    async stop() {
        this.process.kill('SIGTERM');
        const code = await Promise.race([this.ended, sleep(12000, 'late')]);
        if (code === 'late') this.process.kill('SIGKILL');
        rmSync(this.dir, { recursive: true, force: true });
        return code;
    }
}
function childrenOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number).sort();
    } catch {
        return [];
    }
}
const isAlive = (pid) => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
async function until(holds, ms, why = () => '') {
    const taken = stopwatch(), end = Date.now() + 20 * ms;
    while (!(await holds())) {
        assert.ok(taken() < ms && Date.now() < end, `not within ${ms} ms: ${holds}\n${why().slice(-2000)}`);
        await sleep(20);
    }
}
const raw = (params, ...rest) => Buffer.concat([begin(), record(PARAMS, params), record(PARAMS), ...rest]);

describe('who has waited too long', { skip: !existsSync(PROGRAM) && 't/tests is not built: make tests' }, () => {
    let pool;
    before(async () => { pool = await new Pool('web_workers = 1\n').start(); });
    after(() => pool.stop());
    const askedAt = (ms) => ({ params: { ASKED_AT: ((Date.now() - ms) / 1000).toFixed(3) } });

    it('is answered busy at once, and whoever comes now is served', async () => {
        assert.equal((await ask(pool.socket, '/ok', askedAt(0))).status, 200);
        assert.equal((await ask(pool.socket, '/ok', askedAt(1000))).status, 200);
        const late = await ask(pool.socket, '/ok', askedAt(2500));
        assert.equal(late.status, 503);
        assert.match(late.raw.toString(), /^Retry-After: \d/m);
        for (const clock of ['soon', '', '17', '1.2.3', String(Date.now() / 1000 - 900)])
            assert.equal((await ask(pool.socket, '/ok', { params: { ASKED_AT: clock } })).status, 200, clock);
    });
    it('does not keep the pool busy: a queue of eight seconds is gone in three', async () => {
        const from = stopwatch();
        const all = await Promise.all(Array.from({ length: 8 }, () => ask(pool.socket, '/wait', askedAt(0))));
        const served = all.filter(({ status }) => status === 200).length;
        assert.equal(all.filter(({ status }) => status === 503).length, 8 - served);
        assert.ok(served >= 1 && served <= 3, `${served} served`); // fewer where the machine is late itself
        assert.ok(from() < 5000, `${from()} ms`);
        assert.equal((await ask(pool.socket, '/ok', askedAt(0))).status, 200);
    });
});

describe('what nginx never sends', { skip: !existsSync(PROGRAM) && 't/tests is not built: make tests' }, () => {
    let pool, born;
    before(async () => {
        pool = await new Pool('web_workers = 2\n').start();
        born = pool.workers();
    });
    after(() => pool.stop());
    const stillWell = async () => {
        const one = await ask(pool.socket, '/ok');
        assert.equal(one.status, 200, pool.log.slice(-2000));
        assert.ok(one.whole);
        assert.deepEqual(pool.workers(), born, `a worker died:\n${pool.log.slice(-3000)}`);
    };

    const huge = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 65]);
    const post = (length, ...rest) => Buffer.concat([
        raw(pairs(cgi('/x', { REQUEST_METHOD: 'POST', CONTENT_LENGTH: length, CONTENT_TYPE: 'application/json' })), ...rest)]);
    const nonsense = {
        'version 0': Buffer.concat([record(BEGIN, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]), { version: 0 }), request('/').subarray(16)]),
        'version 2 halfway': Buffer.concat([begin(), record(PARAMS, pairs(cgi('/')), { version: 2 })]),
        'an unknown type': record(77, Buffer.from('x')),
        'a type of management': record(9, pairs({ FCGI_MAX_CONNS: '' }), { id: 0 }),
        'an unknown role': Buffer.concat([begin({ role: 9 }), request('/').subarray(16)]),
        'an authorizer': Buffer.concat([begin({ role: 2 }), request('/').subarray(16)]),
        'id 0': request('/', { id: 0 }),
        'a begin that is too short': record(BEGIN, Buffer.from([0, 1])),
        'params without a begin': record(PARAMS, pairs(cgi('/'))),
        'lengths of 2 GiB': raw(huge),
        'a name longer than what is there': raw(Buffer.from([5, 0, 65])),
        'half a length': raw(Buffer.from([0x80, 0, 0])),
        'an empty name': raw(Buffer.from([0, 1, 65])),
        'a zero byte in a value': raw(pairs({ REQUEST_URI: '/a\0b' })),
        'an equals sign in a name': raw(pairs({ 'A=B': 'c' })),
        'two requests in one': Buffer.concat([begin(), begin({ id: 2 }), record(PARAMS, pairs(cgi('/')), { id: 2 })]),
        'params of another id': Buffer.concat([begin(), record(PARAMS, pairs(cgi('/')), { id: 2 }), record(PARAMS)]),
        'an abort before the body': raw(pairs(cgi('/', { CONTENT_LENGTH: 3 })), record(ABORT)),
        'an abort in the body': post(9, record(STDIN, Buffer.from('abc')), record(ABORT)),
        'more body than announced': post(3, record(STDIN, Buffer.from('abcd')), record(STDIN)),
        'less body than announced': post(5, record(STDIN, Buffer.from('abcd')), record(STDIN)),
        'a length that is no number': post('1e3', record(STDIN, Buffer.from('abc')), record(STDIN)),
        'a negative length': post('-1', record(STDIN)),
        'thousands of params': raw(pairs(Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`P${i.toString(36)}`, ''])))),
        'padding where libfcgi cannot skip it': Buffer.concat([begin({ padding: 5 }), request('/').subarray(16)]),
        'HTTP': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    };
    for (const [name, bytes] of Object.entries(nonsense)) {
        it(`${name} is refused`, async () => {
            const taken = stopwatch(), end = await exchange(pool.socket, bytes);
            assert.notEqual(end.how, 'timeout');
            assert.ok(taken() < 6000, `${end.ms} ms`);
            assert.equal(end.status, 0, `answered: ${end.body}`);
            await stillWell();
        });
    }

    it('params beyond the ceiling are refused', async () => {
        const big = pairs({ A: 'x'.repeat(60000) });
        const end = await exchange(pool.socket, Buffer.concat([begin(), record(PARAMS, big), record(PARAMS, big), record(PARAMS)]));
        assert.notEqual(end.how, 'timeout');
        assert.equal(end.status, 0);
        await stillWell();
    });
    it('a body beyond the ceiling is 413', async () => {
        const end = await exchange(pool.socket, request('/x', { body: Buffer.alloc(13 << 20), params: { REQUEST_METHOD: 'POST' } }));
        assert.ok([404, 413].includes(end.status), `${end.how} ${end.status}`);
        await stillWell();
    });
    it('a kept connection is answered once and closed', async () => {
        const end = await exchange(pool.socket, Buffer.concat([request('/a', { keep: true }), request('/b', { keep: true })]));
        assert.equal(end.status === 404 ? 404 : 0, end.status);
        assert.notEqual(end.how, 'timeout');
        await stillWell();
    });
    it('padding is skipped', async () => {
        const bytes = Buffer.concat([begin(), record(PARAMS, pairs(cgi('/x')), { padding: 255 }), record(PARAMS), record(STDIN)]);
        assert.equal((await exchange(pool.socket, bytes)).status, 404);
    });
    it('params in many pieces are put together', async () => {
        const text = pairs(cgi('/x'));
        const pieces = Array.from(text, (_, i) => record(PARAMS, text.subarray(i, i + 1)));
        assert.equal((await exchange(pool.socket, Buffer.concat([begin(), ...pieces, record(PARAMS), record(STDIN)]))).status, 404);
    });

    it('half a record holds nobody for more than five seconds', async () => {
        const whole = request('/x', { body: Buffer.from('abc'), params: { REQUEST_METHOD: 'POST' } });
        const cuts = [1, 7, 8, 15, 20, whole.length - 12, whole.length - 8, whole.length - 1];
        const holders = cuts.map((n) => net.connect(pool.socket).on('error', () => {}));
        holders.forEach((socket, i) => socket.on('connect', () => socket.write(whole.subarray(0, cuts[i]))));
        await sleep(200);
        const started = stopwatch();
        // Eight holders on two workers: four rounds; whoever waits behind one waits 5 s at most.
        const ends = await Promise.all(holders.map((socket) => new Promise((done) => socket.on('close', () => done(started())))));
        assert.ok(Math.max(...ends) < (cuts.length / 2) * 5000 + 3000, String(ends));
        await stillWell();
    });
    it('one that says nothing at all is let go', async () => {
        const taken = stopwatch(), end = await exchange(pool.socket, Buffer.alloc(0));
        assert.equal(end.how, 'closed');
        assert.ok(taken() < 6000, `${end.ms} ms`);
    });
    it('one that dribbles is let go', async () => {
        const whole = request('/x', { body: Buffer.alloc(100, 65), params: { REQUEST_METHOD: 'POST' } });
        const socket = net.connect(pool.socket).on('error', () => {});
        const started = stopwatch();
        let at = whole.length - 108, closed = false;
        socket.on('close', () => { closed = true; });
        socket.write(whole.subarray(0, at));
        while (!closed && started() < 9000) {
            socket.write(whole.subarray(at, at + 1));
            at = Math.min(at + 1, whole.length - 9);
            await sleep(300);
        }
        assert.ok(closed && started() < 6500, `${started()} ms`);
        await stillWell();
    });
    it('one that has gone before the answer is no trouble', async () => {
        await Promise.all(Array.from({ length: 100 }, () => new Promise((done) => {
            const socket = net.connect(pool.socket, () => {
                socket.write(request('/x'));
                socket.destroy();
                done();
            });
        })));
        await stillWell();
    });
    it(`${RECORDS} random records leave every worker well`, async () => {
        let seed = 20261120;
        const random = (n) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return Math.floor((seed / 4294967296) * n); };
        const bytes = (n) => Buffer.from(Array.from({ length: n }, () => random(256)));
        const good = request('/x', { body: Buffer.from('abc'), params: { REQUEST_METHOD: 'POST' } });
        const one = () => {
            if (random(2)) return Buffer.concat(Array.from({ length: 1 + random(4) }, () => record(random(12), bytes(random(40)),
                { id: random(3), version: random(8) ? 1 : random(256), padding: random(3) ? 0 : random(256), length: random(6) ? undefined : random(65536) })));
            const mutant = Buffer.from(good);
            for (let i = 0; i <= random(4); i++) mutant[random(mutant.length)] = random(256);
            return mutant;
        };
        for (let n = 0; n < RECORDS; n += 50)
            await Promise.all(Array.from({ length: 50 }, () => exchange(pool.socket, one(), { end: true })));
        await stillWell();
    });
    it('the socket is for its owner and group only', () => {
        assert.equal(statSync(pool.socket).mode & 0o777, 0o660);
    });
});

// As in the units, where no group but the user's own is known (PrivateUsers): what is another's has
// the number of nogroup there.
const among = ['unshare', '--user', '--map-root-user'], NOBODYS = 65534;
describe('the group of the socket', { skip: (!existsSync(PROGRAM) && 't/tests is not built: make tests') || ((process.getuid() !== 0 || spawnSync(among[0], [...among.slice(1), 'true']).status !== 0) && 'nobody is made a stranger here') }, () => {
    const group = spawnSync('getent', ['group', String(NOBODYS)], { encoding: 'utf8' }).stdout.split(':')[0];
    it('which its folder has given it, it is not given again', async () => {
        const pool = new Pool(`web_workers = 1\ngroup = ${group}\n`);
        chownSync(pool.dir, 0, NOBODYS);
        chmodSync(pool.dir, 0o2750);
        await pool.start(among);
        assert.equal(statSync(pool.socket).gid, NOBODYS);
        assert.equal(await pool.stop(), 0);
    });
    it('which it cannot be given, is to be its folder\'s, and it is said how', () => {
        const pool = new Pool(`web_workers = 1\ngroup = ${group}\n`);
        const ran = spawnSync(among[0], [...among.slice(1), PROGRAM, '--pool', pool.conf], { encoding: 'utf8', env: ENVIRONMENT });
        rmSync(pool.dir, { recursive: true });
        assert.equal(ran.status, 1, ran.stderr);
        assert.match(ran.stderr, new RegExp(`group ${group}: Invalid argument\\. Leave it out, and the socket has that of its folder: chgrp, chmod g\\+s\\n`));
    });
});

describe('the supervisor', { skip: !existsSync(PROGRAM) && 't/tests is not built: make tests' }, () => {
    // Asks until told to stop; every answer must be whole.
    function clients(pool, n) {
        const tally = { asked: 0, failed: [], stop: false };
        tally.done = Promise.all(Array.from({ length: n }, async () => {
            while (!tally.stop) {
                const got = await ask(pool.socket, '/ok');
                tally.asked++;
                if (!got.whole || got.status !== 200) tally.failed.push(`${got.how} ${got.status} ${got.raw.length}`);
            }
        }));
        return tally;
    }

    it('reloads without losing a request of 32 clients', async () => {
        const pool = await new Pool('web_workers = 4\n').start();
        const tally = clients(pool, 32);
        for (let i = 0; i < 4; i++) {
            const before = pool.workers();
            await sleep(300);
            pool.process.kill('SIGHUP');
            await until(() => { const now = pool.workers(); return now.length === 4 && !now.some((pid) => before.includes(pid)); }, 15000, () => pool.log);
        }
        tally.stop = true;
        await tally.done;
        assert.deepEqual(tally.failed, []);
        assert.ok(tally.asked > 100, `${tally.asked} asked`);
        assert.equal(await pool.stop(), 0);
    });
    it('takes up a changed configuration', async () => {
        const pool = await new Pool('web_workers = 1\n').start();
        writeFileSync(pool.conf, pool.text.replace('web_workers = 1', 'web_workers = 3'));
        pool.process.kill('SIGHUP');
        await until(() => pool.workers().length === 3 && pool.log.includes('reloaded'), 10000, () => pool.log);
        await pool.stop();
    });
    it('keeps the old workers when the new configuration is broken, and says so', async () => {
        const pool = await new Pool('web_workers = 2\n').start();
        const before = pool.workers();
        appendFileSync(pool.conf, 'currency = XXXX\n');
        pool.process.kill('SIGHUP');
        await until(() => pool.log.includes('reload refused'), 10000, () => pool.log);
        assert.match(pool.log, /XXXX/);
        assert.deepEqual(pool.workers(), before);
        assert.equal((await ask(pool.socket, '/ok')).status, 200);
        await pool.stop();
    });
    it('replaces a killed worker within a second', async () => {
        const pool = await new Pool('web_workers = 3\n').start();
        for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGABRT']) {
            const [victim] = pool.workers();
            process.kill(victim, signal);
            await until(() => pool.workers().length === 3 && !pool.workers().includes(victim), 1000, () => pool.log);
        }
        assert.equal((await ask(pool.socket, '/ok')).status, 200);
        await pool.stop();
    });
    it('kills a worker that no longer answers; the others go on meanwhile', async () => {
        const pool = await new Pool('web_workers = 2\nweb_limit_s = 3\n').start();
        const [victim] = pool.workers();
        process.kill(victim, 'SIGSTOP');
        for (let i = 0; i < 10; i++) {
            const got = await ask(pool.socket, '/ok');
            assert.ok(got.whole || got.how !== 'timeout', got.how);
        }
        await until(() => !pool.workers().includes(victim) && pool.workers().length === 2, 8000, () => pool.log);
        assert.match(pool.log, /hung/);
        await pool.stop();
    });
    it('kills a worker whose request does not end; the client is not left waiting', async () => {
        const pool = await new Pool('web_workers = 2\nweb_limit_s = 2\n').start();
        const taken = stopwatch(), hung = ask(pool.socket, '/hang').then((end) => ({ ...end, took: taken() }));
        await sleep(100);
        assert.equal((await ask(pool.socket, '/ok')).status, 200);
        const end = await hung;
        assert.ok(end.status === 0 && end.how !== 'timeout' && end.took < 5000, `${end.how} ${end.ms}`);
        await until(() => pool.workers().length === 2, 2000);
        assert.match(pool.log, /a request too long/);
        await pool.stop();
    });
    it('goes on when a request crashes its worker', async () => {
        const pool = await new Pool('web_workers = 2\n').start();
        for (let i = 0; i < 5; i++) {
            assert.equal((await ask(pool.socket, '/crash')).status, 0);
            assert.equal((await ask(pool.socket, '/ok')).status, 200);
        }
        const metrics = (await ask(pool.socket, '/metrics')).body;
        assert.match(metrics, /^talat_worker_deaths_total [1-9]/m);
        assert.match(metrics, /^talat_requests_total\{method="GET",route="\/ok",status="2xx"\} [1-9]/m);
        assert.match(metrics, /^talat_request_seconds_bucket\{le="\+Inf"\} [1-9]/m);
        await pool.stop();
    });
    it('renews a worker that has grown over its cap', async () => {
        const pool = await new Pool('web_workers = 1\nworker_memory_mb = 70\n').start();
        const [fat] = pool.workers();
        assert.equal((await ask(pool.socket, '/grow?mb=60')).status, 200);
        await ask(pool.socket, '/grow?mb=60');
        await until(() => !pool.workers().includes(fat) && pool.workers().length === 1, 3000, () => pool.log);
        assert.doesNotMatch(pool.log, /died/);
        await pool.stop();
    });
    it('sends large answers whole, and lets go of who does not read them', async () => {
        const pool = await new Pool('web_workers = 1\n').start();
        const got = await ask(pool.socket, '/big?mb=5');
        assert.ok(got.whole);
        assert.equal(got.body.length, 5 << 20);
        const lazy = net.connect(pool.socket).on('error', () => {});
        lazy.pause();
        lazy.write(request('/big?mb=5'));
        await sleep(200);
        const taken = stopwatch(), next = await exchange(pool.socket, request('/ok'));
        assert.equal(next.status, 200);
        assert.ok(taken() < 11000, `${next.ms} ms`);
        lazy.destroy();
        await pool.stop();
    });
    it('finishes slow requests across a reload', async () => {
        const pool = await new Pool('web_workers = 2\n').start();
        const slow = [ask(pool.socket, '/wait'), ask(pool.socket, '/wait')];
        await sleep(200);
        pool.process.kill('SIGHUP');
        await until(() => pool.log.includes('reloaded'), 5000, () => pool.log);
        for (const got of await Promise.all(slow)) assert.equal(got.status, 200);
        await pool.stop();
    });
    it('renews workers after their number of requests, and loses none', async () => {
        const pool = await new Pool('web_workers = 2\nrecycle = 25\n').start();
        const born = pool.workers();
        const tally = clients(pool, 8);
        await until(() => tally.asked > 400, 20000);
        tally.stop = true;
        await tally.done;
        assert.deepEqual(tally.failed, []);
        assert.ok(!pool.workers().some((pid) => born.includes(pid)));
        await pool.stop();
    });
    it('ends cleanly on SIGTERM, with the request in hand answered', async () => {
        const pool = await new Pool('web_workers = 1\n').start();
        const whole = request('/x', { body: Buffer.from('abc'), params: { REQUEST_METHOD: 'POST' } });
        const socket = net.connect(pool.socket), got = [];
        socket.on('data', (data) => got.push(data));
        const closed = new Promise((done) => socket.on('close', done));
        const workers = pool.workers(), open = () => readdirSync(`/proc/${workers[0]}/fd`).length, idle = open();
        socket.write(whole.subarray(0, whole.length - 4));
        for (let i = 0; i < 15 || (i < 150 && open() <= idle); i++) await sleep(20); // the worker has it, and waits for the rest
        pool.process.kill('SIGTERM');
        await sleep(300);
        socket.write(whole.subarray(whole.length - 4));
        await closed;
        assert.match(Buffer.concat(got).toString(), /Status: 404/);
        const code = await Promise.race([pool.ended, sleep(10000, 'late')]);
        assert.equal(code, 0);
        assert.ok(!workers.some(isAlive));
        assert.ok(!existsSync(pool.socket));
        rmSync(pool.dir, { recursive: true, force: true });
    });
    it('ends on SIGTERM also while it tries a new configuration', async () => {
        const pool = await new Pool('web_workers = 1\n').start();
        const slow = ask(pool.socket, '/wait'); // it is still waited for when the trial is through
        await sleep(200);
        for (const signal of ['SIGSTOP', 'SIGHUP', 'SIGTERM', 'SIGCONT']) pool.process.kill(signal); // both at once, in this order
        assert.equal(await Promise.race([pool.ended, sleep(10000, 'late')]), 0, pool.log);
        assert.equal((await slow).status, 200);
        assert.equal(pool.log.split('trying the configuration').length, 2, pool.log);
        assert.equal(pool.log.split('"serves"').length, 2, pool.log);
        assert.ok(!existsSync(pool.socket));
        rmSync(pool.dir, { recursive: true, force: true });
    });
    it('takes its workers along when it is killed itself', async () => {
        const pool = await new Pool('web_workers = 2\n').start();
        const workers = pool.workers();
        pool.process.kill('SIGKILL');
        await pool.ended;
        await until(() => !workers.some(isAlive), 3000);
        const again = await new Pool('web_workers = 1\n').start(); // and nothing is in the way afterwards
        await again.stop();
        rmSync(pool.dir, { recursive: true, force: true });
    });
    it('does not take the place of a pool that is alive', async () => {
        const pool = await new Pool('web_workers = 1\n').start();
        const second = spawn(PROGRAM, ['--pool', pool.conf], { stdio: ['ignore', 'ignore', 'pipe'] });
        let said = '';
        second.stderr.on('data', (data) => { said += data; });
        const code = await new Promise((done) => second.on('exit', done));
        assert.equal(code, 1);
        assert.match(said, /another pool/);
        await pool.stop();
    });
    it('grows neither descriptors nor memory', async () => {
        const pool = await new Pool('web_workers = 1\n').start();
        const [pid] = pool.workers();
        const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
        const ask50 = () => Promise.all(Array.from({ length: 50 }, () => ask(pool.socket, '/ok')));
        for (let i = 0; i < 10; i++) await ask50();
        const fds = () => readdirSync(`/proc/${pid}/fd`).length, before = { rss: rss(), fds: fds() };
        for (let i = 0; i < 20; i++) await ask50();
        await until(() => fds() <= before.fds, 5000, () => `${before.fds} descriptors, then ${fds()}`); // the last is closed behind its answer
        assert.ok(rss() < before.rss * 1.2 + 4096, `${before.rss} kB grew to ${rss()} kB`);
        await pool.stop();
    });
});
