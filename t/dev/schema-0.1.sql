-- The database of the first version (0.1), as its sql/schema made it: where t/dev/migrate.test.mjs
-- begins. It never changes.
-- base: what every policy asks: for whom is this query run? The settings are made in the same
-- pipeline as the query (src/io/pg.c). Empty or unset means nobody.
create schema base;

create function base.person() returns bigint language sql stable parallel safe as
$$ select nullif(current_setting('app.person', true), '')::bigint $$;
create function base.organisation() returns bigint language sql stable parallel safe as
$$ select nullif(current_setting('app.organisation', true), '')::bigint $$;
create function base.order_id() returns bigint language sql stable parallel safe as
$$ select nullif(current_setting('app.order', true), '')::bigint $$;
create function base.cart() returns bigint language sql stable parallel safe as
$$ select nullif(current_setting('app.cart', true), '')::bigint $$;
create function base.is_platform() returns boolean language sql stable parallel safe as
$$ select coalesce(current_setting('app.platform', true), '') = 'on' $$;

-- A text in several languages: {"en": "...", "th": "..."}; English stands in for a gap.
create function base.said(names jsonb, lang text) returns text
language sql immutable parallel safe as
$$ select coalesce(names ->> lang, names ->> 'en', '') $$;

-- For tables that are written once: refuses UPDATE and DELETE whoever asks.
create function base.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of %.% are never changed', tg_table_schema, tg_table_name
        using errcode = 'TL403';
end $$;

grant usage on schema base to talat_app, talat_readonly;
-- work: the outbox, the job queue, the clock.
create schema work;
grant usage on schema work to talat_app, talat_readonly;

-- One row per event, written with the change it tells of. Its number per organisation is
-- given by the one reader after commit, so that writers never queue behind each other.
create table work.outbox (
    id bigint generated always as identity primary key,
    organisation_id bigint,
    seq bigint,
    kind text not null check (kind ~ '^[a-z_]+\.[a-z_]+$'),
    subject_id bigint not null,
    data jsonb not null default '{}',
    request text not null default '',
    created_at timestamptz not null default now(),
    read_at timestamptz,
    unique (organisation_id, seq)
);
create index outbox_unread on work.outbox (id) where read_at is null;
create index outbox_old on work.outbox (created_at);

create table work.sequence (
    organisation_id bigint primary key,
    last bigint not null
);

create table work.job (
    id bigint generated always as identity primary key,
    kind text not null,
    key text not null,
    organisation_id bigint,
    subject_id bigint not null default 0,
    data jsonb not null default '{}',
    request text not null default '',
    state text not null default 'ready' check (state in ('ready', 'running', 'dead')),
    attempt int not null default 0,
    deaths int not null default 0, -- workers that died over it
    run_at timestamptz not null default now(),
    lease_until timestamptz,
    worker text,
    error text,
    created_at timestamptz not null default now()
);
-- Unique while it waits, runs or lies dead: adding it again changes nothing.
create unique index job_key on work.job (key);
create index job_due on work.job (run_at, id) where state = 'ready';
create index job_leased on work.job (lease_until) where state = 'running';
create index job_dead on work.job (id) where state = 'dead';

create table work.cron (
    name text primary key,
    last_run timestamptz not null
);

grant select, insert, update, delete on work.outbox, work.sequence, work.job, work.cron
    to talat_app;
grant select on work.outbox, work.job, work.cron to talat_readonly;
-- auth: persons, organisations, who is a member of what, and where they are logged in.
create schema auth;
grant usage on schema auth to talat_app, talat_readonly;

create table auth.organisation (
    id bigint generated always as identity primary key,
    slug text not null unique check (slug ~ '^[a-z0-9-]{2,40}$'),
    name text not null,
    zone text not null default 'Asia/Bangkok',
    country char(2) not null default 'TH',
    currency char(3) not null default 'THB',
    tax_inclusive boolean not null default true,
    rounding text not null default 'per_line' check (rounding in ('per_line', 'per_total')),
    created_at timestamptz not null default now()
);
alter table auth.organisation enable row level security;
alter table auth.organisation force row level security;
-- Its name and rules stand on every page; only its own staff or the house changes them.
create policy seen on auth.organisation for select using (true);
create policy kept on auth.organisation for all
    using (id = base.organisation() or base.is_platform())
    with check (id = base.organisation() or base.is_platform());

