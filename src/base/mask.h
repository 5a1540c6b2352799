/* Texts for a line of output. */
#ifndef GNET_BASE_MASK_H
#define GNET_BASE_MASK_H

/* Puts a question mark in the place of each control byte: what a file's name or a tensor's has in
   it must not break the line or steer the terminal. */
static inline void gnet_mask_control_bytes(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = '?';
}

#endif
