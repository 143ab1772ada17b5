-- A dog.
BEGIN  WORK;
create table dog ();
-- end
COMMIT;
-- after
