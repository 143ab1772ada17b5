copy dog from stdin;
Rex
Lassie
\.
