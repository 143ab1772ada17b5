create table dog (
    name text,
);
select 1;
selct 2;
