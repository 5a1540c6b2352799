/* A data file, plain or packed by gzip, read once from front to back. Nothing is taken on trust:
   a file that ends early, goes on too long or is damaged is told apart, with the place. */
#ifndef GNET_DATA_INPUT_H
#define GNET_DATA_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include <gnet/error.h>

typedef struct GnetInput GnetInput;

/* Opens NAME or, where that is missing, NAME.gz in directory. Free with gnet_input_close(); on
   failure *input is NULL. */
GnetStatus gnet_input_open(const char *directory, const char *name, GnetInput **input,
                           GnetError *error);
void gnet_input_close(GnetInput **input);

const char *gnet_input_path(const GnetInput *input);

/* "PATH: byte N", where N counts unpacked bytes from 0. Valid until the next call. */
const char *gnet_input_place(GnetInput *input, uint64_t byte);

/* Fails where the file is too small to hold total bytes, however well packed: to be asked before
   total bytes of memory are. */
GnetStatus gnet_input_expect(const GnetInput *input, uint64_t total, GnetError *error);

/* Reads the next n bytes, all or an error. total, for the message, is how many bytes the file must
   have as far as is known. Never unpacks more than was asked for. */
GnetStatus gnet_input_read(GnetInput *input, void *dst, size_t n, uint64_t total, GnetError *error);

/* Fails where anything follows what was read, or the gzip checksum does not match it. */
GnetStatus gnet_input_end(GnetInput *input, GnetError *error);

#endif
