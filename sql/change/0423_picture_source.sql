-- Under which name a file of products brought a picture: so the next one puts another in its place.
set local lock_timeout = '3s';
create table catalog.picture_source (
    product_id bigint not null references catalog.product on delete cascade,
    source text not null,
    picture_id bigint not null references media.picture on delete cascade,
    organisation_id bigint not null,
    primary key (product_id, source)
);
alter table catalog.picture_source enable row level security;
alter table catalog.picture_source force row level security;
create policy kept on catalog.picture_source for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());
grant select, insert, update, delete on catalog.picture_source to talat_app;
grant select on catalog.picture_source to talat_readonly, talat_search;