create table auth.person (
    id bigint generated always as identity primary key,
    email text not null check (email = lower(email) and length(email) <= 254),
    name text not null default '' check (length(name) <= 120),
    password_hash text not null,
    role text not null default 'user' check (role in ('user', 'admin', 'super_admin')),
    lang text not null default 'en',
    verified_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index person_email on auth.person (email);
alter table auth.person enable row level security;
alter table auth.person force row level security;
create policy own on auth.person for all
    using (id = base.person() or base.is_platform())
    with check (id = base.person() or base.is_platform());

create table auth.member (
    organisation_id bigint not null references auth.organisation,
    person_id bigint not null references auth.person,
    place text not null check (place in ('viewer', 'member', 'admin', 'owner')),
    created_at timestamptz not null default now(),
    primary key (organisation_id, person_id)
);
create index member_person on auth.member (person_id);
alter table auth.member enable row level security;
alter table auth.member force row level security;
create policy own on auth.member for all
    using (person_id = base.person() or organisation_id = base.organisation()
        or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

-- One login on one device. The session itself lives in Redis; from this row it can be made
-- again when Redis has lost it. Only a hash of the cookie is kept.
create table auth.device (
    id bigint generated always as identity primary key,
    person_id bigint not null references auth.person,
    session_hash text not null unique,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    ended_at timestamptz
);
create index device_person on auth.device (person_id) where ended_at is null;
alter table auth.device enable row level security;
alter table auth.device force row level security;
create policy own on auth.device for all
    using (person_id = base.person() or base.is_platform())
    with check (person_id = base.person() or base.is_platform());

grant select, insert, update on auth.organisation, auth.person, auth.device to talat_app;
grant select, insert, update, delete on auth.member to talat_app;
grant select on auth.organisation to talat_readonly;
-- media: pictures; the files lie in media_dir as <stem>-<width>.webp and are served by nginx.
create schema media;
grant usage on schema media to talat_app, talat_readonly;

create table media.picture (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    stem text not null check (stem ~ '^[a-z0-9]{16,64}$'), -- from the content: same file, same stem
    width int not null check (width > 0),
    height int not null check (height > 0),
    widths int[] not null, -- the WebP sizes that exist
    created_at timestamptz not null default now(),
    unique (organisation_id, stem)
);
alter table media.picture enable row level security;
alter table media.picture force row level security;
create policy seen on media.picture for select using (true);
create policy kept on media.picture for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());
grant select, insert, update, delete on media.picture to talat_app;
grant select on media.picture to talat_readonly;
-- notify: what was said to whom. One row per template and cause: a thing is said once.
create schema notify;
grant usage on schema notify to talat_app, talat_readonly;

create table notify.mail (
    id bigint generated always as identity primary key,
    organisation_id bigint,
    order_id bigint,
    person_id bigint,
    template text not null,
    cause text not null, -- "order:12:paid"
    recipient text not null,
    lang text not null,
    subject text not null default '',
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed')),
    answer text not null default '', -- what the mail server said
    message_id text not null default '',
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    unique (template, cause)
);
create index mail_order on notify.mail (order_id, id);
alter table notify.mail enable row level security;
alter table notify.mail force row level security;
create policy own on notify.mail for all
    using (organisation_id = base.organisation() or person_id = base.person()
        or order_id = base.order_id() or base.is_platform())
    with check (organisation_id = base.organisation() or person_id = base.person()
        or order_id = base.order_id() or base.is_platform());
grant select, insert, update on notify.mail to talat_app;
-- inventory: stock by SKU and place, holds with an expiry, and the ledger of movements that
-- explains every figure. No oversell is a CHECK here, not a habit of the code.
create schema inventory;
grant usage on schema inventory to talat_app, talat_readonly;

create table inventory.location (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    code text not null,
    name text not null,
    unique (organisation_id, code)
);

create table inventory.item ( -- one stock-keeping unit
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    sku text not null check (length(sku) between 1 and 80),
    tracked boolean not null default true, -- false: never runs out
    unique (organisation_id, sku)
);

create table inventory.stock (
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    organisation_id bigint not null references auth.organisation,
    on_hand bigint not null default 0,
    reserved bigint not null default 0,
    primary key (item_id, location_id),
    constraint never_oversold check (reserved between 0 and on_hand)
);

-- Each change of on_hand, once per cause: booking "order:7 sold" again is refused.
create table inventory.movement (
    id bigint generated always as identity primary key,
    organisation_id bigint not null,
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    quantity bigint not null check (quantity <> 0),
    reason text not null check (reason in ('initial', 'received', 'corrected', 'sold', 'returned')),
    cause text not null,
    person_id bigint,
    created_at timestamptz not null default now(),
    constraint once_per_cause unique (item_id, location_id, cause)
);
create trigger never_changed before update or delete on inventory.movement
    for each row execute function base.refuse_change();

create table inventory.hold (
    id bigint generated always as identity primary key,
    organisation_id bigint not null,
    order_id bigint not null,
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    quantity bigint not null check (quantity > 0),
    state text not null default 'held' check (state in ('held', 'sold', 'freed')),
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    unique (order_id, item_id, location_id)
);
create index hold_expiry on inventory.hold (expires_at) where state = 'held';

do $$
declare t text;
begin
    foreach t in array array['location', 'item', 'stock', 'movement'] loop
        execute format('alter table inventory.%I enable row level security', t);
        execute format('alter table inventory.%I force row level security', t);
        execute format('create policy kept on inventory.%I for all
            using (organisation_id = base.organisation() or base.order_id() is not null
                or base.is_platform())
            with check (organisation_id = base.organisation() or base.order_id() is not null
                or base.is_platform())', t);
    end loop;
end $$;
-- An order holds and frees its own, of every organisation whose goods it has.
alter table inventory.hold enable row level security;
alter table inventory.hold force row level security;
create policy kept on inventory.hold for all
    using (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform())
    with check (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform());
-- How much is left stands on the product's page; anyone may read it.
create policy seen on inventory.location for select using (true);
create policy seen on inventory.item for select using (true);
create policy seen on inventory.stock for select using (true);

grant select, insert, update on inventory.location, inventory.item, inventory.stock,
    inventory.hold to talat_app;
grant select, insert on inventory.movement to talat_app;
grant select on inventory.location, inventory.item, inventory.stock to talat_readonly;
-- catalog: what is for sale. Published rows are everybody's; drafts are the organisation's.
create schema catalog;
grant usage on schema catalog to talat_app, talat_readonly;

create table catalog.category (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    parent_id bigint references catalog.category,
    position int not null default 0,
    names jsonb not null,
    descriptions jsonb not null default '{}',
    picture_id bigint references media.picture
);

create table catalog.product (
    id bigint generated always as identity primary key,
    organisation_id bigint not null references auth.organisation,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,119}$'),
    status text not null default 'draft' check (status in ('draft', 'published', 'archived')),
    brand text not null default '',
    tax_class text not null default 'standard',
    featured boolean not null default false,
    specs jsonb not null default '[]', -- [{"name": {"en": ..}, "value": {"en": ..}}]
    version bigint not null default 1, -- two people editing: the second is told
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index product_new on catalog.product (created_at desc, id desc) where status = 'published';
create index product_organisation on catalog.product (organisation_id, updated_at desc, id desc);

create table catalog.product_text (
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    lang text not null check (lang in ('en', 'th', 'vi')),
    name text not null check (length(name) between 1 and 200),
    summary text not null default '',
    description text not null default '',
    words tsvector not null default '', -- split and folded by locale_words, weights A to C
    folded text not null default '',    -- name, folded: for typing errors
    primary key (product_id, lang)
);
create index product_words on catalog.product_text using gin (words) with (fastupdate = off);
create index product_folded on catalog.product_text using gin (folded gin_trgm_ops)
    with (fastupdate = off);

create table catalog.product_category (
    product_id bigint not null references catalog.product on delete cascade,
    category_id bigint not null references catalog.category,
    organisation_id bigint not null,
    primary key (category_id, product_id)
);
create index product_category_product on catalog.product_category (product_id);

create table catalog.option ( -- "colour"
    id bigint generated always as identity primary key,
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    code text not null,
    position int not null,
    names jsonb not null,
    unique (product_id, code)
);
create index option_code on catalog.option (code); -- is ?colour= an option, or tracking?
create table catalog.option_value ( -- "black"
    id bigint generated always as identity primary key,
    option_id bigint not null references catalog.option on delete cascade,
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    code text not null,
    position int not null,
    names jsonb not null,
    unique (option_id, code)
);
create index option_value_product on catalog.option_value (product_id);

create table catalog.variant (
    id bigint generated always as identity primary key,
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    item_id bigint not null references inventory.item,
    sku text not null,
    position int not null default 0,
    active boolean not null default true,
    weight_g int not null default 0,
    value_ids bigint[] not null default '{}', -- its option values, in the options' order
    tags text[] not null default '{}', -- the same as codes: {colour=black,length=2m}, for filters
    unique (organisation_id, sku),
    unique (product_id, value_ids)
);

create index variant_item on catalog.variant (item_id); -- whose stock has moved?

create table catalog.price (
    variant_id bigint not null references catalog.variant on delete cascade,
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    currency char(3) not null,
    amount bigint not null check (amount between 0 and 1000000000000),
    compare_at bigint check (compare_at > amount),
    primary key (variant_id, currency)
);
create index price_product on catalog.price (product_id, currency, amount);

create table catalog.product_picture (
    product_id bigint not null references catalog.product on delete cascade,
    picture_id bigint not null references media.picture,
    organisation_id bigint not null,
    position int not null,
    alts jsonb not null default '{}',
    value_id bigint references catalog.option_value on delete set null,
    primary key (product_id, position)
);

-- The one strong picture of the first page.
create table catalog.front (
    organisation_id bigint primary key references auth.organisation,
    picture_id bigint not null references media.picture
);
alter table catalog.front enable row level security;
alter table catalog.front force row level security;
create policy seen on catalog.front for select using (true);
create policy kept on catalog.front for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

alter table catalog.category enable row level security;
alter table catalog.category force row level security;
create policy seen on catalog.category for select using (true);
create policy kept on catalog.category for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

alter table catalog.product enable row level security;
alter table catalog.product force row level security;
create policy seen on catalog.product for select using (status = 'published');
create policy kept on catalog.product for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

do $$
declare t text;
begin
    foreach t in array array['product_text', 'product_category', 'option', 'option_value',
        'variant', 'price', 'product_picture'] loop
        execute format('alter table catalog.%I enable row level security', t);
        execute format('alter table catalog.%I force row level security', t);
        execute format('create policy seen on catalog.%1$I for select
            using (exists (select from catalog.product p where p.id = %1$I.product_id
                and p.status = ''published''))', t);
        execute format('create policy kept on catalog.%I for all
            using (organisation_id = base.organisation() or base.is_platform())
            with check (organisation_id = base.organisation() or base.is_platform())', t);
    end loop;
end $$;

grant select, insert, update, delete on all tables in schema catalog to talat_app;
grant select on all tables in schema catalog to talat_readonly;
-- The shelf: what lists show of published products, laid out for reading. It repeats what the
-- tables of 40_catalog.sql say and nothing else; catalog.reshelve writes it in the product's own
-- transaction, so it is never behind. A list of 24 out of 5,000 then reads 24 rows, in order,
-- from one index. Stock is not repeated here: it moves too often and is read where it is kept.

-- Which products stand in a category, those of its children included; category 0 holds all.
create table catalog.shelf (
    category_id bigint not null,
    newness bigint not null, -- microseconds since 1970, negative: newest first reads forwards
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    primary key (category_id, product_id)
);
create index shelf_new on catalog.shelf (category_id, newness, product_id);
create index shelf_product on catalog.shelf (product_id);

-- One card in one language, gaps filled from English (or whatever there is).
create table catalog.card (
    product_id bigint not null references catalog.product on delete cascade,
    lang text not null,
    organisation_id bigint not null,
    slug text not null,
    name text not null,
    summary text not null,
    brand text not null,
    featured boolean not null,
    newness bigint not null,
    has_options boolean not null,
    sku text, -- only when there is exactly one variant
    item_ids bigint[] not null,
    stem text,
    width int,
    height int,
    widths int[],
    alt text not null default '',
    primary key (product_id, lang)
);
create index card_featured on catalog.card (lang, newness, product_id) where featured;

create table catalog.product_price (
    product_id bigint not null references catalog.product on delete cascade,
    currency char(3) not null,
    organisation_id bigint not null,
    low bigint not null,
    high bigint not null,
    compare_at bigint, -- of the cheapest variant
    primary key (product_id, currency)
);

do $$
declare t text;
begin
    foreach t in array array['shelf', 'card', 'product_price'] loop
        execute format('alter table catalog.%I enable row level security', t);
        execute format('alter table catalog.%I force row level security', t);
        -- Only published products ever stand here.
        execute format('create policy seen on catalog.%I for select using (true)', t);
        execute format('create policy kept on catalog.%I for all
            using (organisation_id = base.organisation() or base.is_platform())
            with check (organisation_id = base.organisation() or base.is_platform())', t);
    end loop;
end $$;
grant select, insert, update, delete on catalog.shelf, catalog.card, catalog.product_price
    to talat_app;
grant select on catalog.shelf, catalog.card, catalog.product_price to talat_readonly;

-- Puts one product on the shelf anew, or takes it off when it is not published.
create function catalog.reshelve(which bigint) returns void language sql as $$
    delete from catalog.shelf where product_id = which;
    delete from catalog.card where product_id = which;
    delete from catalog.product_price where product_id = which;

    with recursive up (id) as (
        select pc.category_id from catalog.product_category pc where pc.product_id = which
        union
        select c.parent_id from up join catalog.category c on c.id = up.id
         where c.parent_id is not null
    )
    insert into catalog.shelf (category_id, newness, product_id, organisation_id)
    select s.id, -(extract(epoch from p.created_at) * 1000000)::bigint, p.id, p.organisation_id
      from catalog.product p, (select id from up union select 0) s
     where p.id = which and p.status = 'published';

    insert into catalog.product_price (product_id, currency, organisation_id, low, high, compare_at)
    select p.id, r.currency, p.organisation_id, min(r.amount), max(r.amount),
           (array_agg(r.compare_at order by r.amount, v.position))[1]
      from catalog.product p
      join catalog.variant v on v.product_id = p.id and v.active
      join catalog.price r on r.variant_id = v.id
     where p.id = which and p.status = 'published'
     group by p.id, r.currency, p.organisation_id;

    insert into catalog.card (product_id, lang, organisation_id, slug, name, summary, brand,
        featured, newness, has_options, sku, item_ids, stem, width, height, widths, alt)
    select p.id, l.lang, p.organisation_id, p.slug, t.name, t.summary, p.brand, p.featured,
           -(extract(epoch from p.created_at) * 1000000)::bigint,
           exists (select from catalog.option o where o.product_id = p.id),
           case when cardinality(v.skus) = 1 then v.skus[1] end,
           coalesce(v.items, '{}'), m.stem, m.width, m.height, m.widths,
           coalesce(nullif(base.said(pp.alts, l.lang), ''), t.name)
      from catalog.product p
     cross join unnest(array['en', 'th', 'vi']) as l(lang)
     cross join lateral (
           select x.name, x.summary from catalog.product_text x where x.product_id = p.id
            order by x.lang = l.lang desc, x.lang = 'en' desc, x.lang limit 1) t
     cross join lateral (
           select array_agg(x.sku order by x.position) as skus,
                  array_agg(x.item_id order by x.position) as items
             from catalog.variant x where x.product_id = p.id and x.active) v
      left join lateral (
           select x.picture_id, x.alts from catalog.product_picture x
            where x.product_id = p.id order by x.position limit 1) pp on true
      left join media.picture m on m.id = pp.picture_id
     where p.id = which and p.status = 'published';
$$;

-- Cards with the price in one currency and what is left, for lists to join (the planner sees
-- through it).
create function catalog.cards(wanted_lang text, wanted_currency text)
returns table (product_id bigint, slug text, name text, summary text, brand text,
    newness bigint, has_options boolean, sku text, stem text, width int, height int,
    widths int[], alt text, low bigint, high bigint, compare_at bigint, free bigint,
    endless boolean)
language sql stable as $$
    select c.product_id, c.slug, c.name, c.summary, c.brand, c.newness, c.has_options, c.sku,
           c.stem, c.width, c.height, c.widths, c.alt, r.low, r.high, r.compare_at, st.free,
           st.endless
      from catalog.card c
      left join catalog.product_price r
        on r.product_id = c.product_id and r.currency = wanted_currency::char(3)
     cross join lateral (
           select coalesce(sum(greatest(k.on_hand - k.reserved, 0)), 0)::bigint as free,
                  coalesce(bool_or(not i.tracked), false) as endless
             from unnest(c.item_ids) as u(id)
             join inventory.item i on i.id = u.id
             left join inventory.stock k on k.item_id = i.id) st
     where c.lang = wanted_lang
$$;

-- Search and filters look at many rows and use operators row level security would keep from
-- their indexes, so they run as talat_search, who sees past it. They read what stands on the
-- shelf only, where nothing but published products is; their search_path is fixed.

-- Its library must be there before one of its settings can be named.
do $$ begin perform public.similarity('a', 'a'); end $$;

-- Products whose words match, best first; when few do, those that are spelt alike.
create function catalog.hits(sought text, sought_folded text, wanted_lang text)
returns table (product_id bigint, rank bigint)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp
set pg_trgm.word_similarity_threshold = 0.5 as $$
declare
    q tsquery := plainto_tsquery('simple', sought);
    found_n bigint;
begin
    if numnode(q) = 0 then
        return;
    end if;
    q := (q::text || ':*')::tsquery; -- the last word may be half typed
    return query
        select x.product_id,
               (max(ts_rank(x.words, q) * case when x.lang = wanted_lang then 1.5 else 1 end)
                   * 1000000)::bigint + 1000000
          from catalog.product_text x
          join catalog.shelf s on s.category_id = 0 and s.product_id = x.product_id
         where x.words @@ q
         group by x.product_id
         order by 2 desc, 1
         limit 2000;
    get diagnostics found_n = row_count;
    if found_n < 5 and length(sought_folded) >= 3 then
        return query
            select x.product_id, (max(word_similarity(sought_folded, x.folded)) * 1000)::bigint
              from catalog.product_text x
              join catalog.shelf s on s.category_id = 0 and s.product_id = x.product_id
             where sought_folded <% x.folded
               and not exists (select from catalog.product_text y
                   where y.product_id = x.product_id and y.words @@ q)
             group by x.product_id
             order by 2 desc, 1
             limit 50;
    end if;
end $$;

-- ?colour=black is a filter, ?utm_source=x is not: keeps the tags whose code is an option.
create function catalog.real_tags(tags text[]) returns text[]
language sql stable security definer
set search_path = pg_catalog, catalog, pg_temp as $$
    select coalesce(array_agg(t order by t), '{}') from unnest(tags) t
     where exists (select from catalog.option o where o.code = split_part(t, '=', 1))
$$;

-- The products of a category (0: all) that pass search and filters. Within one option any of
-- the chosen values will do, and one and the same variant has to pass all of it.
-- `sort`: new, price_up, price_down, name, best. Sorted by (k, t, product_id) upwards.
create function catalog.sift(in_category bigint, wanted_lang text, wanted_currency text,
    chosen text[], low bigint, high bigint, only_available boolean, sought text,
    sought_folded text, sort text)
returns table (product_id bigint, k bigint, t text)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp as $$
declare
    tags text[] := catalog.real_tags(chosen);
    codes int := (select count(distinct split_part(x, '=', 1)) from unnest(tags) x);
    from_part text := 'catalog.shelf s';
    where_part text := 's.category_id = $1';
    keys text;
begin
    if sought <> '' then
        from_part := from_part || ' join catalog.hits($8, $9, $2) h on h.product_id = s.product_id';
    end if;
    if sort in ('price_up', 'price_down') then
        from_part := from_part || ' left join catalog.product_price r
            on r.product_id = s.product_id and r.currency = $3::char(3)';
    elsif sort = 'name' then
        from_part := from_part || ' join catalog.card c
            on c.product_id = s.product_id and c.lang = $2';
    end if;
    if codes > 0 or low is not null or high is not null or only_available then
        where_part := where_part || ' and exists (select from catalog.variant v'
            || case when low is not null or high is not null
               then ' join catalog.price p on p.variant_id = v.id and p.currency = $3::char(3)
                   and p.amount between coalesce($6, 0) and coalesce($7, 9000000000000000000)'
               else '' end
            || case when only_available
               then ' join inventory.item i on i.id = v.item_id
                   left join inventory.stock k on k.item_id = v.item_id'
               else '' end
            || ' where v.product_id = s.product_id and v.active'
            || case when only_available then ' and (not i.tracked or k.on_hand > k.reserved)'
               else '' end
            || case when codes > 0 then ' and v.tags && $4' else '' end
            || case when codes > 1
               then ' and $5 = (select count(*) from unnest(v.tags) x where x = any($4))'
               else '' end
            || ')';
    end if;
    keys := case sort
        when 'price_up' then 'coalesce(r.low, 4000000000000000000), ''''::text'
        when 'price_down' then '-coalesce(r.low, -1), ''''::text'
        when 'name' then '0::bigint, c.name'
        when 'best' then case when sought <> '' then '-h.rank, ''''::text'
                         else 's.newness, ''''::text' end
        else 's.newness, ''''::text' end;
    return query execute 'select s.product_id, ' || keys || ' from ' || from_part
        || ' where ' || where_part
        using in_category, wanted_lang, wanted_currency, tags, codes, low, high, sought,
              sought_folded;
end $$;

-- What the same list offers to filter by, counted under the filters chosen so far (a code's
-- own choice aside): kind option (code, value, names, n), category (children: value is the
-- slug), price (low in n, high in n2), stock (n available), total (n).
create function catalog.facets(in_category bigint, wanted_lang text, wanted_currency text,
    chosen text[], low bigint, high bigint, only_available boolean, sought text,
    sought_folded text)
returns table (kind text, code text, value text, code_name text, value_name text, n bigint,
    n2 bigint, place bigint)
language plpgsql stable security definer
set search_path = pg_catalog, catalog, public, pg_temp
set plan_cache_mode = force_custom_plan as $$ -- one plan for all would loop over each variant
declare
    real text[] := catalog.real_tags(chosen);
    picked text[] := array(select distinct split_part(x, '=', 1) from unnest(real) x);
    want int := cardinality(picked);
begin
    return query
    with base_set as materialized (
        select s.product_id from catalog.shelf s
         where s.category_id = in_category
           and (sought = '' or s.product_id in (
               select h.product_id from catalog.hits(sought, sought_folded, wanted_lang) h))
    ), v as materialized (
        -- A variant in several places comes several times; everything below counts products.
        select x.product_id, x.tags,
               case when want = 0 then 0
                    else (select count(*)::int from unnest(x.tags) q where q = any(real)) end as hit,
               not i.tracked or coalesce(k.on_hand > k.reserved, false) as in_stock,
               p.amount,
               (low is null and high is null)
                   or coalesce(p.amount between coalesce(low, 0)
                       and coalesce(high, 9000000000000000000), false) as in_range
          from base_set b
          join catalog.variant x on x.product_id = b.product_id and x.active
          join inventory.item i on i.id = x.item_id
          left join inventory.stock k on k.item_id = x.item_id
          left join catalog.price p on p.variant_id = x.id and p.currency = wanted_currency::char(3)
    ), tagged as (
        select u.tag, v.product_id,
               bool_or((v.in_stock or not only_available) and v.in_range
                   and v.hit - (u.tag = any(real))::int
                       = want - (split_part(u.tag, '=', 1) = any(picked))::int) as passes
          from v cross join lateral unnest(v.tags) as u(tag)
         group by u.tag, v.product_id
    ), counted as (
        select g.tag, split_part(g.tag, '=', 1) as o_code, split_part(g.tag, '=', 2) as v_code,
               count(*) filter (where g.passes) as n, min(g.product_id) as product_id
          from tagged g group by g.tag
    )
    select 'option', g.o_code, g.v_code, base.said(o.names, wanted_lang),
           base.said(ov.names, wanted_lang), g.n, null::bigint, ov.position::bigint
      from counted g
      join catalog.option o on o.product_id = g.product_id and o.code = g.o_code
      join catalog.option_value ov on ov.option_id = o.id and ov.code = g.v_code
    union all
    select 'category', 'category', c.slug, '', base.said(c.names, wanted_lang),
           count(*), null, c.position::bigint
      from catalog.category c
      join catalog.shelf s on s.category_id = c.id
      join base_set b on b.product_id = s.product_id
     where c.parent_id is not distinct from nullif(in_category, 0)
     group by c.id, c.slug, c.names, c.position
    union all
    select 'price', '', '', '', '', min(v.amount), max(v.amount), 0
      from v having min(v.amount) < max(v.amount)
    union all
    select 'total', '', '', '', '', count(distinct v.product_id) filter (where v.hit = want
               and v.in_range and (v.in_stock or not only_available)), null, 0
      from v
    union all
    select 'stock', 'available', '1', '', '', count(distinct v.product_id)
               filter (where v.hit = want and v.in_range and v.in_stock), null, 0
      from v
    order by 1, 2, 8, 3;
end $$;

revoke all on function catalog.hits, catalog.real_tags, catalog.sift, catalog.facets from public;
grant execute on function catalog.real_tags, catalog.sift, catalog.facets to talat_app;
grant usage on schema catalog, inventory, base to talat_search;
grant select on all tables in schema catalog to talat_search;
grant select on inventory.item, inventory.stock to talat_search;
grant create on schema catalog to talat_search;
alter function catalog.hits owner to talat_search;
alter function catalog.real_tags owner to talat_search;
alter function catalog.sift owner to talat_search;
alter function catalog.facets owner to talat_search;
revoke create on schema catalog from talat_search;
-- pricing: tax rates by country and class, in basis points (700 = 7 %).
create schema pricing;
grant usage on schema pricing to talat_app, talat_readonly;

create table pricing.tax_rate (
    country char(2) not null,
    tax_class text not null default 'standard',
    rate_bp int not null check (rate_bp between 0 and 10000),
    name text not null default 'VAT',
    primary key (country, tax_class)
);
insert into pricing.tax_rate (country, rate_bp, name) values
    ('TH', 700, 'VAT'), ('VN', 1000, 'VAT'), ('SG', 900, 'GST'), ('US', 0, 'Tax');
grant select, insert, update, delete on pricing.tax_rate to talat_app;
grant select on pricing.tax_rate to talat_readonly;
-- shipping: delivery methods with flat prices, free from a threshold.
create schema shipping;
grant usage on schema shipping to talat_app, talat_readonly;

create table shipping.method (
    id bigint generated always as identity primary key,
    code text not null unique,
    position int not null default 0,
    names jsonb not null,
    promises jsonb not null default '{}', -- "2-3 days"
    countries text[] not null default '{}', -- empty: everywhere we sell
    active boolean not null default true
);
create table shipping.price (
    method_id bigint not null references shipping.method on delete cascade,
    currency char(3) not null,
    amount bigint not null check (amount >= 0),
    free_from bigint check (free_from > 0), -- goods total from which it costs nothing
    primary key (method_id, currency)
);
grant select, insert, update, delete on shipping.method, shipping.price to talat_app;
grant select on shipping.method, shipping.price to talat_readonly;
-- cart: what someone means to buy. Found by a signed cookie or by the person.
create schema cart;
grant usage on schema cart to talat_app, talat_readonly;

create table cart.cart (
    id bigint generated always as identity primary key,
    person_id bigint,
    revision bigint not null default 1, -- up by one with each change of what would be bought
    state text not null default 'open' check (state in ('open', 'ordered', 'merged')),
    created_at timestamptz not null default now(),
    touched_at timestamptz not null default now()
);
create unique index cart_person on cart.cart (person_id) where state = 'open';
create index cart_old on cart.cart (touched_at);

create table cart.line (
    id bigint generated always as identity primary key,
    cart_id bigint not null references cart.cart on delete cascade,
    variant_id bigint not null,
    quantity int not null check (quantity between 1 and 999),
    -- unit price when last agreed to, so that "dearer than before" can be said
    seen_price bigint not null,
    seen_currency char(3) not null,
    -- how many of these an unpaid order of this very cart keeps for it: they are not sold out
    held int not null default 0,
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
create policy own on cart.line for all
    using (exists (select from cart.cart c where c.id = cart_id))
    with check (exists (select from cart.cart c where c.id = cart_id));
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
-- payments: attempts at a provider, its events, refunds, and the double-entry ledger.
-- It knows an order by its id only.
create schema payments;
grant usage on schema payments to talat_app, talat_readonly;

create table payments.attempt (
    id bigint generated always as identity primary key,
    order_id bigint not null,
    provider text not null,
    key text not null unique, -- the idempotency key sent to the provider
    amount bigint not null check (amount > 0),
    currency char(3) not null,
    state text not null default 'created' check (state in
        ('created', 'open', 'processing', 'paid', 'failed', 'expired', 'cancelled')),
    session_id text,   -- the provider's page: cs_...
    payment_id text,   -- the provider's payment: pi_...
    url text,          -- where the buyer pays
    request jsonb not null, -- what the page was or will be opened with, to ask again the same
    error text not null default '',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    asked_at timestamptz, -- when the reconciler last asked the provider
    paid_at timestamptz
);
create unique index one_open_attempt on payments.attempt (order_id)
    where state in ('created', 'open', 'processing');
create unique index attempt_session on payments.attempt (provider, session_id);
create index attempt_payment on payments.attempt (payment_id) where payment_id is not null;
create index attempt_order on payments.attempt (order_id, id);
create index attempt_open on payments.attempt (created_at)
    where state in ('created', 'open', 'processing');

create table payments.event (
    id bigint generated always as identity primary key,
    provider text not null,
    account text not null default '',
    event_id text not null,
    kind text not null,
    body text not null,
    received_at timestamptz not null default now(),
    applied_at timestamptz,
    outcome text not null default '',
    constraint event_once unique (provider, account, event_id)
);

create table payments.refund (
    id bigint generated always as identity primary key,
    order_id bigint not null,
    attempt_id bigint not null references payments.attempt,
    key text not null unique,
    amount bigint not null check (amount > 0),
    currency char(3) not null,
    reason text not null default 'requested_by_customer',
    state text not null default 'created' check (state in ('created', 'pending', 'done', 'failed')),
    provider_id text unique,
    error text not null default '',
    person_id bigint,
    created_at timestamptz not null default now(),
    done_at timestamptz
);
create index refund_attempt on payments.refund (attempt_id);
create index refund_order on payments.refund (order_id, id);
-- What is being given back of one payment never exceeds what was captured by it, however many
-- press the button at once.
create function payments.refund_fits() returns trigger language plpgsql as $$
declare
    captured bigint;
begin
    select amount into captured from payments.attempt where id = new.attempt_id for update;
    if (select coalesce(sum(amount), 0) from payments.refund
         where attempt_id = new.attempt_id and state <> 'failed' and id <> new.id)
        + new.amount > captured then
        raise exception 'That is more than was paid.' using errcode = 'TL409';
    end if;
    return new;
end $$;
create trigger refund_fits before insert on payments.refund
    for each row execute function payments.refund_fits();

-- The ledger: every transaction sums to zero per currency, rows are never changed, each
-- transaction of an order carries the hash of the one before it and of its own entries.
create table payments.transaction (
    id bigint generated always as identity primary key,
    order_id bigint not null,
    cause text not null,
    created_at timestamptz not null default now(),
    previous text not null default '',
    hash text not null default '',
    constraint once_per_cause unique (cause)
);
create index transaction_order on payments.transaction (order_id, id);
create table payments.entry (
    id bigint generated always as identity primary key,
    transaction_id bigint not null references payments.transaction,
    order_id bigint not null,
    organisation_id bigint, -- whose money, where it is a tenant's
    account text not null check (account in
        ('buyer', 'provider', 'organisation', 'platform', 'tax', 'delivery')),
    currency char(3) not null,
    amount bigint not null check (amount <> 0)
);
create index entry_transaction on payments.entry (transaction_id);
create index entry_order on payments.entry (order_id);
create trigger never_changed before update or delete on payments.transaction
    for each row execute function base.refuse_change();
create trigger never_changed before update or delete on payments.entry
    for each row execute function base.refuse_change();
create function payments.check_sum() returns trigger language plpgsql as $$
begin
    if exists (select from payments.entry where transaction_id = new.transaction_id
        group by currency having sum(amount) <> 0) then
        raise exception 'ledger transaction % does not sum to zero', new.transaction_id
            using errcode = 'TL500';
    end if;
    return null;
end $$;
create constraint trigger sums_to_zero after insert on payments.entry
    deferrable initially deferred for each row execute function payments.check_sum();

do $$
declare t text;
begin
    foreach t in array array['attempt', 'refund', 'transaction', 'entry'] loop
        execute format('alter table payments.%I enable row level security', t);
        execute format('alter table payments.%I force row level security', t);
        execute format('create policy own on payments.%I for all
            using (order_id = base.order_id() or base.is_platform())
            with check (order_id = base.order_id() or base.is_platform())', t);
    end loop;
end $$;
alter table payments.event enable row level security;
alter table payments.event force row level security;
create policy own on payments.event for all using (base.is_platform())
    with check (base.is_platform());

grant select, insert, update on payments.attempt, payments.event, payments.refund to talat_app;
grant select, insert on payments.transaction, payments.entry to talat_app;
-- orders: an agreed basket and its life. One part per organisation for its fulfilment.
create schema orders;
grant usage on schema orders to talat_app, talat_readonly;

create sequence orders.order_id;
grant usage on sequence orders.order_id to talat_app;
create table orders."order" (
    id bigint primary key, -- from orders.order_id, taken first so that the scope can be set
    number text not null unique check (number ~ '^[0-9A-Z-]{8,20}$'), -- what people see
    cart_id bigint not null,
    cart_revision bigint not null,
    person_id bigint,
    email text not null,
    name text not null,
    phone text not null default '',
    address jsonb not null, -- {line1, line2, city, region, postcode, country}
    lang text not null,
    currency char(3) not null,
    goods_total bigint not null check (goods_total >= 0),
    delivery_total bigint not null check (delivery_total >= 0),
    tax_total bigint not null check (tax_total >= 0), -- within or on top, as tax_inclusive says
    total bigint not null check (total >= 0),
    tax_inclusive boolean not null,
    rounding text not null,
    delivery_method text not null,
    delivery_names jsonb not null default '{}',
    trace jsonb not null, -- how each figure came about
    status text not null default 'pending' check (status in
        ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
    payment_status text not null default 'pending' check (payment_status in
        ('pending', 'paid', 'refunded')),
    refunded_total bigint not null default 0,
    version bigint not null default 1,
    placed_at timestamptz not null default now(),
    is_held boolean not null default true, -- its stock is reserved until hold_until
    hold_until timestamptz not null,
    paid_at timestamptz,
    updated_at timestamptz not null default now(),
    constraint one_order_per_revision unique (cart_id, cart_revision),
    constraint totals_add_up check (total = goods_total + delivery_total
        + case when tax_inclusive then 0 else tax_total end),
    constraint refunds_fit check (refunded_total between 0 and total)
);
create index order_person on orders."order" (person_id, id desc) where person_id is not null;
create index order_email on orders."order" (email, id desc);
create index order_lapsing on orders."order" (hold_until)
    where status = 'pending' and payment_status = 'pending' and is_held;
create index order_forgotten on orders."order" (placed_at)
    where status = 'pending' and payment_status = 'pending';

create table orders.part (
    id bigint generated always as identity primary key,
    order_id bigint not null references orders."order",
    organisation_id bigint not null references auth.organisation,
    status text not null default 'pending' check (status in
        ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
    goods_total bigint not null,
    tax_total bigint not null,
    carrier text not null default '',
    tracking text not null default '',
    shipped_at timestamptz,
    placed_at timestamptz not null default now(),
    unique (order_id, organisation_id)
);
create index part_organisation on orders.part (organisation_id, order_id desc);

create table orders.line (
    id bigint generated always as identity primary key,
    order_id bigint not null references orders."order",
    part_id bigint not null references orders.part,
    organisation_id bigint not null,
    position int not null,
    product_id bigint not null,
    variant_id bigint not null,
    item_id bigint not null,
    slug text not null,
    sku text not null,
    name text not null,
    options text not null default '',
    picture text not null default '', -- stem
    quantity int not null check (quantity > 0),
    unit_price bigint not null check (unit_price >= 0),
    line_total bigint not null,
    tax_rate_bp int not null,
    tax bigint not null,
    constraint line_adds_up check (line_total = unit_price * quantity),
    unique (order_id, position)
);

create table orders.event ( -- the timeline
    id bigint generated always as identity primary key,
    order_id bigint not null references orders."order",
    kind text not null, -- placed, paid, shipped, delivered, cancelled, refunded, hold_lapsed, note
    actor text not null default 'system' check (actor in ('system', 'buyer', 'staff', 'provider')),
    person_id bigint,
    data jsonb not null default '{}',
    at timestamptz not null default now()
);
create index event_order on orders.event (order_id, id);
create trigger never_changed before update or delete on orders.event
    for each row execute function base.refuse_change();

alter table orders."order" enable row level security;
alter table orders."order" force row level security;
create policy own on orders."order" for all
    using (id = base.order_id() or person_id = base.person() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = "order".id and p.organisation_id = base.organisation())))
    with check (id = base.order_id() or person_id = base.person() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = "order".id and p.organisation_id = base.organisation())));
alter table orders.part enable row level security;
alter table orders.part force row level security;
-- No policy of part asks order while order's asks part: that would go in circles.
create policy own on orders.part for all
    using (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform())
    with check (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform());
alter table orders.line enable row level security;
alter table orders.line force row level security;
create policy own on orders.line for all
    using (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform() or (base.person() is not null and exists (
            select from orders."order" o where o.id = order_id and o.person_id = base.person())))
    with check (organisation_id = base.organisation() or order_id = base.order_id()
        or base.is_platform());
alter table orders.event enable row level security;
alter table orders.event force row level security;
create policy own on orders.event for all
    using (order_id = base.order_id() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = event.order_id and p.organisation_id = base.organisation())))
    with check (order_id = base.order_id() or base.is_platform()
        or (base.organisation() is not null and exists (select from orders.part p
            where p.order_id = event.order_id and p.organisation_id = base.organisation())));

grant select, insert, update on orders."order", orders.part to talat_app;
grant select, insert on orders.line, orders.event to talat_app;
-- checkout: what was filled in so far, so that a lost connection loses nothing.
create schema checkout;
grant usage on schema checkout to talat_app, talat_readonly;

create table checkout.draft (
    cart_id bigint primary key references cart.cart on delete cascade,
    email text not null default '',
    name text not null default '',
    phone text not null default '',
    address jsonb not null default '{}',
    delivery_method text,
    updated_at timestamptz not null default now()
);
alter table checkout.draft enable row level security;
alter table checkout.draft force row level security;
create policy own on checkout.draft for all -- whoever may see the cart
    using (exists (select from cart.cart c where c.id = cart_id))
    with check (exists (select from cart.cart c where c.id = cart_id));
grant select, insert, update, delete on checkout.draft to talat_app;
-- ops: which changes of the schema have been made.
create schema ops;
grant usage on schema ops to talat_app, talat_readonly;
create table ops.change (
    name text primary key,
    applied_at timestamptz not null default now()
);
grant select on ops.change to talat_app, talat_readonly;
-- Small facts the tools keep about this database: which demo catalogue it has.
create table ops.mark (
    name text primary key,
    value text not null
);
grant select, insert, update on ops.mark to talat_app;
