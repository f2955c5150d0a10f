#!/usr/bin/env node
// Do the tests notice? Plants one defect of defects.mjs after another in a copy of the tree, builds
// it, runs the tests that must go red, and says what they did. What only changes the programs is
// tried on one stack (./dev check of the copy, with this file in place of t/run: TALAT_TESTS), what
// changes the database or is seen over sockets on one of its own:
//   node t/plant/run.mjs [NAME...]   (./dev plant); of all of them it takes about a quarter of an hour
//   node t/plant/run.mjs --lint      only whether each defect can still be planted and its tests are there
// First the same tests run without any defect: what fails then tells nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import defects from './defects.mjs';

const TOP = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const COPY = join(TOP, 'build/plant/tree');
let LOGS = join(TOP, 'build/plant');
const text = (file, top = TOP) => readFileSync(join(top, file), 'utf8');

// ---- what a test is called ------------------------------------------------------------------------

// 'orders/x' is of t/orders.c, 'web/gate/x' of t/web/gate.c: words for t/tests. 't/fuzz/run: x' is what is
// kept for that target, 't/http/y.test.mjs: x' a test of that file.
function place(test) {
    const colon = test.indexOf(': '), slash = test.lastIndexOf('/');
    if (colon < 0) return { kind: 'word', file: `t/${test.slice(0, slash)}.c`, name: test.slice(slash + 1) };
    const file = test.slice(0, colon);
    return { kind: file === 't/fuzz/run' ? 'fuzz' : 'file', file, name: test.slice(colon + 2) };
}
const plain = (line) => line.replaceAll("\\'", "'").replaceAll('\\#', '#');
function isThere(test) {
    const { kind, file, name } = place(test);
    if (!existsSync(join(TOP, file))) return false;
    if (kind === 'fuzz') return existsSync(join(TOP, 't/fuzz/corpus', name));
    return kind === 'word' ? text(file).includes(`T(${name})`) : plain(text(file)).includes(name);
}

// ---- planting -----------------------------------------------------------------------------------------

// The defect's changes: the one at `from`, and what else `also` says so that it compiles.
const changes = ({ file, from, to, also = [] }) => [{ file, from, to }, ...also.map((change) => ({ file, ...change }))];
const times = (whole, part) => whole.split(part).length - 1;

function lint() {
    const wrong = [];
    for (const defect of defects) {
        for (const { file, from } of changes(defect)) {
            const found = existsSync(join(TOP, file)) ? times(text(file), from) : 0;
            if (found !== 1) wrong.push(`${defect.name}: this stands ${found} times in ${file}, not once:\n    ${from.replaceAll('\n', '\n    ')}`);
        }
        if (!defect.red.length) wrong.push(`${defect.name}: no test must go red`);
        for (const test of defect.red) if (!isThere(test)) wrong.push(`${defect.name}: there is no test ${test}`);
    }
    const names = defects.map(({ name }) => name);
    for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) wrong.push(`${name}: twice`);
    for (const line of wrong) console.log(`t/plant/defects.mjs: ${line}`);
    return wrong.length === 0;
}

// Files keep their times where they are the same, so that the copy is built again only where it must.
function copyTree() {
    const listed = execFileSync('git', ['-C', TOP, 'ls-files', '-zco', '--exclude-standard'], { maxBuffer: 1 << 26 });
    const files = listed.toString().split('\0').filter((file) => file && existsSync(join(TOP, file)) && statSync(join(TOP, file)).isFile());
    const kept = join(LOGS, 'files.json'), before = existsSync(kept) ? JSON.parse(readFileSync(kept)) : [];
    for (const file of before) if (!files.includes(file)) rmSync(join(COPY, file), { force: true });
    for (const file of files) {
        const from = join(TOP, file), to = join(COPY, file);
        if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) continue;
        mkdirSync(dirname(to), { recursive: true });
        copyFileSync(from, to);
    }
    writeFileSync(kept, JSON.stringify(files));
    const modules = 't/e2e/node_modules'; // whatever static/build.mjs and the tests have installed
    if (existsSync(join(TOP, modules)) && !existsSync(join(COPY, modules))) symlinkSync(join(TOP, modules), join(COPY, modules));
}

function planted(defect, top, work) {
    const before = new Map(changes(defect).map(({ file }) => [file, text(file, top)]));
    try {
        for (const { file, from, to } of changes(defect)) writeFileSync(join(top, file), text(file, top).replace(from, () => to));
        return work();
    } finally {
        for (const [file, whole] of before) writeFileSync(join(top, file), whole);
    }
}
const bad = (output) => output.split('\n').filter((line) => /^ *not ok /.test(line)).map(plain);
const environment = { ...process.env, TALAT_PICTURES: 'no', TALAT_DATA: process.env.TALAT_DATA ?? join(TOP, '../shared/data') };
function call(program, args, options = {}) {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 27, timeout: 600000, env: environment, ...options });
    return { status, said: `${stdout ?? ''}${stderr ?? ''}` };
}
const log = (name, said) => writeFileSync(join(LOGS, `${name}.log`), said);

// ---- with a stack that stays: what only changes the programs, and is seen by t/tests or what is kept -------

