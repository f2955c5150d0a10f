// The bench's stack: where it is, its processes by part, a line to its database that stays open.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, run, sleep, top } from '../http/shop.mjs';

export const { TALAT_URL: url, TALAT_APP: app, TALAT_DIR: dir, TALAT_PG: pg, TALAT_PORT: port, TALAT_BARE_PORT: bare_port } = process.env;

// What the first nginx runs under.
const memory = () => Object.fromEntries(readFileSync(join(top, 'system/nginx.service.d/talat.conf'), 'utf8').match(/^Environment=.*/gm)
    .map((line) => line.slice(12).split(/=(.*)/)));

// A second nginx that keeps no page: for the workers' own speed.
export const bare = `http://127.0.0.1:${bare_port}`;
let bare_pid = 0;
export async function start_bare() {
    const from = join(dir, 'etc/nginx'), to = join(dir, 'etc/bare');
    rmSync(to, { recursive: true, force: true });
    rmSync(join(run, 'bare.sock'), { force: true });    // a bench that was killed leaves it, and nginx takes none that is there
    cpSync(from, to, { recursive: true });
    for (const name of readdirSync(to).filter((one) => one.endsWith('.conf'))) {
        const text = readFileSync(join(to, name), 'utf8');
        writeFileSync(join(to, name), text.replaceAll(`:${port};`, `:${bare_port};`).replaceAll('push.sock', 'bare.sock')
            .replaceAll('nginx.pid', 'bare.pid').replace(/^fastcgi_cache pages/m, 'fastcgi_cache off').replaceAll(from, to));
    }
    const child = spawn('nginx', ['-p', dir, '-c', join(to, 'nginx.conf'), '-e', join(dir, 'log/bare.log'), '-g', 'daemon off;'],
        { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...memory() } });
    process.on('exit', () => child.kill());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
    for (let n = 0; n < 250; n++, await sleep(20)) {
        if (child.exitCode !== null) break;
        if (await ask('/health', { to: { host: '127.0.0.1', port: bare_port } }).then(({ status }) => status === 200, () => false)) {
            bare_pid = child.pid;
            return;
        }
    }
    throw new Error(`the second nginx does not answer: ${join(dir, 'log/bare.log')}`);
}

// The pids as ./dev has noted them. The provider's simulator is no part of the shop.
const pid = (name) => Number(readFileSync(join(dir, `etc/${name}.pid`), 'utf8').split(' ')[0]);
export const pids = () => ({ nginx: [pid('nginx'), bare_pid], workers: [pid('web'), pid('slow'), pid('work')],
    postgres: [pid('postgres')], redis: [pid('redis')] });
export const services = () => Object.fromEntries(['nginx', 'web', 'slow', 'work', 'postgres', 'redis'].map((name) => [name, pid(name)]));

// Which pages are kept, as the refresher knows it. The second nginx keeps none, but the workers
// noted all they made for it: those must not be made anew for every order.
export function forgetPages() {
    const ran = spawnSync('redis-cli', ['-s', join(run, 'redis.sock'), 'eval',
        "local n = 0 for _, key in ipairs(redis.call('keys', 'tag:*')) do redis.call('unlink', key) n = n + 1 end return n", '0'], { encoding: 'utf8' });
    if (ran.status || /ERR/.test(ran.stdout)) throw new Error(`redis-cli: ${ran.stderr}${ran.stdout}`);
}

// A shop whose Redis is young counts everybody as listening (src/work/lines.c); this one is a day old.
export function known() {
    const ran = spawnSync('redis-cli', ['-s', join(run, 'redis.sock'), 'set', 'hears:each:since', String(Math.floor(Date.now() / 1000) - 86400)], { encoding: 'utf8' });
    if (ran.status || !/OK/.test(ran.stdout)) throw new Error(`redis-cli: ${ran.stderr}${ran.stdout}`);
}

// One psql that stays: ask(query) gives its lines.
export class Database {
    constructor() {
        this.waiting = [];
        this.said = '';
        this.child = spawn('/usr/lib/postgresql/15/bin/psql', ['-XqAt', '-d', pg], { stdio: ['pipe', 'pipe', 'pipe'] });
        this.child.stdout.on('data', (part) => {
            this.said += part;
            for (let at; (at = this.said.indexOf('--done--\n')) >= 0;) {
                const lines = this.said.slice(0, at).split('\n').filter(Boolean);
                this.said = this.said.slice(at + 9);
                this.waiting.shift()?.done(lines);
            }
        });
        this.child.stderr.on('data', (words) => this.waiting.shift()?.fail(new Error(String(words))));
    }
    ask(query) {
        return new Promise((done, fail) => {
            this.waiting.push({ done, fail });
            this.child.stdin.write(`${query.trim().replace(/;*$/, '')};\n\\echo --done--\n`);
        });
    }
    async one(query) { return Number((await this.ask(query))[0]); }
    end() { this.child.stdin.end(); }
}

// What a log has grown by since mark(): its new lines.
export function tail(name) {
    const path = join(dir, 'log', `${name}.log`);
    let from = statSync(path).size;
    return () => {
        const size = statSync(path).size, file = openSync(path), all = Buffer.alloc(size - from);
        readSync(file, all, 0, all.length, from);
        closeSync(file);
        from = size;
        return all.toString().split('\n').filter(Boolean);
    };
}
// The lines the workers wrote of one route, as objects.
export const requests = (lines, method, route) => lines.filter((line) => line.includes(`"method":"${method}","route":"${route}"`)).map((line) => JSON.parse(line));
