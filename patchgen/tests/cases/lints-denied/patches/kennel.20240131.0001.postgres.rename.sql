alter table dog rename name to called;
alter table dog add column size int;
