COPY dog TO '/tmp/dogs';
copy (select name from dog where name = 'to stdout') to STDOUT with csv;
