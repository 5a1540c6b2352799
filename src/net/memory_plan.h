/* Where a program's buffers lie in its shard's arena. */
#ifndef GNET_NET_MEMORY_PLAN_H
#define GNET_NET_MEMORY_PLAN_H

#include "ops/program.h"

/* Gives every arena buffer an offset such that no two whose lives overlap share a byte, and sets
   program->arena_bytes. Largest first, each at the lowest place that is free for its whole life
   (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020, greedy by
   size). GNET_RUNTIME without memory. */
GnetStatus gnet_memory_plan(GnetProgram *program, GnetError *error);

/* The most bytes of the arena that hold something at once, over the program's forward steps, or its
   backward ones. */
size_t gnet_memory_held(const GnetProgram *program, bool forward);

#endif
