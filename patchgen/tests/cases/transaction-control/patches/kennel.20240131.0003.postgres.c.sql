-- patch: kind=direct
BEGIN;
select 1;
COMMIT;
