// ./dev itself: shops of its own in temporary folders, beside whatever else runs.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, existsSync, readFileSync, lstatSync, chmodSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const root = mkdtempSync(join(tmpdir(), 'talat-dev-'));
const isRoot = process.getuid() === 0;
const shops = [];
chmodSync(root, 0o755);

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const freePort = () => new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => done(port));
    });
});
const clean = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TALAT_|ASAN_|NODE_)/.test(name)));

// A shop in a folder of its own; the build is shared with ./dev check.
async function shop(folder, { from = top, as } = {}) {
    const port = await freePort();
    const env = { ...clean(), TALAT_VAR: folder, TALAT_PORT: String(port), TALAT_FLAVOUR: 'check', TALAT_PICTURES: 'no' };
    const dev = (...words) => {
        const [command, ...rest] = [...(as ? ['setpriv', `--reuid=${as}`, `--regid=${as}`, '--clear-groups', '--'] : []), join(from, 'dev'), ...words];
        const ran = spawnSync(command, rest, { env, encoding: 'utf8', timeout: 300000 });
        return { code: ran.status, out: ran.stdout, err: ran.stderr };
    };
    const it = { port, env, dev, folder, url: `http://localhost:${port}`, from };
    shops.push(it);
    return it;
}
function must(ran, what) {
    assert.equal(ran.code, 0, `${what}: ${ran.err}\n${ran.out}`);
    return ran;
}
const status = (it) => JSON.parse(it.dev('status', '--json').out);
const psql = (at, sql) => execFileSync('/usr/lib/postgresql/15/bin/psql', ['-XqAt', at, '-c', sql], { encoding: 'utf8' }).trim();
const health = async (it) => (await fetch(`${it.url}/health`, { headers: { connection: 'close' } })).status;
// A zombie that nobody has buried yet is not alive.
const lives = (pid) => existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

after(() => {
    for (const it of shops) it.dev('reset');
    rmSync(root, { recursive: true, force: true });
});

let one;
before(async () => {
    one = await shop(join(root, 'one'));
    must(one.dev('up', '-d'), 'the first start');
});

test('a shop comes up, says what it did and where it is', async () => {
    const again = must(one.dev('up', '-d'), 'up while it runs');
    for (const what of ['packages', 'build', 'database schema', 'demo shop']) assert.match(again.err, new RegExp(`${what} .* ms`));
    assert.match(again.out, new RegExp(`${one.url}\n`));
    assert.match(again.out, /admin@example\.test +market-day-demo/);
    assert.match(again.out, /already running/);
    assert.equal(await health(one), 200);
    const v6 = existsSync('/proc/net/if_inet6') && /^0{31}1 /m.test(readFileSync('/proc/net/if_inet6', 'utf8'));
    if (v6) assert.equal((await fetch(`http://[::1]:${one.port}/health`)).status, 200);
});

