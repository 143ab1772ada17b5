-- The first table.
-- patch: lock_timeout=5s

create table dog (name text);;
create index on dog (name);
