// Two owners who step down at the same moment: one of them stays. And the places that talatctl gives.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { skip, Browser, confPath, one, sql } from './shop.mjs';

test('of two owners who go at once one stays, twenty times over', { skip }, async () => {
    const mark = randomBytes(4).toString('hex'), slug = `t-race-${mark}`;
    const addresses = ['a', 'b'].map((who) => `${who}-${mark}@example.test`);
    sql(`insert into auth.organisation (slug, name) values ('${slug}', 'Race');
        insert into auth.person (email, name, password_hash, verified_at) select e, 'Owner', p.password_hash, now()
          from auth.person p, unnest(array['${addresses.join("','")}']) e where p.email = 'admin@example.test';
        insert into auth.member (organisation_id, person_id, place) select o.id, p.id, 'owner'
          from auth.organisation o, auth.person p where o.slug = '${slug}' and p.email in ('${addresses.join("','")}')`);
    const owners = await Promise.all(addresses.map((email) => new Browser().login(email)));
    const own = await Promise.all(owners.map(async (browser) =>
        (await browser.json('/admin/team.json')).data.members.find(({ isMe }) => isMe).id));
    const count = () => one(`select count(*) from auth.member m join auth.organisation o on o.id = m.organisation_id where o.slug = '${slug}' and m.place = 'owner'`);
    for (let round = 0; round < 20; round++) {
        sql(`update auth.member set place = 'owner' where organisation_id = (select id from auth.organisation where slug = '${slug}')`);
        const got = await Promise.all(owners.map((browser, i) => browser.post(`/admin/team/${own[i]}/role`, { role: 'viewer' })));
        assert.deepEqual(got.map(({ status }) => status).sort(), [303, 409], `round ${round}`);
        assert.equal(count(), 1);
    }
});

test('a place in an organisation is given and taken by talatctl, and the rest stays as it was', { skip: skip || !process.env.TALAT_APP }, () => {
    const mark = randomBytes(4).toString('hex'), slug = `t-place-${mark}`, email = `place-${mark}@example.test`;
    const add = (...words) => spawnSync(join(process.env.TALAT_APP, 'bin/talatctl'), ['--config', confPath, 'user', 'add', email, ...words], { input: 'zebra-wagon-7731\n', encoding: 'utf8' });
    const is = () => sql(`select p.name || ' ' || p.role || ' ' || coalesce(string_agg(o.slug || ':' || m.place, ' ' order by o.slug), '-') from auth.person p
        left join auth.member m on m.person_id = p.id left join auth.organisation o on o.id = m.organisation_id where p.email = '${email}' group by p.id`);
    const becomes = (words, then) => {
        const ran = add(...words.split(' '));
        assert.equal(ran.status, 0, ran.stderr);
        assert.equal(is(), then, words);
    };
    sql(`insert into auth.organisation (slug, name) values ('${slug}', 'Place'); insert into auth.person (email, password_hash, verified_at) values ('first-${mark}@example.test', 'x', now());
        insert into auth.member (organisation_id, person_id, place) select o.id, p.id, 'owner' from auth.organisation o, auth.person p where o.slug = '${slug}' and p.email = 'first-${mark}@example.test'`);
    becomes(`--role admin --organisation ${slug} --name Nok`, `Nok user ${slug}:admin`);
    becomes(`--role viewer --organisation ${slug}`, `Nok user ${slug}:viewer`);
    becomes(`--role user --organisation ${slug}`, 'Nok user -');
    becomes('--role admin', 'Nok admin house:owner');
    becomes(`--role member --organisation ${slug}`, `Nok admin house:owner ${slug}:member`);
    becomes(`--role user --organisation ${slug}`, 'Nok admin house:owner');
    for (const words of [['--role', 'super_admin', '--organisation', slug], ['--organisation', slug], ['--role', 'own']]) assert.equal(add(...words).status, 2, words.join(' '));
    assert.match(add('--role', 'owner', '--organisation', 'nobody').stderr, /there is no organisation nobody/);
    assert.match(add('--role', 'user', '--organisation', 'nobody').stderr, /there is no organisation nobody/);
    assert.equal(is(), 'Nok admin house:owner');
    becomes('--role user', 'Nok user -');
});
