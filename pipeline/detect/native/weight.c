/* The module `pipeline.detect.weight` in compiled form.

   What each function does is said in `weight.py`, which this answers alike to the last bit. */

#define PY_SSIZE_T_CLEAN
#include "field.h"
#include "memory.h"
#include <datetime.h>

enum {
    POST_ID, VERSION, ROLE, CREATED, INGESTED, AUTHOR, SENTIMENT, KIND, TEXT, FINGERPRINT, ROOT_ID, PARENT_ID, UNTRAINED,
    AUTHOR_ID, NEGATIVE, POSITIVE, SURE, FIELDS
};

static const struct {
    const char *type, *name;
} fields[FIELDS] = {
    {"HeardMention", "post_id"},     {"HeardMention", "version"},     {"HeardMention", "author_role"},
    {"HeardMention", "created_at"},  {"HeardMention", "ingested_at"}, {"HeardMention", "author"},
    {"HeardMention", "sentiment"},   {"HeardMention", "kind"},        {"HeardMention", "text"},
    {"HeardMention", "fingerprint"}, {"HeardMention", "root_id"},     {"HeardMention", "parent_id"},
    {"HeardMention", "untrained"},   {"HeardAuthor", "id"},           {"HeardSentiment", "negative"},
    {"HeardSentiment", "positive"},  {"HeardSentiment", "sure"},
};

typedef struct {
    Field fields[FIELDS];
    PyTypeObject *memory;
    PyObject *timestamp;
} State;

static void let_go(PyObject **values, int many) {
    while (many-- > 0)
        Py_XDECREF(values[many]);
}

static int same(PyObject *a, PyObject *b) {
    if (a == b)
        return 1;
    if (PyUnicode_Check(a) && PyUnicode_Check(b) && PyUnicode_GET_LENGTH(a) != PyUnicode_GET_LENGTH(b))
        return 0;
    return PyObject_RichCompareBool(a, b, Py_EQ);
}

static inline int is_ascii(PyObject *text, const char *what, Py_ssize_t size) {
    return PyUnicode_Check(text) && PyUnicode_GET_LENGTH(text) == size &&
           PyUnicode_CompareWithASCIIString(text, what) == 0;
}

/* Microseconds since 1970 of a time in UTC, with days counted as Hinnant (2013) does; 0 where it is another kind. */
static int micros_of(PyObject *time, int64_t *micros) {
    if (!PyDateTime_CheckExact(time) || PyDateTime_DATE_GET_TZINFO(time) != PyDateTime_TimeZone_UTC)
        return 0;
    int month = PyDateTime_GET_MONTH(time), year = PyDateTime_GET_YEAR(time) - (month <= 2);
    int century = year / 400, of_century = year - 400 * century;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + PyDateTime_GET_DAY(time) - 1;
    int64_t days = 146097LL * century + 365 * of_century + of_century / 4 - of_century / 100 + of_year - 719468;
    int64_t seconds = 3600 * PyDateTime_DATE_GET_HOUR(time) + 60 * PyDateTime_DATE_GET_MINUTE(time) +
                      PyDateTime_DATE_GET_SECOND(time);
    *micros = (86400 * days + seconds) * 1000000 + PyDateTime_DATE_GET_MICROSECOND(time);
    return *micros > -(1LL << 53) && *micros < 1LL << 53; /* what a double holds exactly, as Python divides it */
}

/* The event time in whole seconds, as an object. */
static PyObject *event_time(const State *state, PyObject *created, PyObject *arrived) {
    int64_t made, came;
    int known = micros_of(created, &made);
    if (arrived != Py_None) {
        int earlier;
        if (known && micros_of(arrived, &came))
            earlier = came < made;
        else
            earlier = PyObject_RichCompareBool(arrived, created, Py_LT);
        if (earlier < 0)
            return NULL;
        if (earlier) {
            created = arrived;
            known = micros_of(created, &made);
        }
    }
    if (known)
        return PyLong_FromLongLong((int64_t)((double)made / 1e6));
    PyObject *seconds = PyObject_CallMethodNoArgs(created, state->timestamp);
    PyObject *whole = seconds == NULL ? NULL : PyNumber_Long(seconds);
    Py_XDECREF(seconds);
    return whole;
}

