-- patch: kind=direct
set role owner;
alter table dog add age int;
