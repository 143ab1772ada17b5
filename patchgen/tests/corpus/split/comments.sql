/* A file /* of nested; /* and doubly; */ */ comments; */
select 1 /* ; */; -- one;
-- two; 'quote
/* three; " */ select /* four $$ ; */ 2; /* five
; six */ select 3
-- seven;
;
;;  ; -- nothing
/**/ select 4 /***/ + 5 /* * / */ ; /*/ ; */ select 6 /*/* */*/;
select 7 -- eight ' " $$ /*
+ 8 -- nine */
;
-- at the end, without a semicolon or a line's end;
select 9 /* ten */
-- eleven
  -- twelve; no line end