/* The module `pipeline.detect.ring` in compiled form.

   What each function does is said in `ring.py`, which this answers alike to the last byte. */

#define PY_SSIZE_T_CLEAN
#include "field.h"

#define NAME_BYTES 32
#define POST_BYTES 220
#define LONGEST 1024 /* of a text that is cut without asking Python */

enum { REPLIES, TIME, SLOT, FIELDS };

typedef struct {
    Field fields[FIELDS];
    PyObject *blank, *dots;
} State;

static int is_space(unsigned char c) { return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31); }

/* A text that is ASCII, in `room` for as many characters as are looked at. */
static PyObject *clip_ascii(PyObject *text, Py_ssize_t most, char *room) {
    const char *given = (const char *)PyUnicode_1BYTE_DATA(text);
    Py_ssize_t whole = PyUnicode_GET_LENGTH(text), looked = whole < 2 * most ? whole : 2 * most, size = 0;
    for (Py_ssize_t k = 0; k < looked; k++)
        if (!is_space(given[k]))
            room[size++] = given[k];
        else if (size && room[size - 1] != ' ')
            room[size++] = ' ';
    if (size && room[size - 1] == ' ')
        size--;
    if (size == whole && size <= most && memcmp(room, given, size) == 0)
        return Py_NewRef(text);
    if (size <= most)
        return PyUnicode_FromStringAndSize(room, size);
    memcpy(&room[most - 3], "\xe2\x80\xa6", 3);
    return PyUnicode_FromStringAndSize(room, most);
}

/* White space folded by Python; a new reference. */
static PyObject *folded(const State *state, PyObject *text, Py_ssize_t most) {
    PyObject *start = PyUnicode_Substring(text, 0, 2 * most);
    PyObject *words = start == NULL ? NULL : PyUnicode_Split(start, NULL, -1);
    PyObject *joined = words == NULL ? NULL : PyUnicode_Join(state->blank, words);
    Py_XDECREF(start);
    Py_XDECREF(words);
    return joined;
}

static PyObject *clipped(const State *state, PyObject *text, Py_ssize_t most) {
    char room[LONGEST + 3];
    if (!PyUnicode_Check(text) || most < 3)
        return PyErr_Format(PyExc_TypeError, "a text and a length of three at least are needed");
    if (PyUnicode_IS_ASCII(text) && 2 * most <= LONGEST)
        return clip_ascii(text, most, room);
    PyObject *whole = folded(state, text, most);
    PyObject *bytes = whole == NULL ? NULL : PyUnicode_AsEncodedString(whole, "utf-8", "replace");
    PyObject *made = bytes == NULL ? NULL : Py_NewRef(whole);
    if (bytes != NULL && PyBytes_GET_SIZE(bytes) > most) {
        PyObject *start = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(bytes), most - 3, "ignore");
        Py_SETREF(made, start == NULL ? NULL : PyUnicode_Concat(start, state->dots));
        Py_XDECREF(start);
    }
    Py_XDECREF(bytes);
    Py_XDECREF(whole);
    return made;
}

