-- An order is placed with its payment's attempt, or neither is.
set local lock_timeout = '3s';

-- Says no, with all that was sent along.
create function base.refuse(why text) returns boolean language plpgsql as $$
begin
    raise exception using errcode = 'TL409', constraint = why, message = why;
end $$;
