/* CRC-32 as zlib has it (polynomial 0xEDB88320), four bytes at a time (Kounavis and Berry 2005). */

#ifndef GROUNDSWELL_CRC_H
#define GROUNDSWELL_CRC_H

#include <Python.h>
#include <stdint.h>

static uint32_t crc_steps[4][256];

static void crc_begin(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        crc_steps[0][byte] = crc;
    }
    for (int step = 1; step < 4; step++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = crc_steps[step - 1][byte];
            crc_steps[step][byte] = crc >> 8 ^ crc_steps[0][crc & 255];
        }
}

static uint32_t crc_of(const char *data, Py_ssize_t size) {
    const unsigned char *at = (const unsigned char *)data;
    uint32_t crc = 0xFFFFFFFFu;
    for (; size >= 4; size -= 4, at += 4) {
        crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        crc = crc_steps[3][crc & 255] ^ crc_steps[2][crc >> 8 & 255] ^ crc_steps[1][crc >> 16 & 255] ^ crc_steps[0][crc >> 24];
    }
    while (size-- > 0)
        crc = crc >> 8 ^ crc_steps[0][(crc ^ *at++) & 255];
    return ~crc;
}

/* The CRC-32 of a text in UTF-8; -1 and an exception where it has no such form and `lenient` is not asked for.
   Leniently, what has none becomes a question mark. */
static int crc_of_text(PyObject *text, int lenient, uint32_t *crc) {
    Py_ssize_t size;
    const char *data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data != NULL) {
        *crc = crc_of(data, size);
        return 0;
    }
    if (!lenient || !PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
        return -1;
    PyErr_Clear();
    PyObject *bytes = PyUnicode_AsEncodedString(text, "utf-8", "replace");
    if (bytes == NULL)
        return -1;
    *crc = crc_of(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes));
    Py_DECREF(bytes);
    return 0;
}

#endif
