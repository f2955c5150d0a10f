// Two owners who step down at the same moment: one of them stays.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { skip, Browser, one, sql } from './shop.mjs';

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
