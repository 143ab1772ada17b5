-- patch: syntax=unchecked
select 1 from from;
