-- shipping: how it gets there and what that costs.

-- name: methods :many
-- in: lang text, currency text, country text, goods bigint
select m.code, base.said(m.names, :lang) as name, base.said(m.promises, :lang) as promise,
       m.names as names, p.free_from,
       case when p.free_from <= :goods then 0 else p.amount end as amount,
       case when p.free_from <= :goods then true else p.amount = 0 end as is_free
  from shipping.method m
  join shipping.price p on p.method_id = m.id and p.currency = :currency
 where m.active and (m.countries = '{}' or :country = any(m.countries))
 order by m.position, m.id
 limit 20;

-- name: ways :many
-- All of them, each once for every currency it has a price in; without one, once.
select m.code, base.said(m.names, 'en') as name, m.active, coalesce(p.currency::text, '') as currency,
       coalesce(p.amount, 0) as amount, coalesce(p.free_from, 0) as free_from
  from shipping.method m
  left join shipping.price p on p.method_id = m.id
 order by m.position, m.id, p.currency
 limit 500;

-- name: save :one
-- in: code text, position bigint?, names jsonb, promises jsonb
-- What is not said of one that is there stays: its place, and its words in other languages.
insert into shipping.method as m (code, position, names, promises)
values (:code, coalesce(:position::int, 10), :names, :promises)
on conflict (code) do update set position = coalesce(:position::int, m.position),
    names = m.names || excluded.names, promises = m.promises || excluded.promises
returning id;

-- name: save_price :exec
-- in: method bigint, currency text, amount bigint, free_from bigint?
-- free_from: 0 never, null as it was.
insert into shipping.price as p (method_id, currency, amount, free_from)
values (:method, :currency, :amount, nullif(:free_from, 0))
on conflict (method_id, currency) do update set amount = excluded.amount,
    free_from = nullif(coalesce(:free_from, p.free_from), 0);
