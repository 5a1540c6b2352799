/* What a header is compiled before: ISO C wants something in a translation unit. */
extern int after_header;
