/* The module `pipeline.detect.memory` in compiled form: the type `Memory`, and its bytes.

   What every method does is said in `memory.py`, which this answers alike to the last bit. */

#define PY_SSIZE_T_CLEAN
#include "memory.h"
#include <stddef.h>

typedef struct {
    PyTypeObject *memory;
    PyObject *told;
} State;

static struct PyModuleDef definition;

static PyObject *no_room(void) { return PyErr_NoMemory(); }

/* A key or a minute among the arguments: 32 bits. */
static int number(PyObject *value, uint32_t *found) {
    unsigned long long whole = PyLong_AsUnsignedLongLongMask(value);
    *found = (uint32_t)whole;
    return whole == (unsigned long long)-1 && PyErr_Occurred() ? -1 : 0;
}

static int enough(Py_ssize_t given, Py_ssize_t least, Py_ssize_t most) {
    if (given >= least && given <= most)
        return 0;
    PyErr_SetString(PyExc_TypeError, "wrong number of arguments");
    return -1;
}

static PyObject *author_weight(Memory *self, PyObject *const *args, Py_ssize_t given) {
    uint32_t key, minute;
    if (enough(given, 2, 2) < 0 || number(args[0], &key) < 0 || number(args[1], &minute) < 0)
        return NULL;
    int before = memory_voice(self, key, minute);
    return before < 0 ? no_room() : PyFloat_FromDouble(memory_voice_weight[before]);
}

static PyObject *copies(Memory *self, PyObject *const *args, Py_ssize_t given) {
    uint32_t key, minute;
    if (enough(given, 2, 2) < 0 || crc_of_text(args[0], 1, &key) < 0 || number(args[1], &minute) < 0)
        return NULL;
    int before = memory_copies(self, key, minute);
    return before < 0 ? no_room() : PyLong_FromLong(before);
}

static PyObject *version(Memory *self, PyObject *argument) {
    uint32_t key;
    if (number(argument, &key) < 0)
        return NULL;
    int place = Posts_find(&self->ids, key);
    return PyLong_FromLong(place < 0 ? -1 : self->ids.values[place].stamp);
}

static PyObject *remember(Memory *self, PyObject *const *args, Py_ssize_t given) {
    uint32_t key, minute, root = 0, stamp = GONE;
    if (enough(given, 4, 6) < 0 || number(args[0], &key) < 0 || number(args[1], &minute) < 0)
        return NULL;
    int negative = PyObject_IsTrue(args[2]);
    double weight = PyFloat_AsDouble(args[3]);
    if (negative < 0 || (weight == -1.0 && PyErr_Occurred()))
        return NULL;
    if ((given > 4 && number(args[4], &root) < 0) || (given > 5 && number(args[5], &stamp) < 0))
        return NULL;
    Post post = {minute, root, (uint16_t)stamp, (uint8_t)negative, (uint8_t)(weight * 100.0)};
    if (Posts_add(&self->ids, key, post) < 0)
        return no_room();
    Py_RETURN_NONE;
}

static PyObject *told(Memory *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t given, PyObject *names) {
    uint32_t key;
    if (enough(given, 1, 1) < 0 || number(args[0], &key) < 0)
        return NULL;
    int place = Posts_find(&self->ids, key);
    if (place < 0 || self->ids.values[place].stamp == GONE)
        Py_RETURN_NONE;
    Post post = self->ids.values[place];
    State *state = PyType_GetModuleState(type);
    return PyObject_CallFunction(state->told, "IOdIi", post.minute, post.negative ? Py_True : Py_False,
                                 post.weight / 100.0, post.root, (int)post.stamp);
}

static PyObject *forget(Memory *self, PyObject *const *args, Py_ssize_t given) {
    uint32_t key, minute;
    if (enough(given, 2, 2) < 0 || number(args[0], &key) < 0 || number(args[1], &minute) < 0)
        return NULL;
    int place = Posts_find(&self->ids, key);
    if (place >= 0)
        self->ids.values[place] = (Post){self->ids.values[place].minute, 0, GONE, 0, 0};
    else if (Posts_add(&self->ids, key, (Post){minute, 0, GONE, 0, 0}) < 0)
        return no_room();
    Py_RETURN_NONE;
}

