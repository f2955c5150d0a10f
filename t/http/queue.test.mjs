// Two workers at one queue.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { one, skip, sql, until } from './shop.mjs';

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
