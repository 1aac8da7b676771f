/* The module `pipeline.detect.wordvector` in compiled form: `wordvector.py` says what it does. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include "crc.h"

#define DIMENSIONS 64
#define LENGTH 127.0

/* What is known of the past: cells (none when nothing is), and in how many mentions. */
typedef struct {
    PyObject *cells;
    double mentions;
} Past;

static int past_of(PyObject *past, Past *known) {
    known->cells = PyObject_GetAttrString(past, "cells");
    PyObject *mentions = PyObject_GetAttrString(past, "mentions");
    known->mentions = mentions == NULL ? -1.0 : PyFloat_AsDouble(mentions);
    Py_XDECREF(mentions);
    if (!PyErr_Occurred() && !PyByteArray_Check(known->cells))
        PyErr_SetString(PyExc_TypeError, "cells must be a bytearray");
    return PyErr_Occurred() ? -1 : 0;
}

/* How usual a word is, by its CRC-32: `Past.usual`. */
static double usual(const Past *past, uint32_t key) {
    Py_ssize_t count = PyByteArray_GET_SIZE(past->cells);
    if (count == 0)
        return 1.0 / 20.0;
    unsigned char cell = (unsigned char)PyByteArray_AS_STRING(past->cells)[key % (size_t)count];
    return (cell + 0.5) / (past->mentions + 10.0);
}

/* Sums by dimension; gives the largest, without its sign, or -1 and an exception. */
static double add_up(PyObject *said, const Past *past, double *sums) {
    for (Py_ssize_t place = 0; place < PyList_GET_SIZE(said); place++) {
        uint32_t key;
        if (crc_of_text(PyList_GET_ITEM(said, place), 1, &key) < 0)
            return -1.0;
        double share = usual(past, key), rare = 1.0 / (0.02 + (share < 1.0 ? share : 1.0));
        sums[key % DIMENSIONS] += key >> 16 & 1 ? rare : -rare;
    }
    double most = 0.0;
    for (int at = 0; at < DIMENSIONS; at++)
        most = fabs(sums[at]) > most ? fabs(sums[at]) : most;
    return most;
}

static PyObject *rounded(const double *sums, double most) {
    PyObject *vector = PyTuple_New(DIMENSIONS);
    for (int at = 0; vector != NULL && at < DIMENSIONS; at++) {
        PyObject *number = PyLong_FromLong(lrint(LENGTH * sums[at] / most)); /* halves to the even one, as `round` */
        if (number == NULL)
            Py_CLEAR(vector);
        else
            PyTuple_SET_ITEM(vector, at, number);
    }
    return vector;
}

static PyObject *hashed(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t given) {
    if (given != 2 || !PyList_Check(args[0]))
        return PyErr_Format(PyExc_TypeError, "hashed takes a list of words and the past");
    Past past = {NULL, 0.0};
    double sums[DIMENSIONS] = {0.0}, most = -1.0;
    if (past_of(args[1], &past) == 0)
        most = add_up(args[0], &past, sums);
    Py_XDECREF(past.cells);
    if (most < 0.0)
        return NULL;
    if (most == 0.0)
        Py_RETURN_NONE;
    return rounded(sums, most);
}

static PyMethodDef functions[] = {
    {"hashed", (PyCFunction)(void (*)(void))hashed, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static int prepare(PyObject *Py_UNUSED(module)) {
    crc_begin();
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)prepare}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "wordvector", NULL, 0, functions, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_wordvector(void) { return PyModuleDef_Init(&definition); }
