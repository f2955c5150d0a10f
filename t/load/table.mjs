// The rows as text.
function number(value, digits, width) {
    const text = value === undefined || Number.isNaN(value) ? '' : value.toFixed(Math.abs(value) >= 1000 ? 0 : digits);
    return ` ${text.padStart(width - 1)}`;
}
const COLUMNS = [['req/s', 9], ['p50 ms', 8], ['p95', 8], ['p99', 8], ['CPU us', 8], ['nginx', 7], ['workers', 8], ['postgres', 9], ['redis', 7], ['/ file', 7], ['/ const', 8]];
const WIDTH = 34;

export const title = ({ cores, rounds, seconds }) => `
${cores} cores, also the clients'; medians of ${rounds} rounds of ${seconds} s; CPU is the shop's own per request (order, event), by part
${''.padEnd(WIDTH)}${COLUMNS.map(([name, width]) => name.padStart(width)).join('')}`;

const figures = (row) => number(row.requests_per_second, 1, 9) + number(row.p50_ms, 2, 8) + number(row.p95_ms, 2, 8) + number(row.p99_ms, 2, 8)
    + number(row.cpu_us?.all, 1, 8) + number(row.cpu_us?.nginx, 1, 7) + number(row.cpu_us?.workers, 1, 8) + number(row.cpu_us?.postgres, 1, 9) + number(row.cpu_us?.redis, 1, 7)
    + number(row.vs_file, 3, 7) + number(row.vs_constant, 3, 8);

const WORDS = {
    bytes: (n) => `${n} bytes`,
    of_orders: (n) => `of ${n} orders`,
    vs_html: (n) => `${n.toFixed(3)} x HTML`,
    database_p95_ms: (n) => `database p95 ${n.toFixed(2)} ms`,
    round_trips_50_lines: (n, row) => `${row.round_trips_1_line} round trips and ${row.statements_1_line} statements with 1 line, ${n} and ${row.statements_50_lines} with 50`,
    p95_at_most_ms: (n) => `p95 at most ${n.toFixed(2)} ms`,
    rls_ratio: (n, row) => `${n.toFixed(2)} x the CPU without, ${row.statements} statements`,
    gate_cpu_us: (n) => `${n.toFixed(0)} us more`,
    orders_per_second: (n) => `${n.toFixed(1)} orders/s, the provider's simulator on the same cores`,
    statements_a_second: (n) => `${n.toFixed(2)} a second`,
    seen_after_ms: (n) => `${n.toFixed(0)} ms`,
    first_page_ms: (n, row) => `${n.toFixed(0)} ms, slowest ${row.slowest_ms.toFixed(0)} ms`,
    after_start: (now, row) => ['after_start', 'after_load'].map((when) => `${when.replace('_', ' ')}: worker ${row[when].web_worker_mb.toFixed(1)}, stack ${row[when].stack_mb.toFixed(0)} MB (${
        Object.entries(row[when].parts_mb).map(([part, mb]) => `${part} ${mb.toFixed(0)}`).join(', ')})`).join('; '),
};
const NAMES = { file: 'the same bytes as a file', constant: 'a constant of that size', page: 'product page, the same clients', commit: 'empty commit', off: 'the gate off: nobody, not counted', uncounted: 'the gate off: not counted', unbound: 'by a role that it does not bind', every_event: 'told of by all events there are' };

export function line(row) {
    if (row.failed) return `${row.name.padEnd(WIDTH)}FAILED: ${row.failed}`;
    const words = Object.entries(WORDS).filter(([name]) => row[name] !== undefined).map(([name, say]) => say(row[name], row));
    const verdict = row.holds === undefined ? 'measured' : row.holds ? 'holds' : 'FALLS SHORT';
    return [row.name.padEnd(WIDTH) + figures(row), ...Object.entries(row.beside ?? {}).map(([side, other]) => `  ${NAMES[side]}`.padEnd(WIDTH) + figures(other)),
        `  ${verdict}: ${row.target}${words.length ? ` (${words.join('; ')})` : ''}`].map((one) => one.trimEnd()).join('\n');
}
// Those of `order` as they stand there, and after them whatever else was measured.
export const printed = (order, results) => [...new Set([...order, ...results.keys()])].map((row) => results.get(row)).filter(Boolean);
export const note = '\nHow to read this: the head of t/load/NOTES.';
