/* The seam to oneDNN: gnet's own words for the primitives it uses. Nothing above this folder knows
   the library, and nothing here depends on one of its major versions.

   Primitives are made and run with the number of OpenMP threads that is set where they are called;
   gnet makes and runs them inside gnet_team_run(), one thread each. */
#ifndef GNET_DNN_DNN_H
#define GNET_DNN_DNN_H

#include <gnet/error.h>

#include "tensor/layout.h"
#include "tensor/type.h"

/* The library's engine, and the owner of every layout and primitive made with it. One thread at a
   time may make something; what is made may be used by all. */
typedef struct GnetDnn GnetDnn;

/* Opens the CPU engine. On failure (GNET_RUNTIME) *dnn is NULL. Close it after every queue that was
   opened with it: closing releases its layouts and primitives, and sets *dnn to NULL. */
GnetStatus gnet_dnn_open(GnetDnn **dnn, GnetError *error);
void gnet_dnn_close(GnetDnn **dnn);

/* "oneDNN 2.6.3" and the instruction set that it uses, "avx2"; static text, from one thread at a
   time. */
const char *gnet_dnn_library_version(void);
const char *gnet_dnn_library_isa(void);

/* Whether the CPU, as far as the library may use it, multiplies bf16; and whether the library has
   primitives for it at all, which it also has, slower than those of float, for AVX-512 without. */
bool gnet_dnn_has_bf16(void);
bool gnet_dnn_emulates_bf16(void);

/* A layout as the library knows it. Equal layouts of one GnetDnn are one pointer. */
typedef struct GnetDnnLayout GnetDnnLayout;

/* Bytes of a tensor in that layout, its padding too. */
size_t gnet_dnn_layout_bytes(const GnetDnnLayout *layout);

/* The layout in gnet's terms, or NULL where the library keeps it to itself. */
const GnetLayout *gnet_dnn_layout_view(const GnetDnnLayout *layout);

GnetType gnet_dnn_layout_type(const GnetDnnLayout *layout);

/* The row-major float layout of a shape, and the layout of `like`'s kind (nchw, nhwc, nChw8c...)
   and type for a shape [n][c][h][w]. Both return NULL, with the error filled, where there is none.
 */
const GnetDnnLayout *gnet_dnn_layout_plain(GnetDnn *dnn, const GnetShape *shape, GnetError *error);
const GnetDnnLayout *gnet_dnn_layout_like(GnetDnn *dnn, const GnetDnnLayout *like,
                                          const GnetShape *shape, GnetError *error);

typedef enum GnetDnnArg {
    GNET_DNN_SRC,
    GNET_DNN_WEIGHTS,
    GNET_DNN_BIAS,
    GNET_DNN_DST,
    GNET_DNN_WORKSPACE,
    GNET_DNN_SCRATCHPAD,
    GNET_DNN_DIFF_SRC,
    GNET_DNN_DIFF_WEIGHTS,
    GNET_DNN_DIFF_BIAS,
    GNET_DNN_DIFF_DST,
    GNET_DNN_N_ARGS,
} GnetDnnArg;

typedef enum GnetDnnDirection {
    GNET_DNN_FORWARD_TRAINING,
    GNET_DNN_FORWARD_INFERENCE,
    GNET_DNN_BACKWARD_DATA,
    GNET_DNN_BACKWARD_WEIGHTS,
} GnetDnnDirection;

typedef struct GnetDnnPrimitive GnetDnnPrimitive;

/* Layouts of a primitive's tensors: one that is NULL is the library's to choose. `src` stands for
   diff_src in backward data, and so on: the tensor's role in the forward direction. */
typedef struct GnetDnnLayouts {
    const GnetDnnLayout *src, *weights, *dst;
} GnetDnnLayouts;

/* The functions below that make a primitive share these rules. The primitive is the GnetDnn's; its
   description is not kept. A direction's arguments are those of oneDNN's primitive: forward SRC,
   WEIGHTS, BIAS, DST; backward data DIFF_DST, WEIGHTS, DIFF_SRC; backward weights SRC, DIFF_DST,
   DIFF_WEIGHTS, DIFF_BIAS; and a SCRATCHPAD or WORKSPACE where gnet_dnn_primitive_layout() has one.
   On failure (GNET_RUNTIME: no implementation for the shape and layouts, or no memory) *primitive
   is not to be used. */

