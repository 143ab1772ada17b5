-- patch: kind=concurrent
begin;
commit;
