-- patch: allow=ban-drop-table
drop table cat;
set search_path = kennel;
create index dog_name on dog (name);
alter table dog
    alter column size type bigint,
    drop column colour;
update dog set name = 'Ä' || name;
