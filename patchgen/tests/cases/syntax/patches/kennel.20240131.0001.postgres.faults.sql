create table breed (
    id integer primary key autoincrement,
    name text -- ä
);

copy breed from stdin;
1	Schäferhund ( ' ;
\.
insert into breed (name) values ('Dackel', 'ä',);
alter tabel breed add column size int;
