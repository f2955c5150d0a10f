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

-- name: save :one
-- in: code text, position bigint, names jsonb, promises jsonb
insert into shipping.method (code, position, names, promises)
values (:code, :position, :names, :promises)
on conflict (code) do update set position = excluded.position, names = excluded.names,
    promises = excluded.promises
returning id;

-- name: save_price :exec
-- in: method bigint, currency text, amount bigint, free_from bigint?
insert into shipping.price (method_id, currency, amount, free_from)
values (:method, :currency, :amount, :free_from)
on conflict (method_id, currency) do update
    set amount = excluded.amount, free_from = excluded.free_from;
