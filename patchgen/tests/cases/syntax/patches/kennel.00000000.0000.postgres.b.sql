\set owner rex
create role :"owner" in role :roles;
create tabel t ();
