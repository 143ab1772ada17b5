create table t (id int autoincrement);
# a comment
drop table t;
select 'a;
