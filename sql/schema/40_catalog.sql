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
create index product_status on catalog.product (organisation_id, status, updated_at desc, id desc);

create table catalog.product_text (
    product_id bigint not null references catalog.product on delete cascade,
    organisation_id bigint not null,
    lang text not null check (lang in ('en', 'th', 'vi')),
    name text not null check (length(name) between 1 and 200),
    summary text not null default '',
    description text not null default '',
    words tsvector not null default '', -- split and folded by locale_words, weights A to C
    folded text not null default '',    -- name, folded: for typing errors
    shown boolean not null default false, -- its product is on the shelf: catalog.reshelve
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
create index variant_sku_begin on catalog.variant (organisation_id, lower(sku) text_pattern_ops);
create index variant_sku on catalog.variant (sku); -- a form for the cart says the SKU alone

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

-- Under which name (an address or a file's, as a hash) a file of products brought a picture: so the
-- next one puts another in its place, and needs not fetch what has not changed.
create table catalog.picture_source (
    product_id bigint not null references catalog.product on delete cascade,
    source text not null,
    picture_id bigint not null references media.picture on delete cascade,
    organisation_id bigint not null,
    primary key (product_id, source)
);
create index picture_source_picture on catalog.picture_source (picture_id);
alter table catalog.picture_source enable row level security;
alter table catalog.picture_source force row level security;
create policy kept on catalog.picture_source for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());

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

-- Jobs, and whose it is, see all by the other policy; this one comes first, and is asked of each row:
-- what is dear to ask stands last. offset: one product at a time. PostgreSQL would read all products,
-- each time one is saved or somebody who has no cart yet asks for one picture.
do $$
declare t text;
begin
    foreach t in array array['product_text', 'product_category', 'option', 'option_value',
        'variant', 'price', 'product_picture'] loop
        execute format('alter table catalog.%I enable row level security', t);
        execute format('alter table catalog.%I force row level security', t);
        execute format('create policy seen on catalog.%1$I for select
            using (base.is_platform() or organisation_id = base.organisation() or exists (
                select from catalog.product p where p.id = %1$I.product_id
                and p.status = ''published'' offset 0))', t);
        execute format('create policy kept on catalog.%I for all
            using (organisation_id = base.organisation() or base.is_platform())
            with check (organisation_id = base.organisation() or base.is_platform())', t);
    end loop;
end $$;
-- Asked by policies for somebody without a name: is it for sale, may it be seen? Functions, because
-- a policy's own subquery is made ready each time its table is read, also where it is not asked.
create function catalog.sells(item bigint) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (select from catalog.variant v join catalog.product p on p.id = v.product_id
                    where v.item_id = item and p.status = 'published');
end $$;
create function catalog.shows(picture bigint) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (select from catalog.product_picture x
                     join catalog.product p on p.id = x.product_id
                    where x.picture_id = picture and p.status = 'published')
        or exists (select from catalog.front f where f.picture_id = picture)
        or exists (select from catalog.category k where k.picture_id = picture);
end $$;

-- How much is left stands on the product's page. Without anybody in the scope only what is for
-- sale is seen; who has a cart or an account is not asked again for each line of it.
create policy seen on inventory.item for select
    using (base.is_platform() or base.person() is not null or base.cart() is not null
        or organisation_id = base.organisation() or catalog.sells(id));
create policy seen on inventory.stock for select
    using (base.is_platform() or base.person() is not null or base.cart() is not null
        or organisation_id = base.organisation() or catalog.sells(item_id));

-- Of a draft nobody sees a picture either. Who has a cart, an account or an order's link is not
-- asked again: what they bought keeps its picture when it is sold no more.
create policy seen on media.picture for select
    using (base.is_platform() or base.person() is not null or base.cart() is not null
        or base.order_id() is not null or organisation_id = base.organisation()
        or catalog.shows(id));
create index product_picture_picture on catalog.product_picture (picture_id);
create index product_picture_value on catalog.product_picture (value_id) where value_id is not null;

grant select, insert, update, delete on all tables in schema catalog to talat_app;
grant select on all tables in schema catalog to talat_readonly;

select audit.watch('catalog.category', 'content');
select audit.watch('catalog.product', 'content', passed_over => '{version,updated_at}');
select audit.watch('catalog.product_text', 'content', passed_over => '{words,folded,shown}');
select audit.watch('catalog.product_category', 'content');
select audit.watch('catalog.option', 'content');
select audit.watch('catalog.option_value', 'content');
select audit.watch('catalog.variant', 'content');
select audit.watch('catalog.price', 'money');
select audit.watch('catalog.product_picture', 'content');
select audit.watch('catalog.front', 'content');
