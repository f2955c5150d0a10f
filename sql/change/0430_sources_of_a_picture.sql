-- Which files brought a picture: asked for each that is dropped.
set local lock_timeout = '3s';
create index if not exists picture_source_picture on catalog.picture_source (picture_id);
