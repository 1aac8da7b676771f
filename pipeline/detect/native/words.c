/* The module `pipeline.detect.words` in compiled form: `words.py` says what it does. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define SHORTEST 3

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

static PyMethodDef functions[] = {{"words_of", words_of, METH_O, NULL}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "words", NULL, 0, functions, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_words(void) { return PyModuleDef_Init(&definition); }
