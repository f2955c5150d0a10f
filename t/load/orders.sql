-- orders: a million orders of the house for the desk's rows of the bench (or as many as is said), one
-- a minute up to now, each of one thing, found by name, mail and number: nine in ten delivered, one in
-- fifty cancelled, one in a hundred to be sent, one in two hundred not paid. By sets; indexes are made
-- afterwards. Everything but the time is reckoned from the order's number.
--
-- psql -v n=1000000 -f orders.sql, as superuser, after goods.sql. Such orders have no payments, holds
-- or movements: `talatctl prove` has nothing to say of this shop.
\set ON_ERROR_STOP on
begin;
set local synchronous_commit = off;
set local work_mem = '256MB';
set local maintenance_work_mem = '512MB';
-- No foreign key is looked at row by row: every row below is made from those it points to.
set local session_replication_role = replica;

create temp table later on commit drop as
select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as def
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace s on s.oid = c.relnamespace
 where s.nspname = 'orders' and c.relname in ('order', 'part', 'line', 'words')
   and not exists (select from pg_constraint x where x.conindid = i.indexrelid);
do $$
declare
    one text;
begin
    for one in select name from later loop execute 'drop index ' || one; end loop;
end $$;

create temp table first_name on commit drop as
select row_number() over () - 1 as i, x.name from unnest(array['Somchai', 'Mali', 'Anong', 'Niran', 'Ploy',
    'Arthit', 'Kanya', 'Chai', 'Dao', 'Lamai', 'Linh', 'Minh', 'Thu', 'Hoa', 'Quan', 'Bao', 'Lan', 'Tuan',
    'Emma', 'James', 'Olivia', 'Noah', 'Sofia', 'Lucas', 'Mia', 'Hana', 'Yuki', 'Ken', 'Wei', 'Jun']) x(name);
create temp table last_name on commit drop as
select row_number() over () - 1 as i, a.part || b.part as name
  from unnest(array['Suk', 'Chai', 'Ratana', 'Wong', 'Boon', 'Sri', 'Thong', 'Kitti', 'Nguyen', 'Tran', 'Pham',
      'Hoang', 'Mac', 'Winter', 'Hall', 'Ander', 'Schmid', 'Rossi', 'Tana', 'Yama']) a(part),
       unnest(array['sai', 'wan', 'kul', 'porn', 'chot', 'son', 'field', 'berg', 'moto', 'dee']) b(part);

create temp table made on commit drop as
select x.id, x.h, x.at, f.name || ' ' || l.name as name,
       lower(f.name) || '.' || lower(l.name) || x.h % 100000 || '@example.test' as email,
       regexp_replace(upper(lpad(to_hex((x.id::numeric * 173961102589771 % 281474976710656)::bigint), 12, '0')),
           '(.{4})(.{4})(.{4})', 'TL-\1-\2-\3') as number
  from (select b.id + g as id, abs(hashint8(b.id + g)::bigint) as h, now() - (:n - g) * interval '1 minute' as at
          from generate_series(1, :n) g, (select coalesce(max(id), 0) as id from orders."order") b) x
  join first_name f on f.i = x.h / 7 % 30 join last_name l on l.i = x.h / 211 % 200;
create temp table sold on commit drop as
select row_number() over (order by v.id) - 1 as i, v.id as variant_id, v.product_id, v.item_id, v.sku, p.slug,
       t.name, r.amount, v.organisation_id
  from catalog.variant v join catalog.product p on p.id = v.product_id
  join catalog.product_text t on t.product_id = p.id and t.lang = 'en'
  join catalog.price r on r.variant_id = v.id and r.currency = 'THB'
  join auth.organisation o on o.id = v.organisation_id and o.slug = 'house'
 limit 1000;

create temp table bought on commit drop as
select m.*, s.variant_id, s.product_id, s.item_id, s.sku, s.slug, s.name as thing, s.amount, s.organisation_id,
       case when m.h % 200 = 1 then 'pending' when m.h % 100 = 2 then 'processing'
            when m.h % 50 = 3 then 'cancelled' when m.h % 20 = 4 then 'shipped' else 'delivered' end as status
  from made m join sold s on s.i = m.h % (select count(*) from sold);

insert into orders."order" (id, number, cart_id, cart_revision, email, name, address, lang, currency, goods_total,
    delivery_total, tax_total, total, tax_inclusive, rounding, delivery_method, trace, status, payment_status,
    placed_at, is_held, hold_until, paid_at, updated_at)
select b.id, b.number, -b.id, 1, b.email, b.name, '{"city": "Bang Rak", "country": "TH"}', 'en', 'THB', b.amount,
       5000, 0, b.amount + 5000, true, 'half-up', 'standard', '{}', b.status,
       case when b.status = 'pending' then 'pending' else 'paid' end, b.at, false, b.at + interval '15 minutes',
       case when b.status <> 'pending' then b.at + interval '1 minute' end, b.at + interval '2 days'
  from bought b order by b.id;
insert into orders.part (order_id, organisation_id, status, goods_total, tax_total, placed_at)
select b.id, b.organisation_id, b.status, b.amount, 0, b.at from bought b order by b.id;
insert into orders.line (order_id, part_id, organisation_id, position, product_id, variant_id, item_id, slug, sku,
    name, quantity, unit_price, line_total, tax_rate_bp, tax)
select b.id, p.id, b.organisation_id, 1, b.product_id, b.variant_id, b.item_id, b.slug, b.sku, b.thing, 1, b.amount,
       b.amount, 700, 0
  from bought b join orders.part p on p.order_id = b.id order by b.id;
insert into orders.words (order_id, words)
select b.id, lower(b.number || ' ' || b.name || ' ' || b.email || '  ') from bought b order by b.id;
select setval('orders.order_id', (select max(id) from orders."order"));

do $$
declare
    one text;
begin
    for one in select def from later loop execute one; end loop;
end $$;
commit;
vacuum (analyze) orders."order", orders.part, orders.line, orders.words;
checkpoint;
