/* Marks what libgnet exports; every other symbol is hidden. */
#ifndef GNET_EXPORT_H
#define GNET_EXPORT_H

#define GNET_API __attribute__((visibility("default")))

#endif
