\unrestrict abc
\restrict