/* A tuple that takes over its items; NULL when one of them is. */
static PyObject *tuple_of(int many, PyObject **items) {
    PyObject *made = PyTuple_New(many);
    for (int k = 0; k < many; k++) {
        if (items[k] == NULL)
            Py_CLEAR(made);
        if (made != NULL)
            PyTuple_SET_ITEM(made, k, items[k]);
        else
            Py_XDECREF(items[k]);
    }
    return made;
}

enum { PASSED, FRESH, CHANGED };

/* What `recognised` finds for a mention of which all fields until `AUTHOR` have been read. */
static PyObject *found(const State *state, Memory *memory, PyObject **of) {
    uint32_t key = 0;
    int news = PASSED;
    if (!is_ascii(of[ROLE], "own", 3)) {
        unsigned long long version = PyLong_AsUnsignedLongLong(of[VERSION]);
        if ((version == (unsigned long long)-1 && PyErr_Occurred()) || crc_of_text(of[POST_ID], 0, &key) < 0)
            return NULL;
        int place = Posts_find(&memory->ids, key), stamp = place < 0 ? -1 : memory->ids.values[place].stamp;
        news = place < 0 ? FRESH : stamp == GONE || stamp == stamp_of(version) ? PASSED : CHANGED;
    }
    PyObject *t = news == PASSED ? PyLong_FromLong(0) : event_time(state, of[CREATED], of[INGESTED]);
    return tuple_of(3, (PyObject *[]){PyLong_FromUnsignedLong(key), t, PyLong_FromLong(news)});
}

static Memory *memory_in(const State *state, PyObject *const *args, Py_ssize_t given, Py_ssize_t wanted) {
    if (given == wanted && Py_TYPE(args[0]) == state->memory)
        return (Memory *)args[0];
    PyErr_Format(PyExc_TypeError, "a memory and %zd further arguments are needed", wanted - 1);
    return NULL;
}

/* Have on the way what `weigh` will look at soon, since little of it is in the processor's cache when entities take
   turns. */
static void fetch(const State *state, const Memory *memory, PyObject *mention) {
    static const int held[] = {AUTHOR, SENTIMENT, TEXT};
    for (size_t k = 0; k < sizeof held / sizeof held[0]; k++) {
        const Field *f = &state->fields[held[k]];
        if (Py_TYPE(mention) == f->type && f->offset > 0)
            __builtin_prefetch(*(void **)((char *)mention + f->offset));
    }
    for (int place = memory->authors.first; place < memory->authors.end; place += 16)
        __builtin_prefetch(&memory->authors.keys[place]);
    for (int place = memory->texts.first; place < memory->texts.end; place += 16)
        __builtin_prefetch(&memory->texts.keys[place]);
}

static PyObject *recognised(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    const State *state = PyModule_GetState(module);
    Memory *memory = memory_in(state, args, given, 2);
    if (memory == NULL)
        return NULL;
    PyObject *of[AUTHOR] = {NULL}, *result = NULL;
    int which = 0;
    fetch(state, memory, args[1]);
    while (which < AUTHOR && (of[which] = field_of(&state->fields[which], args[1])) != NULL)
        which++;
    if (which == AUTHOR)
        result = found(state, memory, of);
    let_go(of, AUTHOR);
    return result;
}

static double soft(double probability) {
    if (probability >= 0.65)
        return 1.0;
    return probability > 0.2 ? (probability - 0.2) / 0.45 : 0.0;
}

