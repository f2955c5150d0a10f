// A second web node beside the stack's own: an nginx with pools and a page cache of its own, over
// the same PostgreSQL and Redis, as on another machine.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import assert from 'node:assert/strict';
import { ask, confBut, confPath, run, top, until } from './shop.mjs';

const freePort = () => new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)); });
});
const listens = (path) => new Promise((done) => {
    const socket = net.connect(path, () => { socket.destroy(); done(true); });
    socket.on('error', () => done(false));
});
const isRoot = process.getuid() === 0;
const owner = () => { const { uid, gid } = statSync(run); return { uid, gid }; };
export const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
export const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]); // KiB

export class Node {
    constructor(conf = {}, env = {}, words = []) { // words: of nginx/render
        Object.assign(this, { conf, env, words, processes: {} });
    }
    async start() {
        this.dir = mkdtempSync('/tmp/talat-node-');
        this.at = { host: '127.0.0.1', port: await freePort(), logs: this.dir };
        for (const name of ['nginx', 'cache', 'nginx/body']) mkdirSync(join(this.dir, name), { recursive: true });
        const set = { run_dir: this.dir, web_socket: `${this.dir}/web.sock`, slow_socket: `${this.dir}/slow.sock`, nginx_push: `${this.dir}/push.sock`, cache_dir: `${this.dir}/cache`,
            web_workers: 2, slow_workers: 2, ...this.conf };
        confBut(join(this.dir, 'talat.conf'), set);
        if (isRoot) {
            const { uid, gid } = owner();
            for (const name of ['', 'talat.conf', 'nginx', 'cache', 'nginx/body']) chownSync(join(this.dir, name), uid, gid);
        }
        chmodSync(this.dir, 0o750);
        const words = [`LISTEN_PORT=${this.at.port}`, 'LISTEN_ON=127.0.0.1', 'WORKERS=1', `STATE=${this.dir}`, `LOGS=${this.dir}`, `ERROR_LOG=${this.dir}/nginx.log warn`, 'UNCOUNTED=127.0.0.0/8',
            `SLOW_ROUTES=${join(dirname(confPath), 'etc/slow-routes')}`, ...this.words];
        if (isRoot) words.push(`USER=${spawnSync('id', ['-nu', String(owner().uid)], { encoding: 'utf8' }).stdout.trim()}`);
        const rendered = spawnSync(join(top, 'nginx/render'), [join(this.dir, 'talat.conf'), join(this.dir, 'nginx'), ...words], { encoding: 'utf8' });
        assert.equal(rendered.status, 0, rendered.stderr);
        for (const pool of ['web', 'slow'])
            this.spawn(pool, join(process.env.TALAT_APP, 'bin/talat-web'), ['--config', join(this.dir, 'talat.conf'), '--pool', pool], isRoot ? owner() : {});
        this.startNginx();
        await until(async () => (await ask('/health', { to: this.at }).catch(() => ({}))).status === 200, 20000,
            () => ['web', 'nginx'].map((name) => readFileSync(join(this.dir, `${name}.log`), 'utf8').slice(-1500)).join('\n'));
        await until(() => listens(set.slow_socket), 20000, () => readFileSync(join(this.dir, 'slow.log'), 'utf8').slice(-1500));
        return this;
    }
    spawn(name, program, args, as = {}) {
        const log = openSync(join(this.dir, `${name}.log`), 'a');
        this.processes[name] = spawn(program, args, { ...as, stdio: ['ignore', log, log],
            env: { PATH: `${process.env.PATH}:/usr/sbin`, LANG: 'C.UTF-8', TZ: 'UTC', ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', ...this.env } });
    }
    startNginx() {
        rmSync(join(this.dir, 'push.sock'), { force: true });
        this.spawn('nginx', 'nginx', ['-p', this.dir, '-c', join(this.dir, 'nginx/nginx.conf'), '-e', join(this.dir, 'nginx.log'), '-g', 'daemon off;']);
    }
    end(name) {
        const child = this.processes[name];
        if (!child || child.exitCode !== null || child.signalCode) return undefined;
        return new Promise((done) => { child.on('exit', done); child.kill('SIGTERM'); });
    }
    workers(name) { return children(this.processes[name].pid); }
    async stop() {
        for (const name of Object.keys(this.processes)) await this.end(name);
        // What t/run looks for in the logs of the stack, which this node's are not.
        const misfits = ['web', 'slow'].filter((name) => this.processes[name])
            .flatMap((name) => readFileSync(join(this.dir, `${name}.log`), 'utf8').split('\n').filter((line) => /"fault":"reply\.(misfit|shape)"/.test(line)));
        assert.deepEqual(misfits, [], 'an answer is not as /api/openapi.json describes it');
        if (this.dir) rmSync(this.dir, { recursive: true, force: true });
    }
}
