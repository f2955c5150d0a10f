// Two workers at one queue, and who looks after them.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { children } from './node.mjs';
import { confPath, one, run, skip, sql, until } from './shop.mjs';

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
    const dir = mkdtempSync('/tmp/talat-queue-'), conf = join(dir, 'talat.conf'), log = join(dir, 'work.log'), { uid, gid } = statSync(run);
    const set = { run_dir: dir, work_workers: 1 };
    const lines = readFileSync(confPath, 'utf8').split('\n').filter((line) => !Object.keys(set).includes(line.split(' =')[0]));
    writeFileSync(conf, lines.concat(Object.entries(set).map(([name, value]) => `${name} = ${value}`), '').join('\n'));
    for (const path of [dir, conf]) chownSync(path, uid, gid);
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
