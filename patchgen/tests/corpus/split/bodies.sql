-- Semicolons within statements.
create table note (a int, b text);
create rule two as on insert to note do also (select 1; select 2);
create rule nested as on update to note do also (select (1); (select (((2)))));
create function one() returns int begin atomic select 1; end;
create or replace function one() returns int language sql BEGIN ATOMIC
    select case when 1 > 0 then case 2 when 2 then 3 end else 4 end; -- ; end
    select (case when true then 5 end);
    select 'end;', "end" from (select 6 as "end") as t;
END;
create procedure nothing() begin atomic end;
create procedure several(inout n int) language sql begin atomic
    insert into note values (1, ';'), (2, 'end');
    select 3 where n > 2;
end; select 7;
create function "begin"() returns text language sql as 'select ''begin; end;''';
create function two() returns int language plpgsql as $$
declare n int := 1; begin
    begin n := case when n = 1 then 2 end; exception when others then null; end;
    return n;
end; $$; select 8;
begin; select 9; end;
begin work; create table begun (atomic int, "case" int); commit;
do $do$ begin perform 1; end; $do$;
select case when true then 1 end; select case 2 when 2 then 3 end;
create view cased as select case a when 1 then 2 end from note;
create function three(a int, b int default case when 1 = 1 then 2 end) returns int return case when a = b then 1 end;
create trigger t after insert on note for each row when (new.a > case when true then 1 end) execute function nope();
drop function if exists one, two;

select

  'empty;

lines'

;
