-- patch: kind=concurrent
\restrict abc
copy dog from stdin;
1
\.
\unrestrict abc
