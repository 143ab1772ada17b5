-- patch: kind=direct
alter system set work_mem = 1;
alter database kennel tablespace fast;
