-- patch: kind=direct
select 1;