-- checkout: what was filled in so far.

-- name: draft :maybe
-- Of the scope's cart.
select cart_id as id, email, name, phone, address, sealed, keeper,
       coalesce(delivery_method, '') as delivery_method
  from checkout.draft where cart_id = cart.mine();

-- name: of_person :maybe
-- in: person bigint
select d.cart_id as id, d.email, d.name, d.phone, d.address, d.sealed, d.keeper, d.updated_at
  from checkout.draft d join cart.cart k on k.id = d.cart_id
 where k.person_id = :person and k.state = 'open';

-- name: lock :maybe
-- in: cart_id bigint
select cart_id as id, email, name, phone, address, sealed, keeper
  from checkout.draft where cart_id = :cart_id for update;

-- name: save_address :exec
-- in: cart_id bigint, email text, name text, address jsonb, sealed text, keeper bigint
insert into checkout.draft (cart_id, email, name, address, sealed, keeper)
values (:cart_id, :email, :name, :address, :sealed, :keeper)
on conflict (cart_id) do update
    set email = excluded.email, name = excluded.name, phone = '', address = excluded.address,
        sealed = excluded.sealed, keeper = excluded.keeper, updated_at = now();

-- name: keep :exec
-- in: person bigint
-- What a guest filled in whose cart is this person's now; talat-work seals it by their key.
update checkout.draft set keeper = :person
 where keeper = 0
   and cart_id = (select id from cart.cart where person_id = :person and state = 'open');

-- name: poured :maybe
-- What was filled in last for a cart that was poured into this scope's; is_last: nothing was filled
-- in here since.
select d.cart_id as id, d.email, d.name, d.phone, d.address, d.sealed, d.keeper,
       coalesce(d.delivery_method, '') as delivery_method, k.merged_into as cart_id,
       not exists (select from checkout.draft own
                    where own.cart_id = k.merged_into and own.updated_at > d.updated_at) as is_last
  from cart.cart k join checkout.draft d on d.cart_id = k.id
 where k.merged_into = cart.mine()
 order by d.updated_at desc, d.cart_id desc limit 1;

-- name: drop :exec
-- in: cart_id bigint
delete from checkout.draft where cart_id = :cart_id;

-- name: keep_all :exec
-- What a version of before did not know the person of; some at a time, and nobody waits for it.
update checkout.draft d set keeper = k.person_id
  from (select d.cart_id, k.person_id from checkout.draft d join cart.cart k on k.id = d.cart_id
         where k.person_id is not null and k.state = 'open' and d.keeper = 0
         limit 5000 for update of d skip locked) k
 where d.cart_id = k.cart_id;

-- name: sweep :exec
-- Nobody fills in any more what was ordered or poured into another.
delete from checkout.draft
 where cart_id in (select d.cart_id from checkout.draft d join cart.cart k on k.id = d.cart_id
                    where k.state <> 'open' limit 5000);

-- name: sealed :many
-- in: after bigint, most bigint
select cart_id as id, keeper as owner, sealed from checkout.draft
 where cart_id > :after and sealed <> '' order by cart_id limit :most;

-- name: in_backup :many
-- in: after bigint, most bigint
select cart_id as id, keeper as owner,
       jsonb_build_object('email', email, 'name', name, 'address', address)::text as plain
  from checkout.draft
 where cart_id > :after and (email <> '' or name <> '') order by cart_id limit :most;

-- name: out_of_backup :exec
-- in: ids bigint[], plains text[]
update checkout.draft d
   set email = lower(v.plain ->> 'email'), name = v.plain ->> 'name', address = v.plain -> 'address'
  from (select u.id, u.plain::jsonb as plain
          from unnest(:ids::bigint[], :plains::text[]) as u(id, plain)) v
 where d.cart_id = v.id and d.email = '' and d.name = '';

-- name: seal_anew :exec
-- in: id bigint, sealed text, before text
update checkout.draft set sealed = :sealed where cart_id = :id and sealed = :before;

-- name: plain :many
-- in: after bigint, most bigint
-- Also what the house's key has sealed of a person's.
select cart_id as id, keeper as owner, phone, address, sealed from checkout.draft
 where cart_id > :after and (phone <> '' or coalesce(address ->> 'line1', '') <> ''
    or (keeper <> 0 and sealed like 'v1.%'))
 order by cart_id limit :most;

-- name: hide :exec
-- in: id bigint, sealed text, sealed_before text, keeper bigint, phone_before text, before jsonb
update checkout.draft
   set phone = '', address = address || '{"line1": "", "line2": ""}', sealed = :sealed
 where cart_id = :id and sealed = :sealed_before and keeper = :keeper and phone = :phone_before
   and address = :before;

-- name: count_plain :one
select count(*) as n
  from (select from checkout.draft
         where phone <> '' or coalesce(address ->> 'line1', '') <> ''
            or (keeper <> 0 and sealed like 'v1.%') limit 10001) found;

-- name: save_delivery :exec
-- in: cart_id bigint, method text
update checkout.draft set delivery_method = :method, updated_at = now()
 where cart_id = :cart_id and delivery_method is distinct from :method;

-- name: last_used :maybe
-- in: person bigint
-- Where this person's things went the last time.
select id, name, phone, address, sealed, keeper, delivery_method from orders."order"
 where person_id = :person and (sealed <> '' or coalesce(address ->> 'line1', '') <> '')
 order by id desc limit 1;

-- name: erase :exec
-- in: person bigint
-- Also what was filled in without logging in, with the address that is known to be theirs.
delete from checkout.draft
 where cart_id in (select id from cart.cart where person_id = :person)
    or email = (select email from auth.person where id = :person and verified_at is not null);
