-- patch: script=native
-- patch: allow=no-such-rule
select '
-- patch: kind=std
', $$
-- patch: kind=std
$$;