/* A 2-d convolution with bias (cross-correlation, as in PyTorch). */
typedef struct GnetDnnConv {
    GnetShape src, weights, dst;     /* [n][i][h][w], [o][i][kh][kw], [n][o][oh][ow] */
    int64_t stride, pad;             /* pixels; pad on each side */
    GnetType type;                   /* of all but the bias and the gradients of weights and bias */
    bool relu;                       /* forward: max(0, .) applied to the result */
    const GnetDnnPrimitive *forward; /* backward: the forward primitive */
} GnetDnnConv;

GnetStatus gnet_dnn_conv(GnetDnn *dnn, GnetDnnDirection direction, const GnetDnnConv *conv,
                         GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive,
                         GnetError *error);

/* dst = src * weights^T + bias. */
typedef struct GnetDnnLinear {
    GnetShape src, weights, dst;     /* [n][i], [o][i], [n][o] */
    const GnetDnnPrimitive *forward; /* backward: the forward primitive */
} GnetDnnLinear;

GnetStatus gnet_dnn_linear(GnetDnn *dnn, GnetDnnDirection direction, const GnetDnnLinear *linear,
                           GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive,
                           GnetError *error);

typedef enum GnetDnnPoolKind {
    GNET_DNN_POOL_MAX,
    GNET_DNN_POOL_AVG_WITH_PADDING, /* the padding's zeros count in the mean */
    GNET_DNN_POOL_AVG_WITHOUT_PADDING,
} GnetDnnPoolKind;

typedef struct GnetDnnPool {
    GnetDnnPoolKind kind;
    GnetShape src, dst;                               /* [n][c][h][w], [n][c][oh][ow] */
    int64_t kernel_height, kernel_width, stride, pad; /* pixels; pad on each side */
    const GnetDnnPrimitive *forward;                  /* backward: the forward primitive */
} GnetDnnPool;

/* Needs layouts.src, whose type dst has too. Forward training of a max pool has a workspace for its
   backward. */
GnetStatus gnet_dnn_pool(GnetDnn *dnn, GnetDnnDirection direction, const GnetDnnPool *pool,
                         GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive,
                         GnetError *error);

/* SRC to DST, from one layout of a shape to another, of another type perhaps. */
GnetStatus gnet_dnn_reorder(GnetDnn *dnn, const GnetDnnLayout *src, const GnetDnnLayout *dst,
                            const GnetDnnPrimitive **primitive, GnetError *error);

/* The layout that a primitive has for an argument, or NULL where it does not take it. */
const GnetDnnLayout *gnet_dnn_primitive_layout(const GnetDnnPrimitive *primitive, GnetDnnArg arg);

/* The library's name of the chosen implementation: "jit:avx2". */
const char *gnet_dnn_implementation(const GnetDnnPrimitive *primitive);

/* How good an implementation is: less is better. */
typedef enum GnetDnnRank {
    GNET_DNN_NATIVE,    /* generated for the shape */
    GNET_DNN_GEMM,      /* by way of a matrix product */
    GNET_DNN_REFERENCE, /* plain loops, slower by orders of magnitude */
} GnetDnnRank;
GnetDnnRank gnet_dnn_rank(const GnetDnnPrimitive *primitive);

/* Where primitives run: one a shard, used by one thread at a time. It owns the calls bound to it.
   On failure (GNET_RUNTIME) *queue is NULL; closing it sets it to NULL, and NULL is fine. */
typedef struct GnetDnnQueue GnetDnnQueue;
GnetStatus gnet_dnn_queue_open(GnetDnn *dnn, GnetDnnQueue **queue, GnetError *error);
void gnet_dnn_queue_close(GnetDnnQueue **queue);

typedef struct GnetDnnBinding {
    GnetDnnArg arg;
    void *data; /* laid out as the primitive wants it; must outlive the call */
} GnetDnnBinding;

/* A primitive with its memory: bindings[n_bindings], one for each argument that it takes. The queue
   owns the call. GNET_RUNTIME without memory. */
typedef struct GnetDnnCall GnetDnnCall;
GnetStatus gnet_dnn_bind(GnetDnnQueue *queue, const GnetDnnPrimitive *primitive,
                         const GnetDnnBinding *bindings, int n_bindings, GnetDnnCall **call,
                         GnetError *error);

/* Runs it to its end. It returns false only if the library itself fails. */
bool gnet_dnn_run(const GnetDnnCall *call);

#endif
