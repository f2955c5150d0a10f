-- Counts that changed no figure, of causes that count once: a file that is imported again must not put
-- back what was sold since, also where it said at first what stood there already.
set local lock_timeout = '3s';
create table inventory.counted (
    item_id bigint not null references inventory.item,
    location_id bigint not null references inventory.location,
    organisation_id bigint not null,
    cause text not null,
    primary key (item_id, location_id, cause)
);
alter table inventory.counted enable row level security;
alter table inventory.counted force row level security;
create policy kept on inventory.counted for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());
grant select, insert on inventory.counted to talat_app;