static int length(PyObject *value, Py_ssize_t *found) {
    *found = PyLong_AsSsize_t(value);
    return *found == -1 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *clip(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    Py_ssize_t most;
    if (given != 2 || length(args[1], &most) < 0)
        return given == 2 ? NULL : PyErr_Format(PyExc_TypeError, "a text and a length are needed");
    return clipped(PyModule_GetState(module), args[0], most);
}

/* Bytes of a text in UTF-8, a question mark for what has none; -1 and an exception for what is no text. */
static Py_ssize_t bytes_of(PyObject *text) {
    Py_ssize_t size;
    if (PyUnicode_Check(text) && PyUnicode_IS_ASCII(text))
        return PyUnicode_GET_LENGTH(text);
    PyObject *bytes = PyUnicode_AsEncodedString(text, "utf-8", "replace");
    size = bytes == NULL ? -1 : PyBytes_GET_SIZE(bytes);
    Py_XDECREF(bytes);
    return size;
}

/* The post with its author cut already. */
static PyObject *kept(const State *state, PyObject *const *args, PyObject *author) {
    Py_ssize_t of_id = bytes_of(args[0]), of_author = bytes_of(author), room = POST_BYTES - of_id - of_author;
    PyObject *url = args[4];
    if (of_id < 0 || of_author < 0)
        return NULL;
    if (room < 60)
        Py_RETURN_NONE;
    if (url != Py_None) {
        Py_ssize_t of_url = bytes_of(url);
        if (of_url < 0)
            return NULL;
        if (of_url > room - 80)
            url = Py_None;
        else
            room -= PyUnicode_GET_LENGTH(url);
    }
    PyObject *text = clipped(state, args[2], room);
    if (text == NULL)
        return NULL;
    PyObject *parts[] = {args[0], author, text, args[3], url, args[5]};
    PyObject *post = PyObject_Vectorcall((PyObject *)state->fields[0].type, parts, 6, NULL);
    Py_DECREF(text);
    return post;
}

static PyObject *kept_post(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    const State *state = PyModule_GetState(module);
    if (given != 6)
        return PyErr_Format(PyExc_TypeError, "a post has six parts");
    PyObject *author = clipped(state, args[1], NAME_BYTES);
    PyObject *post = author == NULL ? NULL : kept(state, args, author);
    Py_XDECREF(author);
    return post;
}

/* A whole number that a post keeps, as a double; NaN and an exception when there is none. */
static double value_of(const State *state, int which, PyObject *post) {
    PyObject *value = field_of(&state->fields[which], post);
    double number = value == NULL ? Py_NAN : (double)PyLong_AsLong(value);
    Py_XDECREF(value);
    return number;
}

/* The place of the post that makes room; -1 and an exception when one is none. */
static Py_ssize_t least(const State *state, PyObject *ring, Py_ssize_t count) {
    double slots[64], fewest = 1e18;
    Py_ssize_t found = 0;
    for (Py_ssize_t place = 0; place < count; place++)
        slots[place] = value_of(state, SLOT, PyList_GET_ITEM(ring, place));
    for (Py_ssize_t place = 0; place < count; place++) {
        PyObject *post = PyList_GET_ITEM(ring, place);
        double worth = value_of(state, REPLIES, post) + value_of(state, TIME, post) / 3600.0;
        int alike = 0;
        for (Py_ssize_t other = 0; slots[place] >= 0.0 && other < count; other++)
            alike += slots[other] == slots[place];
        if (alike == 1)
            worth += 1e9;
        if (worth < fewest) {
            found = place;
            fewest = worth;
        }
    }
    return PyErr_Occurred() ? -1 : found;
}

static PyObject *keep_post(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    Py_ssize_t most;
    if (given != 3 || !PyList_Check(args[0]) || length(args[2], &most) < 0)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "a list, a post and a number are needed");
    Py_ssize_t count = PyList_GET_SIZE(args[0]);
    if (count >= most && count <= 64) {
        Py_ssize_t place = least(PyModule_GetState(module), args[0], count);
        if (place < 0 || PyList_SetSlice(args[0], place, place + 1, NULL) < 0)
            return NULL;
    }
    if (PyList_Append(args[0], args[1]) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static int begin(PyObject *module) {
    State *state = PyModule_GetState(module);
    PyObject *incident = PyImport_ImportModule("pipeline.detect.incident");
    static const char *const names[FIELDS] = {"replies", "t", "slot"};
    state->blank = PyUnicode_InternFromString(" ");
    state->dots = PyUnicode_FromOrdinal(0x2026);
    int failed = incident == NULL || state->blank == NULL || state->dots == NULL;
    for (int which = 0; which < FIELDS && !failed; which++)
        failed = field_begin(&state->fields[which], incident, "KeptPost", names[which]) < 0;
    Py_XDECREF(incident);
    return failed ? -1 : 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    for (int which = 0; which < FIELDS; which++)
        Py_VISIT(state->fields[which].type);
    return 0;
}

static int clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    for (int which = 0; which < FIELDS; which++)
        field_clear(&state->fields[which]);
    Py_CLEAR(state->blank);
    Py_CLEAR(state->dots);
    return 0;
}

static PyMethodDef functions[] = {
    {"clip", (PyCFunction)(void (*)(void))clip, METH_FASTCALL, NULL},
    {"kept_post", (PyCFunction)(void (*)(void))kept_post, METH_FASTCALL, NULL},
    {"keep_post", (PyCFunction)(void (*)(void))keep_post, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, begin}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "ring", NULL, sizeof(State), functions, slots, traverse, clear, NULL,
};

PyMODINIT_FUNC PyInit_ring(void) { return PyModuleDef_Init(&definition); }
