-- patch: kind=concurrent
select 1;