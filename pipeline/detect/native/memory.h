/* The memory of post ids, authors and texts: `pipeline/detect/memory.py` in the memory of a few cache lines. */

#ifndef GROUNDSWELL_MEMORY_H
#define GROUNDSWELL_MEMORY_H

#include "crc.h"
#include "table.h"

#define IDS 160
#define AUTHORS 192
#define TEXTS 80
#define AUTHOR_MINUTES 360
#define TEXT_MINUTES 1440
#define SHORT_TEXT 12
#define GONE 0

typedef struct {
    uint32_t minute, root;
    uint16_t stamp;
    uint8_t negative, weight; /* the weight in hundredths */
} Post;

typedef struct {
    uint32_t minute, before; /* posts of the author, or copies of the text, until now */
} Seen;

TABLE(Posts, Post, IDS)
TABLE(Voices, Seen, AUTHORS)
TABLE(Wordings, Seen, TEXTS)

typedef struct {
    PyObject_HEAD
    Posts ids;
    Voices authors;
    Wordings texts;
} Memory;

/* How often the author was heard in the six hours before, at most 3; -1 when there is no memory. */
static inline int memory_voice(Memory *m, uint32_t key, uint32_t minute) {
    int place = Voices_find(&m->authors, key);
    if (place >= 0) {
        Seen *seen = &m->authors.values[place];
        if ((int64_t)minute - seen->minute < AUTHOR_MINUTES) {
            int before = seen->before;
            seen->before += before < 3;
            return before;
        }
        Voices_remove(&m->authors, place);
    }
    return Voices_add(&m->authors, key, (Seen){minute, 1});
}

/* How often the same text was heard within a day before, at most 15; -1 when there is no memory. */
static inline int memory_copies(Memory *m, uint32_t key, uint32_t minute) {
    int place = Wordings_find(&m->texts, key);
    if (place >= 0) {
        Seen *seen = &m->texts.values[place];
        if ((int64_t)minute - seen->minute < TEXT_MINUTES) {
            int before = seen->before;
            seen->before += before < 15;
            return before;
        }
        Wordings_remove(&m->texts, place);
    }
    return Wordings_add(&m->texts, key, (Seen){minute, 1});
}

static const double memory_voice_weight[4] = {1.0, 0.3, 0.0, 0.0};

/* A version of a post as 16 bits, never `GONE`. */
static inline uint16_t stamp_of(uint64_t version) {
    uint16_t stamp = (version ^ version >> 16 ^ version >> 32 ^ version >> 48) & 0xFFFF;
    return stamp ? stamp : 1;
}

#endif
