savepoint s;
select 1;
rollback to s;
rollback;
