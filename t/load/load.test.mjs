// The bench's own reckoning: known work comes out as known, and nothing gets lost.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpu, per, pss, spent, whole } from './cpu.mjs';
import { figures, median, middle, percentile, ratio } from './measure.mjs';
import { line, printed } from './table.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
// A parent that never works and four children, each of which burns 200 ms of CPU, says so and
// ends when it is told: like a pool whose workers are replaced.
const parent = `
    const { fork } = require('node:child_process');
    const burn = () => { while (process.cpuUsage().user + process.cpuUsage().system < 200000); process.send(1); process.on('message', () => process.exit()); };
    if (process.env.CHILD) burn();
    else {
        const children = Array.from({ length: 4 }, () => fork(__filename, { env: { ...process.env, CHILD: 1 } }));
        let burnt = 0, ended = 0;
        for (const child of children) {
            child.on('message', () => { if (++burnt === 4) console.log('burnt'); });
            child.on('exit', () => { if (++ended === 4) console.log('ended'); });
        }
        process.stdin.on('data', () => children.shift()?.send(1));
    }`;

test('CPU of living and of ended children is counted, once, and never less than before', async () => {
    const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
    const folder = mkdtempSync('/tmp/talat-load-');
    writeFileSync(`${folder}/parent.js`, parent);
    const child = spawn(process.execPath, [`${folder}/parent.js`], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (part) => { said += part; });
    try {
        const parts = { workers: [child.pid], nobody: [2 ** 22 + 1] }, seen = [cpu(parts)];
        while (!said.includes('burnt')) { await sleep(10); seen.push(cpu(parts)); }
        const burnt = cpu(parts);
        for (let i = 0; i < 4; i++) { child.stdin.write('.'); await sleep(30); seen.push(cpu(parts)); }
        while (!said.includes('ended')) { await sleep(5); seen.push(cpu(parts)); }
        const after = cpu(parts);
        // A child that ended counts in whole ticks, its user's and its system's time each cut off.
        for (let i = 1; i < seen.length; i++) assert.ok(seen[i].workers >= seen[i - 1].workers - 20000, `less than before: ${seen[i - 1].workers} -> ${seen[i].workers}`);
        // Four times 200 ms, and what starting node costs the parent; ticks of 10 ms for the ended.
        assert.ok(burnt.workers >= 790e3 && burnt.workers < 1500e3, `burnt ${burnt.workers}`);
        const ending = after.workers - burnt.workers;
        assert.ok(ending > -20e3 && ending < 400e3, `ending took ${ending} us`);
        assert.equal(after.nobody, 0);
        assert.equal(whole(spent(burnt, after)), ending);
        const [process_] = pss(child.pid);
        assert.ok(process_.leader && process_.pss > 5 && process_.pss < 500, `${process_.pss} MB`);
    } finally { child.kill(); rmSync(folder, { recursive: true }); }
});

test('percentiles, medians and ratios are what they are called', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    assert.deepEqual([0.5, 0.95, 0.99, 1].map((share) => percentile(values, share)), [50, 95, 99, 100]);
    assert.equal(percentile([7], 0.99), 7);
    assert.ok(Number.isNaN(percentile([], 0.5)));
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
    const rates = (list) => list.map((requests_per_second) => ({ requests_per_second }));
    assert.equal(ratio(rates([10, 90, 30]), rates([20, 100, 100])), 0.5, 'of each round, then the middle');
    assert.deepEqual(middle([{ a: 1, cpu_us: { all: 5 }, word: 'x' }, { a: 9, cpu_us: { all: 7 }, word: 'x' }, { a: 2, cpu_us: { all: 6 }, word: 'y' }]), { a: 2, cpu_us: { all: 6 }, word: 'y' });
    assert.deepEqual(per({ nginx: 30, workers: 60 }, 3), { nginx: 10, workers: 20, all: 30 });
    const made = figures([1, 2, 3, 4], 2000, { nginx: 40 });
    assert.deepEqual(made, { requests_per_second: 2, p50_ms: 2, p95_ms: 4, p99_ms: 4, cpu_us: { nginx: 10, all: 10 } });
});

test('a row that failed or falls short says so', () => {
    const row = { name: 'a page', target: '>= 0.5', requests_per_second: 10, p50_ms: 1, p95_ms: 2, p99_ms: 3, cpu_us: { all: 5 } };
    assert.match(line({ ...row, holds: true }), /^a page +10\.0 .*\n {2}holds: >= 0\.5$/);
    assert.match(line({ ...row, holds: false }), /FALLS SHORT: >= 0\.5/);
    assert.match(line({ ...row, holds: false, failed: '3 of 7 answers were errors' }), /FAILED: 3 of 7 answers were errors/);
    assert.doesNotMatch(line({ ...row, requests_per_second: 123456.7, p50_ms: 23456.7, p95_ms: 34567.8 }), /\d{5}\.\d+\d{5}/);
});

test('every row that was measured is printed, in its place or at the end', () => {
    const [page, gate, left_out, asleep] = ['a page', 'the gate', 'left out', 'asleep'].map((name) => ({ name }));
    const results = new Map([left_out, gate, page].map((row) => [row, { ...row, holds: true }]));
    assert.deepEqual(printed([page, asleep, gate], results).map(({ name }) => name), ['a page', 'the gate', 'left out']);
});

test('every row of the bench can be read, and has a name of its own', async () => {
    const names = [];
    for (const file of ['pages', 'buying', 'desk', 'events', 'gate', 'rls'])
        for (const { name } of (await import(`./${file}.mjs`)).rows) names.push(name);
    const { counting, idling, remembering, starting } = await import('./stack.mjs');
    for (const { name } of [counting, idling, remembering, starting]) names.push(name);
    assert.ok(names.length > 20 && names.every((name) => /^\S.{3,}$/.test(name)), names.join(', '));
    assert.equal(new Set(names).size, names.length);
});
