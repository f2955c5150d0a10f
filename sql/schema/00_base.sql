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

-- By which way it came: "web 9f86d081884c7d65 5f0c...", "job orders.push ..."; for stories that
-- keep it. The second word of "web" is the digest of what base.whence() says; programs of before,
-- while the shop is upgraded, say the address there, which is left out.
create function base.source() returns text language sql stable parallel safe as
$$ select rtrim(concat_ws(' ', split_part(current_setting('app.source', true), ' ', 3),
              case when current_setting('app.source', true) ~ '^\d+ \d+ web \S*[.:]' then '-'
                   else split_part(current_setting('app.source', true), ' ', 4) end,
              split_part(current_setting('app.source', true), ' ', 5))) $$;
-- The address of a change stands beside it, "salt/203.0.113.7", where it can be taken away; the
-- change itself, which stays, has only its digest. See src/web/gate.c.
create function base.whence() returns text language sql stable parallel safe as
$$ select nullif(split_part(current_setting('app.source', true), ' ', 6), '') $$;
create function base.is_whence(whence text, source text) returns boolean
language sql immutable parallel safe as
$$ select split_part(source, ' ', 2) = left(encode(sha256(convert_to(whence, 'UTF8')), 'hex'), 16) $$;
-- As people read it: the address itself, or none when it is gone.
create function base.shown_source(source text, whence text) returns text
language sql immutable parallel safe as
$$ select case when source like 'web %'
               then concat_ws(' ', 'web', coalesce(nullif(split_part(whence, '/', 2), ''), '-'),
                              split_part(source, ' ', 3))
               else source end $$;

-- A text in several languages: {"en": "...", "th": "..."}; English stands in for a gap.
create function base.said(names jsonb, lang text) returns text
language sql immutable parallel safe as
$$ select coalesce(names ->> lang, names ->> 'en', '') $$;

-- Says no, with all that was sent along.
create function base.refuse(why text) returns boolean language plpgsql as $$
begin
    raise exception using errcode = 'TL409', constraint = why, message = why;
end $$;

-- For tables that are written once: refuses UPDATE and DELETE whoever asks.
create function base.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of %.% are never changed', tg_table_schema, tg_table_name
        using errcode = 'TL403';
end $$;

-- The same, of tables that keep an address beside each row: that alone may go.
create function base.refuse_change_but_whence() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        old.whence := null;
        if new is not distinct from old then return new; end if;
    end if;
    raise exception 'rows of %.% are never changed', tg_table_schema, tg_table_name
        using errcode = 'TL403';
end $$;

-- For tables of which somebody may have so many rows: at_most(column, most, which count). Two who
-- add at once wait for each other; who is over it adds nothing.
create function base.at_most() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    whose text := to_jsonb(new) ->> tg_argv[0];
    n bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended(tg_relid::text || ' ' || whose, 0));
    execute format('select count(*) from %s where %I = %L and %s', tg_relid::regclass, tg_argv[0],
        whose, coalesce(tg_argv[2], 'true')) into n;
    return case when n < tg_argv[1]::bigint then new end;
end $$;

-- For tables with a sealed column: programs of before, which know nothing of it, write what it
-- holds plain while the shop is upgraded. What they wrote is what counts.
create function base.written_plain() returns trigger language plpgsql as $$
begin
    new.sealed := '';
    return new;
end $$;

grant usage on schema base to talat_app, talat_readonly;
