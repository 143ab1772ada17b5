CREATE ROLE owner LOGIN PASSWORD 'SCRAM-SHA-256$4096:n9QSA84SMVazxOteVo1QeA==$ogKVfKRcTcXNGSpEKMZT9w82noDBUf2lrzqTZ4nV5BI=:wJKxYmuCOKgr7T29UGCbaW8ElqD9HYNe9MzLj5i+Nws=';
CREATE ROLE "Röle ""odd"" name" LOGIN;
CREATE ROLE "reader-1";
CREATE ROLE "it's";
GRANT "reader-1" TO "Röle ""odd"" name" WITH ADMIN OPTION;
COMMENT ON ROLE "it's" IS 'a role''s comment \ with a backslash';
ALTER ROLE owner SET work_mem = '5MB';