// {ran, failed}: whether the tests came to run at all, and those that failed.
function runHere(tests, name) {
    const at = process.env.TALAT_BUILD, failed = new Set();
    const made = call('make', ['-s', '-C', at, 'tests']);
    let said = made.said, ran = made.status === 0;
    const words = tests.filter((test) => place(test).kind === 'word');
    if (ran && words.length) {
        const got = call(join(at, 't/tests'), words);
        said += got.said;
        ran &&= /^(not )?ok /m.test(got.said);
        for (const test of words) if (bad(got.said).some((line) => line.includes(test))) failed.add(test);
    }
    for (const test of tests.filter((one) => ran && place(one).kind === 'fuzz')) {
        const folder = `t/fuzz/corpus/${place(test).name}`;
        const got = call(join(at, 't/fuzz/replay'), [place(test).name, ...readdirSync(join(TOP, folder)).map((file) => `${folder}/${file}`)],
            { cwd: TOP, env: { ...environment, TALAT_TOP: TOP } });
        said += got.said;
        if (got.status !== 0) failed.add(test);
    }
    log(name, said);
    return { ran, failed };
}

// ---- with a stack of its own: what changes the database, or is seen over sockets ----------------------------

function runWhole(tests, name) {
    const words = tests.filter((test) => place(test).kind === 'word');
    const files = [...new Set(tests.filter((test) => place(test).kind === 'file').map((test) => place(test).file))];
    const failed = new Set();
    let ran = true, said = '';
    const names = words.map((test) => place(test).name); // t/run takes every "t/" out of a pattern
    for (const pattern of [names.join('|'), files.map((file) => `^${file}$`).join('|')].filter(Boolean)) {
        const got = call(join(COPY, 'dev'), ['check', pattern], { cwd: COPY, env: { ...environment, TALAT_VAR: join(COPY, 'var') } });
        const seen = [...got.said.matchAll(/^(?:ok|NO) +\d+ passed.* skipped +(\S+)/gm)].map(([, as]) => as);
        said += got.said;
        ran &&= seen.length > 0;
        for (const as of seen) {
            const tap = readFileSync(join(COPY, 'var-check/log', `${as.replaceAll('/', '-')}.txt`), 'utf8');
            said += tap;
            for (const test of tests) {
                const { kind, file, name: called } = place(test);
                if (as === (kind === 'word' ? 't/tests' : file) && bad(tap).some((line) => line.includes(kind === 'word' ? test : called))) failed.add(test);
            }
        }
    }
    log(name, said);
    return { ran, failed };
}
const needsOwnStack = (defect) => changes(defect).some(({ file }) => /^(sql\/schema|templates)\//.test(file)) || defect.red.some((test) => place(test).kind === 'file');

// ---- judging -------------------------------------------------------------------------------------------------

function judge(some, top, run) {
    if (!some.length) return 0;
    const sound = run([...new Set(some.flatMap(({ red }) => red))], 'sound');
    if (!sound.ran || sound.failed.size) {
        console.log(`Without any defect ${sound.ran ? `these fail: ${[...sound.failed].join(', ')}` : 'the tests do not run'} (${LOGS}/sound.log)`);
        return some.length;
    }
    let holes = 0;
    for (const defect of some) {
        const began = Date.now(), { ran, failed } = planted(defect, top, () => run(defect.red, defect.name));
        const green = defect.red.filter((test) => !failed.has(test)), verdict = !ran ? 'DOES NOT RUN' : green.length ? 'GREEN' : 'red';
        if (verdict !== 'red') holes++;
        console.log(`${verdict.padEnd(12)} ${defect.name.padEnd(22)} ${defect.what} (${((Date.now() - began) / 1000).toFixed(0)} s)`);
        for (const test of ran ? green : []) console.log(`${' '.repeat(13)}not noticed by ${test}`);
    }
    return holes;
}

// ---- all of it ----------------------------------------------------------------------------------------

const wanted = process.argv.slice(2);
if (wanted[0] === '--log') { // in the copy, in place of t/run, with a stack running: names follow
    LOGS = process.env.TALAT_PLANT_LOGS;
    process.exit(judge(defects.filter(({ name }) => wanted.slice(2).includes(name)), TOP, runHere) ? 1 : 0);
}
if (!lint()) process.exit(1);
if (wanted[0] === '--lint') process.exit(0);
const chosen = wanted.length ? defects.filter(({ name }) => wanted.includes(name)) : defects;
for (const name of wanted) if (!chosen.some((defect) => defect.name === name)) {
    console.error(`there is no defect ${name}; there are: ${defects.map((defect) => defect.name).join(' ')}`);
    process.exit(2);
}
mkdirSync(COPY, { recursive: true });
copyTree();
const here = chosen.filter((defect) => !needsOwnStack(defect));
let bads = 0;
if (here.length) {
    const { status } = spawnSync(join(COPY, 'dev'), ['check', ...here.map(({ name }) => name)], { cwd: COPY, stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...environment, TALAT_VAR: join(COPY, 'var'), TALAT_TESTS: join(COPY, 't/plant/run.mjs'), TALAT_PLANT_LOGS: LOGS } });
    if (status !== 0) bads++;
}
bads += judge(chosen.filter(needsOwnStack), COPY, runWhole);
console.log(bads ? 'the tests have holes' : `all ${chosen.length} defects are noticed`);
process.exit(bads ? 1 : 0);
