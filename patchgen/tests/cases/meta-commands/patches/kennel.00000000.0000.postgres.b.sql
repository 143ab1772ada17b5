\restrict abc
\set x 1
\unrestrict abc
\set day `date`
\set day 'a`b'
\copy dog from 'x'
