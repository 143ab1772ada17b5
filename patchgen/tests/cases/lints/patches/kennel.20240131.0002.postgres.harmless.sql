create table kennel.dog (id int primary key, name varchar(20) not null);
create index on kennel.dog (name);
insert into kennel.dog values (1, 'Ä');
