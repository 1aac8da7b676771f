/* The module `pipeline.detect.words` in compiled form: `words.py` says what it does. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "crc.h"

#define SHORTEST 3
#define FULL 255

static int is_letter(unsigned char c) { return (unsigned char)((c | 32) - 'a') < 26; }

static const char *after_letters(const char *at, const char *end) {
    while (at < end && is_letter(*at))
        at++;
    return at;
}

static int append(PyObject *words, const char *begin, const char *end) {
    PyObject *word = PyUnicode_FromStringAndSize(begin, end - begin);
    int failed = word == NULL || PyList_Append(words, word) < 0;
    Py_XDECREF(word);
    return failed;
}

static PyObject *words_of(PyObject *Py_UNUSED(module), PyObject *text) {
    if (!PyUnicode_Check(text) || !PyUnicode_IS_ASCII(text))
        return PyErr_Format(PyExc_ValueError, "the text must be ASCII");
    const char *at = (const char *)PyUnicode_1BYTE_DATA(text), *end = at + PyUnicode_GET_LENGTH(text);
    PyObject *words = PyList_New(0);
    while (words != NULL && at < end) {
        const char *begin = at;
        at = after_letters(at, end);
        if (at - begin < SHORTEST) {
            at += at == begin;
            continue;
        }
        if (at + 1 < end && *at == '\'' && is_letter(at[1]))
            at = after_letters(at + 1, end);
        if (append(words, begin, at))
            Py_CLEAR(words);
    }
    return words;
}

/* Appends what is not in the set yet; takes over the reference to it. */
static int append_new(PyObject *found, PyObject *seen, PyObject *term) {
    if (term == NULL)
        return -1;
    Py_ssize_t before = PySet_GET_SIZE(seen);
    int failed = PySet_Add(seen, term) < 0 || (PySet_GET_SIZE(seen) > before && PyList_Append(found, term) < 0);
    Py_DECREF(term);
    return -failed;
}

/* Two words with a space between them, as a new text. */
static PyObject *pair_of(PyObject *first, PyObject *second) {
    if (!PyUnicode_IS_ASCII(first) || !PyUnicode_IS_ASCII(second))
        return PyUnicode_FromFormat("%U %U", first, second);
    Py_ssize_t one = PyUnicode_GET_LENGTH(first), other = PyUnicode_GET_LENGTH(second);
    PyObject *pair = PyUnicode_New(one + 1 + other, 127);
    if (pair != NULL) {
        Py_UCS1 *text = PyUnicode_1BYTE_DATA(pair);
        memcpy(text, PyUnicode_1BYTE_DATA(first), (size_t)one);
        text[one] = ' ';
        memcpy(text + one + 1, PyUnicode_1BYTE_DATA(second), (size_t)other);
    }
    return pair;
}

static int pair_up(PyObject *words, PyObject *common, PyObject *found, PyObject *seen) {
    PyObject *before = NULL;
    for (Py_ssize_t place = 0; place < PyList_GET_SIZE(words); place++) {
        PyObject *word = PyList_GET_ITEM(words, place);
        if (!PyUnicode_Check(word)) {
            PyErr_SetString(PyExc_TypeError, "a word must be a text");
            return -1;
        }
        int usual = PySet_Contains(common, word);
        if (usual < 0)
            return -1;
        if (usual) {
            before = NULL;
            continue;
        }
        Py_INCREF(word);
        if (append_new(found, seen, word) < 0 || (before != NULL && append_new(found, seen, pair_of(before, word)) < 0))
            return -1;
        before = word;
    }
    return 0;
}

static PyObject *paired(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t given) {
    if (given != 2 || !PyList_Check(args[0]) || !PyAnySet_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "paired takes a list of words and a set of common ones");
    PyObject *found = PyList_New(0), *seen = PySet_New(NULL);
    if (found == NULL || seen == NULL || pair_up(args[0], args[1], found, seen) < 0)
        Py_CLEAR(found);
    Py_XDECREF(seen);
    return found;
}

static PyObject *note(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t given) {
    if (given != 2 || !PyByteArray_Check(args[0]) || !PyList_Check(args[1]) || !PyByteArray_GET_SIZE(args[0]))
        return PyErr_Format(PyExc_TypeError, "note takes cells and a list of words");
    unsigned char *cells = (unsigned char *)PyByteArray_AS_STRING(args[0]);
    size_t count = (size_t)PyByteArray_GET_SIZE(args[0]);
    long halved = 0;
    for (Py_ssize_t place = 0; place < PyList_GET_SIZE(args[1]); place++) {
        uint32_t key;
        if (crc_of_text(PyList_GET_ITEM(args[1], place), 1, &key) < 0)
            return NULL;
        unsigned char *cell = cells + key % count;
        if (*cell == FULL) {
            for (size_t other = 0; other < count; other++)
                cells[other] >>= 1;
            halved++;
        }
        ++*cell;
    }
    return PyLong_FromLong(halved);
}

static PyMethodDef functions[] = {
    {"words_of", words_of, METH_O, NULL},
    {"paired", (PyCFunction)(void (*)(void))paired, METH_FASTCALL, NULL},
    {"note", (PyCFunction)(void (*)(void))note, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static int prepare(PyObject *Py_UNUSED(module)) {
    crc_begin();
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)prepare}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "words", NULL, 0, functions, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_words(void) { return PyModuleDef_Init(&definition); }
