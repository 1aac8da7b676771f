/* The module `pipeline.detect.vectors` in compiled form.

   What each function does is said in `vectors.py`, which this answers alike.  Whole numbers all through: a sum of two
   weighed vectors stays below 2^28, its square below 2^63. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>

#define DIMENSIONS 64
#define LENGTH 127

typedef unsigned __int128 Wide;

/* The whole root, downwards, of what is below 2^96: the guess of a double is one off at most. */
static int64_t root_of(Wide square) {
    int64_t root = (int64_t)sqrt((double)square);
    while ((Wide)root * root > square)
        root--;
    while ((Wide)(root + 1) * (root + 1) <= square)
        root++;
    return root;
}

static Wide square_of(const int64_t *values) {
    Wide sum = 0;
    for (int k = 0; k < DIMENSIONS; k++)
        sum += (Wide)(values[k] * values[k]);
    return sum;
}

static int64_t floored(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* The direction of a vector as bytes. */
static PyObject *direction(const int64_t *values, Wide square) {
    signed char made[DIMENSIONS];
    int64_t scale = root_of(square << 16);
    if (scale == 0)
        scale = 1;
    for (int k = 0; k < DIMENSIONS; k++)
        made[k] = (signed char)floored(2 * 256 * LENGTH * values[k] + scale, 2 * scale);
    return PyBytes_FromStringAndSize((const char *)made, DIMENSIONS);
}

static const signed char *vector(PyObject *bytes) {
    if (PyBytes_Check(bytes) && PyBytes_GET_SIZE(bytes) == DIMENSIONS)
        return (const signed char *)PyBytes_AS_STRING(bytes);
    PyErr_SetString(PyExc_ValueError, "a vector is 64 bytes");
    return NULL;
}

static PyObject *unit(PyObject *Py_UNUSED(module), PyObject *argument) {
    int64_t values[DIMENSIONS];
    PyObject *given = PySequence_Fast(argument, "a vector is a sequence");
    if (given == NULL)
        return NULL;
    Py_ssize_t many = PySequence_Fast_GET_SIZE(given);
    if (many != DIMENSIONS)
        PyErr_SetString(PyExc_ValueError, "a vector has 64 numbers");
    for (Py_ssize_t k = 0; k < many && !PyErr_Occurred(); k++) {
        values[k] = PyLong_AsLong(PySequence_Fast_GET_ITEM(given, k));
        if (values[k] > 1 << 28 || values[k] < -(1 << 28))
            PyErr_SetString(PyExc_OverflowError, "a number of a vector is too large");
    }
    Py_DECREF(given);
    return PyErr_Occurred() ? NULL : direction(values, square_of(values));
}

static PyObject *product(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t given) {
    const signed char *a = given == 2 ? vector(args[0]) : NULL, *b = given == 2 ? vector(args[1]) : NULL;
    if (a == NULL || b == NULL)
        return given == 2 ? NULL : PyErr_Format(PyExc_TypeError, "two vectors are needed");
    int32_t sum = 0;
    for (int k = 0; k < DIMENSIONS; k++)
        sum += a[k] * b[k];
    return PyLong_FromLong(sum);
}

static PyObject *united(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t given) {
    if (given != 4)
        return PyErr_Format(PyExc_TypeError, "two weighed vectors are needed");
    long p = PyLong_AsLong(args[0]), q = PyLong_AsLong(args[2]);
    const signed char *a = vector(args[1]), *b = vector(args[3]);
    if (a == NULL || b == NULL || PyErr_Occurred())
        return NULL;
    int64_t values[DIMENSIONS];
    for (int k = 0; k < DIMENSIONS; k++)
        values[k] = (int64_t)p * a[k] + (int64_t)q * b[k];
    Wide square = square_of(values);
    return Py_BuildValue("(NL)", direction(values, square), (long long)root_of(square));
}

static PyMethodDef functions[] = {
    {"unit", unit, METH_O, NULL},
    {"product", (PyCFunction)(void (*)(void))product, METH_FASTCALL, NULL},
    {"united", (PyCFunction)(void (*)(void))united, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static int begin(PyObject *module) { return PyModule_AddIntMacro(module, LENGTH); }

static PyModuleDef_Slot slots[] = {{Py_mod_exec, begin}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "vectors", NULL, 0, functions, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_vectors(void) { return PyModuleDef_Init(&definition); }
