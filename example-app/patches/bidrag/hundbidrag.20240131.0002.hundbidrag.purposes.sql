COPY bidrag.purposes (name, most) FROM stdin;
guide dog training	9000.00
search and rescue	4500.00
veterinary care	6000.00
\.
