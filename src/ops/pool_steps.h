/* What the two pools share. */
#ifndef GNET_OPS_POOL_STEPS_H
#define GNET_OPS_POOL_STEPS_H

#include "ops/op.h"
#include "ops/window.h"

typedef struct GnetPoolOptions {
    bool global; /* the window is the whole image; the rest means nothing */
    int64_t kernel;
    int64_t stride; /* GNET_AUTO: as the kernel, windows side by side */
    int64_t pad;
    bool count_include_pad; /* average: the padding's zeros count */
} GnetPoolOptions;

/* Rows of both tables. */
#define GNET_POOL_KERNEL_ROW                                                                   \
    {                                                                                          \
        .key = "kernel", .type = GNET_OPTION_INT, .offset = offsetof(GnetPoolOptions, kernel), \
        .min = 1, .max = GNET_KERNEL_MAX, .help = "height and width of the window, in pixels", \
    }
#define GNET_POOL_STRIDE_ROW                                                                   \
    {                                                                                          \
        .key = "stride", .type = GNET_OPTION_INT, .offset = offsetof(GnetPoolOptions, stride), \
        .fallback = "kernel", .word = "kernel", .min = 1, .max = GNET_KERNEL_MAX,              \
        .help = "pixels from one window to the next; 'kernel': side by side",                  \
    }
#define GNET_POOL_PAD_ROW                                                                \
    {                                                                                    \
        .key = "pad", .type = GNET_OPTION_INT, .offset = offsetof(GnetPoolOptions, pad), \
        .fallback = "0", .min = 0, .max = GNET_KERNEL_MAX,                               \
        .help = "pixels around the image, on each side; at most half the kernel",        \
    }

/* The stride in pixels, `kernel` resolved. */
int64_t gnet_pool_stride(const GnetPoolOptions *pool);

/* GnetOp.shape of both. */
bool gnet_pool_shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                     char *reason, size_t n_bytes);
/* GnetOp.window of both. */
void gnet_pool_window(const void *options, const GnetShape *src, int64_t *kernel, int64_t *stride);

/* Append oneDNN's pass of that kind, in the layout of the source: forward sets build->dst,
   build->primitive and, where the kind has one, build->workspace; backward sets build->diff_src[0].
   GNET_RUNTIME if the library cannot. */
GnetStatus gnet_pool_forward(GnetBuild *build, GnetDnnPoolKind kind, GnetError *error);
GnetStatus gnet_pool_backward(GnetBuild *build, GnetDnnPoolKind kind, GnetError *error);

#endif
