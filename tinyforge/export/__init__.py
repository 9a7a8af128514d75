"""A model as a library for a firmware that is there already, in the form that its build takes."""
