-- patch: allow=transaction-pair
begin;
select 1;
end;