-- patch: kind=direct
alter system set work_mem = 1;
