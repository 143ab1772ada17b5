-- Texts with one fault each. `--!` tells where and what it is; `--=` where a server sees it, if that is elsewhere.

--! 2:1 missing `;` before `create`; end the statement before it with `;`
create table a (x int)
create table b (y int);
--! 2:26 unexpected `autoincrement`; write `GENERATED ALWAYS AS IDENTITY`, which numbers the rows by itself
create table a (
  id integer primary key autoincrement,
  b int
);
--! 2:14 unexpected `auto_increment`; write `GENERATED ALWAYS AS IDENTITY`, which numbers the rows by itself
create table a (
  id integer auto_increment,
  index (id)
);
--! 3:3 an index cannot be declared inside `CREATE TABLE`; write `CREATE INDEX … ON …` as a statement of its own, behind the table
--= 3:9
create table a (
  id integer,
  index foo (id)
);
--! 3:10 expected column list, found `key`; write `CREATE INDEX … ON …` as a statement of its own, behind the table
create table a (
  id integer,
  unique key foo (id)
);
--! 3:13 expected `)`, found `using`; write `CREATE INDEX … ON …` as a statement of its own, behind the table
create table a (
  id integer,
  index foo using btree (id)
);
--! 1:1 unexpected `#`; a comment begins with `--`
# a comment
select 1;
--! 1:25 unexpected `from`; `FROM` left the language with PostgreSQL 13: leave it out
create extension hstore from unpackaged;
--! 1:14 expected a table, found the end of the statement
select 1 from;
--! 1:1 unexpected `selec`
selec 1;
--! 1:15 expected `VALUES` or a query, found `valuess`
insert into t valuess (1);
--! 1:26 expected a name, found the end of the statement
alter table t drop column;
--! 1:14 expected a name, found a backtick; a name that needs quotes is written "name"
create table `t` (a int);
--! 1:21 unexpected trailing comma
--= 1:22
create index on t (a,);
--! 1:22 unexpected trailing comma
--= 1:23
create table t (a int,);
--! 1:25 expected an expression, found the end of the statement
update t set a = 1 where;
--! 1:26 expected an expression, found the end of the statement
--= 1:27
select * from t where a = ;
--! 1:18 expected `TO`, found the end of the statement
grant select on t;
--! 1:26 unexpected trailing comma
--= 1:28
insert into t values ('a', );
--! 1:41 expected `NULL`, found `nul`
create table t (a int default now() not nul);
--! 1:52 missing comma
create function f() returns int as $$ select fro m x wher $$ language sql;
--! 3:1 expected an expression
create function f() returns int as $$
  select a from x where
