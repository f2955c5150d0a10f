// ./dev bench [--json FILE] [PATTERN]: how fast the shop is. The head of t/load/NOTES says how to
// read it; what the rows do stands in pages.mjs, gate.mjs, rls.mjs, buying.mjs, events.mjs,
// desk.mjs and stack.mjs.
//
// Rows take turns: in each round every row measures itself and, right beside, what it is compared
// with. Figures are medians of the rounds, ratios medians of the rounds' own ratios.
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { middle, rounds, seconds } from './measure.mjs';
import { rows as pages } from './pages.mjs';
import { rows as buying } from './buying.mjs';
import { rows as desk } from './desk.mjs';
import { rows as events } from './events.mjs';
import { uncounted } from './cpu.mjs';
import { rows as gate } from './gate.mjs';
import { rows as rls } from './rls.mjs';
import { counting, idling, remembering, starting } from './stack.mjs';
import { Database, pids, start_bare } from './shop.mjs';
import { sleep } from '../http/shop.mjs';
import { line, note, printed, title } from './table.mjs';

let file = null, pattern = null;
for (const words = process.argv.slice(2); words.length;) {
    const word = words.shift();
    if (word === '--json') file = words.shift();
    else if (pattern === null && !word.startsWith('-')) pattern = new RegExp(word);
    else { console.error('usage: ./dev bench [--json FILE] [PATTERN]'); process.exit(2); }
}
const wanted = (row) => !pattern || pattern.test(row.name);
const results = new Map();
let failed = 0;

// An answer that was an error, or anything else that went wrong, fails its row and no other.
async function guard(row, act) {
    if (results.get(row)?.failed) return undefined;
    try { return await act(); } catch (why) {
        failed++;
        console.error(`FAILED  ${row.name}: ${why.message}`);
        results.set(row, { name: row.name, target: row.target, holds: false, failed: why.message });
        return undefined;
    }
}
// What a row has left behind (requests nobody waits for any more) is not the next one's.
async function settled(db) {
    const busy = "select count(*) from pg_stat_activity where usename = 'talat_app' and state = 'active'";
    for (let idle = 0, n = 0; idle < 2 && n < 400; n++, await sleep(n ? 25 : 0)) idle = await db.one(busy) ? 0 : idle + 1;
}
async function once(row, bench) {
    const said = await guard(row, () => row.once(bench));
    if (said) results.set(row, { name: row.name, target: row.target, ...said });
}

const taking_turns = [...pages, ...gate, ...rls, ...buying, ...events, ...desk].filter(wanted);
if (wanted(starting)) await once(starting, {});
if (wanted(remembering)) await guard(remembering, () => remembering.first());

await start_bare();
const bench = { db: new Database(), parts: pids() };
uncounted.add(await bench.db.one('select pg_backend_pid()'));
const facts = new Map(), samples = new Map();
for (const row of taking_turns) {
    facts.set(row, await guard(row, () => row.prepare(bench)));
    samples.set(row, Object.fromEntries(Object.keys(row.sides).map((side) => [side, []])));
}
for (bench.round = 1; bench.round <= rounds; bench.round++) {
    process.stderr.write(`round ${bench.round} of ${rounds}\n`);
    for (const row of taking_turns)
        for (const side of Object.keys(row.sides)) {
            await settled(bench.db);
            const sample = await guard(row, () => row.sides[side](row, bench));
            if (sample) samples.get(row)[side].push(sample);
        }
}
const by_name = Object.fromEntries(taking_turns.filter((row) => !results.get(row)?.failed).map((row) => [row.name, samples.get(row)]));
for (const row of taking_turns) {
    const done = await guard(row, () => {
        const sides = samples.get(row), middles = Object.fromEntries(Object.entries(sides).map(([side, all]) => [side, middle(all)]));
        const { it, ...others } = middles;
        return { name: row.name, target: row.target, ...facts.get(row), ...it, ...row.judge(sides, middles, by_name), beside: others };
    });
    if (done) results.set(row, done);
}
if (wanted(counting)) await once(counting, bench);
if (wanted(idling)) await once(idling, bench);
bench.db.end();
if (wanted(remembering)) await once(remembering, bench);

const order = [...pages.flatMap((row) => (row.name === 'category page, JSON' ? [row, counting] : [row])), ...gate, ...rls, ...buying, ...events, ...desk, idling, remembering, starting];
const all = printed(order, results);
const how = { cores: cpus().length, cpu: cpus()[0].model, memory_mb: Math.round(totalmem() / 1048576), rounds, seconds };
console.log(title(how));
for (const row of all) console.log(line(row));
console.log(note);
if (file) writeFileSync(file, `${JSON.stringify({ ...how, rows: all }, null, 2)}\n`);
process.exit(failed ? 1 : 0);
