/* For clang-tidy's analyzer, which sees one source at a time: these return a failure, always. */
#include <gnet/error.h>

#define gnet_error(error, code, ...) ((gnet_error)((error), (code), __VA_ARGS__), (code))
#define gnet_error_errno(...) ((gnet_error_errno)(__VA_ARGS__), GNET_RUNTIME)
