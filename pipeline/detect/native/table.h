/* A bounded table of 32-bit keys in the order in which they came: what a dictionary of Python is to `memory.py`.

   Keys lie side by side, so that looking through all of them takes a few cache lines in a row and nothing has to be
   hashed.  The oldest goes by moving the beginning; when the room behind is used up, everything moves to the front. */

#ifndef GROUNDSWELL_TABLE_H
#define GROUNDSWELL_TABLE_H

#include <Python.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 16

/* Four keys at once, as GCC and Clang compare them on every processor. */
typedef uint32_t Four __attribute__((vector_size(16), aligned(4), may_alias));
typedef int64_t Two __attribute__((vector_size(16)));

static inline int find_key(const uint32_t *keys, int first, int end, uint32_t key) {
    const Four wanted = {key, key, key, key};
    for (int begin = first; begin < end; begin += BLOCK) {
        const Four *at = (const Four *)&keys[begin];
        Two found = (Two)((at[0] == wanted) | (at[1] == wanted) | (at[2] == wanted) | (at[3] == wanted));
        if (found[0] | found[1])
            for (int place = begin; place < end && place < begin + BLOCK; place++)
                if (keys[place] == key)
                    return place;
    }
    return -1;
}

/* At most `CAPACITY` entries of `VALUE`.  There is room for few at first: most entities are seldom spoken of. */
#define TABLE(NAME, VALUE, CAPACITY)                                                                                   \
    typedef struct {                                                                                                   \
        int32_t first, end, room;                                                                                      \
        uint32_t *keys; /* a block more than there is room for, since blocks are compared whole */                     \
        VALUE *values;                                                                                                 \
    } NAME;                                                                                                            \
                                                                                                                       \
    static inline int NAME##_count(const NAME *t) { return t->end - t->first; }                                        \
                                                                                                                       \
    /* The place of a key, or -1. */                                                                                   \
    static inline int NAME##_find(const NAME *t, uint32_t key) { return find_key(t->keys, t->first, t->end, key); }    \
                                                                                                                       \
    static inline void NAME##_remove(NAME *t, int place) {                                                             \
        size_t after = t->end - place - 1;                                                                             \
        memmove(&t->keys[place], &t->keys[place + 1], after * sizeof(uint32_t));                                       \
        memmove(&t->values[place], &t->values[place + 1], after * sizeof(VALUE));                                      \
        t->end--;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* Room for one more behind the end: moved to the front, or twice as much; -1 when there is no memory. */          \
    static int NAME##_make_room(NAME *t) {                                                                             \
        size_t count = NAME##_count(t);                                                                                \
        if (t->first >= t->room / 4 && t->room > 0) {                                                                  \
            memmove(t->keys, &t->keys[t->first], count * sizeof(uint32_t));                                            \
            memmove(t->values, &t->values[t->first], count * sizeof(VALUE));                                           \
            t->end -= t->first;                                                                                        \
            t->first = 0;                                                                                              \
            return 0;                                                                                                  \
        }                                                                                                              \
        int room = t->room == 0 ? BLOCK : 2 * t->room < (CAPACITY) + 64 ? 2 * t->room : (CAPACITY) + 64;               \
        uint32_t *keys = PyMem_Realloc(t->keys, (room + BLOCK) * sizeof(uint32_t));                                    \
        if (keys == NULL)                                                                                              \
            return -1;                                                                                                 \
        t->keys = keys;                                                                                                \
        VALUE *values = PyMem_Realloc(t->values, room * sizeof(VALUE));                                                \
        if (values == NULL)                                                                                            \
            return -1;                                                                                                 \
        t->values = values;                                                                                            \
        memset(&keys[t->room], 0, (room + BLOCK - t->room) * sizeof(uint32_t));                                        \
        t->room = room;                                                                                                \
        return 0;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* Add a key that is not there; when the table is full, the oldest makes room.  -1 when there is no memory. */     \
    static inline int NAME##_add(NAME *t, uint32_t key, VALUE value) {                                                 \
        if (NAME##_count(t) >= (CAPACITY))                                                                             \
            t->first++;                                                                                                \
        if (t->end == t->room && NAME##_make_room(t) < 0)                                                              \
            return -1;                                                                                                 \
        t->keys[t->end] = key;                                                                                         \
        t->values[t->end++] = value;                                                                                   \
        return 0;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    static inline void NAME##_free(NAME *t) {                                                                          \
        PyMem_Free(t->keys);                                                                                           \
        PyMem_Free(t->values);                                                                                         \
    }

#endif
