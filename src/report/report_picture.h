/* Images as they stand in a page. */
#ifndef GNET_REPORT_PICTURE_H
#define GNET_REPORT_PICTURE_H

#include <stdint.h>

/* A PNG of planes[channels][height][width], channels 1 or 3, as a data: URI, to be freed; NULL
   without memory. What is longer than GNET_PICTURE_SIDE pixels a side is made smaller. */
#define GNET_PICTURE_SIDE 160
char *gnet_picture(const uint8_t *planes, int channels, int height, int width);

#endif
