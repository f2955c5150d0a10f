-- What the back office finds orders and customers by: number, name, address of mail, telephone as
-- written and as figures alone. In a table of its own, so that an order that moves on need not
-- write its index again; nobody but talat_search reads it.
-- rows: orders.order
set local lock_timeout = '3s';
create table orders.words (
    order_id bigint primary key references orders."order" on delete cascade,
    words text not null
);
create index order_words on orders.words using gin (words gin_trgm_ops);

create function orders.keep_words() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    insert into orders.words as w (order_id, words)
    values (new.id, lower(new.number || ' ' || new.name || ' ' || new.email || ' ' || new.phone
        || ' ' || regexp_replace(new.phone, '\D', '', 'g')))
        on conflict (order_id) do update set words = excluded.words
     where w.words <> excluded.words;
    return null;
end $$;
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
insert into orders.words (order_id, words)
select o.id, lower(o.number || ' ' || o.name || ' ' || o.email || ' ' || o.phone || ' '
    || regexp_replace(o.phone, '\D', '', 'g')) from orders."order" o;
create trigger findable after insert or update of number, name, email, phone on orders."order"
    for each row execute function orders.keep_words();

-- An organisation's newest orders with these words. Row level security would keep the search
-- from its index, so this runs as talat_search and looks itself whose orders are asked for. A
-- telephone number is known by its last nine figures: 081 234 5678 is +66 81-234-5678. Below
-- three letters there is nothing an index could find: then only the newest are looked at.
create function orders.found(of_organisation bigint, sought text)
returns table (order_id bigint) language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    folded text := lower(btrim(sought));
    figures text := regexp_replace(folded, '\D', '', 'g');
    pattern text := '%' || regexp_replace(folded, '([\\%_])', '\\\1', 'g') || '%';
    telephone text := pattern;
begin
    if of_organisation is distinct from base.organisation() and not base.is_platform() then
        return;
    end if;
    if folded ~ '^[0-9 ()+./-]+$' and length(figures) >= 4 then
        telephone := '%' || right(ltrim(figures, '0'), 9) || '%';
    end if;
    if length(folded) < 3 then
        return query
            select p.order_id
              from (select x.order_id from orders.part x where x.organisation_id = of_organisation
                     order by x.order_id desc limit 20000) p
              join orders.words w on w.order_id = p.order_id
             where w.words like pattern
             order by p.order_id desc limit 2000;
        return;
    end if;
    return query
        select p.order_id from orders.words w
          join orders.part p on p.order_id = w.order_id and p.organisation_id = of_organisation
         where w.words like pattern or w.words like telephone
         order by p.order_id desc limit 2000;
end $$;

revoke all on function orders.keep_words, orders.found from public;
grant execute on function orders.found to talat_app;
grant usage on schema orders to talat_search;
grant select on orders.part to talat_search;
grant select, insert, update on orders.words to talat_search;
grant create on schema orders to talat_search;
alter function orders.keep_words owner to talat_search;
alter function orders.found owner to talat_search;
revoke create on schema orders from talat_search;
alter table orders.words enable row level security;
alter table orders.words force row level security;
