#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <libexif/exif-data.h>

#include "data/image_format.h"

/* Pixels that a byte can stand for at most: a block takes a bit of its own in Huffman's code, and
   where the colours are coarsest 18 blocks hold 32 x 32 pixels, which makes 455. Arithmetic coding
   has no such bound, and only an image of nothing goes beyond it. */
#define PIXELS_A_BYTE_MAX 1024

/* A progressive image has about ten scans. Each may go over all pixels and take a few bytes. */
#define SCANS_MAX 100

/* libjpeg's errors do not return: they jump back to where decoding began. */
typedef struct Failure {
    struct jpeg_error_mgr manager; /* must be first: libjpeg hands out its address */
    jmp_buf back;
    char *reason;
} Failure;

static bool is_jpeg(const uint8_t *bytes, size_t n_bytes)
{
    return n_bytes >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

static void fail(j_common_ptr jpeg)
{
    Failure *failure = (Failure *)(void *)jpeg->err;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    snprintf(failure->reason, GNET_IMAGE_REASON_BYTES, "is a damaged JPEG: %.200s", text);
    longjmp(failure->back, 1);
}

/* A warning is of data that is missing or makes no sense: the rest would be made up. */
static void warn(j_common_ptr jpeg, int level)
{
    if (level < 0)
        fail(jpeg);
}

/* Called for each part of a scan. */
static void limit_scans(j_common_ptr jpeg)
{
    Failure *failure = (Failure *)(void *)jpeg->err;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= SCANS_MAX)
        return;
    snprintf(failure->reason, GNET_IMAGE_REASON_BYTES, "is a JPEG of more than %d scans",
             SCANS_MAX);
    longjmp(failure->back, 1);
}

static bool refuse(char *reason, const char *text)
{
    snprintf(reason, GNET_IMAGE_REASON_BYTES, "%s", text);
    return false;
}

/* EXIF's orientation, or 1, as it is, where the block does not tell. */
static int parse_orientation(const uint8_t *bytes, unsigned n_bytes)
{
    int orientation = 1;
    ExifData *exif = exif_data_new_from_data(bytes, n_bytes);
    const ExifEntry *entry =
        exif ? exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION) : NULL;
    if (entry && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
        orientation = exif_get_short(entry->data, exif_data_get_byte_order(exif));
    if (exif)
        exif_data_unref(exif);
    return orientation;
}

static int find_orientation(const struct jpeg_decompress_struct *jpeg)
{
    static const char exif[] = "Exif\0"; /* and a second zero byte */
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker; marker = marker->next)
        if (marker->data_length > sizeof exif && memcmp(marker->data, exif, sizeof exif) == 0)
            return parse_orientation(marker->data, marker->data_length);
    return 1;
}

static bool read_pixels(struct jpeg_decompress_struct *jpeg, size_t n_bytes, GnetImage *image,
                        char *reason)
{
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->num_components != 1 && jpeg->num_components != 3)
        return refuse(reason, "is a JPEG of neither gray nor red, green and blue");
    if ((uint64_t)jpeg->image_height * jpeg->image_width > (uint64_t)n_bytes * PIXELS_A_BYTE_MAX)
        return refuse(reason, "is a damaged JPEG: it is too short for its pixels");
    jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    if (!gnet_image_allocate(image, jpeg->num_components, jpeg->image_height, jpeg->image_width,
                             reason))
        return false;
    jpeg_start_decompress(jpeg);
    size_t row_bytes = (size_t)image->width * (size_t)image->channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = image->pixels + jpeg->output_scanline * row_bytes;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    int orientation = find_orientation(jpeg);
    jpeg_finish_decompress(jpeg);
    return gnet_image_orient(image, orientation, reason);
}

static bool decode(const uint8_t *bytes, size_t n_bytes, GnetImage *image, char *reason)
{
    Failure failure = {.reason = reason};
    struct jpeg_decompress_struct jpeg = {.err = jpeg_std_error(&failure.manager)};
    struct jpeg_progress_mgr progress = {.progress_monitor = limit_scans};
    volatile bool good = false;
    failure.manager.error_exit = fail;
    failure.manager.emit_message = warn;
    if (setjmp(failure.back) == 0) {
        jpeg_create_decompress(&jpeg);
        jpeg.progress = &progress;
        jpeg_mem_src(&jpeg, bytes, n_bytes);
        good = read_pixels(&jpeg, n_bytes, image, reason);
    }
    jpeg_destroy_decompress(&jpeg);
    return good;
}

const GnetImageFormat gnet_image_jpeg = {is_jpeg, decode};
