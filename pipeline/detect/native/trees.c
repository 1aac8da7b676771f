/* The module `pipeline.detect.trees` in compiled form.

   What everything does is said in `trees.py`, which this answers alike.  Nodes lie side by side, 16 bytes each, level by
   level through all trees, and the children of a node are neighbours: a step is a comparison that is added, not a
   branch.  All trees go down a step in turn, so that the processor fetches the next node of many at once. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define ABREAST 256
#define FEATURES 32

typedef struct {
    double threshold; /* of a leaf its value */
    int32_t left;     /* 0: a leaf; the right child is the next */
    int32_t feature;
} Node;

typedef struct {
    PyObject_VAR_HEAD
    int32_t roots, features;
    Node nodes[];
} Trees;

/* The node of `given` at a place, its children not yet found a place for; -1 and an exception when there is none. */
static int node_at(PyObject *const *given, Py_ssize_t place, Node *into, long *right) {
    long numbers[3];
    for (int which = 0; which < 4; which++)
        if (place < 0 || place >= PyTuple_GET_SIZE(given[which]))
            return PyErr_SetString(PyExc_IndexError, "a tree has no such node"), -1;
    for (int which = 0; which < 3; which++)
        numbers[which] = PyLong_AsLong(PyTuple_GET_ITEM(given[which == 0 ? 0 : which + 1], place));
    into->threshold = PyFloat_AsDouble(PyTuple_GET_ITEM(given[1], place));
    into->feature = numbers[1] == 0 ? 0 : (int32_t)numbers[0];
    into->left = (int32_t)numbers[1];
    *right = numbers[2];
    if (PyErr_Occurred())
        return -1;
    if (into->feature < 0 || into->feature >= FEATURES || into->feature != (numbers[1] == 0 ? 0 : numbers[0]))
        return PyErr_SetString(PyExc_ValueError, "a tree asks for too many features"), -1;
    return 0;
}

/* Lay the nodes level by level.  `from`: root and place of each in what is given. */
static int lay(Trees *trees, PyObject *const *given, PyObject *roots, Py_ssize_t room, Py_ssize_t (*from)[2]) {
    Py_ssize_t count = 0;
    for (; count < trees->roots; count++)
        from[count][0] = from[count][1] = PyLong_AsSsize_t(PyTuple_GET_ITEM(roots, count));
    for (Py_ssize_t place = 0; place < count; place++) {
        Node *node = &trees->nodes[place];
        long right;
        if (PyErr_Occurred() || node_at(given, from[place][1], node, &right) < 0)
            return -1;
        if (node->feature >= trees->features)
            trees->features = node->feature + 1;
        if (node->left == 0)
            continue;
        if (count + 2 > room)
            return PyErr_SetString(PyExc_ValueError, "trees have more nodes than are given"), -1;
        from[count][0] = from[count + 1][0] = from[place][0];
        from[count][1] = from[place][0] + node->left;
        from[count + 1][1] = from[place][0] + right;
        node->left = (int32_t)count;
        count += 2;
    }
    return 0;
}

static PyObject *trees_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"feature", "threshold", "left", "right", "roots", NULL};
    PyObject *given[4], *roots;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!O!O!O!", names, &PyTuple_Type, &given[0], &PyTuple_Type,
                                     &given[1], &PyTuple_Type, &given[2], &PyTuple_Type, &given[3], &PyTuple_Type,
                                     &roots))
        return NULL;
    Py_ssize_t room = PyTuple_GET_SIZE(given[0]);
    if (PyTuple_GET_SIZE(roots) > room || room > INT32_MAX)
        return PyErr_Format(PyExc_ValueError, "there are more trees than nodes");
    Py_ssize_t(*from)[2] = PyMem_Calloc(room + 1, sizeof *from);
    Trees *trees = from == NULL ? (Trees *)PyErr_NoMemory() : (Trees *)type->tp_alloc(type, room);
    if (trees != NULL) {
        trees->roots = (int32_t)PyTuple_GET_SIZE(roots);
        if (lay(trees, given, roots, room, from) < 0)
            Py_CLEAR(trees);
    }
    PyMem_Free(from);
    return (PyObject *)trees;
}

static void trees_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* The sum of some trees' leaves, added to `total` in their order. */
static double walk(const Node *nodes, int32_t first, int32_t count, const double *x, double total) {
    int32_t at[ABREAST], live[ABREAST], left = 0;
    for (int32_t tree = 0; tree < count; tree++) {
        at[tree] = first + tree;
        live[left] = tree;
        left += nodes[at[tree]].left != 0;
    }
    while (left > 0) {
        int32_t stay = 0;
        for (int32_t which = 0; which < left; which++) {
            int32_t tree = live[which];
            const Node *node = &nodes[at[tree]];
            at[tree] = node->left + !(x[node->feature] <= node->threshold);
            live[stay] = tree;
            stay += nodes[at[tree]].left != 0;
        }
        left = stay;
    }
    for (int32_t tree = 0; tree < count; tree++)
        total += nodes[at[tree]].threshold;
    return total;
}

static PyObject *trees_added(PyObject *self, PyObject *features) {
    const Trees *trees = (const Trees *)self;
    double x[FEATURES];
    if (!PyTuple_Check(features))
        return PyErr_Format(PyExc_TypeError, "features are a tuple of floats");
    if (PyTuple_GET_SIZE(features) < trees->features)
        return PyErr_Format(PyExc_IndexError, "the trees ask for %d features", (int)trees->features);
    for (int32_t k = 0; k < trees->features; k++)
        x[k] = PyFloat_AsDouble(PyTuple_GET_ITEM(features, k));
    if (PyErr_Occurred())
        return NULL;
    double total = 0.0;
    for (int32_t first = 0; first < trees->roots; first += ABREAST) {
        int32_t count = trees->roots - first;
        total = walk(trees->nodes, first, count < ABREAST ? count : ABREAST, x, total);
    }
    return PyFloat_FromDouble(total);
}

static PyMethodDef methods[] = {
    {"added", trees_added, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot type_slots[] = {
    {Py_tp_new, trees_new},
    {Py_tp_dealloc, trees_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    "pipeline.detect.trees.Trees", sizeof(Trees), sizeof(Node), Py_TPFLAGS_DEFAULT, type_slots,
};

static int begin(PyObject *module) {
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    int failed = type == NULL || PyModule_AddObjectRef(module, "Trees", type) < 0;
    Py_XDECREF(type);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, begin}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "trees", NULL, 0, NULL, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_trees(void) { return PyModuleDef_Init(&definition); }