static PyObject *unlearn(Memory *self, PyObject *const *args, Py_ssize_t given) {
    uint32_t key, voice, words;
    if (enough(given, 3, 3) < 0 || number(args[0], &key) < 0)
        return NULL;
    int place = Posts_find(&self->ids, key);
    if (place >= 0)
        Posts_remove(&self->ids, place);
    if (crc_of_text(args[1], 0, &voice) < 0 || crc_of_text(args[2], 1, &words) < 0)
        return NULL;
    place = Voices_find(&self->authors, voice);
    if (place >= 0 && self->authors.values[place].before)
        self->authors.values[place].before--;
    place = Wordings_find(&self->texts, words);
    if (place >= 0 && self->texts.values[place].before)
        self->texts.values[place].before--;
    Py_RETURN_NONE;
}

static PyObject *mentions(Memory *self, PyObject *Py_UNUSED(none)) {
    PyObject *found = PyList_New(0);
    for (int place = self->ids.first; found != NULL && place < self->ids.end; place++) {
        Post post = self->ids.values[place];
        if (!post.weight)
            continue;
        PyObject *one = Py_BuildValue("(IO)", post.minute, post.negative ? Py_True : Py_False);
        if (one == NULL || PyList_Append(found, one) < 0)
            Py_CLEAR(found);
        Py_XDECREF(one);
    }
    return found;
}

static PyObject *full(Memory *self, PyObject *Py_UNUSED(none)) {
    return PyBool_FromLong(Posts_count(&self->ids) >= IDS);
}

static unsigned char *put(unsigned char *at, uint32_t value, int bytes) {
    for (; bytes > 0; bytes--, value >>= 8)
        *at++ = value & 255;
    return at;
}

static uint32_t get(const unsigned char **at, int bytes) {
    uint32_t value = 0;
    for (int k = 0; k < bytes; k++)
        value |= (uint32_t)*(*at)++ << 8 * k;
    return value;
}

/* Keys, and ages in place of minutes, of what is young enough to matter; gives their number. */
static int put_young(unsigned char **at, const uint32_t *keys, const Seen *values, int first, int end, int bits,
                     int minutes, uint32_t minute) {
    int young = 0;
    for (int place = first; place < end; place++) {
        int64_t age = (int64_t)minute - values[place].minute;
        if (age >= minutes)
            continue;
        *at = put(*at, keys[place], 4);
        *at = put(*at, (uint32_t)age << bits | values[place].before, 2);
        young++;
    }
    return young;
}

static PyObject *pack(Memory *self, PyObject *argument) {
    unsigned char room[6 + 14 * IDS + 6 * (AUTHORS + TEXTS)], *at = room + 6;
    uint32_t minute;
    if (number(argument, &minute) < 0)
        return NULL;
    const Posts *ids = &self->ids;
    const Voices *authors = &self->authors;
    const Wordings *texts = &self->texts;
    for (int place = ids->first; place < ids->end; place++) {
        Post post = ids->values[place];
        int64_t age = (int64_t)minute - post.minute;
        at = put(at, ids->keys[place], 4);
        at = put(at, age < 0xFFFF ? (uint32_t)age : 0xFFFF, 2);
        at = put(at, post.negative << 7 | post.weight, 1);
        at = put(at, post.stamp, 2);
    }
    put(room, Posts_count(ids), 2);
    put(room + 2, put_young(&at, authors->keys, authors->values, authors->first, authors->end, 2, AUTHOR_MINUTES, minute), 2);
    put(room + 4, put_young(&at, texts->keys, texts->values, texts->first, texts->end, 4, TEXT_MINUTES, minute), 2);
    for (int place = ids->first; place < ids->end; place++)
        if (ids->values[place].root) {
            at = put(at, place - ids->first, 1);
            at = put(at, ids->values[place].root, 4);
        }
    return PyBytes_FromStringAndSize((const char *)room, at - room);
}

