select 1;
select 'Rex;
begin;
