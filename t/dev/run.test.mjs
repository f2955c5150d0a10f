// What t/run makes of a test's output: none that ends early may count as green.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const runner = join(dirname(fileURLToPath(import.meta.url)), '../run');
const rows = [
    ['all that was planned', 'ok 1 - a\nok 2 - b\n1..2\n', 0, '2 0 0'],
    ['the plan first', '1..2\nok 1 - a\nok 2 - b\n', 0, '2 0 0'],
    ['one failed', 'ok 1 - a\nnot ok 2 - b\n1..2\n', 1, '1 1 0'],
    ['one skipped', 'ok 1 - a # SKIP no data\n1..1\n', 0, '0 0 1'],
    ['no plan: it left in the middle', 'ok 1 - a\nok 2 - b\n', 0, '2 1 0'],
    ['fewer than planned', '1..3\nok 1 - a\nok 2 - b\n', 0, '2 1 0'],
    ['nothing of what was planned', '1..3\n', 0, '0 1 0'],
    ['killed', 'ok 1 - a\n1..1\n', 137, '1 1 0'],
    ['none at all', '1..0 # SKIP no tool\n', 0, '0 0 0'],
    ['no TAP, well', 'fine\n', 0, '1 0 0'],
    ['no TAP, not well', 'oh\n', 1, '0 1 0'],
    ['no TAP, skipped', 'not here\n', 77, '0 0 1'],
    ['node', 'TAP version 13\n    ok 1 - a\nok 1 - all\n1..1\n# pass 3\n# fail 0\n# cancelled 0\n# skipped 1\n# todo 0\n', 0, '3 0 1'],
    ['node, cancelled', 'TAP version 13\nnot ok 1 - a\n1..1\n# pass 0\n# fail 0\n# cancelled 1\n', 1, '0 1 0'],
    ['node, left in the middle', 'TAP version 13\nok 1 - a\n', 0, '1 1 0'],
    ['node, left at once', 'TAP version 13\n', 0, '0 1 0'],
];
for (const [name, output, code, counted] of rows)
    test(`t/run counts: ${name}`, () => {
        const { stdout, stderr } = spawnSync('bash', ['-c', `source <(sed -n '/^count() {/,/^}/p' "$1") && count /dev/stdin "$2"`, 'count', runner, String(code)], { input: output, encoding: 'utf8' });
        assert.equal(stdout.trim(), counted, stderr);
    });
for (const [twin, lanes] of [['', 'apart first first first first'], ['/a/stack/told', 'apart twin twin twin first']])
    test(`t/run: the lanes of a check with ${twin ? 'a second stack' : 'one stack alone'}`, () => {
        const { stdout, stderr } = spawnSync('bash', ['-uc', `source <(sed -n '/^is_apart() {/,/^}/p; /^lane_of() {/,/^}/p' "$1") && shift && for file; do lane_of "$file"; done`,
            'lanes', runner, 't/lint/doors', 't/tests', 't/e2e/live.test.mjs', 't/http/vault.test.mjs', 't/http/money.test.mjs'], { env: { ...process.env, TALAT_TWIN: twin }, encoding: 'utf8' });
        assert.equal(stdout.trim().replaceAll('\n', ' '), lanes, stderr);
    });
