-- patch: kind=concurrent
create index concurrently if not exists dog_name on dog (name);
set local work_mem = '1GB';
call refill();