/* What `weigh` gives, from all fields. */
static PyObject *weighed(Memory *memory, PyObject **of, uint32_t key, uint32_t minute) {
    uint32_t voice, words, root = key;
    unsigned long long version = PyLong_AsUnsignedLongLong(of[VERSION]);
    double probability = PyFloat_AsDouble(of[NEGATIVE]), positive = PyFloat_AsDouble(of[POSITIVE]);
    int praises = positive > (probability > 0.5 ? probability : 0.5);
    int sure = PyObject_IsTrue(of[SURE]), trained = of[UNTRAINED] == Py_None, copies = 0, repost = 0;
    if (PyErr_Occurred() || crc_of_text(of[AUTHOR_ID], 0, &voice) < 0)
        return NULL;
    PyObject *text = of[FINGERPRINT] != Py_None && PyUnicode_GetLength(of[FINGERPRINT]) > 0 ? of[FINGERPRINT] : of[TEXT];
    int before = memory_voice(memory, voice, minute);
    double author = before < 0 ? 0.0 : memory_voice_weight[before], weight = author;
    if (PyUnicode_GetLength(text) >= SHORT_TEXT) {
        if (crc_of_text(text, 1, &words) < 0)
            return NULL;
        copies = memory_copies(memory, words, minute);
        if (copies > 0) {
            repost = is_ascii(of[KIND], "repost", 6);
            weight = (repost ? 0.4 * author : author) / (1 + copies);
        }
    } else if (is_ascii(of[KIND], "repost", 6)) {
        repost = 1;
        weight = 0.4 * author;
    }
    if (!trained)
        probability = 0.0;
    int complains = probability >= 0.5;
    PyObject *of_root = of[ROOT_ID], *parent = of[PARENT_ID];
    int own = of_root == Py_None ? 1 : same(of_root, of[POST_ID]);
    if (of_root == Py_None || (own > 0 && parent != Py_None)) {
        of_root = parent != Py_None && PyUnicode_GetLength(parent) > 0 ? parent : of[POST_ID];
        own = same(of_root, of[POST_ID]);
    }
    if (own < 0 || PyErr_Occurred() || (!own && crc_of_text(of_root, 0, &root) < 0))
        return NULL;
    if (trained && !sure)
        weight = probability = 0.0;
    Post post = {minute, own ? 0 : root, stamp_of(version), (uint8_t)complains, (uint8_t)(weight * 100.0)};
    if (before < 0 || copies < 0 || Posts_add(&memory->ids, key, post) < 0)
        return PyErr_NoMemory();
    double negative = probability > 0.2 ? weight * soft(probability) : 0.0;
    return tuple_of(
        12, (PyObject *[]){
                PyLong_FromUnsignedLong(root), PyLong_FromUnsignedLong(voice), PyFloat_FromDouble(negative),
                PyFloat_FromDouble(weight - negative), PyFloat_FromDouble(author), PyFloat_FromDouble(probability),
                PyBool_FromLong(complains), PyBool_FromLong(praises), PyBool_FromLong(author == 1.0),
                PyBool_FromLong(copies > 0 && !repost), PyBool_FromLong(!own), PyBool_FromLong(repost),
            });
}

static PyObject *weigh(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    const State *state = PyModule_GetState(module);
    Memory *memory = memory_in(state, args, given, 4);
    if (memory == NULL)
        return NULL;
    unsigned long key = PyLong_AsUnsignedLongMask(args[2]), minute = PyLong_AsUnsignedLongMask(args[3]);
    PyObject *of[FIELDS] = {NULL}, *result = NULL;
    int which = 0;
    for (; which < FIELDS; which++) {
        PyObject *holder = which < AUTHOR_ID ? args[1] : which == AUTHOR_ID ? of[AUTHOR] : of[SENTIMENT];
        if ((of[which] = field_of(&state->fields[which], holder)) == NULL)
            break;
    }
    if (which == FIELDS && !PyErr_Occurred())
        result = weighed(memory, of, (uint32_t)key, (uint32_t)minute);
    let_go(of, FIELDS);
    return result;
}

static int begin(PyObject *module) {
    State *state = PyModule_GetState(module);
    crc_begin();
    PyDateTime_IMPORT;
    PyObject *heard = PyImport_ImportModule("pipeline.detect.heard");
    PyObject *memory = PyImport_ImportModule("pipeline.detect.memory");
    if (PyDateTimeAPI == NULL || heard == NULL || memory == NULL)
        return -1;
    state->memory = (PyTypeObject *)PyObject_GetAttrString(memory, "Memory");
    state->timestamp = PyUnicode_InternFromString("timestamp");
    for (int which = 0; which < FIELDS; which++)
        if (field_begin(&state->fields[which], heard, fields[which].type, fields[which].name) < 0)
            return -1;
    Py_DECREF(heard);
    Py_DECREF(memory);
    return state->memory == NULL || state->timestamp == NULL ? -1 : 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    Py_VISIT(state->memory);
    for (int which = 0; which < FIELDS; which++)
        Py_VISIT(state->fields[which].type);
    return 0;
}

static int clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->memory);
    Py_CLEAR(state->timestamp);
    for (int which = 0; which < FIELDS; which++)
        field_clear(&state->fields[which]);
    return 0;
}

static PyMethodDef functions[] = {
    {"recognised", (PyCFunction)(void (*)(void))recognised, METH_FASTCALL, NULL},
    {"weigh", (PyCFunction)(void (*)(void))weigh, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, begin}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "weight", NULL, sizeof(State), functions, slots, traverse, clear, NULL,
};

PyMODINIT_FUNC PyInit_weight(void) { return PyModuleDef_Init(&definition); }