/* The tables from the bytes; -1 when there is no memory. */
static int fill(Memory *m, const unsigned char *at, const unsigned char *end, uint32_t minute) {
    uint32_t ids = get(&at, 2), authors = get(&at, 2), texts = get(&at, 2), roots[256] = {0};
    for (const unsigned char *answer = at + 9 * ids + 6 * (authors + texts); answer + 5 <= end;) {
        uint32_t place = get(&answer, 1);
        roots[place] = get(&answer, 4);
    }
    for (uint32_t place = 0; place < ids; place++) {
        uint32_t key = get(&at, 4), age = get(&at, 2), rest = get(&at, 1), stamp = get(&at, 2);
        Post post = {minute - age, place < 256 ? roots[place] : 0, stamp, rest >> 7, rest & 127};
        if (Posts_add(&m->ids, key, post) < 0)
            return -1;
    }
    for (uint32_t place = 0; place < authors; place++) {
        uint32_t key = get(&at, 4), value = get(&at, 2);
        if (Voices_add(&m->authors, key, (Seen){minute - (value >> 2), value & 3}) < 0)
            return -1;
    }
    for (uint32_t place = 0; place < texts; place++) {
        uint32_t key = get(&at, 4), value = get(&at, 2);
        if (Wordings_add(&m->texts, key, (Seen){minute - (value >> 4), value & 15}) < 0)
            return -1;
    }
    return 0;
}

static PyObject *unpacked(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    State *state = PyModule_GetState(module);
    uint32_t minute;
    char *data;
    Py_ssize_t size;
    if (enough(given, 2, 2) < 0 || PyBytes_AsStringAndSize(args[0], &data, &size) < 0 || number(args[1], &minute) < 0)
        return NULL;
    const unsigned char *at = (const unsigned char *)data, *counts = at;
    if (size < 6 || size < 6 + 9 * (Py_ssize_t)get(&counts, 2) + 6 * ((Py_ssize_t)get(&counts, 2) + get(&counts, 2))) {
        PyErr_SetString(PyExc_ValueError, "the memory of a state is cut short");
        return NULL;
    }
    Memory *made = (Memory *)PyObject_CallNoArgs((PyObject *)state->memory);
    if (made != NULL && fill(made, at, at + size, minute) < 0) {
        Py_DECREF(made);
        return no_room();
    }
    return (PyObject *)made;
}

static PyObject *stamp(PyObject *Py_UNUSED(module), PyObject *argument) {
    unsigned long long version = PyLong_AsUnsignedLongLong(argument);
    return version == (unsigned long long)-1 && PyErr_Occurred() ? NULL : PyLong_FromLong(stamp_of(version));
}

static void dealloc(Memory *self) {
    PyTypeObject *type = Py_TYPE(self);
    Posts_free(&self->ids);
    Voices_free(&self->authors);
    Wordings_free(&self->texts);
    type->tp_free(self);
    Py_DECREF(type);
}

#define METHOD(NAME, FLAGS) {#NAME, (PyCFunction)(void (*)(void))NAME, FLAGS, NULL}

static PyMethodDef methods[] = {
    METHOD(author_weight, METH_FASTCALL), METHOD(copies, METH_FASTCALL), METHOD(version, METH_O),
    METHOD(remember, METH_FASTCALL), METHOD(told, METH_METHOD | METH_FASTCALL | METH_KEYWORDS),
    METHOD(forget, METH_FASTCALL), METHOD(unlearn, METH_FASTCALL), METHOD(mentions, METH_NOARGS),
    METHOD(full, METH_NOARGS), METHOD(pack, METH_O), {NULL, NULL, 0, NULL},
};

static PyMethodDef functions[] = {
    METHOD(unpacked, METH_FASTCALL), METHOD(stamp, METH_O), {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL}};

static PyType_Spec spec = {
    "pipeline.detect.memory.Memory", sizeof(Memory), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots,
};

static int begin(PyObject *module) {
    State *state = PyModule_GetState(module);
    crc_begin();
    state->memory = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    PyObject *plain = PyImport_ImportModule("pipeline.detect.told");
    if (state->memory == NULL || plain == NULL)
        return -1;
    state->told = PyObject_GetAttrString(plain, "Told");
    Py_DECREF(plain);
    if (state->told == NULL || PyModule_AddType(module, state->memory) < 0)
        return -1;
    const struct {
        const char *name;
        long value;
    } known[] = {{"IDS", IDS}, {"AUTHORS", AUTHORS}, {"TEXTS", TEXTS}, {"GONE", GONE}, {"SHORT_TEXT", SHORT_TEXT}};
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (PyModule_AddIntConstant(module, known[k].name, known[k].value) < 0)
            return -1;
    return 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    Py_VISIT(state->memory);
    Py_VISIT(state->told);
    return 0;
}

static int clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->memory);
    Py_CLEAR(state->told);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, begin}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "memory", NULL, sizeof(State), functions, module_slots, traverse, clear, NULL,
};

PyMODINIT_FUNC PyInit_memory(void) { return PyModuleDef_Init(&definition); }
