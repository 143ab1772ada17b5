-- patch: kind=parallel
-- pacth: kind=std
-- patch: lock_timeout=5 s

select 1; -- patch: kind=std
select
  -- patch: kind=direct
  2;
