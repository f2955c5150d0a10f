-- shipping: how it gets there and what that costs.

-- name: methods :many
-- in: lang text, currency text, country text, goods bigint, grams bigint
select m.code, base.said(m.names, :lang) as name, base.said(m.promises, :lang) as promise,
       m.names as names, p.free_from,
       case when p.free_from <= :goods then 0 else coalesce(s.amount, p.amount) end as amount,
       case when p.free_from <= :goods then true else coalesce(s.amount, p.amount) = 0 end as is_free
  from shipping.method m
  join shipping.price p on p.method_id = m.id and p.currency = :currency
  left join lateral (select t.amount from shipping.step t
                      where t.method_id = p.method_id and t.currency = p.currency
                        and t.up_to_g >= :grams
                      order by t.up_to_g limit 1) s on true
 where m.active and (m.countries = '{}' or :country = any(m.countries))
   and (m.heaviest_g is null or m.heaviest_g >= :grams)
 order by m.position, m.id
 limit 100;

-- name: ways :many
-- in: lang text
-- All of them, in the order in which they are offered.
select m.id, m.code, base.said(m.names, :lang) as name, m.active, m.position::bigint as position,
       array_to_string(m.countries, ' ') as countries,
       coalesce(m.heaviest_g, 0)::bigint as heaviest_g
  from shipping.method m
 order by m.position, m.id
 limit 500;

-- name: prices :many
-- in: method bigint
-- 0: of all ways.
select p.method_id, p.currency, p.amount, coalesce(p.free_from, 0) as free_from,
       exists (select from shipping.step s
                where s.method_id = p.method_id and s.currency = p.currency) as has_steps
  from shipping.price p
 where :method in (0, p.method_id)
 order by p.method_id, p.currency
 limit 5000;

-- name: steps :many
-- in: method bigint
select s.currency, s.up_to_g::bigint as up_to_g, s.amount
  from shipping.step s where s.method_id = :method
 order by s.currency, s.up_to_g
 limit 5000;

-- name: way :maybe
-- in: code text
-- `seen`: changes with all that is said of it, its prices among that.
select m.id, m.code, m.names, m.promises, m.active, m.position::bigint as position,
       array_to_string(m.countries, ' ') as countries,
       coalesce(m.heaviest_g, 0)::bigint as heaviest_g,
       md5(concat_ws(chr(31), m.names, m.promises, m.active, m.position, m.countries,
           coalesce(m.heaviest_g, 0),
           coalesce((select string_agg(concat_ws(' ', p.currency, p.amount,
                                                 coalesce(p.free_from, 0)),
                                       ',' order by p.currency)
                       from shipping.price p where p.method_id = m.id), ''),
           coalesce((select string_agg(concat_ws(' ', s.currency, s.up_to_g, s.amount),
                                       ',' order by s.currency, s.up_to_g)
                       from shipping.step s where s.method_id = m.id), ''))) as seen
  from shipping.method m where m.code = :code;

-- name: hold :maybe
-- in: code text
-- Nobody else changes it meanwhile.
select id from shipping.method where code = :code for update;

-- name: add :maybe
-- in: code text, position bigint, names jsonb, promises jsonb, countries text[], active bool
-- in: heaviest_g bigint
-- Nothing: there is one of that code.
insert into shipping.method (code, position, names, promises, countries, active, heaviest_g)
values (:code, :position::int, :names, :promises, :countries, :active, nullif(:heaviest_g, 0)::int)
on conflict (code) do nothing
returning id;

-- name: save :exec
-- in: id bigint, position bigint, names jsonb, promises jsonb, countries text[], active bool
-- in: heaviest_g bigint
update shipping.method
   set position = :position::int, names = :names, promises = :promises, countries = :countries,
       active = :active, heaviest_g = nullif(:heaviest_g, 0)::int
 where id = :id;

-- name: save_price :exec
-- in: method bigint, currency text, amount bigint, free_from bigint?
-- free_from: 0 never, null as it was.
insert into shipping.price as p (method_id, currency, amount, free_from)
values (:method, :currency, :amount, nullif(:free_from, 0))
on conflict (method_id, currency) do update set amount = excluded.amount,
    free_from = nullif(coalesce(:free_from, p.free_from), 0);

-- name: drop_price :exec
-- in: method bigint, currency text
delete from shipping.price where method_id = :method and currency = :currency;

-- name: save_steps :exec
-- in: method bigint, currency text, grams bigint[], amounts bigint[]
insert into shipping.step as s (method_id, currency, up_to_g, amount)
select :method, :currency, u.grams::int, u.amount
  from unnest(:grams::bigint[], :amounts::bigint[]) as u(grams, amount)
on conflict (method_id, currency, up_to_g) do update set amount = excluded.amount;

-- name: drop_steps :exec
-- in: method bigint, currency text, but bigint[]
delete from shipping.step
 where method_id = :method and currency = :currency and up_to_g <> all(:but);

-- name: drop :exec
-- in: id bigint
delete from shipping.method where id = :id;
