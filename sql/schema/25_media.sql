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
    loose_since timestamptz, -- when it was first seen that nothing shows it (src/ops/pictures.c)
    unique (organisation_id, stem)
);
create index picture_loose on media.picture (loose_since) where loose_since is not null;
alter table media.picture enable row level security;
alter table media.picture force row level security;
create policy kept on media.picture for all
    using (organisation_id = base.organisation() or base.is_platform())
    with check (organisation_id = base.organisation() or base.is_platform());
grant select, insert, update, delete on media.picture to talat_app;
grant select on media.picture to talat_readonly;
