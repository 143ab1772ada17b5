select set_config('search_path', 'a', true),
  pg_catalog.set_config('Role', 'none', true);
do $$
begin
  -- reset role;
  if true then
    SET role TO DEFAULT;
  end if;
end $$;
update dog set role = 'none';
discard all;
