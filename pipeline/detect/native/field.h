/* Fields of structs of msgspec, read where they lie: a tenth of the time of asking for each by name. */

#ifndef GROUNDSWELL_FIELD_H
#define GROUNDSWELL_FIELD_H

#include <Python.h>
#include <structmember.h>

typedef struct {
    PyTypeObject *type;
    PyObject *name;
    Py_ssize_t offset; /* 0: not known, ask by name */
} Field;

/* A field of an object, a new reference. */
static inline PyObject *field_of(const Field *f, PyObject *of) {
    if (Py_TYPE(of) == f->type && f->offset > 0) {
        PyObject *value = *(PyObject **)((char *)of + f->offset);
        if (value != NULL)
            return Py_NewRef(value);
    }
    return PyObject_GetAttr(of, f->name);
}

/* Find where a field lies in the objects of a class of a module; -1 and an exception when there is no such class. */
static int field_begin(Field *f, PyObject *module, const char *type, const char *name) {
    f->type = (PyTypeObject *)PyObject_GetAttrString(module, type);
    f->name = PyUnicode_InternFromString(name);
    if (f->type == NULL || f->name == NULL)
        return -1;
    PyObject *member = PyObject_GetAttr((PyObject *)f->type, f->name);
    if (member == NULL)
        PyErr_Clear();
    else if (Py_IS_TYPE(member, &PyMemberDescr_Type) && ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX)
        f->offset = ((PyMemberDescrObject *)member)->d_member->offset;
    Py_XDECREF(member);
    return 0;
}

static inline void field_clear(Field *f) {
    Py_CLEAR(f->type);
    Py_CLEAR(f->name);
}

#endif