$$ language sql;
--! 1:8 expected `FROM`, found `t`
delete t where a=1;
--! 1:32 unexpected `c`
create table t (ä text, b text c text);
--! 1:45 expected FUNCTION or PROCEDURE, found `f`
create trigger x before insert on t execute f();
--! 1:24 expected `)`, found `a`
create type e as enum (a);
--! 1:8 `(` is never closed
--= 1:10
select (1;
--! 1:9 unexpected `)`
select 1);
--! 1:1 unexpected `if`; PL/pgSQL stands within `DO $$ BEGIN … END $$;`
if exists select 1;
--! 1:15 unexpected `MODIFY`; write `ALTER COLUMN name TYPE type`
ALTER TABLE t MODIFY COLUMN a int;
--! 1:24 unexpected `engine`; leave MySQL's table options out
create table t (a int) engine=innodb;
--! 1:15 expected `VALUES` or a query, found `set`
insert into t set a=1;
--! 1:24 unexpected `,`; write `LIMIT count OFFSET start`
--= 1:17
select a from t limit 1, 2;
--! 1:15 expected `AS`, found `select`
create view v select 1;
--! 1:1 unexpected `go`; PostgreSQL has no batches: end each statement with `;`
go
--! 1:52 expected `)`, found `[`; a name that needs quotes is written "name"; an array is `ARRAY[…]`
CREATE TABLE t (a datetime2(7), b nvarchar(max), c [int]);
--! 1:24 expected a string, found `:`; variables of psql are replaced in a baseline only
create role x password :'pw';
--! 2:1 missing `;` before `insert`; end the statement before it with `;`
insert into t values (1)
insert into t values (2);
--! 2:1 missing `;` before `select`; end the statement before it with `;`
begin
select 1;
--! 1:48 expected `REFERENCES`, found `refrences`
alter table t add constraint c foreign key (a) refrences b (c);
--! 2:1 unexpected `using`
create policy p on t for all to x;
using (true);
--! 1:15 unexpected `exist`
drop table if exist t;
--! 1:19 expected `FUNCTION`, found `table`
create or replace table t (a int);
--! 1:30 expected alter column option, found `set`
--= 1:34
alter table t alter column a set type;
--! 1:27 expected a name, found `(`
create index i on t using (a);
--! 1:20 expected `IS`, found `'x'`
comment on table t 'x';
--! 1:26 expected a name, found `as`
create materialized view as select 1;
--! 1:27 unexpected `incremented`
create sequence s start 1 incremented by 2;
--! 1:26 expected `END`, found the end of the statement
select case when 1 then 2;
--! 1:23 join missing condition
select * from a join b;
--! 1:15 `(` is never closed
--= 1:21
insert into t (a, b values (1, 2);
--! 1:28 expected `(`, found `a`
create unique index i on t a;
--! 1:18 expected `VALUE`, found `'x'`
alter type e add 'x';
--! 1:24 expected `TO`, found `b`
alter table t rename a b;
--! 1:12 expected `SET`, found `=`
update t a = 1;
--! 1:12 expected new line or comma between strings, found `'b'`
select 'a' 'b';
--! 1:57 expected new line or comma between strings, found `'y'`
create table t (a varchar(10) null not null default 'x' 'y' references b on delete cascade on remove x);
--! 1:17 expected `)`, found `user`
create table t (user text);
--! 1:14 expected a name, found `order`
create table order (a int);
--! 1:12 missing comma
select a b c from t;
--! 1:44 expected `THEN`, found `update`
merge into t using s on a = b when matched update set a = 1;
--! 1:27 expected `(`, found `value`
create domain d int check value > 0;
--! 1:31 expected a string, found the end of the statement
copy t from stdin delimiter as;
--! 1:8 `(` is never closed
--= 1:15
vacuum (full t;
--! 1:7 expected `=`, found `b`
set a b;
--! 1:20 unexpected `lang`
do $$ begin end $$ lang plpgsql;
--! 1:68 expected a call with parentheses, found the end of the statement
create trigger t after insert on t for each row execute procedure f;
--! 1:33 expected `IN`, found `t`
--= 1:26
create publication p for tables t;
--! 1:45 expected `(`, found `1`
create table p partition of t for values in 1;
--! 1:18 unexpected `b`
truncate table a b;
--! 1:26 expected `MODE`, found the end of the statement
lock table t in exclusive;
--! 1:7 expected `(`, found the end of the statement
call f;
--! 1:9 unexpected `selct`
explain selct 1;
--! 1:11 expected `(`, found `select`
with a as select 1 select * from a;
--! 1:23 expected `BY`, found `a`
select * from t order a;
--! 1:25 expected at least one GROUP BY item, found the end of the statement
select * from t group by;
--! 1:8 expected a target after SELECT DISTINCT, found `distinct`
--= 1:20
select distinct on a from t;
--! 1:37 unexpected `stype`
create aggregate a (int) (sfunc = f stype = int);
--! 1:30 expected a table, found `where`
select 'ä', 'ö' from straße, where 1;
--! 3:23 unexpected trailing comma
--= 3:24
-- ünïcödé
insert into tabelle (spalte)
values ('große Straße',);
--! 3:3 unexpected `b`
create table t (
  a int
  b int
);
--! 4:8 missing comma; end each statement with `;`
select 1;
select 2

select 3;
--! 1:14 missing comma
select “x” y z;
--! 1:34 expected `EXISTS`, found `exist`
create index concurrently if not exist i on t (a);
--! 1:38 expected `FOREIGN`, found `key`
--= 1:30
alter table t add constraint primary key (a);
--! 1:1 unexpected `replace`; write `INSERT … ON CONFLICT … DO UPDATE`
replace into t values (1);
--! 1:1 unexpected `raise`; PL/pgSQL stands within `DO $$ BEGIN … END $$;`
raise notice 'x';
--! 1:23 unexpected `unsigned`; PostgreSQL has no unsigned integers: use the next larger type or a `CHECK`
create table t (a int unsigned);
--! 1:9 unexpected `selct`
/* a */ selct /* b */ 1;
--! 1:68 unexpected `langage`
create function f() returns trigger as $$ begin return new; end $$ langage plpgsql;
--! 1:22 `(` is never closed
--= 1:27
insert into t values (1, 2;
insert into t values (3);
--! 1:13 string is never closed
select 'it's';

--! 1:6 unexpected `tabl`
drop tabl t;
--! 2:7 unexpected `tabel`
-- ä
alter tabel t add a int;
