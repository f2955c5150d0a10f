-- 0421's take its place; programs of the version before find the same without it.
set local lock_timeout = '3s';
drop index inventory.movement_by_hand;
