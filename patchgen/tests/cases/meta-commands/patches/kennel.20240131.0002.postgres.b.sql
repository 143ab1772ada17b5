\restrict abc
copy dog from stdin;
1
\.
\unrestrict abd
