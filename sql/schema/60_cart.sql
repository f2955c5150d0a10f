-- cart: what someone means to buy. Found by a signed cookie or by the person.
create schema cart;
grant usage on schema cart to talat_app, talat_readonly;

create table cart.cart (
    id bigint generated always as identity primary key,
    person_id bigint,
    revision bigint not null default 1, -- up by one with each change of what would be bought
    state text not null default 'open' check (state in ('open', 'ordered', 'merged')),
    merged_into bigint, -- a guest's: the cart of who logged in
    -- {variant: how many} that an unpaid order of this very cart keeps for it, whatever is still in
    -- it: they are not sold out
    held jsonb not null default '{}',
    created_at timestamptz not null default now(),
    touched_at timestamptz not null default now()
);
-- Without guests' carts: where statistics are of an empty table, it would serve to walk all open ones.
create unique index cart_of_person on cart.cart (person_id) where state = 'open' and person_id is not null;
create index cart_old on cart.cart (touched_at);
create index cart_merged on cart.cart (merged_into) where merged_into is not null;

create table cart.line (
    id bigint generated always as identity primary key,
    cart_id bigint not null references cart.cart on delete cascade,
    variant_id bigint not null,
    quantity int not null check (quantity between 1 and 999),
    -- unit price when last agreed to, so that "dearer than before" can be said
    seen_price bigint not null,
    seen_currency char(3) not null,
    held int not null default 0, -- as cart.held has it, for programs of the version before
    added_at timestamptz not null default now(),
    unique (cart_id, variant_id)
);

alter table cart.cart enable row level security;
alter table cart.cart force row level security;
-- A guest's cookie opens a guest's cart and no other: once it is somebody's own, the cookie
-- that is still about somewhere shows nothing.
create policy own on cart.cart for all
    using ((id = base.cart() and person_id is null) or person_id = base.person()
        or base.is_platform())
    with check ((id = base.cart() and person_id is null) or person_id = base.person()
        or base.is_platform());
alter table cart.line enable row level security;
alter table cart.line force row level security;
-- offset: each line's cart is looked up; PostgreSQL could also read all carts first.
create policy own on cart.line for all
    using (exists (select from cart.cart c where c.id = cart_id offset 0))
    with check (exists (select from cart.cart c where c.id = cart_id offset 0));
-- At most 100 different things in one cart (also the bound of every loop over it).
create function cart.refuse_101st() returns trigger language plpgsql as $$
begin
    if (select count(*) from cart.line where cart_id = new.cart_id) >= 100
        and not exists (select from cart.line
                         where cart_id = new.cart_id and variant_id = new.variant_id) then
        raise exception 'A cart holds at most 100 different things.'
            using errcode = 'TL409', constraint = 'cart.full';
    end if;
    return new;
end $$;
create trigger at_most_100 before insert on cart.line
    for each row execute function cart.refuse_101st();
grant select, insert, update, delete on cart.cart, cart.line to talat_app;
grant usage on all sequences in schema cart to talat_app;

-- The open cart of the scope: a person's own, for nobody in particular that of the signed cookie.
-- A number to look up: as a condition on both columns it would be asked of every open cart.
create function cart.mine() returns bigint language plpgsql stable parallel safe as $$
begin
    if base.person() is null then return base.cart(); end if;
    return (select k.id from cart.cart k where k.person_id = base.person() and k.state = 'open');
end $$;

-- An order keeps so many of these for this cart, and nothing else.
create function cart.keep(of_cart bigint, variants bigint[], quantities bigint[]) returns void
language plpgsql as $$ -- planned once; in SQL it would be at each call
begin
    update cart.cart
       set held = (select coalesce(jsonb_object_agg(u.variant, least(u.quantity, 999)), '{}')
                     from unnest(variants, quantities) as u(variant, quantity))
     where id = of_cart;
    update cart.line l set held = least(u.quantity, 999)
      from unnest(variants, quantities) as u(variant, quantity)
     where l.cart_id = of_cart and l.variant_id = u.variant;
end $$;
-- A program of the version before lets go of what a cart keeps at its lines alone. It goes with that
-- column.
create function cart.line_let_go() returns trigger language plpgsql as $$
begin
    update cart.cart set held = '{}' where id = new.cart_id and held <> '{}';
    return null;
end $$;
create trigger let_go after update of held on cart.line for each row
    when (old.held > 0 and new.held = 0) execute function cart.line_let_go();
-- How many are kept for the scope's open cart: for itself, and for those that were poured into it.
create function cart.kept() returns table (variant_id bigint, held bigint) language sql stable as $$
    select h.key::bigint, sum(h.value::bigint)::bigint
      from (select k.held from cart.cart k where k.id = cart.mine() and k.state = 'open'
            union all
            select k.held from cart.cart k where k.merged_into = cart.mine()) x,
           jsonb_each_text(x.held) h
     group by 1
$$;

-- What was ordered has been paid: the cart is done. One that was changed since keeps the rest, also
-- what is more of the same, and so does one that it was poured into.
create function cart.close(of_cart bigint, ordered_revision bigint, variants bigint[],
    quantities bigint[]) returns void
language plpgsql as $$
declare
    other bigint;
begin
    update cart.cart set state = 'ordered'
     where id = of_cart and state = 'open' and revision = ordered_revision;
    if found then return; end if;
    update cart.cart set held = '{}' where id = of_cart; -- it has left the shelf
    update cart.line set held = 0 where cart_id = of_cart and held > 0;
    for other in
        update cart.cart set revision = revision + 1
         where state = 'open' and id in (of_cart, (select merged_into from cart.cart
                                                    where id = of_cart))
        returning id
    loop
        delete from cart.line l using unnest(variants, quantities) as u(variant, quantity)
         where l.cart_id = other and l.variant_id = u.variant and l.quantity <= u.quantity;
        update cart.line l set quantity = l.quantity - u.quantity
          from unnest(variants, quantities) as u(variant, quantity)
         where l.cart_id = other and l.variant_id = u.variant;
    end loop;
end $$;
-- Those that nobody has changed since: the caller holds them, and has looked.
create function cart.close_all(of_carts bigint[]) returns void language plpgsql
set enable_seqscan = off as $$
begin
    update cart.cart set state = 'ordered' where id = any(of_carts);
end $$;
-- As orders.fill of the version before calls it.
create function cart.close(of_cart bigint, ordered_revision bigint, variants bigint[]) returns void
language plpgsql as $$
begin
    perform cart.close(of_cart, ordered_revision, variants,
        array_fill(999::bigint, array[cardinality(variants)])); -- all of them
end $$;
