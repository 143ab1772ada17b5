\restrict k3Y
COPY public.dog (name) FROM stdin;
Rex
\.
\unrestrict k3Y