test('status --json tells scripts where everything is', () => {
    const it = status(one);
    assert.equal(it.running, true);
    assert.equal(it.url, one.url);
    assert.equal(psql(it.postgres.conninfo, 'show fsync'), 'on');
    assert.equal(psql(it.postgres.conninfo, 'show listen_addresses'), '');
    assert.equal(psql(it.postgres.conninfo, "select rolbypassrls or rolsuper from pg_roles where rolname = 'talat_app'"), 'f');
    assert.equal(execFileSync('redis-cli', ['-s', it.redis.socket, 'config', 'get', 'appendonly'], { encoding: 'utf8' }), 'appendonly\nyes\n');
    assert.match(it.provider.base_url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.match(it.provider.key, /^sk_test_/);
    assert.match(it.provider.webhook_secret, /^whsec_/);
    for (const [name, pid] of Object.entries(it.processes)) assert.ok(Number.isInteger(pid), `${name} runs`);
    for (const path of [it.postgres.socket, it.redis.socket, it.push.socket]) assert.ok(Buffer.byteLength(path) <= 107, path);
});

test('nothing but nginx\'s master runs as root', { skip: !isRoot }, () => {
    for (const [name, pid] of Object.entries(status(one).processes)) {
        if (name !== 'nginx') assert.notEqual(statSync(`/proc/${pid}`).uid, 0, name);
    }
    for (const pid of readFileSync(`/proc/${status(one).processes.nginx}/task/${status(one).processes.nginx}/children`, 'utf8').trim().split(' ')) {
        assert.notEqual(statSync(`/proc/${pid}`).uid, 0, 'an nginx worker');
    }
});

test('a second start is quick and loses nothing', (t) => {
    const { postgres, redis, provider } = status(one);
    psql(postgres.conninfo, 'create table public.kept as select 7 as n');
    execFileSync('redis-cli', ['-s', redis.socket, 'set', 'kept', 'yes']);
    must(one.dev('down'), 'down');
    assert.equal(status(one).running, false);
    const from = Date.now();
    must(one.dev('up', '-d'), 'second start');
    t.diagnostic(`second start: ${Date.now() - from} ms`);
    assert.ok(Date.now() - from < 30000, 'a busy machine gets half a minute; the first start takes longer'); // 2 s on an idle one
    assert.equal(psql(postgres.conninfo, 'select n from public.kept; drop table public.kept'), '7');
    assert.equal(execFileSync('redis-cli', ['-s', redis.socket, 'get', 'kept'], { encoding: 'utf8' }), 'yes\n');
    assert.deepEqual(status(one).provider, provider, 'the provider keeps its keys and address');
});

test('a shop stays on the port it was begun with, said again or not', async () => {
    const { TALAT_PORT: _, ...unsaid } = one.env;
    const up = () => spawnSync(join(top, 'dev'), ['up', '-d'], { env: unsaid, encoding: 'utf8', timeout: 300000 });
    for (const is of ['while it runs', 'after it was stopped']) {
        const ran = up();
        assert.equal(ran.status, 0, `${is}: ${ran.stderr}`);
        assert.match(ran.stdout, new RegExp(`${one.url}\n`), is);
        assert.equal(status(one).port, one.port, is);
        assert.equal(await health(one), 200, is);
        if (is === 'while it runs') must(one.dev('down'), 'down');
    }
});

test('a shop that runs is not said to be on another port', async () => {
    const ran = spawnSync(join(top, 'dev'), ['up', '-d'], { env: { ...one.env, TALAT_PORT: String(await freePort()) }, encoding: 'utf8', timeout: 300000 });
    assert.notEqual(ran.status, 0);
    assert.match(ran.stderr, new RegExp(`runs on port ${one.port}, and stays there: ./dev down first`));
    assert.equal(status(one).port, one.port);
    assert.equal(await health(one), 200);
});

test('a taken port is said, with the way out, and leaves nothing running', async () => {
    const it = await shop(join(root, 'taken'));
    const holder = createServer().listen(it.port, '127.0.0.1');
    await new Promise((done) => holder.once('listening', done));
    const ran = it.dev('up', '-d');
    holder.close();
    assert.notEqual(ran.code, 0);
    assert.match(ran.err, new RegExp(`port ${it.port} is taken.*TALAT_PORT=`));
    assert.equal(status(it).running ?? false, false);
});

test('two shops stand side by side', async () => {
    const two = await shop(join(root, 'two'));
    must(two.dev('up', '-d'), 'the second shop');
    const [a, b] = [status(one), status(two)];
    assert.notEqual(a.postgres.socket, b.postgres.socket);
    assert.notEqual(a.provider.webhook_secret, b.provider.webhook_secret);
    assert.deepEqual([await health(one), await health(two)], [200, 200]);
    must(two.dev('down'), 'down');
    assert.equal(await health(one), 200, 'the first goes on');
});

test('a long path is no trouble', async () => {
    const it = await shop(join(root, 'long'.repeat(40), 'er'.repeat(40)));
    mkdirSync(dirname(it.folder), { recursive: true });
    must(it.dev('up', '-d'), 'up');
    assert.equal(await health(it), 200);
    must(it.dev('down'), 'down');
});

test('a folder the shop\'s user cannot reach becomes a link', { skip: !isRoot }, async () => {
    const closed = join(root, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const it = await shop(join(closed, 'var'));
    const ran = must(it.dev('up', '-d'), 'up');
    assert.match(ran.err, /is a link to it/);
    assert.ok(lstatSync(it.folder).isSymbolicLink());
    assert.equal(await health(it), 200);
    must(it.dev('down'), 'down');
    must(it.dev('reset'), 'reset');
    assert.equal(existsSync(it.folder), false);
});

test('an ordinary user needs no root', { skip: !isRoot }, async () => {
    // A copy with its build, so that only what is asked here takes time.
    const copy = join(root, 'copy');
    mkdirSync(copy);
    execFileSync('sh', ['-c', `cd "$1" && tar -c --exclude=./.git --exclude='./var*' --exclude=./t/e2e/node_modules . | tar -x -C "$2" && chown -R nobody "$2"`, 'sh', top, copy]);
    const id = execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).trim();
    const it = await shop(join(copy, 'var'), { from: copy, as: id });
    must(it.dev('up', '-d'), 'up');
    assert.equal(await health(it), 200);
    for (const [name, pid] of Object.entries(status(it).processes)) assert.equal(statSync(`/proc/${pid}`).uid, Number(id), name);
    must(it.dev('down'), 'down');
});

test('the tool\'s output stands alone on standard output', () => {
    const ran = must(one.dev('talatctl', 'route-list', '--slow'), 'talatctl');
    assert.equal(ran.err, '');
    for (const line of ran.out.trim().split('\n')) assert.match(line, /^[A-Z|]+ \/[^ ]*$/);
    assert.notEqual(one.dev('talatctl', 'no-such-command').code, 0, 'its exit code is passed on');
});

test('a part that dies is named, with its last lines, and can be started again', async () => {
    const it = await shop(join(root, 'dies'));
    const up = spawn(join(top, 'dev'), ['up'], { env: it.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    up.stdout.on('data', (part) => { said += part; });
    up.stderr.on('data', (part) => { said += part; });
    const until = async (pattern) => {
        for (let i = 0; i < 3000 && !pattern.test(said); i++) await sleep(20);
        assert.match(said, pattern);
    };
    await until(/Ctrl-C stops it/);
    process.kill(status(it).processes.redis, 'SIGKILL');
    await until(/redis has died\. The last lines of .*redis\.log:\n +\S/);
    assert.equal(status(it).processes.redis, null);
    must(it.dev('start', 'redis'), 'start');
    assert.ok(status(it).processes.redis);
    const pids = Object.values(status(it).processes);
    up.kill('SIGINT');
    const code = await new Promise((done) => up.once('exit', done));
    assert.equal(code, 0, said);
    for (const pid of pids) assert.equal(lives(pid), false, `${pid} still there after Ctrl-C`);
});

test('what has never been started says how to', async () => {
    const it = await shop(join(root, 'never'));
    const ran = it.dev('status', '--json');
    assert.equal(ran.code, 3);
    assert.equal(JSON.parse(ran.out).running, false);
    assert.match(ran.err, /\.\/dev up/);
    const what = it.dev('frobnicate'), logs = it.dev('logs');
    assert.deepEqual([what.code, logs.code], [2, 1]);
    assert.match(what.err, /no \.\/dev frobnicate/);
    assert.match(logs.err, /no shop in .*never yet: \.\/dev up/);
    for (const port of ['http', '0', '99999']) {
        it.env.TALAT_PORT = port;
        const ran = it.dev('up', '-d');
        assert.deepEqual([ran.code, /TALAT_PORT=\S+ is no port/.test(ran.err)], [1, true], ran.err);
    }
    assert.equal(existsSync(it.folder), false);
    const blank = (await shop(join(root, 'a blank'))).dev('status');
    assert.equal(blank.code, 1);
    assert.match(blank.err, /a blank has a blank in its name/);
});
